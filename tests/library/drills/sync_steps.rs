//! A process is killed at every step of a call of `shared::sync`: between any two stores to shared
//! memory.
//!
//! Built with `--cfg drill` only, since only then the library counts its steps.

use crate::drill::{AT_ONCE, Drill, Round};
use library_support::{Suite, suite};
use serde::{Deserialize, Serialize};
use shared::sync::{Barrier, Event, Mutex, Semaphore};
use shared::{Connection, Error, Process, drill_points, pipe};
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            Drill::new("a_process_is_killed_at_every_step_of_a_change", 1, 3, |_| every(Call::Change)),
            Drill::new("a_process_is_killed_at_every_step_of_a_long_change", 1, 3, |_| every(Call::Grow)),
            Drill::new("a_process_is_killed_at_every_step_of_a_short_change", 1, 3, |_| every(Call::Shrink)),
            Drill::new("a_process_is_killed_at_every_step_of_taking_a_dead_one_s_lock", 1, 3, |_| every(Call::Inherit)),
            Drill::new("a_process_is_killed_at_every_step_of_a_permit", 1, 3, |_| every(Call::Permit)),
            Drill::new("a_process_is_killed_at_every_step_of_an_event", 1, 3, |_| every(Call::Event)),
            Drill::new("a_process_is_killed_at_every_step_of_a_barrier", 1, 3, |_| every(Call::Barrier)),
            Drill::new("a_process_is_killed_at_every_step_of_completing_a_barrier", 1, 3, |_| every(Call::Complete)),
            Drill::new("a_process_is_killed_at_every_step_of_reset_and_abort", 1, 3, |_| every(Call::Reset)),
            Drill::new("steps_are_counted", 1, 1, are_counted),
        ],
        children: [
            victim,
            waits,
            dies_in_a_change,
        ],
    }
}

/// What the victim does when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Call {
    Change,
    /// The value becomes long, and needs more memory.
    Grow,
    /// The value becomes short, and gives memory back.
    Shrink,
    /// Takes the lock of one that died in a change.
    Inherit,
    Permit,
    Event,
    /// Comes to a barrier, and waits.
    Barrier,
    /// Comes last.
    Complete,
    Reset,
}

/// One of each that the calls change.
#[derive(Clone, Serialize, Deserialize)]
pub struct All {
    text: Mutex<String>,
    permits: Semaphore,
    event: Event,
    barrier: Barrier,
}

impl Call {
    fn before(self) -> String {
        if self == Call::Shrink { "a".repeat(3 << 20) } else { "a".repeat(10) }
    }

    fn after(self) -> String {
        match self {
            Call::Grow => "b".repeat(3 << 20),
            Call::Inherit => self.before(),
            _ => "b".repeat(11),
        }
    }
}

pub fn victim(all: All, call: Call, deadly: u64, line: Connection<u64, ()>) {
    line.send(0).expect("the parent is there");
    line.recv().expect("the parent says when");
    let before = drill_points::passed();
    if deadly > 0 {
        drill_points::arm(deadly);
    }
    match call {
        Call::Change | Call::Grow | Call::Shrink => {
            *all.text.lock().expect("it is free") = call.after();
        }
        Call::Inherit => assert!(matches!(all.text.lock(), Err(Error::Poisoned))),
        Call::Permit => drop(all.permits.acquire().expect("it is free")),
        Call::Event => {
            all.event.set();
            all.event.clear();
            all.event.set();
        }
        Call::Barrier => assert!(all.barrier.wait_timeout(Duration::from_millis(10)).is_err()),
        Call::Complete => drop(all.barrier.wait().expect("both come")),
        Call::Reset => {
            all.barrier.abort().expect("the lock inside is free");
            all.barrier.reset().expect("the lock inside is free");
        }
    }
    let passed = drill_points::passed() - before;
    drill_points::arm(u64::from(u32::MAX));
    line.send(passed).expect("the parent is there");
}

pub fn waits(barrier: Barrier) -> bool {
    barrier.wait_timeout(10 * AT_ONCE).is_ok()
}

pub fn dies_in_a_change(text: Mutex<String>) {
    let mut text = text.lock().expect("it is free");
    text.push('c');
    std::process::exit(1);
}

/// Kills a victim at each step of a call. The first try counts them.
fn every(call: Call) {
    let steps = once(call, 0).expect("it lives");
    for deadly in 1..=steps {
        once(call, deadly);
    }
}

/// Whether the steps are counted at all.
fn are_counted(_: &mut Round) {
    for (call, least) in [(Call::Change, 4), (Call::Shrink, 6), (Call::Complete, 1)] {
        assert!(once(call, 0).expect("it lives") >= least, "{call:?}");
    }
}

/// How many steps the call had, if the victim lived.
fn once(call: Call, deadly: u64) -> Option<u64> {
    let all = All {
        text: Mutex::new(call.before()).expect("a mutex"),
        permits: Semaphore::new(1).expect("a semaphore"),
        event: Event::new().expect("an event"),
        barrier: Barrier::new(2).expect("a barrier"),
    };
    if call == Call::Inherit {
        let dies = Process::spawn(dies_in_a_change, (all.text.clone(),)).expect("a child");
        dies.wait().expect("it ends");
    }
    let (ours, theirs) = pipe().expect("a pipe");
    let args = (all.clone(), call, deadly, theirs);
    let victim = Process::spawn(victim, args).expect("a child");
    ours.recv_timeout(10 * AT_ONCE).expect("it is there");
    let other = matches!(call, Call::Complete | Call::Reset).then(|| {
        let other = Process::spawn(waits, (all.barrier.clone(),)).expect("a child");
        library_support::until_asleep(other.id());
        other
    });
    ours.send(()).expect("it is there");
    let passed = match ours.recv_timeout(10 * AT_ONCE) {
        Ok(passed) => Some(passed),
        Err(Error::Closed) => None,
        Err(error) => panic!("{call:?} {deadly}: {error}"),
    };
    victim.wait().expect("it ends");
    let start = Instant::now();
    is_whole(&all, call, passed.is_some());
    if let Some(other) = other {
        other.wait_timeout(10 * AT_ONCE).expect("it can be waited for").expect("it is told");
    }
    assert!(start.elapsed() < 2 * AT_ONCE, "{call:?} {deadly}: {:?}", start.elapsed());
    passed
}

fn is_whole(all: &All, call: Call, lived: bool) {
    let was_poisoned = match all.text.lock() {
        Ok(_) => false,
        Err(Error::Poisoned) => true,
        Err(error) => panic!("{call:?}: {error}"),
    };
    assert!(!(lived && was_poisoned) || call == Call::Inherit, "{call:?}: it ended its change");
    all.text.clear_poison();
    let mut text = all.text.lock().expect("it is cleared");
    let is_old = *text == call.before();
    assert!(is_old || *text == call.after(), "{call:?}: it is torn");
    // Told of a change that was lost, and of no other.
    assert!(is_old || !was_poisoned, "{call:?}: it is there, and said to be lost");
    assert!(was_poisoned || call != Call::Inherit, "the first death is told");
    *text = "whatever comes next".to_owned();
    drop(text);
    assert_eq!(*all.text.lock().expect("it is free"), "whatever comes next");
    drop(all.permits.acquire_timeout(AT_ONCE).expect("it is free again"));
    all.event.set();
    assert!(all.event.wait_timeout(AT_ONCE));
    match call {
        // The one beside it has passed, or waits and is sent away.
        Call::Complete | Call::Reset | Call::Barrier => {
            all.barrier.abort().expect("the lock inside is free");
            all.barrier.reset().expect("the lock inside is free");
        }
        _ => {}
    }
    assert!(!all.barrier.is_broken());
}
