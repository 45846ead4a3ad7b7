//! Exercise 2: the parent counts none of its processes' steps.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    file: "lessons/02_process_counter/src/bin/exercise_2.rs",
    source: include_str!("../../../lessons/02_process_counter/src/bin/exercise_2.rs"),
    given_out: 0x5204_1c61_1f96_6c79,
    program: env!("CARGO_BIN_EXE_exercise_2"),
    unsolved: "Шагов всего: 0\n",
    solution: env!("CARGO_BIN_EXE_solution_2"),
    solved: "Шагов всего: 25\n",
};

/// `make exercise-2` runs this one.
#[test]
#[ignore = "fails until the exercise is solved"]
fn exercise_2_is_solved() {
    EXERCISE.must_be_solved();
}

#[test]
fn the_command_of_exercise_2_says_how_it_stands() {
    EXERCISE.command_must_say_how_it_stands();
}

#[test]
fn exercise_2_is_as_given_out_or_solved() {
    EXERCISE.must_be_as_given_out_or_solved();
}

#[test]
fn solution_2_passes() {
    EXERCISE.solution_must_pass();
}
