//! Lesson 6: a progress bar on a terminal.

use lesson_support::{assert_takes_a_language_only, run, terminal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_progress");

#[test]
fn without_a_terminal_only_the_result_is_printed() {
    run(PROGRAM, &[]).success().stderr("").stdout("Сделано: 40\n");
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout("Done: 40\n");
}

#[test]
fn on_a_terminal_a_bar_counts_to_forty_and_is_gone_at_the_end() {
    let seen = terminal::run(PROGRAM, &[], 80);
    let rows: Vec<_> = seen.screens.iter().flatten().collect();
    assert!(rows.iter().any(|row| row.ends_with("/40")), "{rows:?}");
    assert_eq!(seen.last(), ["Сделано: 40"]);
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
}
