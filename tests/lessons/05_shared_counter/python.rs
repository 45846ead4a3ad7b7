//! The Python beside lesson 5 prints what the lesson's programs print; all of it under spawn.

use lesson_support::python::both;
use lesson_support::{lines, with_each};

const FOLDER: &str = "lessons/05_shared_counter/python";

/// So that neither of the two workers ends in the other's last tick.
#[test]
fn the_processes_of_both_languages_share_one_counter() {
    let twin = format!("{FOLDER}/shared_counter.py");
    let cases = [&["--first", "3", "--second", "12"] as &[&str], &["--first", "0", "--lang=en"]];
    with_each(cases, |steps| {
        let program = env!("CARGO_BIN_EXE_shared_counter");
        let (ours, theirs) = both(&twin, program, &[steps, &["--tick", "120ms"]].concat());
        let Some(theirs) = theirs else { return };
        // What the first to end finds may differ by a step.
        assert_eq!(lines(&ours)[1..], lines(&theirs)[1..]);
    });
}

#[test]
fn both_languages_lose_counts_without_a_lock() {
    let twin = format!("{FOLDER}/forgotten_lock.py");
    let program = env!("CARGO_BIN_EXE_forgotten_lock");
    let (ours, theirs) = both(&twin, program, &[]);
    let Some(theirs) = theirs else { return };
    assert_eq!(lines(&ours)[1], lines(&theirs)[1]);
    let without = |line: &str| line.starts_with("Без блокировки: ") && line.ends_with(" из 200000");
    assert!(without(lines(&ours)[0]) && without(lines(&theirs)[0]));
}

#[test]
fn both_languages_reach_the_same_sum_without_any_pace() {
    let twin = format!("{FOLDER}/shared_counter.py");
    let args = ["--first", "0", "--second", "0", "--tick", "0s"];
    let sorted = "every line says 0 but for its worker";
    let (ours, theirs) = both(&twin, env!("CARGO_BIN_EXE_shared_counter"), &args);
    let Some(theirs) = theirs else { return };
    let (mut ours, mut theirs) = (lines(&ours), lines(&theirs));
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs, "{sorted}");
}
