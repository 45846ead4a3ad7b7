//! The course as a whole: numbers, links, commands and tables agree.

use lesson_support::{Scratch, root, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The lessons in their order: folder, package.
const LESSONS: [(&str, &str); 6] = [
    ("01_threads_counter", "threads_counter"),
    ("02_process_counter", "process_counter"),
    ("03_queue", "queue"),
    ("04_pipe", "pipe"),
    ("05_shared_counter", "shared_counter"),
    ("06_pool", "pool"),
];

/// The lessons with their numbers.
fn numbered() -> impl Iterator<Item = (usize, (&'static str, &'static str))> {
    (1..).zip(LESSONS)
}

/// The languages: the end of a page's name, and what links to the lesson before and after say.
const LANGUAGES: [(&str, &str, &str, &str); 2] =
    [("README.md", "Previous", "Next", "minutes"), ("README.ru.md", "Назад", "Дальше", "минут")];

/// What Rust has and Python has not, or writes in another way: what an entry of a page's list begins
/// with, and how it looks in code.
const CONSTRUCTS: [(&str, &str); 38] = [
    ("static", "static COUNTER"),
    ("AtomicU32", "AtomicU32"),
    ("fetch_add", ".fetch_add("),
    ("load", ".load("),
    ("SeqCst", "SeqCst"),
    ("||", "||"),
    ("say!", "say!("),
    ("lesson::", "lesson::"),
    ("thread::spawn", "thread::spawn("),
    ("join", ".join()"),
    ("?", "?;"),
    ("Barrier", "Barrier"),
    ("main_guard!", "main_guard!("),
    ("(steps.first,)", "(steps.first,)"),
    ("#[derive(Serialize, Deserialize)]", "#[derive("),
    ("impl Run for Counting", "impl Run for"),
    ("type Output", "type Output"),
    ("to_string", ".to_string()"),
    ("-> u32", "-> u32 {"),
    ("clone", ".clone()"),
    ("to_owned", ".to_owned()"),
    ("Queue<String>", "Queue<"),
    ("let … else", "else { return }"),
    ("expect", ".expect("),
    ("while let", "while let"),
    ("extend", ".extend("),
    ("let (first, second)", "let ("),
    ("::<u32>", "::<"),
    ("::<String, String>", "pipe::<"),
    ("let _ =", "let _ ="),
    ("match", "match "),
    ("and_then", ".and_then("),
    ("drop", "drop("),
    ("const", "const "),
    ("lock()", ".lock()"),
    ("type Words", "type Words"),
    ("or_default", ".or_default()"),
    ("&*words", "&*words"),
];

#[track_caller]
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page, from the root, in pairs: English, Russian.
fn pages() -> Vec<[String; 2]> {
    let named = |folder: &str, name: &str| ["", ".ru"].map(|l| format!("{folder}{name}{l}.md"));
    let readmes = folders().into_iter().chain(["lessons/project/".to_owned()]);
    let readmes = readmes.map(|folder| named(&folder, "README"));
    readmes.chain([named("lessons/", "INDEX")]).collect()
}

/// The folders of lessons and of what is above them, from the root, each with a `/` at its end unless it is the root.
fn folders() -> Vec<String> {
    let lessons = LESSONS.iter().map(|(folder, _)| format!("lessons/{folder}/"));
    [String::new(), "lessons/".to_owned()].into_iter().chain(lessons).collect()
}

/// The targets of the links in a text: `[text](target)`.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target).collect()
}

/// The text that is read: without fences.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_folders_are_the_lessons_and_their_numbers_have_no_gap() {
    let mut found: Vec<_> = fs::read_dir(root().join("lessons"))
        .expect("lessons")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().display().to_string())
        .filter(|name| name != "project")
        .collect();
    found.sort();
    assert_eq!(found, LESSONS.map(|(folder, _)| folder));
    for (number, (folder, package)) in numbered() {
        assert_eq!(folder, format!("{number:02}_{package}"));
        let manifest = read(&format!("lessons/{folder}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{package}\"")), "{folder}");
        assert!(manifest.contains(&format!("description = \"Lesson {number}: ")), "{folder}");
    }
}

#[test]
fn every_relative_link_leads_to_something() {
    for page in pages().concat() {
        let folder = page.rfind('/').map_or("", |slash| &page[..=slash]);
        for link in links(&prose(&read(&page))) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { format!("{folder}{path}") };
            assert!(root().join(&target).exists(), "{page}: {link}");
            if !anchor.is_empty() {
                assert!(anchors(&read(&target)).iter().any(|a| a == anchor), "{page}: {link}");
            }
        }
    }
}

/// The anchors that a forge gives to headings.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|&c| c.is_alphanumeric() || " -_".contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn each_page_links_to_its_other_language() {
    let name = |page: &str| page.rsplit('/').next().unwrap_or_default().to_owned();
    for [english, russian] in pages() {
        assert!(links(&read(&english)).contains(&&*name(&russian)), "{english}");
        assert!(links(&read(&russian)).contains(&&*name(&english)), "{russian}");
    }
}

#[test]
fn each_lesson_has_its_number_its_minutes_and_the_lessons_before_and_after_it() {
    for (place, (number, (folder, _))) in numbered().enumerate() {
        for (page, previous, next, minutes) in LANGUAGES {
            let path = format!("lessons/{folder}/{page}");
            let text = read(&path);
            let title = text.lines().next().unwrap_or_default();
            assert!(title.starts_with(&format!("# {number}. ")), "{path}: {title}");
            assert!(text.lines().take(8).any(|line| line.contains(minutes)), "{path}: {minutes}");

            // The first lesson comes after the course's page, and the last leads to its end.
            let next_steps =
                if page == "README.md" { "#next-steps" } else { "#что-дальше" };
            let anchor = if place + 1 == LESSONS.len() { next_steps } else { "" };
            let lesson = |place: usize| {
                LESSONS.get(place).map_or(format!("../{page}"), |l| format!("../{}/{page}", l.0))
            };
            let before = format!("[{previous}]({})", lesson(place.wrapping_sub(1)));
            let after = format!("[{next}]({}{anchor})", lesson(place + 1));
            for link in [before, after] {
                let found = text.matches(&link).count();
                assert!(found > 0, "{path}: {link}");
            }
            let last = text.trim_end().lines().next_back().unwrap_or_default();
            let wanted = lesson(place + 1) + anchor;
            assert!(links(last).contains(&&*wanted), "{path}: {last}");
        }
    }
}

/// The same chapters in the same order, so that a reader knows where to look.
#[test]
fn the_lessons_are_built_alike() {
    let chapters = [
        [
            "Run it",
            "In Python",
            "In Rust",
            "Name for name",
            "What really differs",
            "Break it",
            "Try it",
            "Remember",
        ],
        [
            "Запустите",
            "На Python",
            "На Rust",
            "Что чем стало",
            "В чём разница на самом деле",
            "Сломайте",
            "Попробуйте сами",
            "Запомните",
        ],
    ];
    for (folder, _) in LESSONS {
        for ((page, ..), chapters) in LANGUAGES.iter().zip(chapters) {
            let text = read(&format!("lessons/{folder}/{page}"));
            let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(found, chapters, "{folder}/{page}");
            let drawing = text.contains("```mermaid\n");
            assert!(drawing, "{folder}/{page} has no drawing");
            assert!(text.contains("<details>"), "{folder}/{page} has no hint");
        }
    }
}

/// The minutes on a page are those of its words: 50 of them in a minute, with the commands that are
/// typed meanwhile.
#[test]
fn each_lesson_is_read_in_its_minutes_and_these_are_20_at_most() {
    for (folder, _) in LESSONS {
        for (page, _, _, minutes) in LANGUAGES {
            let text = read(&format!("lessons/{folder}/{page}"));
            let limit = 50 * self::minutes(&text, minutes);
            let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
            let words = prose(&text).split_whitespace().filter(is_word).count();
            assert!(words >= 350 && words <= limit, "{folder}/{page}: {words} words, not {limit}");
            assert!((500..=1000).contains(&limit), "{folder}/{page}: {limit}");
        }
    }
}

/// The minutes that a lesson's page says it takes.
fn minutes(text: &str, word: &str) -> usize {
    let line = text.lines().find(|line| line.contains(word)).expect(word);
    let number = line.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    number.expect(line).parse().expect("a number")
}

#[test]
fn the_tables_and_the_makefile_name_the_lessons_in_their_order() {
    let makefile = read("Makefile");
    let all = makefile.lines().find(|line| line.starts_with("lessons:")).expect("make lessons");
    for (number, (folder, package)) in numbered() {
        let command = format!("cargo run -p {package}");
        for (page, ..) in LANGUAGES {
            let row = format!("| {number} | ");
            let top = read(page);
            let row_at_top = top.lines().find(|line| line.starts_with(&row)).expect(&row);
            assert!(row_at_top.contains(&format!("`{command}`")), "{page}: {row_at_top}");
            let link = format!("(lessons/{folder}/{page})");
            assert!(row_at_top.contains(&link), "{page}: {row_at_top}");

            let course = read(&format!("lessons/{page}"));
            let row_of_course = course.lines().find(|line| line.starts_with(&row)).expect(&row);
            let link = format!("({folder}/{page})");
            assert!(row_of_course.contains(&link), "lessons/{page}: {row_of_course}");

            let lesson = read(&format!("lessons/{folder}/{page}"));
            assert!(lesson.contains(&format!("$ {command}")), "{folder}/{page}: {command}");
            assert!(lesson.contains(&format!("make exercise-{number}")), "{folder}/{page}");
        }
        assert!(all.contains(&format!("lesson-{number}")), "{all}");
        for target in [format!("lesson-{number}"), format!("exercise-{number}")] {
            let rules = makefile.lines().filter_map(|line| line.split_once(':'));
            let rules = rules.filter(|(targets, _)| !targets.starts_with(['.', '\t', '#']));
            let has_rule = rules.flat_map(|(targets, _)| targets.split(' ')).any(|t| t == target);
            assert!(has_rule, "no target {target}");
        }
        assert!(makefile.contains(&format!("run --quiet -p {package}")), "make lesson-{number}");
    }
}

/// The minutes of the lessons stand on their own pages and in the course's table.
#[test]
fn the_minutes_agree() {
    for (number, (folder, _)) in numbered() {
        for (page, _, _, minutes) in LANGUAGES {
            let lesson = read(&format!("lessons/{folder}/{page}"));
            let ours = self::minutes(&lesson, minutes).to_string();
            let course = read(&format!("lessons/{page}"));
            let start = format!("| {number} | ");
            let row = course.lines().find(|line| line.starts_with(&start)).expect(&start);
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            assert_eq!(cells.get(cells.len() - 2), Some(&&*ours), "lessons/{page}: {row}");
        }
    }
}

/// Every program has a page that shows how to run it.
#[test]
fn every_program_is_run_on_its_lesson_s_page_and_named_on_the_first() {
    for (folder, package) in LESSONS {
        let Ok(programs) = fs::read_dir(root().join("lessons").join(folder).join("src/bin")) else {
            continue; // the lesson alone
        };
        for program in programs.flatten() {
            let program = program.path().file_stem().expect("a file").display().to_string();
            if program.starts_with("exercise_") || program.starts_with("solution_") {
                continue; // `make exercise-1`, and its test
            }
            for (page, ..) in LANGUAGES {
                let text = read(&format!("lessons/{folder}/{page}"));
                let run = format!("cargo run -p {package} --bin {program}");
                let release = format!("cargo run -p {package} --release --bin {program}");
                let shown = |text: &str| text.contains(&run) || text.contains(&release);
                assert!(shown(&text), "{folder}/{page}: {run}");
                assert!(shown(&read(page)), "{page}: {run}");
            }
        }
    }
}

/// The fences of a text whose first word is this, as one text.
fn fences(text: &str, kind: &str) -> String {
    let fences = text.split("\n```").skip(1).step_by(2);
    let of_kind = fences.filter(|fence| fence.split([' ', '\n']).next() == Some(kind));
    of_kind.collect::<Vec<_>>().join("\n")
}

/// What is met first on a page, or in its exercise, is explained on that page: by an entry of a list
/// that begins with it.
#[test]
fn each_construct_is_explained_where_it_is_met_first() {
    let code = |number: usize, folder: &str| {
        let exercise = read(&format!("lessons/{folder}/src/bin/exercise_{number}.rs"));
        fences(&read(&format!("lessons/{folder}/README.md")), "rust") + &exercise
    };
    for (construct, in_code) in CONSTRUCTS {
        let mut lessons = numbered();
        let first = lessons.find(|(number, (folder, _))| code(*number, folder).contains(in_code));
        let (_, (folder, _)) = first.unwrap_or_else(|| panic!("no page uses `{construct}`"));
        for (page, ..) in LANGUAGES {
            let text = read(&format!("lessons/{folder}/{page}"));
            let entry = format!("- `{construct}`");
            let is_explained = text.lines().any(|line| line.starts_with(&entry));
            assert!(is_explained, "{folder}/{page} does not explain `{construct}`");
        }
    }
}

/// Every name of the index stands on the page that it leads to, in both languages alike.
#[test]
fn the_index_leads_to_pages_that_have_what_it_names() {
    let rows = |page: &str| -> Vec<(String, String, String)> {
        let text = read(page);
        let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains("]("));
        let cells = |row: &str| -> Vec<String> {
            let row = row.replace("\\|", "/");
            row.split(" | ").map(|cell| cell.trim_matches([' ', '|']).to_owned()).collect()
        };
        rows.map(|row| match &cells(row)[..] {
            [python, link, rust] => (python.clone(), link.clone(), rust.clone()),
            _ => panic!("{page}: {row}"),
        })
        .collect()
    };
    let (english, russian) = (rows("lessons/INDEX.md"), rows("lessons/INDEX.ru.md"));
    assert_eq!(english.len(), russian.len());
    assert!(english.len() > 20);
    for ((python, link, rust), (.., russian_rust)) in english.iter().zip(&russian) {
        let page = read(&format!("lessons/{}", links(link)[0])).replace("\\|", "/");
        for name in rust.split('`').skip(1).step_by(2).chain(python.split('`').skip(1).step_by(2)) {
            let bare = name.trim_end_matches(['?', ';']);
            let bare = bare.split(['(', '<']).next().unwrap_or(bare);
            assert!(page.contains(bare), "{link} has no {bare}");
        }
        assert!(rust == russian_rust || !rust.starts_with('`'), "{rust}: {russian_rust}");
    }
}

#[test]
fn every_program_says_in_one_line_what_it_shows() {
    let about = read("shared/src/lesson/about.rs");
    let folders = LESSONS.map(|lesson| lesson.0).into_iter().chain(["project"]);
    for folder in folders {
        for program in fs::read_dir(root().join(format!("lessons/{folder}/src/bin"))).expect(folder)
        {
            let program = program.expect(folder).path();
            if program.is_file() {
                let name = program.file_stem().expect("a file").display().to_string();
                assert!(about.contains(&format!("\"{name}\"")), "{name}");
            }
        }
    }
    for (_, package) in LESSONS {
        assert!(about.contains(&format!("\"{package}\"")), "{package}");
    }
}

/// What an English reader sees is English.
#[test]
fn the_programs_on_english_pages_speak_english() {
    let is_russian = |c: char| matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё');
    for [english, _] in pages() {
        let text = read(&english);
        for kind in ["console", "rust", "python", "diff", "mermaid"] {
            let fences = fences(&text, kind);
            let line = fences.lines().find(|line| line.contains(is_russian));
            assert_eq!(line, None, "{english}");
        }
    }
}

/// Words that a translator would write, and neither the source nor the literature does.
#[test]
fn the_russian_pages_have_the_terms_of_their_literature() {
    let others = [
        ("силой", "принудительно"),
        ("труб", "канал (pipe)"),
        ("замок", "блокировка"),
        ("замк", "блокировка"),
        ("сторож", "проверка `main_guard!`"),
        ("счетчик", "счётчик"),
        ("выброс", "выходит из области видимости"),
        ("переезжает", "перемещается"),
        ("ещe", "ещё"),
    ];
    for [_, russian] in pages() {
        let text = prose(&read(&russian)).to_lowercase();
        let text = text.replace("замкн", ""); // a circuit
        for (other, term) in others {
            assert!(!text.contains(other), "{russian}: «{other}», not «{term}»");
        }
    }
}

/// What make says, in both languages: the same names, and no line that a terminal would wrap.
#[test]
fn make_says_the_same_in_both_languages_and_within_80_columns() {
    let names = |path: &str| -> Vec<String> {
        let text = read(path);
        for line in text.lines() {
            let shown = line.split_once(" = ").map_or(line, |(_, shown)| shown);
            assert!(shown.chars().count() <= 80, "{path}: {line}");
        }
        let names = text.lines().filter_map(|line| line.split_once(" = "));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    assert_eq!(names("lessons/words.ru.mk"), names("lessons/words.en.mk"));
    let makefile = read("Makefile");
    let help = read("lessons/words.en.mk");
    for line in help.lines().filter_map(|line| line.strip_prefix("make ")) {
        let target = line.split(' ').next().unwrap_or_default();
        let is_there = target.contains('=') || makefile.contains(target);
        assert!(is_there, "make {target}");
    }
}

/// Runs something of the course in its folder, as a reader does, with stand-ins for the programs of
/// the exercises.
fn in_course(program: &str, args: &[&str], programs: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(root()).env("EXERCISE_PROGRAMS", programs);
    // These tests may have been started by make, and in any language.
    for variable in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "COURSE", "TICK"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Programs of exercises that print `right`, but for those that print `wrong`.
fn stand_ins(name: &str, wrong: &[&str]) -> Scratch {
    let folder = scratch(name);
    let exercises = (1..=5).flat_map(|n| [format!("exercise_{n}"), format!("solution_{n}")]);
    let project = ["word_count", "word_count_solution"].map(str::to_owned);
    for program in exercises.chain(project) {
        let word = if wrong.contains(&&*program) { "wrong" } else { "right" };
        let file = folder.join(program);
        fs::write(&file, format!("#!/bin/sh\necho {word}\n")).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it can run");
    }
    folder
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

#[test]
fn the_exercises_are_seen_at_a_glance_with_the_next_one() {
    let some = stand_ins("some", &["exercise_2", "exercise_4", "word_count"]);
    let said = in_course("make", &["exercises", "COURSE=en"], &some);
    assert!(said.status.success() && said.stderr.is_empty(), "{}", text(said.stderr));
    let said = text(said.stdout);
    let stands: Vec<_> = said.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    assert_eq!(stands, ["done", "not yet", "done", "not yet", "done", "not yet"]);
    assert_eq!(said.lines().last(), Some("3 of 6 are done. Next: make exercise-2"));

    let said = in_course("lessons/check", &[], &some);
    assert_eq!(said.status.code(), Some(1));
    assert!(text(said.stdout).ends_with("Решено 3 из 6. Дальше: make exercise-2\n"));

    let all = stand_ins("all", &[]);
    let said = in_course("lessons/check", &[], &all);
    assert_eq!(said.status.code(), Some(0));
    assert!(text(said.stdout).ends_with("Решены все.\n"));
    assert_eq!(in_course("lessons/check", &["9"], &all).status.code(), Some(2));
}

/// Nothing of cargo or make stands around it, and an exercise that is not done is no failed build.
#[test]
fn make_says_of_an_exercise_only_how_it_stands() {
    let programs = stand_ins("one", &["exercise_3", "word_count"]);
    for (target, file) in [("exercise-3", "03_queue/src/bin/exercise_3.rs"), ("project", "main.rs")]
    {
        let said = in_course("make", &[target, "COURSE=en"], &programs);
        assert!(said.status.success() && said.stderr.is_empty(), "{}", text(said.stderr));
        let said = text(said.stdout);
        assert!(said.starts_with("Not solved yet: lessons/") && said.contains(file), "{said}");
        assert!(said.contains("wrong\n\nand should print\n\nright\n"), "{said}");
    }
    let said = in_course("make", &["exercise-1"], &programs);
    assert_eq!(text(said.stdout), "Решено: lessons/01_threads_counter/src/bin/exercise_1.rs\n");
}

#[test]
fn make_speaks_the_language_of_its_reader() {
    let nowhere = Path::new("/nowhere");
    let is_russian = |text: &str| text.contains(|c| matches!(c, 'а'..='я'));
    for (course, russian) in [("COURSE=ru", true), ("COURSE=en", false)] {
        let help = text(in_course("make", &[course], nowhere).stdout);
        let others = help.lines().filter(|line| line.starts_with("make "));
        let others = others.filter(|line| is_russian(line) != russian);
        assert_eq!(others.count(), 1, "the line for readers of the other language: {help}");

        // What it would do: every caption, and every program in the same language.
        let lessons = text(in_course("make", &["-n", "lessons", course], nowhere).stdout);
        let lang = course.replace("COURSE=", "--lang ");
        assert_eq!(lessons.matches(&lang).count(), LESSONS.len(), "{lessons}");
        let captions = lessons.lines().filter(|line| line.starts_with("echo "));
        let captions: Vec<_> = captions.filter(|line| is_russian(line) == russian).collect();
        assert_eq!(captions.len(), 2 * LESSONS.len(), "{lessons}");
    }
    let refused = in_course("make", &["COURSE=fr"], nowhere);
    assert!(!refused.status.success());
    assert!(text(refused.stderr).contains("COURSE is ru or en"));
}
