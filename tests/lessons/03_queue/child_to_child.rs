//! Lesson 3: a queue from one child to another.

use lesson_support::python::assert_twins;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run, with_each,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_child_to_child");

/// The source: "they let data pass from one process to another".
#[test]
fn one_child_gets_in_order_what_the_other_puts_and_learns_that_it_was_all() {
    for _ in 0..10 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Process-2 получил: Hello 1 from Process-1\n\
             Process-2 получил: Hello 2 from Process-1\n\
             Process-2 получил: Hello 3 from Process-1\n\
             Process-2: больше ничего не будет\n",
        );
    }
}

#[test]
fn lang_en_prints_the_same_in_english() {
    run(PROGRAM, &["--lang", "en"]).success().stderr("").stdout(
        "Process-2 received: Hello 1 from Process-1\n\
         Process-2 received: Hello 2 from Process-1\n\
         Process-2 received: Hello 3 from Process-1\n\
         Process-2: there will be no more\n",
    );
}

#[test]
fn python_s_queue_is_the_same_in_this() {
    with_each(["ru", "en"], |lang| {
        assert_twins("lessons/03_queue/python/child_to_child.py", PROGRAM, &["--lang", lang]);
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
