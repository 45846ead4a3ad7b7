//! State that processes share.

use crate::contender::Contender;
use crate::cpu::Setting::{self, Free, OneCpu};
use crate::unit::Unit::{Micros, Millis, Nanos};
use crate::workload::Workload;

/// What the floor of the locks is called: processes cannot use it.
pub const THREADS: &str = "std's Mutex, in threads";

pub fn states() -> Vec<Workload> {
    vec![alone(), together(Free), together(OneCpu), array(), map(), events(), memory()]
}

fn alone() -> Workload {
    const ABOUT: &str = "A number is raised by one under its lock, and nobody else wants it. \
        CPython's `Lock` guards nothing here. An atomic needs no lock.";
    let mut work = Workload::new("lock", "Add under a lock, alone", Nanos, ABOUT)
        .rust(&["ours"], "lock 300000")
        .with(Contender::rust("this crate, `Atomic`", "ours", "atomic 1000000"))
        .python("CPython, `Value`", "state.py fork add_value 100000")
        .python("CPython, `Lock`", "state.py fork add_lock 100000")
        .python("CPython, `Manager`", "state.py fork add_manager 1000")
        .with(Contender::rust(THREADS, "floor", "lock 1000000"));
    work.floor = THREADS;
    work
}

fn together(setting: Setting) -> Workload {
    const ABOUT: &str = "Two processes raise one number under its lock, as fast as they can; std's \
        are two threads. The time of one addition.";
    let (name, title) = match setting {
        OneCpu => ("lock-two-one-cpu", "Add under a lock, two at once, on one CPU"),
        _ => ("lock-two", "Add under a lock, two at once"),
    };
    let mut work = Workload::new(name, title, Nanos, ABOUT)
        .within(setting)
        .rust(&["ours"], "lock_two 200000")
        .python("CPython, `Value`", "state.py fork add_two_value 100000")
        .python("CPython, `Lock`", "state.py fork add_two_lock 100000")
        .with(Contender::rust(THREADS, "floor", "lock_two 1000000"));
    work.floor = THREADS;
    work
}

fn array() -> Workload {
    const ABOUT: &str = "One of 1000 numbers is raised under their lock. This crate's guard holds a \
        copy of all of them; CPython changes the one.";
    Workload::new("array", "Change one of 1000 numbers", Micros, ABOUT)
        .rust(&["ours"], "array 5000")
        .python("CPython, `Array`", "state.py fork array 20000")
}

fn map() -> Workload {
    const ABOUT: &str = "One of 100 entries of a map is raised under a lock. CPython's map is in a \
        process of its own, which is asked each time.";
    Workload::new("map", "Change one of 100 entries", Micros, ABOUT)
        .rust(&["ours"], "map 5000")
        .python("CPython, `Manager().dict()`", "state.py fork map 500")
}

fn events() -> Workload {
    const ABOUT: &str = "Two processes wake each other by turns, each by an event. The time of one \
        turn and its answer.";
    Workload::new("event", "Round of two events", Micros, ABOUT)
        .rust(&["ours"], "event 10000")
        .python("CPython", "state.py fork events 10000")
}

fn memory() -> Workload {
    const ABOUT: &str = "64 MB are copied into shared memory, and out of it; the floor copies from \
        one vector to another.";
    const WHAT: &str = "shared_memory 67108864 10";
    Workload::new("memory-write", "Write 64 MB", Millis, ABOUT)
        .and("memory-read", "Read 64 MB", Millis)
        .rust(&["ours"], WHAT)
        .python("CPython, `shared_memory`", "state.py fork memory 67108864 10")
        .rust(&["floor"], WHAT)
}
