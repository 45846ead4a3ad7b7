//! What the tests of the library share. Each test has a deadline, so that a hang is a failure, and
//! leaves nothing behind: no process, no zombie, no descriptor, no thread.
//!
//! A child is the test program itself, run again from the top, so each test program has a `main` of
//! its own that begins with the guard; `libtest-mimic` gives it the usual test interface. Where a
//! test is about a whole program (its standard error, its death, a guard that is missing), the test
//! program is run again under the name of that program: see [`program()`].
//!
//! A module of tests says at its top, in one [`suite!`], what it has: its tests, the functions that
//! its children start from, and its programs.

#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, reason = "a helper of tests panics where a test fails")]
#![allow(clippy::must_use_candidate, reason = "a test may want the effect alone")]

mod harness;
pub mod isolated;
mod limits;
mod process;
mod program;
mod suite;
mod values;

pub use harness::run;
pub use limits::{SignalStorm, fill_files, handle_signals, limit_files};
pub use process::{
    Status, children_of, has_ended, memfd_bytes, open_files, status, threads_named, until,
    until_asleep, until_orphans_end, until_threads_sleep,
};
pub use program::{Ended, Lines, finish, finish_within, is_child, program, program_name};
pub use suite::{Suite, Test, guard};
pub use values::{
    Disguised, RefusedThere, Refuses, Untagged, as_sender, buffer, bytes, disguised, lengths,
    only_sent,
};

// For `suite!`.
#[doc(hidden)]
pub use shared::process::guard::Entry;

use shared::{Connection, Process, pipe};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Many times what the longest test takes; a test that does not end by then has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How long to wait for what should come soon; much longer than it takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(10);

/// For a wait that is to be in vain.
pub const MOMENT: Duration = Duration::from_millis(50);

/// Runs something on a thread of its own, and gives what it returns if it ends soon.
#[track_caller]
pub fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || sender.send(work()));
    let result = receiver.recv_timeout(SOON).expect("it ends soon");
    let _ = worker.join();
    result
}

/// The target that does nothing.
pub fn nothing() {}

/// Makes what the first start makes, and the process keeps.
pub fn warm_up() {
    let (_ours, theirs) = pipe().expect("a pipe");
    Process::spawn(takes_an_end, (theirs,)).and_then(Process::join).expect("a start");
}

/// The target of the first start, whose argument makes everything that a start may need.
pub fn takes_an_end(_: Connection<(), ()>) {}

/// The target that only ends when it is made to.
pub fn sleeps() {
    loop {
        thread::park();
    }
}

/// The target that says when it is there, and then lives as long as the other end of its pipe.
pub fn says_hello_and_waits(connection: Connection<(), ()>) {
    connection.send(()).expect("the parent waits");
    while connection.recv().is_ok() {}
}

/// A child that is there, and lives as long as the other end of its pipe.
#[track_caller]
pub fn waiting_child() -> (Process<()>, Connection<(), ()>) {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(says_hello_and_waits, (theirs,)).expect("a start");
    ours.recv_timeout(SOON).expect("it is there");
    (process, ours)
}
