//! Drill 11: however a process ends, its parent is told the process and the end.

use crate::drill::{AT_ONCE, Drill, Round};
use library_support::{Suite, finish, program, suite};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::{Builder, Process, Result, Run};
use std::hint::black_box;
use std::panic::panic_any;
use std::process;

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 11. Ends.
            Drill::new("every_end_of_a_process_is_told", 10, 100, are_told),
        ],
        children: [
            aborts,
            exits,
            is_given,
            overflows_its_stack,
            panics,
            panics_with,
            takes_all_memory,
            Unlucky::run,
        ],
        programs: [
            "ends" => all,
        ],
    }
}

pub fn are_told(_: &mut Round) {
    let ended = finish(&mut program("ends"));
    assert!(ended.status.success(), "{ended:#?}");
    for said in ["out of ink", "a number: 13", "overflowed its stack", "memory allocation of"] {
        assert!(ended.stderr.contains(said), "{said}: {ended:#?}");
    }
}

/// As a program of its own, since each end is told on standard error too.
pub fn all() {
    const ABORTED: &str = "it was ended by signal 6 (SIGABRT: an abort, a stack overflow or \
                           a failed allocation; its stderr says which)";
    is("panicked: out of ink", 1, named().spawn(panics, ("out of ink".to_owned(),)));
    is("panicked: a number: 13", 1, named().spawn(Unlucky::run, (Unlucky(13),)));
    is("panicked: dropped", 1, named().spawn(is_given, (Trap { set: false },)));
    is("panicked: with a value that is not text", 1, named().spawn(panics_with, (false,)));
    is("panicked: with a value that is not text", 1, named().spawn(panics_with, (true,)));
    is("called exit(3)", 3, named().spawn(exits, (3,)));
    is("called exit(0)", 0, named().spawn(exits, (0,)));
    is(ABORTED, -6, named().spawn(aborts, ()));
    is(ABORTED, -6, named().spawn(overflows_its_stack, (u64::MAX,)));
    is(ABORTED, -6, named().spawn(takes_all_memory, ()));
}

fn named() -> Builder {
    Process::builder().name("the worker")
}

fn is<T: Serialize + DeserializeOwned>(end: &str, code: i32, process: Result<Process<T>>) {
    let process = process.expect("a child");
    let ended = process.wait_timeout(10 * AT_ONCE).expect("it can be waited for");
    assert_eq!(ended, Some(code), "{end}");
    let error = process.join().err().expect("it gave no value").to_string();
    assert!(error.starts_with("process `the worker` ") && error.contains(end), "{end}: {error}");
}

pub fn panics(message: String) {
    panic!("{message}");
}

#[derive(Serialize, Deserialize)]
pub struct Unlucky(u32);

impl Run for Unlucky {
    type Output = ();

    fn run(self) {
        panic!("a number: {}", self.0);
    }
}

pub fn is_given(_: Trap) {}

/// It goes off when it is dropped, where it was sent to and not where it was made.
#[derive(Serialize, Deserialize)]
pub struct Trap {
    #[serde(skip, default = "set")]
    set: bool,
}

fn set() -> bool {
    // Its sender reads it back.
    shared::process::parent().is_some()
}

impl Drop for Trap {
    fn drop(&mut self) {
        assert!(!self.set, "dropped");
    }
}

/// A value that is not text, and whose own `drop` may panic once more.
pub fn panics_with(armed: bool) {
    if armed {
        panic_any(Trap { set: true });
    }
    panic_any(13);
}

pub fn exits(status: i32) {
    process::exit(status);
}

pub fn aborts() {
    process::abort();
}

pub fn overflows_its_stack(depth: u64) -> u64 {
    if depth == 0 { 0 } else { 1 + black_box(overflows_its_stack(black_box(depth - 1))) }
}

/// With a limit, since what the system promises is often more than it has.
pub fn takes_all_memory() -> usize {
    let limit = Rlimit { current: Some(1 << 30), maximum: Some(1 << 30) };
    setrlimit(Resource::As, limit).expect("a limit can be lowered");
    black_box(Vec::<u8>::with_capacity(2 << 30)).capacity()
}
