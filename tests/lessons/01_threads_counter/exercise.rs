//! Exercise 1: two threads lose half of their steps.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    name: "1",
    file: "lessons/01_threads_counter/src/bin/exercise_1.rs",
    source: include_str!("../../../lessons/01_threads_counter/src/bin/exercise_1.rs"),
    given_out: 0x0492_e750_07e0_22b4,
    program: env!("CARGO_BIN_EXE_exercise_1"),
    unsolved: "Шагов сделано: 20000\n\
               Счётчик: 10000\n",
    solution: env!("CARGO_BIN_EXE_solution_1"),
    solved: "Шагов сделано: 20000\n\
               Счётчик: 20000\n",
};

#[test]
fn the_command_of_exercise_1_says_how_it_stands() {
    EXERCISE.command_must_say_how_it_stands();
}

#[test]
fn exercise_1_is_as_given_out_or_solved() {
    EXERCISE.must_be_as_given_out_or_solved();
}

#[test]
fn solution_1_passes() {
    EXERCISE.solution_must_pass();
}

#[test]
fn a_program_that_is_right_in_some_runs_only_is_no_solution() {
    EXERCISE.what_goes_well_once_is_not_solved();
}
