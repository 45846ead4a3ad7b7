//! Lesson 5: a process is killed with the lock of an account.

use lesson_support::python::python;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run, with_each,
};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_killed_holder");
const TWIN: &str = "lessons/05_shared_counter/python/killed_holder.py";

const RUSSIAN: &str = "Процесс убит с блокировкой: lock: Poisoned\nНа счете: 100\n";
const ENGLISH: &str = "Killed with the lock: lock: Poisoned\nThe account: 100\n";

#[test]
fn the_next_one_is_told_in_a_moment_and_the_account_is_as_it_was() {
    for _ in 0..10 {
        let start = Instant::now();
        run(PROGRAM, &[]).success().stderr("").stdout(RUSSIAN);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(ENGLISH);
}

#[test]
fn python_would_wait_for_ever_and_its_account_is_half_changed() {
    let russian = "acquire: ждал бы вечно";
    let english = "acquire: would wait for ever";
    with_each([("ru", RUSSIAN, russian), ("en", ENGLISH, english)], |(lang, ours, theirs)| {
        let start = Instant::now();
        if let Some(run) = python(TWIN, &["--lang", lang]) {
            let expected = ours.replace("lock: Poisoned", theirs).replace("100", "70");
            run.success().stderr("").stdout(expected);
            assert!(start.elapsed() >= Duration::from_secs(1), "it waited in vain");
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
    assert_says_that_stdout_is_full(PROGRAM, &[]);
}
