//! Lesson 4: a pipe in both directions, and two values taken apart.

use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, run,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pipe");
const UNPACKING: &str = env!("CARGO_BIN_EXE_unpacking");

#[test]
fn the_worker_prints_what_it_received_and_then_main_the_answer() {
    for _ in 0..10 {
        run(PROGRAM, &[]).success().stderr("").stdout(
            "Process received: Hello from main process\n\
             Hello from worker\n",
        );
    }
}

#[test]
fn a_function_s_two_values_are_taken_apart() {
    run(UNPACKING, &[]).success().stderr("").stdout("a=1 | b=2\n");
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    for program in [PROGRAM, UNPACKING] {
        assert_takes_a_language_only(program);
        run(program, &["--lang", "en"]).success();
    }
}

#[test]
fn a_closed_stdout_is_a_quiet_end() {
    for program in [PROGRAM, UNPACKING] {
        assert_ends_quietly_without_a_reader(program, &[], &[0, 1]);
    }
}

#[test]
fn a_full_stdout_is_an_error_with_exit_code_1() {
    for program in [PROGRAM, UNPACKING] {
        assert_says_that_stdout_is_full(program, &[]);
    }
}
