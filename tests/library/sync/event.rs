//! Something that has happened, or not yet.

use crate::ready;
use library_support::{
    MOMENT, SOON, SignalStorm, Suite, handle_signals, soon, suite, until_asleep,
};
use shared::sync::{Condvar, Event, Mutex, Semaphore};
use shared::{Connection, Process};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            an_event_is_waited_for_until_it_is_set,
            an_event_is_set_for_all_that_wait,
            an_event_that_is_cleared_at_once_was_set_for_those_that_waited,
            two_events_pass_a_turn_to_and_fro,
            handled_signals_are_invisible_to_whoever_waits_for_a_lock_or_an_event,
            whoever_waits_uses_no_cpu,
        ],
        children: [
            answers,
            sets_when_told,
            waits,
            waits_for_all_at_once,
            waits_under_signals,
        ],
    }
}

pub fn sets_when_told(event: Event, talk: Connection<(), ()>) {
    talk.send(()).expect("the parent waits");
    talk.recv().expect("the parent tells");
    event.set();
}

/// [95] `_TestEvent.test_event`, [96] `test_repr`
fn an_event_is_waited_for_until_it_is_set() {
    let event = Event::new().expect("an event");
    assert!(!event.is_set() && !event.wait_timeout(Duration::ZERO));
    assert_eq!(format!("{event:?}"), "Event { set: false, .. }");
    let start = Instant::now();
    assert!(!event.wait_timeout(MOMENT));
    assert!(start.elapsed() >= MOMENT && start.elapsed() < SOON, "{:?}", start.elapsed());
    event.set();
    event.set();
    assert_eq!(format!("{event:?}"), "Event { set: true, .. }");
    let own = event.clone();
    soon(move || own.wait());
    assert!(event.is_set() && event.wait_timeout(Duration::ZERO));
    event.clear();
    event.clear();
    assert!(!event.is_set() && !event.wait_timeout(Duration::ZERO));
    let (process, talk) = ready(|talk| Process::spawn(sets_when_told, (event.clone(), talk)));
    talk.send(()).expect("it waits");
    assert!(event.wait_timeout(SOON));
    process.join().expect("it ends");
}

pub fn waits(event: Event) {
    event.wait();
}

fn an_event_is_set_for_all_that_wait() {
    let event = Event::new().expect("an event");
    let waiters = [(); 4].map(|()| Process::spawn(waits, (event.clone(),)).expect("a start"));
    for waiter in &waiters {
        until_asleep(waiter.id());
    }
    event.set();
    for waiter in waiters {
        assert_eq!(waiter.wait_timeout(SOON).expect("no error"), Some(0));
    }
}

fn an_event_that_is_cleared_at_once_was_set_for_those_that_waited() {
    let event = Event::new().expect("an event");
    for _ in 0..10 {
        let waiter = Process::spawn(waits, (event.clone(),)).expect("a start");
        until_asleep(waiter.id());
        event.set();
        event.clear();
        assert_eq!(waiter.wait_timeout(SOON).expect("no error"), Some(0));
        assert!(!event.wait_timeout(Duration::ZERO));
    }
}

pub fn answers(n: u32, call: Event, answer: Event) {
    for _ in 0..n {
        call.wait();
        call.clear();
        answer.set();
    }
}

fn two_events_pass_a_turn_to_and_fro() {
    let (call, answer) = (Event::new().expect("an event"), Event::new().expect("an event"));
    let other = Process::spawn(answers, (1000, call.clone(), answer.clone())).expect("a start");
    // One that is lost costs 50 ms.
    let start = Instant::now();
    for _ in 0..1000 {
        call.set();
        assert!(answer.wait_timeout(SOON));
        answer.clear();
    }
    other.join().expect("it ends");
    assert!(start.elapsed() < SOON / 4, "{:?}", start.elapsed());
}

/// How often each of the waits met a signal.
pub fn waits_under_signals(
    held: Mutex<u32>,
    never: Event,
    none: Semaphore,
    ready: Connection<(), ()>,
) -> [u32; 3] {
    let signalled = handle_signals();
    ready.send(()).expect("the parent waits");
    let mut hits = [0; 3];
    let end = Instant::now() + SOON;
    while hits.iter().any(|&hits| hits < 3) && Instant::now() < end {
        for (call, hits) in hits.iter_mut().enumerate() {
            signalled.store(false, Ordering::SeqCst);
            let (start, time) = (Instant::now(), Duration::from_millis(10));
            match call {
                0 => assert!(held.lock_timeout(time).is_err()),
                1 => assert!(!never.wait_timeout(time)),
                _ => assert!(none.acquire_timeout(time).is_err()),
            }
            assert!(start.elapsed() >= time, "{call}: {:?}", start.elapsed());
            *hits += u32::from(signalled.load(Ordering::SeqCst));
        }
    }
    hits
}

/// [94] `_TestCondition.test_wait_result`
fn handled_signals_are_invisible_to_whoever_waits_for_a_lock_or_an_event() {
    let (held, never) = (Mutex::new(1).expect("a mutex"), Event::new().expect("an event"));
    let none = Semaphore::new(0).expect("a semaphore");
    let guard = held.lock().expect("it is free");
    let (process, _talk) = ready(|talk| {
        Process::spawn(waits_under_signals, (held.clone(), never.clone(), none.clone(), talk))
    });
    let storm = SignalStorm::over(process.id());
    let hits = process.join().expect("a value");
    drop(storm);
    drop(guard);
    assert!(hits.iter().all(|&hits| hits >= 3), "signals met: {hits:?}");
}

/// On three threads, and says at the end how much CPU it took, in µs.
pub fn waits_for_all_at_once(
    over: Event,
    value: Mutex<bool>,
    changed: Condvar,
    none: Semaphore,
) -> i64 {
    let threads = [
        std::thread::spawn(move || drop(none.acquire_timeout(Duration::from_secs(4)))),
        std::thread::spawn(move || {
            let guard = value.lock().expect("nobody is killed");
            let time = Duration::from_secs(4);
            drop(changed.wait_timeout_while(guard, time, |over| !*over));
        }),
    ];
    // What the start took is not counted.
    let cpu = || rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let before = cpu();
    over.wait();
    for thread in threads {
        thread.join().expect("it ends");
    }
    let after = cpu();
    (after.tv_sec - before.tv_sec) * 1_000_000 + (after.tv_nsec - before.tv_nsec) / 1000
}

fn whoever_waits_uses_no_cpu() {
    let (over, value) = (Event::new().expect("an event"), Mutex::new(false).expect("a mutex"));
    let (changed, none) = (Condvar::new().expect("a condvar"), Semaphore::new(0).expect("none"));
    let args = (over.clone(), value, changed, none);
    let process = Process::spawn(waits_for_all_at_once, args).expect("a start");
    // The time is what is tested.
    assert!(process.wait_timeout(Duration::from_secs(4)).expect("no error").is_none());
    over.set();
    let micros = process.join().expect("a value");
    // Three waits of 4 s: 10 ms for one of 10 s are 12 ms for them.
    assert!(micros < 12_000, "{micros} µs");
}
