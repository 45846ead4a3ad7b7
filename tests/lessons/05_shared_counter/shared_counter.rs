//! Lesson 5: the workers of lesson 2, and one counter for all.

use lesson_support::source::differences;
use lesson_support::{
    FOR_EVER, assert_ends_quietly_without_a_reader, assert_refuses,
    assert_says_that_stdout_is_full, lines, run, terminal, with_each,
};
use predicates::prelude::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_shared_counter");

const SOURCE: &str = include_str!("../../../lessons/05_shared_counter/src/main.rs");
const PROCESSES: &str = include_str!("../../../lessons/02_process_counter/src/main.rs");

fn result(first: u32) -> String {
    format!(
        "Первый рабочий изменил значение счетчика на {first}\n\
         Второй рабочий изменил значение счетчика на 25\n\
         Родитель: 25\n"
    )
}

#[test]
fn the_first_worker_ends_at_20_or_21_and_the_second_and_the_parent_at_25() {
    for _ in 0..3 {
        let possible = [20, 21].map(result);
        let run = run(PROGRAM, &["--tick", "120ms"]).success().stderr("");
        let printed = lines(&run).join("\n") + "\n";
        assert!(possible.contains(&printed), "{printed}");
    }
}

/// Without any pace only what the first to end finds is open.
#[test]
fn however_fast_the_workers_are_no_step_is_lost() {
    for _ in 0..10 {
        let args = ["--first", "1000", "--second", "2000", "--tick", "0s"];
        let run = run(PROGRAM, &args).success().stderr("");
        let printed = lines(&run);
        assert_eq!(printed.len(), 3);
        assert_eq!(printed[2], "Родитель: 3000");
        assert!(printed[..2].iter().any(|line| line.ends_with(" 3000")), "{printed:?}");
    }
}

#[test]
fn the_steps_of_both_processes_are_one_series() {
    let run = run(PROGRAM, &["--show-steps", "--tick", "5ms"]).success().stderr("");
    let is_step = |line: &&&str| line.contains("(PID ");
    let number = |line: &&str| line.rsplit(' ').next().and_then(|number| number.parse().ok());
    let mut numbers: Vec<u32> = lines(&run).iter().filter(is_step).filter_map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=25).collect::<Vec<_>>());
}

#[test]
fn lang_en_prints_the_same_in_english_in_the_children_too() {
    let english = predicate::str::is_match(
        r"\AFirst worker changed the counter to 2[01]\nSecond worker changed the counter to 25\nParent: 25\n\z",
    );
    let run = run(PROGRAM, &["--lang", "en", "--tick", "120ms"]).success().stderr("");
    run.stdout(english.expect("a pattern"));
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    let cases: &[&[&str]] = &[&["--first", "abc"], &["--tick", "1y1"], &["--lang", "fr"], &["15"]];
    assert_refuses(PROGRAM, cases);
}

#[test]
fn a_reader_who_leaves_ends_parent_and_children_at_once_and_quietly() {
    assert_ends_quietly_without_a_reader(PROGRAM, &["--tick", "1h"], &[0]);
    assert_ends_quietly_without_a_reader(PROGRAM, FOR_EVER, &[0, 1]);
    assert_ends_quietly_without_a_reader(PROGRAM, &["--tick", "0s"], &[1]);
}

#[test]
fn a_full_stdout_is_an_error_with_exit_code_1() {
    for args in [&["--tick", "0s"], &["--show-steps"]] as [&[&str]; 2] {
        let error = predicate::str::contains("called exit(1)");
        assert_says_that_stdout_is_full(PROGRAM, args).stderr(error);
    }
}

/// What lesson 2 could not do: there it stays 0.
#[test]
fn on_a_terminal_the_live_line_of_the_parent_rises() {
    with_each([80, 40], |columns| {
        let seen = terminal::run(PROGRAM, &["--tick", "120ms"], columns);
        assert_eq!(seen.last().last().map(String::as_str), Some("Родитель: 25"));
        let numbers = seen.live_numbers("Счётчик родителя: ");
        assert!(numbers.len() > 5 && numbers.is_sorted(), "{numbers:?}");
        assert!(numbers.iter().all(|&number| number <= 25), "{numbers:?}");
    });
}

#[test]
fn the_lesson_of_the_processes_becomes_that_of_shared_memory_in_a_few_lines() {
    let [processes, shared] = [PROCESSES, SOURCE].map(|source| {
        source.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    });
    let (processes, shared) = differences(&processes, &shared);
    assert!(processes.contains(&"static COUNTER: AtomicU32 = AtomicU32::new(0);"));
    assert!(shared.contains(&"    let counter = Atomic::<AtomicU32>::new(0)?;"));
    assert!(shared.len() <= 14, "{shared:#?}");
}
