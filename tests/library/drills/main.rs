//! The drills: whatever goes wrong, nothing hangs, nothing is lost, nothing is left behind.
//!
//! Each drill lets something go wrong many times, at varied moments. The quick form is part of
//! `make test`; with `DRILLS=long` in the environment (`make drills`) there are many more rounds,
//! and each drill prints how many there were, how many failed, and how long the longest took.

#![forbid(unsafe_code)]

mod creators;
mod drill;
mod ends;
mod executable;
mod forged;
mod groups;
mod limits;
mod many;
mod messages;
mod model;
mod moments;
mod points;
mod pools;
mod queues;
mod signals;
#[cfg(drill)]
mod steps;
mod sync;
#[cfg(drill)]
mod sync_steps;

fn main() {
    drill::count_panics();
    let modules = [
        moments::suite(),
        pools::suite(),
        queues::suite(),
        creators::suite(),
        messages::suite(),
        limits::suite(),
        many::suite(),
        signals::suite(),
        ends::suite(),
        executable::suite(),
        groups::suite(),
        forged::suite(),
        model::suite(),
        points::suite(),
        #[cfg(drill)]
        steps::suite(),
        sync::suite(),
        #[cfg(drill)]
        sync_steps::suite(),
    ];
    drill::run(library_support::guard(modules).tests_unless_program())
}
