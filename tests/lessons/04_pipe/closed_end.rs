//! Lesson 4: what each side sees when the other is gone.

use lesson_support::python::python;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run, with_each,
};
use predicates::prelude::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_closed_end");
const TWIN: &str = "lessons/04_pipe/python/closed_end.py";

const RUSSIAN: &str = "Рабочий завершился: recv: \"Hello from worker\"\n\
                       Рабочий завершился: recv: Closed\n\
                       Рабочий завершился: send: Closed\n\
                       Рабочий убит: recv: Closed\n\
                       Родитель закрыл свой конец: recv: Closed\n";
const ENGLISH: &str = "The worker has ended: recv: \"Hello from worker\"\n\
                       The worker has ended: recv: Closed\n\
                       The worker has ended: send: Closed\n\
                       The worker was killed: recv: Closed\n\
                       The parent has closed its end: recv: Closed\n";

#[test]
fn each_side_is_told_that_the_other_is_gone_after_all_that_was_sent() {
    for _ in 0..10 {
        run(PROGRAM, &[]).success().stderr("").stdout(RUSSIAN);
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(ENGLISH);
}

/// The line more is Python's trap: the parent that holds a copy of the child's end waits for
/// itself. Here that end has moved to the child, and nobody can hold a copy.
#[test]
fn python_says_the_same_in_its_own_words_once_the_parent_has_closed_its_copy() {
    let russian = "Родитель не закрыл свою копию чужого конца: recv: ждал бы вечно\n";
    let english =
        "The parent has not closed its copy of the other end: recv: would wait for ever\n";
    with_each([("ru", RUSSIAN, russian), ("en", ENGLISH, english)], |(lang, ours, copy)| {
        let expected = ours
            .replace('"', "'")
            .replace("recv: Closed", "recv: EOFError")
            .replace("send: Closed", "send: BrokenPipeError");
        let (arrived, rest) = expected.split_once('\n').expect("several lines");
        if let Some(run) = python(TWIN, &["--lang", lang]) {
            run.success().stderr("").stdout(format!("{arrived}\n{copy}{rest}"));
        }
    });
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[0, 2]);
    assert_says_that_stdout_is_full(PROGRAM, &[]).stderr(predicate::str::starts_with("Ошибка: "));
}
