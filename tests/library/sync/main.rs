//! What `shared::sync` promises, a test for each promise. A number in brackets is a line of
//! `shared/CONFORMANCE.md`; behind it stands the test in Python's own
//! `test/_test_multiprocessing.py`.

#![forbid(unsafe_code)]

mod barrier;
mod condvar;
mod deaths;
mod event;
mod limits;
mod memory;
mod mutex;
mod passing;
mod sandbox;
mod semaphore;

use library_support::SOON;
use shared::{Connection, Process, pipe};

fn main() {
    let modules = [
        mutex::suite(),
        memory::suite(),
        condvar::suite(),
        event::suite(),
        barrier::suite(),
        semaphore::suite(),
        passing::suite(),
        deaths::suite(),
        limits::suite(),
        sandbox::suite(),
    ];
    library_support::guard(modules).run()
}

/// Starts a child that says when it is there, and goes on when it is told.
#[track_caller]
fn ready<A>(
    start: impl FnOnce(Connection<(), ()>) -> shared::Result<Process<A>>,
) -> (Process<A>, Connection<(), ()>)
where
    A: serde::Serialize + serde::de::DeserializeOwned,
{
    let (ours, theirs) = pipe().expect("a pipe");
    let process = start(theirs).expect("a start");
    ours.recv_timeout(SOON).expect("it is there");
    (process, ours)
}
