//! Lesson 4: a pipe in both directions, and two values taken apart.

mod support;

use predicates::prelude::*;
use support::{assert_takes_a_language_only, run, run_full, run_head};

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
        run_head(program, &[], 0).success().stderr("");
        run_head(program, &[], 1).success().stderr("");
    }
}

#[test]
fn a_full_stdout_is_an_error_with_exit_code_1() {
    for program in [PROGRAM, UNPACKING] {
        let error = predicate::str::contains("Error: cannot write to stdout: No space left")
            .and(predicate::str::contains("panic").not());
        run_full(program, &[]).code(1).stderr(error);
    }
}
