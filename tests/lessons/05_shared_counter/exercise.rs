//! Exercise 5: a worker is killed while it counts words, and the others go on.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    name: "5",
    file: "lessons/05_shared_counter/src/bin/exercise_5.rs",
    source: include_str!("../../../lessons/05_shared_counter/src/bin/exercise_5.rs"),
    given_out: 0xed4e_3384_90a1_04d8,
    program: env!("CARGO_BIN_EXE_exercise_5"),
    unsolved: "Слов всего: 0\n",
    solution: env!("CARGO_BIN_EXE_solution_5"),
    solved: "blue: 1\n\
               fish: 4\n\
               one: 1\n\
               red: 1\n\
               two: 1\n\
               Слов всего: 8\n",
};

#[test]
fn the_command_of_exercise_5_says_how_it_stands() {
    EXERCISE.command_must_say_how_it_stands();
}

#[test]
fn exercise_5_is_as_given_out_or_solved() {
    EXERCISE.must_be_as_given_out_or_solved();
}

#[test]
fn solution_5_passes() {
    EXERCISE.solution_must_pass();
}

#[test]
fn a_program_that_is_right_in_some_runs_only_is_no_solution() {
    EXERCISE.what_goes_well_once_is_not_solved();
}
