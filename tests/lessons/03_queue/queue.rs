//! Lesson 3: two messages, one queue, two workers.

use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, lines, run,
};
use predicates::prelude::*;
use std::collections::BTreeSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_queue");

const LONG: &str = "Hello from main process";
const SHORT: &str = "Hello";

/// Which worker gets which message, and who prints first, is not determined: four outcomes.
#[test]
fn each_worker_receives_one_message_and_each_message_one_worker() {
    for _ in 0..20 {
        let run = run(PROGRAM, &[]).success().stderr("");
        let lines = lines(&run);
        let outcome: BTreeSet<_> = lines.iter().copied().collect();
        let one = format!("Process1 received: {LONG}");
        let two = format!("Process2 received: {SHORT}");
        let three = format!("Process1 received: {SHORT}");
        let four = format!("Process2 received: {LONG}");
        assert!(
            lines.len() == 2
                && (outcome == BTreeSet::from([&*one, &*two])
                    || outcome == BTreeSet::from([&*three, &*four])),
            "{lines:?}"
        );
    }
}

#[test]
fn its_lines_are_the_source_s_in_either_language() {
    for lang in ["ru", "en"] {
        let line = predicate::str::contains("Process1 received: Hello");
        run(PROGRAM, &["--lang", lang]).success().stderr("").stdout(line);
    }
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
    run(PROGRAM, &["--help"]).success().stdout(predicate::str::contains("queue [ПАРАМЕТРЫ]"));
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[0, 1]);
    let error = predicate::str::contains("called exit(1)");
    assert_says_that_stdout_is_full(PROGRAM, &[]).stderr(error);
}
