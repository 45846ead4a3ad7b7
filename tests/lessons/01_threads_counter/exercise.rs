//! Exercise 1: two threads lose half of their steps.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    file: "lessons/01_threads_counter/src/bin/exercise_1.rs",
    source: include_str!("../../../lessons/01_threads_counter/src/bin/exercise_1.rs"),
    given_out: 0x119b_a88c_47f0_55e2,
    program: env!("CARGO_BIN_EXE_exercise_1"),
    unsolved: "Шагов сделано: 20\n\
               Счетчик: 10\n",
    solution: env!("CARGO_BIN_EXE_solution_1"),
    solved: "Шагов сделано: 20\n\
               Счетчик: 20\n",
};

/// `make exercise-1` runs this one.
#[test]
#[ignore = "fails until the exercise is solved"]
fn exercise_1_is_solved() {
    EXERCISE.must_be_solved();
}

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
