//! procspawn.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "each contender uses a part of what they share")]

#[path = "../entry.rs"]
mod entry;
#[path = "../measure.rs"]
mod measure;
#[path = "../payload.rs"]
mod payload;
#[path = "../procspawn.rs"]
mod procspawn;
#[path = "../roles/mod.rs"]
mod roles;

use std::process::ExitCode;

fn main() -> ExitCode {
    entry::enter(|_, work, numbers| procspawn::run(work, &entry::parse(numbers)?))
}
