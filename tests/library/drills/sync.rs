//! Drill 14: a process is killed with a lock, or waiting for one. The others are told, and go on.

use crate::drill::{AT_ONCE, Drill, Round, is_long};
use library_support::{Suite, suite};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::process::guard::Target;
use shared::sync::{Barrier, Condvar, Event, Mutex, Semaphore};
use shared::{Connection, Error, Process, pipe};
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 14. A process is killed with a lock, or waiting for one.
            Drill::new("a_killed_holder_keeps_nobody_waiting", 30, 200, holder),
            Drill::new("a_process_that_changes_a_value_is_killed_at_any_moment", 20, 200, pair),
            Drill::new("a_process_that_changes_a_long_value_is_killed_at_any_moment", 20, 200, list),
            Drill::new("a_process_that_waits_for_a_lock_is_killed_at_any_moment", 10, 100, waiter),
            Drill::new("a_process_that_uses_permits_is_killed_at_any_moment", 10, 100, permits),
            Drill::new("a_process_that_uses_a_barrier_is_killed_at_any_moment", 6, 100, barrier),
            Drill::new("a_notifier_is_killed_at_any_moment", 10, 100, notifier),
        ],
        children: [
            changes_a_list_for_ever,
            changes_a_pair_for_ever,
            comes_again_and_again,
            holds,
            notifies_for_ever,
            uses_permits_for_ever,
            waits_for_the_lock,
        ],
    }
}

/// How soon a killed holder's lock must be there for the others. The quick form runs beside other
/// tests, on a machine that may be busy.
fn told_within() -> Duration {
    if is_long() { Duration::from_millis(100) } else { AT_ONCE }
}

/// After half a second a waiter looks by itself.
const SLICE_OVER: Duration = Duration::from_secs(2);

pub fn holds(lock: Mutex<u32>, changes: bool, talk: Connection<(), ()>) {
    let mut guard = lock.lock().expect("it is free");
    if changes {
        *guard += 1000;
    }
    talk.send(()).expect("the parent waits");
    let _ = talk.recv();
}

/// A moment on a clock that all processes share.
fn now() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::try_from(now).expect("it does not run backwards")
}

/// What a waiter found: whether it was told that the lock was lost, the value, and when it had it.
pub type Found = (bool, u32, Duration);

/// Says when it waits, and then what it found.
pub fn waits_for_the_lock(lock: Mutex<u32>, talk: Connection<Found, ()>) {
    talk.send((false, 0, now())).expect("the parent waits");
    let result = lock.lock().map(drop);
    let time = now();
    let was_poisoned = match result {
        Ok(()) => false,
        Err(Error::Poisoned) => true,
        Err(error) => panic!("{error}"),
    };
    lock.clear_poison();
    let value = *lock.lock().expect("it is cleared");
    talk.send((was_poisoned, value, time)).expect("the parent waits");
}

pub fn holder(round: &mut Round) {
    let lock = Mutex::new(7).expect("a mutex");
    let changes = !round.number.is_multiple_of(3);
    let (ours, theirs) = pipe().expect("a pipe");
    let args = (lock.clone(), changes, theirs);
    let holder = Process::spawn(holds, args).expect("a child");
    ours.recv_timeout(10 * AT_ONCE).expect("it has the lock");
    let waiters = [(); 2].map(|()| {
        let (ours, theirs) = pipe().expect("a pipe");
        let process = Process::spawn(waits_for_the_lock, (lock.clone(), theirs)).expect("a child");
        ours.recv_timeout(10 * AT_ONCE).expect("it is there");
        (process, ours)
    });
    round.let_pass(Duration::from_millis(3));
    let killed = now();
    holder.kill().expect("a child can be killed");
    let mut told = 0;
    for (_, talk) in &waiters {
        let found = talk.recv_timeout(10 * AT_ONCE).expect("it gets the lock");
        let (was_poisoned, value, time) = found;
        let waited = time.saturating_sub(killed);
        assert!(waited < told_within(), "{waited:?}");
        assert_eq!(value, 7, "what the dead had changed is dropped");
        told += u32::from(was_poisoned);
    }
    // The second is told too, where it looks before the first has cleared it.
    assert!(if changes { told > 0 } else { told == 0 }, "{told} were told");
    for (process, _) in waiters {
        process.join().expect("it ends");
    }
}

/// Kills one of two processes that change a value, and looks at the value.
fn kill_a_changer<T: Serialize + DeserializeOwned>(
    round: &mut Round,
    value: &Mutex<T>,
    target: impl Target<(Mutex<T>,), Output = ()>,
    is_whole: impl Fn(&T) -> bool,
) {
    let spawn = || Process::spawn(target, (value.clone(),)).expect("a child");
    let (victim, other) = (spawn(), spawn());
    let start = Instant::now();
    while !victim.is_alive() {
        assert!(start.elapsed() < AT_ONCE);
    }
    round.let_pass(Duration::from_millis(6));
    victim.kill().expect("a child can be killed");
    for _ in 0..3 {
        let start = Instant::now();
        match value.lock() {
            Ok(value) => assert!(is_whole(&value), "it is torn"),
            Err(Error::Poisoned) => value.clear_poison(),
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < told_within(), "{:?}", start.elapsed());
    }
    other.kill().expect("a child can be killed");
}

pub fn changes_a_pair_for_ever(pair: Mutex<(u64, u64)>) {
    loop {
        match pair.lock() {
            Ok(mut pair) => *pair = (pair.0 + 1, pair.1 + 1),
            Err(Error::Poisoned) => pair.clear_poison(),
            Err(error) => panic!("{error}"),
        }
    }
}

pub fn pair(round: &mut Round) {
    let pair = Mutex::new((0, 0)).expect("a mutex");
    kill_a_changer(round, &pair, changes_a_pair_for_ever, |pair| pair.0 == pair.1);
}

pub fn changes_a_list_for_ever(list: Mutex<Vec<u64>>) {
    loop {
        match list.lock() {
            Ok(mut list) => {
                let (next, length) = (list[0] + 1, (list.len() + 37) % 5000 + 1);
                *list = vec![next; length];
            }
            Err(Error::Poisoned) => list.clear_poison(),
            Err(error) => panic!("{error}"),
        }
    }
}

pub fn list(round: &mut Round) {
    let list = Mutex::new(vec![0; 1]).expect("a mutex");
    kill_a_changer(round, &list, changes_a_list_for_ever, |list| {
        list.iter().all(|number| *number == list[0])
    });
}

pub fn waiter(round: &mut Round) {
    let lock = Mutex::new(7).expect("a mutex");
    let guard = lock.lock().expect("it is free");
    let waiters = [(); 3].map(|()| {
        let (ours, theirs) = pipe().expect("a pipe");
        let process = Process::spawn(waits_for_the_lock, (lock.clone(), theirs)).expect("a child");
        ours.recv_timeout(10 * AT_ONCE).expect("it is there");
        (process, ours)
    });
    let [(first, _first_talk), (second, _second_talk), (last, talk)] = waiters;
    let victims = [first, second];
    // The lock passes to them in the very moment in which they die.
    let release = thread::scope(|scope| {
        let kills = scope.spawn(|| {
            for victim in &victims {
                victim.kill().expect("a child can be killed");
            }
        });
        round.let_pass(Duration::from_micros(300));
        drop(guard);
        let release = now();
        kills.join().expect("they are killed");
        release
    });
    let found = talk.recv_timeout(10 * AT_ONCE).expect("it gets the lock");
    let (was_poisoned, value, time) = found;
    let waited = time.saturating_sub(release);
    assert!(waited < told_within(), "{waited:?}");
    assert_eq!((was_poisoned, value), (false, 7), "nobody had begun to change it");
    last.wait().expect("it ends");
}

pub fn uses_permits_for_ever(permits: Semaphore) {
    loop {
        let (one, other) = (permits.acquire(), permits.try_acquire());
        drop((one.expect("nobody breaks it"), other));
    }
}

pub fn permits(round: &mut Round) {
    let permits = Semaphore::new(2).expect("a semaphore");
    let spawn = || Process::spawn(uses_permits_for_ever, (permits.clone(),)).expect("a child");
    let (victim, other) = (spawn(), spawn());
    round.let_pass(Duration::from_millis(6));
    victim.kill().expect("a child can be killed");
    drop(permits.acquire_timeout(SLICE_OVER).expect("one becomes free"));
    other.kill().expect("a child can be killed");
    let both = [(); 2].map(|()| permits.acquire_timeout(SLICE_OVER).expect("all become free"));
    assert!(matches!(permits.try_acquire(), Err(Error::Timeout)));
    drop(both);
}

pub fn comes_again_and_again(barrier: Barrier) {
    while barrier.wait().is_ok() {}
}

pub fn barrier(round: &mut Round) {
    let barrier = Barrier::new(2).expect("a barrier");
    let spawn = || Process::spawn(comes_again_and_again, (barrier.clone(),)).expect("a child");
    let (victim, other) = (spawn(), spawn());
    round.let_pass(Duration::from_millis(6));
    victim.kill().expect("a child can be killed");
    victim.wait().expect("it ends");
    // If it had not come, nobody knows that it will not; if it had, it is known soon.
    let start = Instant::now();
    if other.wait_timeout(Duration::from_millis(700)).expect("it can be waited for").is_none() {
        barrier.abort().expect("the lock inside is free");
        other.wait_timeout(AT_ONCE).expect("it can be waited for").expect("it is told");
    }
    assert!(start.elapsed() < SLICE_OVER + AT_ONCE, "{:?}", start.elapsed());
    assert!(barrier.is_broken());
    barrier.reset().expect("the lock inside is free");
    let victim = spawn();
    barrier.wait_timeout(10 * AT_ONCE).expect("both come");
    drop(victim);
}

pub fn notifies_for_ever(value: Mutex<u64>, changed: Condvar, begun: Event) {
    loop {
        match value.lock() {
            Ok(mut value) => *value += 1,
            Err(Error::Poisoned) => value.clear_poison(),
            Err(error) => panic!("{error}"),
        }
        begun.set();
        changed.notify_one();
    }
}

pub fn notifier(round: &mut Round) {
    let (value, changed) = (Mutex::new(0).expect("a mutex"), Condvar::new().expect("a condvar"));
    let begun = Event::new().expect("an event");
    let spawn = || {
        let args = (value.clone(), changed.clone(), begun.clone());
        Process::spawn(notifies_for_ever, args).expect("a child")
    };
    let victim = spawn();
    assert!(begun.wait_timeout(10 * AT_ONCE), "it begins");
    round.let_pass(Duration::from_millis(1));
    victim.kill().expect("a child can be killed");
    victim.wait().expect("it ends");
    let _other = spawn();
    let goal = loop {
        match value.lock() {
            Ok(value) => break *value + 50,
            Err(error) => assert!(matches!(error, Error::Poisoned), "{error}"),
        }
        value.clear_poison();
    };
    let guard = value.lock().expect("nobody dies now");
    let end = changed.wait_timeout_while(guard, SLICE_OVER, |value| *value < goal);
    drop(end.expect("it is notified"));
}
