//! One contender at one work: `contender ours round_trip 2000` prints what it measured.
//!
//! Every contender is this one program, so that each starts a child from the same file. What a
//! child of one contender runs through on its way is that contender's own code and nothing else.
//! The figures go to standard output, in seconds unless said otherwise; the programs in `python/`
//! take the same words and print the same.

#![forbid(unsafe_code)]

mod burn;
mod crossmist;
mod floor;
mod measure;
mod ours;
mod payload;
mod procspawn;
mod raw;
mod roles;

use measure::Result;
use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = env::args();
    if args.next().is_some_and(|program| program == crossmist::CHILD) {
        crossmist::be_child();
    }
    let args: Vec<String> = args.collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
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

fn run(args: &[&str]) -> Result<Vec<f64>> {
    let (contender, rest) = args.split_first().ok_or("which contender?")?;
    let (work, numbers) = rest.split_first().ok_or("which work?")?;
    match *contender {
        floor::CHILD => return floor::be_child(work, numbers).map(|()| vec![]),
        raw::CHILD => return raw::be_child(work, numbers).map(|()| vec![]),
        _ => {}
    }
    let numbers: Vec<u32> = numbers.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
    match *contender {
        "ours" => ours::run(work, &numbers),
        "procspawn" => procspawn::run(work, &numbers),
        "crossmist" => crossmist::run(work, &numbers),
        "raw" => raw::run(work, &numbers),
        "floor" => floor::run(work, &numbers),
        "burn" => burn::run(work, &numbers),
        _ => Err("no such contender".into()),
    }
}
