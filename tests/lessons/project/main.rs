//! The last project: two workers count the words of files.

#![forbid(unsafe_code)]

use lesson_support::exercise::Exercise;
use lesson_support::{assert_takes_a_language_only, run, run_full};

const EXERCISE: Exercise = Exercise {
    name: "project",
    file: "lessons/project/src/main.rs",
    source: include_str!("../../../lessons/project/src/main.rs"),
    given_out: 0xac9a_9980_40e1_fcf7,
    program: env!("CARGO_BIN_EXE_word_count"),
    unsolved: "Файлов: 3\n\
               Слов: 0\n",
    solution: env!("CARGO_BIN_EXE_word_count_solution"),
    solved: "Файлов: 3\n\
             Слов: 109\n\
             один: 5\n\
             и: 4\n\
             у: 4\n",
};

#[test]
fn the_command_of_the_project_says_how_it_stands() {
    EXERCISE.command_must_say_how_it_stands();
}

#[test]
fn the_project_is_as_given_out_or_solved() {
    EXERCISE.must_be_as_given_out_or_solved();
}

#[test]
fn the_solution_of_the_project_passes() {
    EXERCISE.solution_must_pass();
}

/// What the two workers do is the solution's alone; the rest is the same, word for word.
#[test]
fn the_solution_keeps_what_the_project_gives() {
    let solution = include_str!("../../../lessons/project/src/bin/word_count_solution.rs");
    for given in ["fn files()", "fn count(", "fn add(", "fn most_frequent("] {
        let function = |source: &str| -> String {
            let from = source.find(given).expect(given);
            let end = source[from..].find("\n}\n").expect("it ends");
            source[from..from + end].to_owned()
        };
        assert_eq!(function(EXERCISE.source), function(solution));
    }
    assert_eq!(solution.matches("Process::spawn(worker").count(), 2);
}

#[test]
fn bad_input_and_a_full_stdout_are_errors() {
    for program in [EXERCISE.program, EXERCISE.solution] {
        assert_takes_a_language_only(program);
        run_full(program, &[]).code(1);
        run(program, &["--lang", "en"]).success();
    }
}

#[test]
fn a_program_that_is_right_in_some_runs_only_is_no_solution() {
    EXERCISE.what_goes_well_once_is_not_solved();
}
