//! Lesson 2: two processes, each with its own memory and so with its own counter.

use lesson_support::source::differences;
use lesson_support::{
    FOR_EVER, assert_ends_quietly_without_a_reader, assert_refuses,
    assert_says_that_stdout_is_full, assert_speaks_one_language, lines, run, terminal, with_each,
};
use predicates::prelude::*;
use std::collections::BTreeSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_process_counter");

/// What stands before the number in the live line.
const LIVE: &str = "Счётчик родителя: ";

const SOURCE: &str = include_str!("../../../lessons/02_process_counter/src/main.rs");
const THREADS: &str = include_str!("../../../lessons/01_threads_counter/src/main.rs");

const RESULT: &str = "Первый рабочий изменил значение счетчика на 10\n\
                      Второй рабочий изменил значение счетчика на 15\n";

/// The PID and the numbers in `<worker> (PID 4711): 1`, line by line.
fn steps<'a>(lines: &[&'a str], worker: &str) -> Vec<(&'a str, u32)> {
    let start = format!("{worker} (PID ");
    let steps = lines.iter().filter_map(|line| line.strip_prefix(&start)?.split_once("): "));
    steps.map(|(pid, number)| (pid, number.parse().expect("a number"))).collect()
}

#[test]
fn each_worker_reaches_its_own_number_always() {
    for _ in 0..3 {
        run(PROGRAM, &["--tick", "20ms"]).success().stderr("").stdout(RESULT);
    }
}

/// Without any pace only the order is open; the values are not, since nothing is shared.
#[test]
fn however_fast_the_workers_are_the_values_stay() {
    for _ in 0..10 {
        let run = run(PROGRAM, &["--tick", "0s"]).success().stderr("");
        let mut printed = lines(&run);
        printed.sort_by_key(|line| line.starts_with("Второй"));
        assert_eq!(printed, RESULT.lines().collect::<Vec<_>>());
    }
}

#[test]
fn the_steps_of_each_process_are_a_series_of_its_own() {
    let run = run(PROGRAM, &["--show-steps", "--tick", "5ms"]).success().stderr("");
    let lines = lines(&run);
    let numbers =
        |worker| -> Vec<u32> { steps(&lines, worker).iter().map(|step| step.1).collect() };
    assert_eq!(numbers("Первый рабочий"), (1..=10).collect::<Vec<_>>());
    assert_eq!(numbers("Второй рабочий"), (1..=15).collect::<Vec<_>>());
}

#[test]
fn each_process_and_the_parent_have_a_pid_of_their_own() {
    let run = run(PROGRAM, &["--show-steps", "--tick", "0s"]).success().stderr("");
    let lines = lines(&run);
    let mut all = BTreeSet::new();
    for worker in ["Первый рабочий", "Второй рабочий", "Родитель"]
    {
        let pids: BTreeSet<_> = steps(&lines, worker).iter().map(|step| step.0).collect();
        assert_eq!(pids.len(), 1, "{worker}: {pids:?}");
        all.extend(pids);
    }
    assert_eq!(all.len(), 3, "{all:?}");
}

#[test]
fn the_parent_s_own_counter_stays_0() {
    let run = run(PROGRAM, &["--show-steps", "--tick", "0s"]).success().stderr("");
    let lines = lines(&run);
    let parent = steps(&lines, "Родитель");
    assert_eq!(parent.iter().map(|step| step.1).collect::<Vec<_>>(), [0]);
    assert!(lines.last().is_some_and(|line| line.starts_with("Родитель")));
}

#[test]
fn the_numbers_of_steps_can_be_chosen() {
    let args = ["--first", "0", "--second", "3", "--tick", "20ms"];
    run(PROGRAM, &args).success().stderr("").stdout(
        "Первый рабочий изменил значение счетчика на 0\n\
         Второй рабочий изменил значение счетчика на 3\n",
    );
}

#[test]
fn lang_en_prints_the_same_in_english_in_the_children_too() {
    run(PROGRAM, &["--lang", "en", "--tick", "20ms"]).success().stderr("").stdout(
        "First worker changed the counter to 10\nSecond worker changed the counter to 15\n",
    );
    let run = run(PROGRAM, &["--lang=en", "--show-steps", "--tick", "0s"]).success();
    let english = predicate::str::is_match(
        r"\A(((First|Second) worker \(PID \d+\): \d+|(First|Second) worker changed the counter to \d+)\n){27}Parent \(PID \d+\): 0\n\z",
    );
    run.stderr("").stdout(english.expect("a pattern"));
}

#[test]
fn help_names_every_option_and_its_default() {
    let run = run(PROGRAM, &["--help", "--lang", "en"]).success().stderr("");
    let help = lines(&run).join("\n");
    assert!(help.contains("process_counter [OPTIONS]"), "{help}");
    let options = ["--first", "--second", "--tick", "--show-steps", "--lang"];
    let defaults = ["[default: 10]", "[default: 15]", "[default: 1s]", "[default: ru]"];
    for word in options.iter().chain(&defaults) {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert_speaks_one_language(PROGRAM);
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    let cases: &[&[&str]] = &[
        &["--first", "abc"],
        &["--first", "-1"],
        &["--second", "4294967296"],
        &["--second"],
        &["--tick", "1y1"],
        &["--lang", "fr"],
        &["--unknown"],
        &["15"],
    ];
    assert_refuses(PROGRAM, cases);
}

/// With a tick of an hour, only that stdout is closed can end it.
#[test]
fn a_reader_who_leaves_ends_parent_and_children_at_once_and_quietly() {
    assert_ends_quietly_without_a_reader(PROGRAM, &["--tick", "1h"], &[0]);
    assert_ends_quietly_without_a_reader(PROGRAM, FOR_EVER, &[0, 1]);
    assert_ends_quietly_without_a_reader(PROGRAM, &["--tick", "0s"], &[1]);
}

#[test]
fn a_full_stdout_is_an_error_with_exit_code_1_in_the_child_as_in_the_parent() {
    for args in [&["--tick", "0s"], &["--show-steps"]] as [&[&str]; 2] {
        let error = predicate::str::contains("called exit(1)");
        assert_says_that_stdout_is_full(PROGRAM, args).stderr(error);
    }
    // Where no child prints anything, the parent's last line is the one that fails.
    let error = predicate::str::starts_with("Ошибка: ");
    assert_says_that_stdout_is_full(PROGRAM, &["--help"]).stderr(error);
}

#[test]
fn on_a_terminal_the_live_line_stays_0_and_then_goes() {
    with_each([80, 40], |columns| {
        let seen = terminal::run(PROGRAM, &["--tick", "50ms"], columns);
        assert_eq!(seen.last().join("\n") + "\n", RESULT);
        assert_eq!(seen.live_numbers(LIVE), [0]);
    });
}

/// The line belongs to the parent, the steps to its children, and they know nothing of each other.
#[test]
fn on_a_terminal_no_child_s_line_shares_its_row_with_the_live_line() {
    let args = ["--show-steps", "--first", "25", "--second", "30", "--tick", "20ms"];
    let seen = terminal::run(PROGRAM, &args, 80);
    assert_eq!(seen.last().len(), 25 + 30 + 3, "{:?}", seen.last());
    assert_eq!(seen.live_numbers(LIVE), [0]);
}

#[test]
fn a_terminal_too_narrow_for_the_live_line_shows_the_lines_alone() {
    let seen = terminal::run(PROGRAM, &["--tick", "20ms"], 30);
    assert_eq!(seen.last().join("\n") + "\n", RESULT);
    assert!(!seen.has_escapes());
}

#[test]
fn a_child_sends_no_escapes_to_a_terminal_that_cannot_clear_a_row() {
    let seen = terminal::run_with(PROGRAM, &["--tick", "20ms"], 80, |command| {
        command.env("TERM", "dumb");
    });
    assert!(!seen.has_escapes());
    assert_eq!(seen.last().join("\n") + "\n", RESULT);
}

#[test]
fn the_lesson_of_the_threads_becomes_that_of_the_processes_in_six_lines() {
    let (threads, processes) = differences(THREADS, SOURCE);
    assert_eq!(
        threads,
        [
            "use std::thread;",
            "fn main() -> thread::Result<()> {",
            "    let steps = lesson::counter_options(15, 10);",
            "    let first = thread::spawn(|| first_worker(steps.first));",
            "    let second = thread::spawn(|| second_worker(steps.second));",
        ]
    );
    assert_eq!(
        processes,
        [
            "use shared::Process;",
            "fn main() -> shared::Result<()> {",
            "    shared::main_guard!(first_worker, second_worker);",
            "    let steps = lesson::counter_options(10, 15);",
            "    let first = Process::spawn(first_worker, (steps.first,))?;",
            "    let second = Process::spawn(second_worker, (steps.second,))?;",
        ]
    );
}
