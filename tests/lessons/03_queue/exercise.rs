//! Exercise 3: two workers leave eight of ten numbers in the queue.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    name: "3",
    file: "lessons/03_queue/src/bin/exercise_3.rs",
    source: include_str!("../../../lessons/03_queue/src/bin/exercise_3.rs"),
    given_out: 0x5e0f_254a_370d_863c,
    program: env!("CARGO_BIN_EXE_exercise_3"),
    unsolved: "Квадратов: 2\n\
               Их сумма: 5\n",
    solution: env!("CARGO_BIN_EXE_solution_3"),
    solved: "Квадратов: 10\n\
               Их сумма: 385\n",
};

#[test]
fn the_command_of_exercise_3_says_how_it_stands() {
    EXERCISE.command_must_say_how_it_stands();
}

#[test]
fn exercise_3_is_as_given_out_or_solved() {
    EXERCISE.must_be_as_given_out_or_solved();
}

#[test]
fn solution_3_passes() {
    EXERCISE.solution_must_pass();
}

#[test]
fn a_program_that_is_right_in_some_runs_only_is_no_solution() {
    EXERCISE.what_goes_well_once_is_not_solved();
}
