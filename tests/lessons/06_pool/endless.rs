//! Lesson 6: `imap` takes only what it soon needs.

use lesson_support::python::both;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, lines, run, with_each,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_endless");
const TWIN: &str = "lessons/06_pool/python/endless.py";

#[test]
fn of_endless_numbers_few_are_taken() {
    for _ in 0..10 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Первые квадраты: [0, 1, 4, 9, 16]\n\
             Взято чисел: меньше 1000\n",
        );
    }
}

/// The defect that the page claims of Python's `imap`: it reads what nobody wants.
#[test]
fn python_takes_more_and_more() {
    let languages = [("ru", "больше 1000"), ("en", "more than 1000")];
    with_each(languages, |(lang, more)| {
        let (ours, Some(theirs)) = both(TWIN, PROGRAM, &["--lang", lang]) else { return };
        let (ours, theirs) = (lines(&ours), lines(&theirs));
        assert_eq!(ours[0], theirs[0]);
        assert!(theirs[1].contains(more) && !ours[1].contains(more), "{theirs:?}");
    });
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[0, 1]);
    assert_says_that_stdout_is_full(PROGRAM, &[]);
}
