//! The pages: what a README shows is what its reader sees.
//!
//! Each lesson's crate declares this file, so that each has its own programs fresh. It checks its
//! own lesson's pages and those above the lessons, and runs the commands of its own package
//! wherever they stand. `make bless` writes what the programs print into the pages.

#![forbid(unsafe_code)]

mod changed;
mod check;
mod console;
mod fence;
mod passage;
mod run;

use check::{Checker, Failure, languages_differ};
use console::Kind;
use fence::Page;
use lesson_support::root;
use std::env;
use std::fs;
use std::path::Path;
use std::sync::Once;

/// The lesson whose crate this is: `lessons/03_queue`.
fn own_lesson() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).file_name().expect("a lesson's folder");
    format!("lessons/{}", folder.display())
}

/// Every page, by its path from the root, in both languages.
fn pages() -> Vec<Page> {
    let root = root();
    let mut folders = vec![String::new(), "lessons/".to_owned()];
    for entry in fs::read_dir(root.join("lessons")).expect("lessons").flatten() {
        if entry.path().is_dir() {
            folders.push(format!("lessons/{}/", entry.file_name().display()));
        }
    }
    folders.sort();
    let both = |folder: &String| [format!("{folder}README.md"), format!("{folder}README.ru.md")];
    folders.iter().flat_map(both).map(|path| Page::read(&root, &path)).collect()
}

/// A page of the own lesson.
fn own_page(language: &str) -> Page {
    Page::read(&root(), &format!("{}/README{language}.md", own_lesson()))
}

/// A checker for the own lesson's pages, which knows already what the commands of all pages print.
fn checker() -> Checker {
    static RUN: Once = Once::new();
    let checker = Checker::new(root(), own_lesson());
    RUN.call_once(|| checker.run_all(&pages()));
    checker
}

#[track_caller]
fn assert_none(failures: &[Failure]) {
    let told: Vec<_> = failures.iter().map(ToString::to_string).collect();
    let told = told.join("\n\n");
    assert!(told.is_empty(), "\n\n{told}\n\n`make bless` writes what is seen into the pages.\n");
}

#[test]
fn every_fence_of_every_page_is_true() {
    let bless = env::var_os("BLESS").is_some_and(|value| !value.is_empty());
    let checker = checker();
    let mut failures = Vec::new();
    for mut page in pages() {
        let mut found = checker.check(&page);
        if bless {
            found.retain(|failure| !page.mend(failure));
            page.write(&root());
        }
        failures.extend(found);
    }
    assert_none(&failures);
}

#[test]
fn both_languages_show_the_same_commands_and_outputs_in_the_same_order() {
    let checker = Checker::new(root(), own_lesson());
    for pair in pages().chunks(2) {
        let [english, russian] = pair else { unreachable!("pages come in pairs") };
        if checker.is_own(english) {
            assert_none(&languages_differ(english, russian));
        }
    }
}

/// Breaks the own page in one place, and sees what the checker says to it.
#[track_caller]
fn says(page: &Page, broken: &str) -> String {
    assert_ne!(page.text(), broken, "this breaks nothing");
    let broken = Page::new(&page.path, broken);
    let failures = checker().check(&broken);
    let told: Vec<_> = failures.iter().map(ToString::to_string).collect();
    told.join("\n")
}

/// The second line of the first fence of this kind.
#[track_caller]
fn second_line(page: &Page, kind: &str) -> usize {
    let fences = page.fences().expect("the page is well formed");
    let fence = fences.iter().find(|fence| fence.info == kind && fence.body.len() > 1);
    fence.expect("a fence with two lines").start + 1
}

#[test]
fn a_changed_line_of_an_output_is_seen() {
    for language in ["", ".ru"] {
        let page = own_page(language);
        let line = second_line(&page, "console");
        let told = says(&page, &page.with_line(line, "Something else"));
        assert!(told.contains("Something else"), "{told}");
        assert!(told.contains(&format!("README{language}.md:")), "{told}");
    }
}

#[test]
fn each_kind_of_output_stands_for_what_it_says_and_for_nothing_else() {
    let agrees = |info: &str, shown: &[&str], seen: &[&str]| {
        let owned = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        Kind::of(info).expect(info).agrees(&owned(shown), &owned(seen))
    };
    assert!(agrees("console", &["a", "PID [..]: 1"], &["a", "PID 4711: 1"]));
    assert!(agrees("console", &["[..] [..] x"], &["  47   11 x"]));
    assert!(!agrees("console", &["PID [..]: 1"], &["PID 4711: 2"]));
    assert!(!agrees("console", &["PID [..]: 1"], &["PID : 1"]));
    assert!(!agrees("console", &["a [..]"], &["a word"]));
    assert!(!agrees("console", &["a", "b"], &["b", "a"]));
    assert!(!agrees("console", &["a"], &["a", "b"]));
    assert!(!agrees("console", &["a", "b"], &["a"]));

    assert!(agrees("console any-order", &["a", "b"], &["b", "a"]));
    assert!(!agrees("console any-order", &["a", "a"], &["a", "b"]));
    assert!(!agrees("console any-order", &["a"], &["a", "a"]));

    let outcomes = ["a", "b", "# or", "b", "a"];
    assert!(agrees("console one-of", &outcomes, &["a", "b"]));
    assert!(agrees("console one-of", &outcomes, &["b", "a"]));
    assert!(!agrees("console one-of", &outcomes, &["a", "a"]));
    assert!(!agrees("console one-of", &outcomes, &["a", "b", "b", "a"]));

    let steps = ["A (PID [..]): 1", "B (PID [..]): 2", "A has 2", "B has 2"];
    assert!(agrees(
        "console steps",
        &steps,
        &["B (PID 7): 1", "A (PID 7): 2", "B has 2", "A has 2"]
    ));
    for seen in [
        ["A (PID 7): 1", "B (PID 7): 1", "A has 2", "B has 2"],
        ["B (PID 7): 2", "A (PID 7): 1", "A has 2", "B has 2"],
        ["A (PID 7): 1", "A (PID 7): 2", "A has 2", "B has 2"],
        ["A (PID 7): 1", "B (PID 7): 2", "A has 2", "B has 1"],
    ] {
        assert!(!agrees("console steps", &steps, &seen), "{seen:?}");
    }

    let counts = ["  9 one way 20", "  1 the other"];
    assert!(agrees("console counts", &counts, &["  3 the other", "  7 one way 20"]));
    assert!(agrees("console counts", &counts, &[" 10 one way 20"]));
    assert!(!agrees("console counts", &counts, &["  9 one way 20"]));
    assert!(!agrees("console counts", &counts, &["  9 one way 20", "  1 a third"]));
    assert!(!agrees("console counts", &counts, &[" 10 one way 21"]));
    let with_rare = ["  9 one way 20", "  1 the other", "# rare", "    a third"];
    assert!(agrees("console counts", &with_rare, &["  9 one way 20", "  1 a third"]));
    assert!(!agrees("console counts", &with_rare, &["  9 one way 20", "  1 a fourth"]));
    assert!(!agrees("console counts", &with_rare, &["  9 one way 20", "  1 rare"]));
    assert!(agrees("console counts figures", &counts, &[" 10 one way 21"]));
    assert!(!agrees("console counts figures", &counts, &[" 10 one way"]));

    assert!(agrees("console figures", &["time  12 ms ×1.5"], &["time 3.4 ms   ×10"]));
    assert!(!agrees("console figures", &["time 12 ms"], &["time 12 s"]));
    assert!(!agrees("console figures", &["time 12 ms"], &["time ms"]));
}

#[test]
fn a_line_too_many_or_too_few_in_an_output_is_seen() {
    let page = own_page("");
    let line = second_line(&page, "console");
    let mut lines: Vec<_> = page.lines.clone();
    let removed = lines.remove(line);
    let told = says(&page, &lines.join("\n"));
    assert!(told.contains(&removed), "{told}");
    lines.insert(line, removed);
    lines.insert(line, "One more".to_owned());
    let told = says(&page, &lines.join("\n"));
    assert!(told.contains("One more"), "{told}");
}

#[test]
fn a_changed_passage_of_a_program_is_seen() {
    for kind in ["rust", "python"] {
        let page = own_page("");
        let line = second_line(&page, kind);
        let told = says(&page, &page.with_line(line, "let changed = ();"));
        assert!(told.contains("is not in"), "{told}");
    }
}

/// On the page of lesson 2.
#[test]
fn a_changed_difference_of_two_programs_is_seen() {
    let page = own_page("");
    if own_lesson().starts_with("lessons/02") {
        let line = second_line(&page, "diff");
        let told = says(&page, &page.with_line(line, "+let changed = ();"));
        assert!(told.contains("the files differ otherwise"), "{told}");
    }
}

#[test]
fn a_fence_that_cannot_be_checked_is_seen() {
    let page = own_page("");
    let with = |fence: &str| format!("{}\n\n{fence}\n", page.text());
    let cases = [
        ("```bash\nls\n```", "cannot be checked: `bash`"),
        ("```\nno word\n```", "cannot be checked: ``"),
        ("~~~text\ntildes\n~~~", "three backticks"),
        ("```text\nno end", "has no end"),
        ("```console sometimes\n$ make test\n```", "cannot be checked: `console sometimes`"),
        ("```console\n$ rm -r /nowhere\n```", "no command that a page may show"),
        ("```console\n$ cargo run -p another\n```", "no lesson's package"),
        ("```console\nno command\n```", "begins with its command"),
        ("```console\n$ echo $?\n0\n```", "follows a command"),
        ("```console\n$ make nothing\n```", "no target of the Makefile"),
        ("no link\n\n```rust\nfn main() {}\n```", "link"),
        ("[gone](src/gone.rs)\n\n```rust\nfn main() {}\n```", "src/gone.rs"),
        ("```mermaid\nnonsense\n```", "no drawing"),
    ];
    for (fence, sentence) in cases {
        let told = says(&page, &with(fence));
        assert!(told.contains(sentence), "{fence}: {told}");
    }
}

#[test]
fn a_passage_of_python_that_no_command_runs_is_seen() {
    let page = own_page("");
    let without: Vec<_> =
        page.lines.iter().filter(|line| !line.starts_with("$ python3")).cloned().collect();
    let told = says(&page, &without.join("\n"));
    assert!(told.contains("no command on this page runs"), "{told}");
}

/// A counter that is killed cannot take its live line away: that is seen on a terminal alone.
#[test]
fn a_live_line_that_stays_on_a_terminal_is_seen() {
    let package = own_lesson();
    let package = package.split_at("lessons/01_".len()).1;
    if package.ends_with("_counter") {
        let page = own_page("");
        let command = format!("(cargo run -q -p {package} -- --tick 1h & sleep 1; kill $!)");
        let fence = format!("```console\n$ {command}\n```");
        let told = says(&page, &format!("{}\n\n{fence}\n", page.text()));
        assert!(told.contains("on a terminal of 80 columns"), "{told}");
        assert!(told.contains("Счётчик"), "{told}");
    }
}

#[test]
fn a_change_that_cannot_be_made_or_shows_something_else_is_seen() {
    let page = own_page("");
    let line = |start: &str| page.lines.iter().position(|line| line.starts_with(start));
    let change = line("```diff change").expect("each lesson has something to change");
    let old = (change..page.lines.len())
        .find(|&line| !page.lines[line].starts_with(['+', '`']))
        .expect("a line");
    let told = says(&page, &page.with_line(old, " nowhere"));
    assert!(told.contains("these lines are not in the file"), "{told}");

    let shown = line("```console changed").expect("what is seen after it") + 2;
    let told = says(&page, &page.with_line(shown, "error[E0000]: something else"));
    assert!(told.contains("after the change a reader sees"), "{told}");

    let told = says(&page, &page.with_line(change, "```diff change of another kind"));
    assert!(told.contains("cannot be checked"), "{told}");
}

#[test]
fn languages_that_drift_apart_are_seen() {
    let (english, russian) = (own_page(""), own_page(".ru"));
    let line = second_line(&russian, "console") - 1;
    let changed = russian.with_line(line, "$ make test");
    assert!(!languages_differ(&english, &Page::new(&russian.path, &changed)).is_empty());
    let more = format!("{}\n\n```text\none more\n```\n", russian.text());
    assert!(!languages_differ(&english, &Page::new(&russian.path, &more)).is_empty());
}
