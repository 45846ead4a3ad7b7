//! Raw ipc-channel.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "each contender uses a part of what they share")]

#[path = "../entry.rs"]
mod entry;
#[path = "../measure.rs"]
mod measure;
#[path = "../payload.rs"]
mod payload;
#[path = "../raw/mod.rs"]
mod raw;
#[path = "../roles/mod.rs"]
mod roles;

use std::process::ExitCode;

fn main() -> ExitCode {
    entry::enter(|contender, work, numbers| match contender {
        raw::CHILD => raw::be_child(work, numbers).map(|()| vec![]),
        _ => raw::run(work, &entry::parse(numbers)?),
    })
}
