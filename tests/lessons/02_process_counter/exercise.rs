//! Exercise 2: the parent counts none of its processes' steps.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    name: "2",
    file: "lessons/02_process_counter/src/bin/exercise_2.rs",
    source: include_str!("../../../lessons/02_process_counter/src/bin/exercise_2.rs"),
    given_out: 0x1cd2_1c5c_dc0f_f857,
    program: env!("CARGO_BIN_EXE_exercise_2"),
    unsolved: "Шагов всего: 0\n",
    solution: env!("CARGO_BIN_EXE_solution_2"),
    solved: "Шагов всего: 25\n",
};

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

#[test]
fn a_program_that_is_right_in_some_runs_only_is_no_solution() {
    EXERCISE.what_goes_well_once_is_not_solved();
}
