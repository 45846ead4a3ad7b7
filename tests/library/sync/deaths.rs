//! A holder that is gone, in whatever way, keeps nobody waiting.

use crate::ready;
use library_support::{MOMENT, SOON, Suite, soon, suite, until, until_asleep};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde::{Deserialize, Serialize};
use shared::sync::{Condvar, Mutex};
use shared::{Connection, Error, Process};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, mem, thread};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_holder_that_goes_in_any_way_with_a_change_poisons_at_once,
            a_holder_that_goes_in_any_way_without_a_change_poisons_nothing,
            a_holder_of_nothing_poisons_since_its_value_lies_elsewhere,
            a_waiter_that_is_killed_changes_nothing_for_the_others,
            a_notifier_that_is_killed_takes_no_notification_with_it,
            a_holder_that_is_stopped_is_waited_for,
            a_process_number_that_is_used_again_is_not_waited_for,
        ],
        children: [
            goes_with,
            goes_with_nothing,
            holds_until_told,
            notifies_for_ever,
            waits,
        ],
    }
}

/// For a lock whose holder is gone; much less than a look every now and then would take.
const AT_ONCE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Way {
    Killed,
    Exits,
    Panics,
    Forgets,
}

const WAYS: [Way; 4] = [Way::Killed, Way::Exits, Way::Panics, Way::Forgets];

/// With the lock, and what has begun with it: waits until it is told, and goes.
fn goes(way: Way, talk: &Connection<(), ()>, guard: impl Sized) {
    talk.send(()).expect("the parent waits");
    let _ = talk.recv();
    match way {
        Way::Killed => kill_process(rustix::process::getpid(), Signal::KILL).expect("it is ours"),
        Way::Exits => std::process::exit(0),
        Way::Panics => std::panic::resume_unwind(Box::new("on purpose")),
        Way::Forgets => mem::forget(guard),
    }
}

pub fn goes_with(way: Way, changes: bool, lock: Mutex<u32>, talk: Connection<(), ()>) {
    let mut guard = lock.lock().expect("it is free");
    if changes {
        *guard += 1000;
    }
    goes(way, &talk, guard);
}

pub fn goes_with_nothing(way: Way, lock: Mutex<()>, talk: Connection<(), ()>) {
    let guard = lock.lock().expect("it is free");
    goes(way, &talk, guard);
}

/// What a waiter finds, and after how long.
fn found<T>(lock: &Mutex<T>, talk: &Connection<(), ()>, holder: &Process<()>) -> Result<T, Error>
where
    T: Serialize + serde::de::DeserializeOwned + Clone + Send + 'static,
{
    let lock = lock.clone();
    let waiter = thread::spawn(move || {
        let result = lock.lock().map(|value| value.clone());
        (result, Instant::now())
    });
    // Every other time it waits already.
    if holder.id().is_multiple_of(2) {
        thread::yield_now();
    }
    let start = Instant::now();
    talk.send(()).expect("it waits");
    let (result, end) = soon(move || waiter.join().expect("it ends"));
    assert!(end - start < AT_ONCE, "{:?}", end - start);
    result
}

fn a_holder_that_goes_in_any_way_with_a_change_poisons_at_once() {
    let lock = Mutex::new(7).expect("a mutex");
    for way in WAYS {
        let (holder, talk) =
            ready(|talk| Process::spawn(goes_with, (way, true, lock.clone(), talk)));
        assert!(!lock.is_poisoned());
        let result = found(&lock, &talk, &holder);
        assert!(matches!(result, Err(Error::Poisoned)), "{way:?}: {result:?}");
        let _ = holder.join();
        assert!(lock.is_poisoned() && matches!(lock.try_lock(), Err(Error::Poisoned)));
        lock.clear_poison();
        assert_eq!(*lock.lock().expect("it is cleared"), 7, "{way:?}");
    }
    // Nobody waits when it goes: the next is told.
    let other = lock.clone();
    let thread = thread::spawn(move || {
        let mut guard = other.lock().expect("it is free");
        *guard = 1;
        mem::forget(guard);
    });
    thread.join().expect("it forgets");
    let start = Instant::now();
    assert!(matches!(lock.lock(), Err(Error::Poisoned)));
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

fn a_holder_that_goes_in_any_way_without_a_change_poisons_nothing() {
    let lock = Mutex::new(7).expect("a mutex");
    for way in WAYS {
        let (holder, talk) =
            ready(|talk| Process::spawn(goes_with, (way, false, lock.clone(), talk)));
        let result = found(&lock, &talk, &holder);
        assert!(matches!(result, Ok(7)), "{way:?}: {result:?}");
        let _ = holder.join();
        assert!(!lock.is_poisoned());
    }
}

fn a_holder_of_nothing_poisons_since_its_value_lies_elsewhere() {
    let lock = Mutex::new(()).expect("a mutex");
    for way in WAYS {
        drop(lock.lock().expect("it is not poisoned"));
        let (holder, talk) =
            ready(|talk| Process::spawn(goes_with_nothing, (way, lock.clone(), talk)));
        let result = found(&lock, &talk, &holder);
        assert!(matches!(result, Err(Error::Poisoned)), "{way:?}: {result:?}");
        let _ = holder.join();
        lock.clear_poison();
    }
}

pub fn holds_until_told(lock: Mutex<u32>, talk: Connection<(), ()>) {
    let mut guard = lock.lock().expect("it is free");
    *guard += 1000;
    talk.send(()).expect("the parent waits");
    let _ = talk.recv();
}

pub fn waits(lock: Mutex<u32>) {
    *lock.lock().expect("nobody changed and died") += 1;
}

fn a_waiter_that_is_killed_changes_nothing_for_the_others() {
    let lock = Mutex::new(0).expect("a mutex");
    let (holder, talk) = ready(|talk| Process::spawn(holds_until_told, (lock.clone(), talk)));
    let waiters = [(); 4].map(|()| Process::spawn(waits, (lock.clone(),)).expect("a start"));
    for waiter in &waiters {
        until_asleep(waiter.id());
    }
    for waiter in &waiters[..2] {
        waiter.kill().expect("it can be killed");
        waiter.wait().expect("it ends");
    }
    talk.send(()).expect("it waits");
    for waiter in &waiters[2..] {
        assert_eq!(waiter.wait_timeout(SOON).expect("no error"), Some(0));
    }
    holder.join().expect("it ends");
    assert_eq!(*lock.lock().expect("it is free"), 1002);
}

pub fn notifies_for_ever(value: Mutex<u64>, changed: Condvar) {
    loop {
        match value.lock() {
            Ok(mut value) => *value += 1,
            Err(Error::Poisoned) => value.clear_poison(),
            Err(error) => panic!("{error}"),
        }
        changed.notify_one();
    }
}

/// The value when it has come so far, whoever dies meanwhile.
fn reaches(value: &Mutex<u64>, changed: &Condvar, goal: u64) {
    loop {
        let waited = value.lock().and_then(|guard| {
            changed.wait_timeout_while(guard, SOON, |value| *value < goal).map(drop)
        });
        match waited {
            Err(Error::Poisoned) => value.clear_poison(),
            result => return result.expect("it comes so far"),
        }
    }
}

fn a_notifier_that_is_killed_takes_no_notification_with_it() {
    let (value, changed) = (Mutex::new(0).expect("a mutex"), Condvar::new().expect("a condvar"));
    for round in 1..=20 {
        let args = (value.clone(), changed.clone());
        let notifier = Process::spawn(notifies_for_ever, args).expect("a start");
        reaches(&value, &changed, 20 * round);
        notifier.kill().expect("it can be killed");
    }
}

fn a_holder_that_is_stopped_is_waited_for() {
    let lock = Mutex::new(7).expect("a mutex");
    let (holder, talk) = ready(|talk| Process::spawn(holds_until_told, (lock.clone(), talk)));
    let pid = Pid::from_raw(holder.id().cast_signed()).expect("a process number");
    kill_process(pid, Signal::STOP).expect("it is ours");
    assert!(matches!(lock.lock_timeout(6 * MOMENT), Err(Error::Timeout)));
    kill_process(pid, Signal::CONT).expect("it is ours");
    talk.send(()).expect("it waits");
    assert_eq!(*lock.lock_timeout(SOON).expect("it is given back"), 1007);
    holder.join().expect("it ends");
}

/// A process that is not one of ours, and has the number that is wanted, if it could be had.
fn with_number(number: u32) -> Option<std::process::Child> {
    fs::write("/proc/sys/kernel/ns_last_pid", (number - 1).to_string()).ok()?;
    let mut other = Command::new("sleep").arg("60").spawn().expect("it can be started");
    if other.id() == number {
        return Some(other);
    }
    other.kill().expect("it is ours");
    other.wait().expect("it ends");
    None
}

fn a_process_number_that_is_used_again_is_not_waited_for() {
    if !geteuid().is_root() {
        return eprintln!("not tested: only root may choose the next process number");
    }
    let lock = Mutex::new(7).expect("a mutex");
    let mut tries = 0;
    until("a number is used again", SOON, || {
        tries += 1;
        let (holder, _talk) = ready(|talk| Process::spawn(holds_until_told, (lock.clone(), talk)));
        let number = holder.id();
        holder.kill().expect("it can be killed");
        let _ = holder.join();
        let other = with_number(number);
        let start = Instant::now();
        assert!(matches!(lock.lock_timeout(SOON), Err(Error::Poisoned)));
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        lock.clear_poison();
        let Some(mut other) = other else { return tries > 50 };
        other.kill().expect("it is ours");
        other.wait().expect("it ends");
        tries = 0;
        true
    });
    if tries > 0 {
        eprintln!("not tested: no number was used again in {tries} tries");
    }
}
