//! The second way to create a process: a type of one's own with its `run`.

use lesson_support::{
    FOR_EVER, assert_ends_quietly_without_a_reader, assert_refuses,
    assert_says_that_stdout_is_full, lines, run,
};
use predicates::prelude::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_process_class");

#[test]
fn it_prints_what_the_lesson_prints_and_then_what_join_gave() {
    run(PROGRAM, &["--tick", "20ms"]).success().stderr("").stdout(
        "Первый рабочий изменил значение счетчика на 10\n\
         Второй рабочий изменил значение счетчика на 15\n\
         Первый рабочий вернул 10\n\
         Второй рабочий вернул 15\n",
    );
}

#[test]
fn lang_en_prints_the_same_in_english() {
    let args = ["--lang", "en", "--tick", "20ms", "--first", "1", "--second", "4"];
    run(PROGRAM, &args).success().stderr("").stdout(
        "First worker changed the counter to 1\n\
         Second worker changed the counter to 4\n\
         First worker returned 1\n\
         Second worker returned 4\n",
    );
}

#[test]
fn the_values_come_back_though_the_parent_s_counter_stays_0() {
    let run = run(PROGRAM, &["--show-steps", "--tick", "0s"]).success().stderr("");
    let lines = lines(&run);
    let [.., first, second, parent] = lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(first, "Первый рабочий вернул 10");
    assert_eq!(second, "Второй рабочий вернул 15");
    assert!(parent.starts_with("Родитель (PID ") && parent.ends_with("): 0"), "{parent}");
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_refuses(PROGRAM, &[&["--first", "-1"], &["--tick", "1y1"]]);
    run(PROGRAM, &["--help"]).success().stdout(predicate::str::contains("--show-steps"));
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, FOR_EVER, &[0, 1]);
    assert_ends_quietly_without_a_reader(PROGRAM, &["--tick", "1h"], &[0]);
    assert_says_that_stdout_is_full(PROGRAM, &["--tick", "0s"]);
}
