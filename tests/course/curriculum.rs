//! The course as a whole: numbers, links, commands and tables agree.

use lesson_support::root;
use std::fs;

/// The lessons in their order: folder, package.
const LESSONS: [(&str, &str); 4] = [
    ("01_threads_counter", "threads_counter"),
    ("02_process_counter", "process_counter"),
    ("03_queue", "queue"),
    ("04_pipe", "pipe"),
];

/// The languages: the end of a page's name, and what links to the lesson before and after say.
const LANGUAGES: [(&str, &str, &str, &str); 2] =
    [("README.md", "Previous", "Next", "minutes"), ("README.ru.md", "Назад", "Дальше", "минут")];

#[track_caller]
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The folders of pages, from the root, each with a `/` at its end unless it is the root.
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
        .collect();
    found.sort();
    assert_eq!(found, LESSONS.map(|(folder, _)| folder));
    for (number, (folder, package)) in (1..).zip(LESSONS) {
        assert_eq!(folder, format!("{number:02}_{package}"));
        let manifest = read(&format!("lessons/{folder}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{package}\"")), "{folder}");
        assert!(manifest.contains(&format!("description = \"Lesson {number}: ")), "{folder}");
    }
}

#[test]
fn every_relative_link_leads_to_something() {
    for folder in folders() {
        for (name, ..) in LANGUAGES {
            let page = format!("{folder}{name}");
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
    for folder in folders() {
        let [(english, ..), (russian, ..)] = LANGUAGES;
        let (one, other) =
            (read(&format!("{folder}{english}")), read(&format!("{folder}{russian}")));
        assert!(links(&one).contains(&russian), "{folder}{english}");
        assert!(links(&other).contains(&english), "{folder}{russian}");
    }
}

#[test]
fn each_lesson_has_its_number_its_minutes_and_the_lessons_before_and_after_it() {
    for (number, (folder, _)) in LESSONS.iter().enumerate() {
        for (page, previous, next, minutes) in LANGUAGES {
            let path = format!("lessons/{folder}/{page}");
            let text = read(&path);
            let title = text.lines().next().unwrap_or_default();
            assert!(title.starts_with(&format!("# {}. ", number + 1)), "{path}: {title}");
            assert!(text.lines().take(8).any(|line| line.contains(minutes)), "{path}: {minutes}");

            // The first lesson comes after the course's page, and the last leads back to it.
            let lesson = |number: usize| {
                LESSONS.get(number).map_or(format!("../{page}"), |l| format!("../{}/{page}", l.0))
            };
            let before = format!("[{previous}]({})", lesson(number.wrapping_sub(1)));
            let after = format!("[{next}]({})", lesson(number + 1));
            for link in [before, after] {
                let found = text.matches(&link).count();
                assert!(found > 0, "{path}: {link}");
            }
            let last = text.trim_end().lines().next_back().unwrap_or_default();
            assert!(links(last).contains(&&*lesson(number + 1)), "{path}: {last}");
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

#[test]
fn each_lesson_is_read_in_ten_to_fifteen_minutes() {
    for (folder, _) in LESSONS {
        for (page, ..) in LANGUAGES {
            let text = prose(&read(&format!("lessons/{folder}/{page}")));
            let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
            let words = text.split_whitespace().filter(is_word).count();
            assert!((350..=700).contains(&words), "{folder}/{page}: {words} words");
        }
    }
}

#[test]
fn the_tables_and_the_makefile_name_the_lessons_in_their_order() {
    let makefile = read("Makefile");
    let all = makefile.lines().find(|line| line.starts_with("lessons:")).expect("make lessons");
    for (number, (folder, package)) in (1..).zip(LESSONS) {
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
            let has_rule = makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
            assert!(has_rule, "no target {target}");
        }
        assert!(makefile.contains(&format!("run --quiet -p {package}")), "make lesson-{number}");
    }
}

/// The minutes of the lessons stand on their own pages and in the course's table.
#[test]
fn the_minutes_agree() {
    for (number, (folder, _)) in (1..).zip(LESSONS) {
        for (page, _, _, minutes) in LANGUAGES {
            let lesson = read(&format!("lessons/{folder}/{page}"));
            let line = lesson.lines().find(|line| line.contains(minutes)).expect(minutes);
            let ours = line.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
            let course = read(&format!("lessons/{page}"));
            let start = format!("| {number} | ");
            let row = course.lines().find(|line| line.starts_with(&start)).expect(&start);
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            assert_eq!(ours, cells.get(cells.len() - 2).copied(), "lessons/{page}: {row}");
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
