//! The Python beside lesson 2 prints what the lesson's programs print; all of it under spawn.

use lesson_support::python::{assert_twins, python};
use lesson_support::with_each;
use predicates::prelude::*;

const COUNTER: &str = env!("CARGO_BIN_EXE_process_counter");
const CLASS: &str = env!("CARGO_BIN_EXE_process_class");
const CONTROL: &str = env!("CARGO_BIN_EXE_process_control");

const FOLDER: &str = "lessons/02_process_counter/python";

const SLOWLY: &[&str] = &["--tick", "120ms"];

const LANG_EN: &str = "--lang=en";

/// 15 and 10 are the numbers in the code of the source, 10 and 15 those in its text.
///
/// They start one after the other, and need not be far apart, though all of them start at the same
/// time: so the ticks are not too short.
#[test]
fn the_processes_of_both_languages_have_a_counter_each() {
    let twin = format!("{FOLDER}/process_counter.py");
    let cases = [&[] as &[&str], &["--first", "15", "--second", "5"], &["--first", "1", LANG_EN]];
    with_each(cases, |steps| assert_twins(&twin, COUNTER, &[steps, SLOWLY].concat()));
}

#[test]
fn a_class_of_one_s_own_is_the_second_way_in_both_languages() {
    let twin = format!("{FOLDER}/process_class.py");
    let cases = [&[] as &[&str], &["--first", "1", LANG_EN]];
    with_each(cases, |steps| assert_twins(&twin, CLASS, &[steps, SLOWLY].concat()));
}

#[test]
fn a_process_is_asked_and_stopped_alike_in_both_languages() {
    let twin = format!("{FOLDER}/process_control.py");
    with_each([&[] as &[&str], &[LANG_EN]], |args| assert_twins(&twin, CONTROL, args));
}

/// Each of the two children meets `start()` again, and is refused; no third one is started.
#[test]
fn without_the_guard_python_prints_nothing_and_two_errors_and_exits_0() {
    let error = predicate::str::contains("RuntimeError: ")
        .count(2)
        .and(predicate::str::contains("before the\n        current process has finished").count(2));
    if let Some(run) = python(&format!("{FOLDER}/no_guard.py"), &["--tick", "1ms"]) {
        run.success().stdout("").stderr(error);
    }
}

#[test]
fn the_unguarded_python_is_the_guarded_one_less_the_guard() {
    let guarded = include_str!("../../../lessons/02_process_counter/python/process_counter.py");
    let unguarded = include_str!("../../../lessons/02_process_counter/python/no_guard.py");
    let code = |source: &str| -> Vec<String> {
        let body = source.split("\"\"\"").nth(2).expect("what follows the docstring");
        let lines = body.lines().filter(|line| !line.is_empty());
        lines.map(|line| line.trim_start().to_owned()).collect()
    };
    let mut guarded = code(guarded);
    guarded.retain(|line| line != "if __name__ == \"__main__\":");
    assert_eq!(guarded, code(unguarded));
}
