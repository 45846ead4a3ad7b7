//! crossmist.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "each contender uses a part of what they share")]

#[path = "../crossmist/mod.rs"]
mod crossmist;
#[path = "../entry.rs"]
mod entry;
#[path = "../measure.rs"]
mod measure;
#[path = "../payload.rs"]
mod payload;
#[path = "../roles/mod.rs"]
mod roles;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    if env::args().next().is_some_and(|program| program == crossmist::CHILD) {
        crossmist::be_child();
    }
    entry::enter(|_, work, numbers| crossmist::run(work, &entry::parse(numbers)?))
}
