//! procspawn.

#![forbid(unsafe_code)]

mod procspawn;

use bench::{entry, measure, payload, roles};
use std::process::ExitCode;

fn main() -> ExitCode {
    entry::enter(|_, work, numbers| procspawn::run(work, &entry::parse(numbers)?))
}
