//! Lesson 6: a worker that dies takes one task with it.

use lesson_support::python::python;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, lines, run, with_each,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_killed_task");
const TWIN: &str = "lessons/06_pool/python/killed_task.py";

#[test]
fn one_task_of_ten_is_lost_and_the_pool_goes_on() {
    for _ in 0..10 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Задание 5: не сделано, рабочий завершён сигналом 6\n\
             Сделано: 9\n\
             Пул работает дальше: [0, 10, 20]\n",
        );
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(
        "Task 5: not done, its worker was ended by signal 6\n\
         Done: 9\n\
         The pool goes on: [0, 10, 20]\n",
    );
}

/// The defects that the page claims of Python's pools: one waits for ever, the other is broken.
#[test]
fn in_python_one_pool_waits_for_ever_and_the_other_is_broken() {
    let languages = [
        ("ru", ["Pool: map() ждёт и после 2 с", "ProcessPoolExecutor: пул сломан"]),
        ("en", ["Pool: map() still waits after 2 s", "ProcessPoolExecutor: the pool is broken"]),
    ];
    with_each(languages, |(lang, beginnings)| {
        let Some(theirs) = python(TWIN, &["--lang", lang]) else { return };
        let theirs = theirs.success();
        let lines = lines(&theirs);
        assert_eq!(lines.len(), 2, "{lines:?}");
        for (line, beginning) in lines.iter().zip(beginnings) {
            assert!(line.starts_with(beginning), "{line}");
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
    assert_says_that_stdout_is_full(PROGRAM, &[]);
}
