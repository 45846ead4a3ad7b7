//! Permits for so many at once.

use crate::ready;
use library_support::{MOMENT, SOON, Suite, soon, suite, until_asleep};
use shared::sync::{Atomic, Semaphore};
use shared::{Connection, Error, Process, pipe};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_semaphore_gives_as_many_permits_as_it_has,
            a_permit_is_waited_for_as_long_as_told,
            never_more_work_at_once_than_there_are_permits,
            permits_that_are_given_back_are_there_at_once_for_all_that_wait,
            a_killed_process_gives_its_permits_back,
            a_forgotten_permit_comes_back_with_the_end_of_its_process,
            a_semaphore_with_too_many_permits_is_an_error,
        ],
        children: [
            forgets_a_permit,
            holds_two,
            takes_when_told,
            works_with_a_permit,
        ],
    }
}

/// [84] `_TestSemaphore.test_semaphore`
fn a_semaphore_gives_as_many_permits_as_it_has() {
    let semaphore = Semaphore::new(2).expect("a semaphore");
    assert_eq!(semaphore.available(), 2);
    let first = semaphore.acquire().expect("it is free");
    assert_eq!(semaphore.available(), 1);
    let second = semaphore.try_acquire().expect("it is free");
    assert_eq!(format!("{semaphore:?}"), "Semaphore { permits: 2, available: 0, .. }");
    assert!(matches!(semaphore.try_acquire(), Err(Error::Timeout)));
    drop(first);
    assert_eq!(semaphore.available(), 1);
    drop(second);
    assert_eq!(semaphore.available(), 2);
}

/// [87] `_TestSemaphore.test_timeout`
fn a_permit_is_waited_for_as_long_as_told() {
    let none = Semaphore::new(0).expect("a semaphore");
    let start = Instant::now();
    assert!(matches!(none.try_acquire(), Err(Error::Timeout)));
    assert!(matches!(none.acquire_timeout(Duration::ZERO), Err(Error::Timeout)));
    assert!(start.elapsed() < MOMENT, "{:?}", start.elapsed());
    let start = Instant::now();
    assert!(matches!(none.acquire_timeout(2 * MOMENT), Err(Error::Timeout)));
    assert!(start.elapsed() >= 2 * MOMENT && start.elapsed() < SOON, "{:?}", start.elapsed());
}

pub fn works_with_a_permit(semaphore: Semaphore, at_once: Atomic<AtomicU32>) -> u32 {
    let count = |_| {
        let _permit = semaphore.acquire().expect("nobody is killed");
        let count = at_once.fetch_add(1, SeqCst) + 1;
        std::thread::yield_now();
        at_once.fetch_sub(1, SeqCst);
        count
    };
    (0..300).map(count).max().expect("there are some")
}

fn never_more_work_at_once_than_there_are_permits() {
    let semaphore = Semaphore::new(2).expect("a semaphore");
    let at_once = Atomic::<AtomicU32>::new(0).expect("an atomic");
    let workers = [(); 4].map(|()| {
        let args = (semaphore.clone(), at_once.clone());
        Process::spawn(works_with_a_permit, args).expect("a start")
    });
    // One that is lost costs half a second.
    let most = workers.map(|worker| {
        worker.wait_timeout(SOON).expect("no error").expect("it ends soon");
        worker.join().expect("a value")
    });
    assert!(most.iter().all(|&most| most <= 2), "{most:?}");
    assert_eq!(semaphore.available(), 2);
}

pub fn takes_when_told(semaphore: Semaphore, talk: Connection<(), ()>) {
    while talk.recv().is_ok() {
        let _permit = semaphore.acquire().expect("nobody is killed");
        talk.send(()).expect("the parent waits");
    }
}

fn permits_that_are_given_back_are_there_at_once_for_all_that_wait() {
    let semaphore = Semaphore::new(3).expect("a semaphore");
    let waiters = [(); 3].map(|()| {
        let (ours, theirs) = pipe().expect("a pipe");
        (Process::spawn(takes_when_told, (semaphore.clone(), theirs)).expect("a start"), ours)
    });
    let mut waited = Duration::ZERO;
    for _ in 0..20 {
        let permits = [(); 3].map(|()| semaphore.acquire_timeout(SOON).expect("it is free"));
        for (waiter, talk) in &waiters {
            talk.send(()).expect("it is there");
            until_asleep(waiter.id());
        }
        let start = Instant::now();
        drop(permits);
        for (_, talk) in &waiters {
            talk.recv_timeout(SOON).expect("it has a permit");
        }
        waited += start.elapsed();
    }
    for (waiter, talk) in waiters {
        drop(talk);
        waiter.join().expect("it ends");
    }
    // One that is not woken looks after 50 ms.
    assert!(waited < Duration::from_millis(400), "{waited:?}");
}

pub fn holds_two(semaphore: Semaphore, talk: Connection<(), ()>) {
    let _permits = (semaphore.acquire().expect("it is free"), semaphore.acquire().expect("free"));
    talk.send(()).expect("the parent waits");
    let _ = talk.recv();
}

fn a_killed_process_gives_its_permits_back() {
    let semaphore = Semaphore::new(3).expect("a semaphore");
    let own = semaphore.acquire().expect("it is free");
    for waits in [true, false, true] {
        let (holder, _talk) = ready(|talk| Process::spawn(holds_two, (semaphore.clone(), talk)));
        assert!(matches!(semaphore.try_acquire(), Err(Error::Timeout)));
        let waiter = waits.then(|| {
            let semaphore = semaphore.clone();
            std::thread::spawn(move || semaphore.acquire_timeout(SOON).map(drop))
        });
        let killed = Instant::now();
        holder.kill().expect("it can be killed");
        holder.wait().expect("it ends");
        match waiter {
            Some(waiter) => soon(move || waiter.join().expect("it ends").expect("a permit")),
            None => drop(semaphore.try_acquire().expect("it is seen at once")),
        }
        assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
        let both = [(); 2].map(|()| semaphore.try_acquire().expect("both are free"));
        assert!(matches!(semaphore.try_acquire(), Err(Error::Timeout)));
        drop(both);
    }
    drop(own);
}

pub fn forgets_a_permit(semaphore: Semaphore) {
    std::mem::forget(semaphore.acquire().expect("it is free"));
}

fn a_forgotten_permit_comes_back_with_the_end_of_its_process() {
    let semaphore = Semaphore::new(1).expect("a semaphore");
    let process = Process::spawn(forgets_a_permit, (semaphore.clone(),)).expect("a start");
    process.join().expect("it forgets");
    drop(semaphore.acquire_timeout(SOON).expect("its process has ended"));
}

fn a_semaphore_with_too_many_permits_is_an_error() {
    for count in [Semaphore::MAX_PERMITS + 1, usize::MAX] {
        assert!(matches!(Semaphore::new(count), Err(Error::Io { .. })), "{count}");
    }
    let many = Semaphore::new(Semaphore::MAX_PERMITS).expect("many permits");
    assert_eq!(many.available(), Semaphore::MAX_PERMITS);
}
