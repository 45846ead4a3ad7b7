//! Lesson 5: what becomes of counts without a lock, and with one.

use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, lines, run,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_forgotten_lock");

/// How many steps were counted without a lock. With one, all of them are.
fn counted(args: &[&str], words: [&str; 2], of: &str) -> u32 {
    let run = run(PROGRAM, args).success().stderr("");
    let printed = lines(&run);
    let [without, with] = &printed[..] else { panic!("{printed:?}") };
    assert_eq!(*with, format!("{}: 200000 {of} 200000", words[1]));
    let number = without.strip_prefix(&format!("{}: ", words[0])).expect(without);
    let number = number.strip_suffix(&format!(" {of} 200000")).expect(without);
    number.parse().expect("a number")
}

/// How many is not determined, and on one CPU it may be none in one run.
#[test]
fn without_the_lock_counts_are_lost_and_with_it_all_are_there() {
    let counts: Vec<_> =
        (0..10).map(|_| counted(&[], ["Без блокировки", "С блокировкой"], "из")).collect();
    assert!(counts.iter().all(|&count| (1..=200_000).contains(&count)), "{counts:?}");
    assert!(counts.iter().any(|&count| count < 200_000), "{counts:?}");
}

#[test]
fn lang_en_prints_the_same_in_english() {
    counted(&["--lang", "en"], ["Without a lock", "With a lock"], "of");
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    assert_takes_a_language_only(PROGRAM);
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[0, 1]);
    assert_says_that_stdout_is_full(PROGRAM, &[]);
}
