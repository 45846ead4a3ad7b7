//! Lesson 3: a killed worker's message is not lost.

use lesson_support::python::both;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, lines, run, with_each,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_killed_worker");
const TWIN: &str = "lessons/03_queue/python/killed_worker.py";

#[test]
fn another_worker_gets_the_message_of_one_that_was_killed() {
    for _ in 0..10 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Первый рабочий получил: Hello\n\
             Первый рабочий убит: код завершения -9\n\
             Второй рабочий получил: Hello\n",
        );
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(
        "First worker received: Hello\n\
         First worker was killed: exit code -9\n\
         Second worker received: Hello\n",
    );
}

#[test]
fn in_python_the_message_is_lost_with_its_worker() {
    let languages = [
        ("ru", "Второй рабочий получил: ничего, хотя ждал секунду"),
        ("en", "Second worker received: nothing, in a whole second"),
    ];
    with_each(languages, |(lang, nothing)| {
        let (ours, Some(theirs)) = both(TWIN, PROGRAM, &["--lang", lang]) else {
            return;
        };
        let theirs = theirs.stderr("");
        assert_eq!(lines(&ours)[..2], lines(&theirs)[..2]);
        assert_eq!(lines(&theirs)[2..], [nothing]);
    });
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[0, 2]);
    assert_says_that_stdout_is_full(PROGRAM, &[]);
}
