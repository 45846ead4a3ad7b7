//! Lesson 1: two threads share one counter.

use lesson_support::{
    FOR_EVER, assert_ends_quietly_without_a_reader, assert_refuses,
    assert_says_that_stdout_is_full, assert_speaks_one_language, lines, run, terminal, with_each,
};
use predicates::prelude::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_threads_counter");

/// What stands before the number in the live line.
const LIVE: &str = "Счётчик: ";

const FIRST: &str = "Первый рабочий изменил значение счетчика на";
const SECOND: &str = "Второй рабочий изменил значение счетчика на";

/// The value in `<worker> изменил значение счетчика на N`.
#[track_caller]
fn value(lines: &[&str], worker: &str) -> u32 {
    let value = lines.iter().find_map(|line| line.strip_prefix(worker));
    value.expect(worker).trim().parse().expect("a number")
}

#[test]
fn with_the_source_s_numbers_the_second_prints_20_or_21_and_then_the_first_25() {
    let run = run(PROGRAM, &["--tick", "40ms"]).success().stderr("");
    let lines = lines(&run);
    assert!(
        lines == [format!("{SECOND} 20"), format!("{FIRST} 25")]
            || lines == [format!("{SECOND} 21"), format!("{FIRST} 25")],
        "{lines:?}"
    );
}

/// The output saved in the source, 11 and 15, is not that of its 15 and 10.
#[test]
fn the_source_s_saved_output_is_that_of_5_and_10() {
    let args = ["--first", "5", "--second", "10", "--tick", "40ms"];
    let run = run(PROGRAM, &args).success().stderr("");
    let lines = lines(&run);
    assert!(
        lines == [format!("{FIRST} 10"), format!("{SECOND} 15")]
            || lines == [format!("{FIRST} 11"), format!("{SECOND} 15")],
        "{lines:?}"
    );
}

/// Without any pace the threads race: each has made its own steps when it prints, and whoever
/// prints last has seen all 25.
#[test]
fn however_the_threads_race_no_step_is_lost() {
    for _ in 0..20 {
        let run = run(PROGRAM, &["--tick", "0s"]).success().stderr("");
        let lines = lines(&run);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let (first, second) = (value(&lines, FIRST), value(&lines, SECOND));
        assert!((15..=25).contains(&first), "{lines:?}");
        assert!((10..=25).contains(&second), "{lines:?}");
        assert_eq!(first.max(second), 25, "{lines:?}");
    }
}

/// So many steps that two threads on two CPUs do get in each other's way.
#[test]
fn the_steps_of_both_threads_are_one_rising_series_in_one_process() {
    let args = ["--show-steps", "--tick", "0s", "--first", "3000", "--second", "2000"];
    let run = run(PROGRAM, &args).success().stderr("");
    let lines = lines(&run);
    let steps: Vec<_> = lines.iter().filter(|line| line.contains("рабочий (PID ")).collect();
    let pid = steps[0].split(['(', ')']).nth(1).expect("a PID in parentheses");
    for (step, number) in steps.iter().zip(1..) {
        let first = format!("Первый рабочий ({pid}): {number}");
        let second = format!("Второй рабочий ({pid}): {number}");
        assert!(**step == first || **step == second, "{number}: {step}");
    }
    assert_eq!(steps.len(), 5000);
    assert_eq!(steps.iter().filter(|step| step.starts_with("Первый")).count(), 3000);
    // The counter of the threads is that of the thread of `main` too.
    assert_eq!(lines.last(), Some(&&*format!("Главный поток ({pid}): 5000")));
}

#[test]
fn lang_en_prints_the_same_in_english() {
    let args = ["--lang", "en", "--tick", "40ms", "--first", "3", "--second", "1"];
    let short = predicate::str::is_match(
        r"\ASecond worker changed the counter to [23]\nFirst worker changed the counter to 4\n\z",
    );
    run(PROGRAM, &args).success().stderr("").stdout(short.expect("a pattern"));
    let run = run(PROGRAM, &["--lang", "en", "--show-steps", "--tick", "0s"]).success();
    let english = predicate::str::is_match(
        r"\A(((First|Second) worker \(PID \d+\): \d+|(First|Second) worker changed the counter to \d+)\n){27}Main thread \(PID \d+\): 25\n\z",
    );
    run.stderr("").stdout(english.expect("a pattern"));
}

#[test]
fn help_names_every_option_and_its_default() {
    let run = run(PROGRAM, &["--help", "--lang", "en"]).success().stderr("");
    let help = lines(&run).join("\n");
    assert!(help.contains("threads_counter [OPTIONS]"), "{help}");
    let options = ["--first", "--second", "--tick", "--show-steps", "--lang"];
    let defaults = ["[default: 15]", "[default: 10]", "[default: 1s]", "[default: ru]"];
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
        &["--first", "4294967296"],
        &["--first"],
        &["--second", "1.5"],
        &["--tick", "1y1"],
        &["--tick", "-1s"],
        &["--lang", "fr"],
        &["--unknown"],
        &["15"],
    ];
    assert_refuses(PROGRAM, cases);
}

/// With a tick of an hour, only that stdout is closed can end it.
#[test]
fn a_reader_who_leaves_ends_it_at_once_and_quietly() {
    assert_ends_quietly_without_a_reader(PROGRAM, &["--tick", "1h"], &[0]);
    assert_ends_quietly_without_a_reader(PROGRAM, FOR_EVER, &[0, 1]);
    assert_ends_quietly_without_a_reader(PROGRAM, &["--tick", "0s"], &[1]);
    assert_ends_quietly_without_a_reader(PROGRAM, &["--help"], &[0]);
}

#[test]
fn a_full_stdout_is_an_error_with_exit_code_1() {
    for args in [&["--tick", "0s"], &["--show-steps"], &["--help"]] as [&[&str]; 3] {
        let error = predicate::str::starts_with("Ошибка: ");
        assert_says_that_stdout_is_full(PROGRAM, args).stderr(error);
    }
}

#[test]
fn on_a_terminal_the_live_line_climbs_with_the_counter_and_then_goes() {
    with_each([80, 40], |columns| {
        let seen = terminal::run(PROGRAM, &["--tick", "50ms"], columns);
        let [second, first] = seen.last() else {
            panic!("{:?}", seen.last());
        };
        assert!(second.starts_with(SECOND) && first.starts_with(FIRST), "{:?}", seen.last());

        let numbers = seen.live_numbers(LIVE);
        assert!(numbers.is_sorted() && numbers.len() > 3, "{numbers:?}");
    });
}

#[test]
fn on_a_terminal_no_step_shares_its_row_with_the_live_line() {
    let seen = terminal::run(PROGRAM, &["--show-steps", "--tick", "30ms"], 80);
    assert_eq!(seen.last().len(), 28, "{:?}", seen.last());
    seen.live_numbers(LIVE);
}

#[test]
fn the_live_line_is_not_for_a_file_nor_for_a_terminal_that_cannot_clear_a_row() {
    let seen = terminal::run_with(PROGRAM, &["--tick", "20ms"], 80, |command| {
        command.env("TERM", "dumb");
    });
    assert!(!seen.has_escapes());
    assert_eq!(seen.last().len(), 2);

    let seen = terminal::run_with(PROGRAM, &["--tick", "20ms"], 80, |command| {
        command.stderr(std::process::Stdio::null());
    });
    assert!(!seen.has_escapes());
    assert_eq!(seen.last().len(), 2);
}

#[test]
fn the_live_line_does_not_get_into_a_stdout_elsewhere() {
    let (reader, stdout) = std::io::pipe().expect("a pipe");
    let seen = terminal::run_with(PROGRAM, &["--tick", "20ms"], 80, |command| {
        command.stdout(stdout);
    });
    assert!(seen.last().is_empty() && !seen.live_numbers(LIVE).is_empty());
    let stdout = std::io::read_to_string(reader).expect("stdout is UTF-8");
    assert!(!stdout.contains('\x1b'), "{stdout}");
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
}
