//! This crate, and the floor beneath it: `contender-ours ours round_trip 2000` prints what it
//! measured.
//!
//! The program of a contender holds its own code and no other's, as that of a user would. The floor
//! starts the same program as this crate does. The figures go to standard output, in seconds unless
//! said otherwise; the programs in `python/` take the same words and print the same.

#![forbid(unsafe_code)]

mod burn;
mod floor;
mod ours;

use bench::entry::parse;
use bench::{entry, measure, payload, roles};
use std::process::ExitCode;

fn main() -> ExitCode {
    entry::enter(|contender, work, numbers| match contender {
        "ours" => ours::run(work, &parse(numbers)?),
        "floor" => floor::run(work, &parse(numbers)?),
        floor::CHILD => floor::be_child(work, numbers).map(|()| vec![]),
        "burn" => burn::run(work, &parse(numbers)?),
        _ => Err("no such contender".into()),
    })
}
