//! What `Pool` promises, a test for each promise. A number in brackets is a line of
//! `shared/CONFORMANCE.md`.

#![forbid(unsafe_code)]

mod deaths;
mod limits;
mod maps;
mod tasks;
mod values;
mod workers;

use shared::{Error, Pool};
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    let modules = [
        maps::suite(),
        tasks::suite(),
        values::suite(),
        deaths::suite(),
        limits::suite(),
        workers::suite(),
    ];
    library_support::guard(modules).run()
}

/// A pool of so many workers.
#[track_caller]
fn pool(workers: usize) -> Pool {
    Pool::builder().workers(workers).build().expect("a pool")
}

/// What was wrong with a task.
#[track_caller]
fn inner(error: Error) -> Error {
    match error {
        Error::Task { error, .. } => *error,
        error => panic!("{error} names no task"),
    }
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a number");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

fn square(n: u64) -> u64 {
    n.wrapping_mul(n)
}

fn own_pid(_: u64) -> u32 {
    std::process::id()
}

/// Sleeps so many milliseconds.
fn nap(millis: u64) -> u64 {
    thread::sleep(Duration::from_millis(millis));
    millis
}

/// Keeps its CPU busy for so many microseconds.
fn works(micros: u64) -> u64 {
    let end = Instant::now() + Duration::from_micros(micros);
    while Instant::now() < end {}
    micros
}
