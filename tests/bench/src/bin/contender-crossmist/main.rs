//! crossmist.

#![forbid(unsafe_code)]

mod crossmist;

use bench::{entry, measure, payload, roles};
use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    if env::args().next().is_some_and(|program| program == crossmist::CHILD) {
        crossmist::be_child();
    }
    entry::enter(|_, work, numbers| crossmist::run(work, &entry::parse(numbers)?))
}
