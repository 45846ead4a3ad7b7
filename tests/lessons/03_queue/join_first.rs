//! Lesson 3: to join before reading does not hang.

use lesson_support::python::python;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run, with_each,
};
use predicates::prelude::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_join_first");
const TWIN: &str = "lessons/03_queue/python/join_first.py";

#[test]
fn a_worker_ends_though_nobody_has_read_what_it_put() {
    for _ in 0..5 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Родитель: рабочий завершился\n\
             Родитель: прочитано сообщений: 1000\n",
        );
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(
        "Parent: the worker has ended\n\
         Parent: messages read: 1000\n",
    );
}

/// It waits for two seconds and says so, and then reads, so that it ends.
#[test]
fn in_python_the_worker_does_not_end_until_its_messages_are_read() {
    let russian = "Родитель: рабочий после 2 с ожидания жив; join() без таймаута ждал бы вечно\n\
                   Родитель: прочитано сообщений: 1000\n\
                   Родитель: рабочий завершился\n";
    let english = "Parent: the worker is alive after a wait of 2 s; join() without a limit would \
                   wait for ever\n\
                   Parent: messages read: 1000\n\
                   Parent: the worker has ended\n";
    with_each([("ru", russian), ("en", english)], |(lang, expected)| {
        if let Some(run) = python(TWIN, &["--lang", lang]) {
            run.success().stderr("").stdout(expected);
        }
    });
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[0, 1]);
    assert_says_that_stdout_is_full(PROGRAM, &[]).stderr(predicate::str::starts_with("Ошибка: "));
}
