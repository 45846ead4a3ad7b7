//! What the program of every contender begins with.

use crate::measure::Result;
use std::env;
use std::process::ExitCode;

/// Does what the arguments say: a contender, a work, and its numbers. Prints the figures.
pub fn enter(run: impl Fn(&str, &str, &[&str]) -> Result<Vec<f64>>) -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match words[..] {
        [contender, work, ref numbers @ ..] => run(contender, work, numbers),
        _ => Err("which contender, and which work?".into()),
    };
    match result {
        Ok(figures) => {
            let figures: Vec<_> = figures.iter().map(f64::to_string).collect();
            if !figures.is_empty() {
                println!("{}", figures.join(" "));
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", args.join(" "));
            ExitCode::FAILURE
        }
    }
}

/// The numbers of a work.
pub fn parse(numbers: &[&str]) -> Result<Vec<u32>> {
    Ok(numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?)
}
