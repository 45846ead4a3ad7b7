//! Lesson 6: squares in order, one error in its place, a task alone.

use lesson_support::python::assert_twins;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run, with_each,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pool");

#[test]
fn the_squares_are_in_order_and_one_error_is_in_its_place() {
    for _ in 0..10 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Квадраты: [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]\n\
             12 / 1 = 12\n\
             12 / 0: ошибка\n\
             12 / 3 = 4\n\
             Сумма: 5\n",
        );
    }
}

#[test]
fn python_prints_the_same_in_either_language() {
    with_each(["ru", "en"], |lang| {
        assert_twins("lessons/06_pool/python/pool_lesson.py", PROGRAM, &["--lang", lang]);
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
