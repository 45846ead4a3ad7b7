//! Exercise 4: a worker answers one question of three.

use lesson_support::exercise::Exercise;

const EXERCISE: Exercise = Exercise {
    name: "4",
    file: "lessons/04_pipe/src/bin/exercise_4.rs",
    source: include_str!("../../../lessons/04_pipe/src/bin/exercise_4.rs"),
    given_out: 0x2ca2_98ec_2603_6be7,
    program: env!("CARGO_BIN_EXE_exercise_4"),
    unsolved: "Ответ 1: 1\n\
               Ответ 2: никто не ответил\n\
               Ответ 3: никто не ответил\n\
               Сколько раз ответил рабочий: 1\n",
    solution: env!("CARGO_BIN_EXE_solution_4"),
    solved: "Ответ 1: 1\n\
               Ответ 2: 4\n\
               Ответ 3: 9\n\
               Сколько раз ответил рабочий: 3\n",
};

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

#[test]
fn a_program_that_is_right_in_some_runs_only_is_no_solution() {
    EXERCISE.what_goes_well_once_is_not_solved();
}
