//! Exercise 4: a worker answers one question of three.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    file: "lessons/04_pipe/src/bin/exercise_4.rs",
    source: include_str!("../../../lessons/04_pipe/src/bin/exercise_4.rs"),
    given_out: 0x3ca0_5f56_57bb_23dd,
    program: env!("CARGO_BIN_EXE_exercise_4"),
    unsolved: "Ответ 1: 1\n\
               Ответ 2: никто не ответил\n\
               Ответ 3: никто не ответил\n\
               Рабочий ответил раз: 1\n",
    solution: env!("CARGO_BIN_EXE_solution_4"),
    solved: "Ответ 1: 1\n\
               Ответ 2: 4\n\
               Ответ 3: 9\n\
               Рабочий ответил раз: 3\n",
};

/// `make exercise-4` runs this one.
#[test]
#[ignore = "fails until the exercise is solved"]
fn exercise_4_is_solved() {
    EXERCISE.must_be_solved();
}

#[test]
fn the_command_of_exercise_4_says_how_it_stands() {
    EXERCISE.command_must_say_how_it_stands();
}

#[test]
fn exercise_4_is_as_given_out_or_solved() {
    EXERCISE.must_be_as_given_out_or_solved();
}

#[test]
fn solution_4_passes() {
    EXERCISE.solution_must_pass();
}
