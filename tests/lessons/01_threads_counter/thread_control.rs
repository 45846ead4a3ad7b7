//! Lesson 1: is a thread alive, and why nobody can stop it by force.

use lesson_support::python::assert_twins;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run, with_each,
};
use predicates::prelude::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_thread_control");

/// The source says that threads, like processes, are asked whether they live and stopped by force.
#[test]
fn a_thread_is_asked_whether_it_lives_and_stops_only_if_it_agrees() {
    for _ in 0..5 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Послушный рабочий во время работы: жив\n\
             Глухой рабочий во время работы: жив\n\
             Послушный рабочий после просьбы остановиться: не жив\n\
             Глухой рабочий после просьбы остановиться: жив\n\
             Принудительно поток не остановить: глухой завершится вместе с процессом\n",
        );
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(
        "Willing worker at work: alive\n\
         Deaf worker at work: alive\n\
         Willing worker after being asked to stop: not alive\n\
         Deaf worker after being asked to stop: alive\n\
         No thread can be stopped by force: the deaf one ends with the process\n",
    );
}

#[test]
fn python_s_threads_are_the_same_in_this() {
    with_each(["ru", "en"], |lang| {
        let twin = "lessons/01_threads_counter/python/thread_control.py";
        assert_twins(twin, PROGRAM, &["--lang", lang]);
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
