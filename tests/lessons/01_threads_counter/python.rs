//! The Python beside lesson 1 prints what the lesson prints.

use lesson_support::python::both;
use lesson_support::{lines, with_each};

const PROGRAM: &str = env!("CARGO_BIN_EXE_threads_counter");
const TWIN: &str = "lessons/01_threads_counter/python/threads_counter.py";

/// The worker that ends first may or may not have seen the other's last step: both outcomes are
/// possible in either language, so the last digit of that line is left out.
fn outcome<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let [early, late] = lines else {
        panic!("{lines:?}");
    };
    vec![early.trim_end_matches(|digit: char| digit.is_ascii_digit()), late]
}

#[test]
fn the_threads_of_both_languages_add_to_one_counter() {
    let orders = [
        &["--first", "15", "--second", "10"] as &[&str],
        &["--first", "5", "--second", "10"],
        &["--first", "5", "--second", "10", "--lang", "en"],
    ];
    with_each(orders, |steps| {
        // Slower than one alone would need to be: a thread must not fall behind by a whole tick.
        let args = [steps, &["--tick", "80ms"]].concat();
        let (ours, Some(theirs)) = both(TWIN, PROGRAM, &args) else {
            return;
        };
        let theirs = theirs.stderr("");
        assert_eq!(outcome(&lines(&ours)), outcome(&lines(&theirs)));
        for run in [&ours, &theirs] {
            let value = lines(run)[0].rsplit(' ').next().and_then(|last| last.parse::<u32>().ok());
            let fewer = if steps[1] == "15" { 20 } else { 10 };
            assert!(value == Some(fewer) || value == Some(fewer + 1), "{value:?}");
        }
    });
}
