//! Exercise 6: nine answers of ten within a second.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    name: "6",
    file: "lessons/06_pool/src/bin/exercise_6.rs",
    source: include_str!("../../../lessons/06_pool/src/bin/exercise_6.rs"),
    given_out: 0xb3a0_8970_4fc5_ab02,
    program: env!("CARGO_BIN_EXE_exercise_6"),
    unsolved: "Ответы: []\n\
               Не хватает: []\n",
    solution: env!("CARGO_BIN_EXE_solution_6"),
    solved: "Ответы: [2, 4, 6, 8, 10, 12, 16, 18, 20]\n\
             Не хватает: [7]\n",
};

#[test]
fn the_command_of_exercise_6_says_how_it_stands() {
    EXERCISE.command_must_say_how_it_stands();
}

#[test]
fn exercise_6_is_as_given_out_or_solved() {
    EXERCISE.must_be_as_given_out_or_solved();
}

#[test]
fn solution_6_passes() {
    EXERCISE.solution_must_pass();
}
