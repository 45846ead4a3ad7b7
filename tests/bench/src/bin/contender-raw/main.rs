//! Raw ipc-channel.

#![forbid(unsafe_code)]

mod raw;

use bench::{entry, measure, payload, roles};
use std::process::ExitCode;

fn main() -> ExitCode {
    entry::enter(|contender, work, numbers| match contender {
        raw::CHILD => raw::be_child(work, numbers).map(|()| vec![]),
        _ => raw::run(work, &entry::parse(numbers)?),
    })
}
