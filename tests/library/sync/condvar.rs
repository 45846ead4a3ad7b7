//! Waiting for a condition.

use library_support::{MOMENT, SOON, Suite, soon, suite, until, until_asleep};
use shared::sync::{Condvar, Mutex};
use shared::{Error, Process};
use std::time::Instant;

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_condition_that_a_child_changes_is_seen,
            a_condition_is_waited_for_as_long_as_told,
            notify_one_wakes_one_and_notify_all_wakes_all,
            while_one_waits_the_lock_is_free_and_its_changes_are_seen,
            two_pass_a_turn_to_and_fro,
            three_pass_a_turn_round,
        ],
        children: [
            counts_up,
            takes_a_ticket,
            takes_turns,
            takes_turns_of_three,
        ],
    }
}

pub fn counts_up(n: u32, state: Mutex<u32>, changed: Condvar) {
    for _ in 0..n {
        *state.lock().expect("nobody is killed") += 1;
        changed.notify_one();
    }
}

/// [92] `_TestCondition.test_waitfor`
fn a_condition_that_a_child_changes_is_seen() {
    let (state, changed) = (Mutex::new(0).expect("a mutex"), Condvar::new().expect("a condvar"));
    let args = (4, state.clone(), changed.clone());
    let process = Process::spawn(counts_up, args).expect("a start");
    soon(move || {
        let guard = state.lock().expect("nobody is killed");
        let guard = changed.wait_while(guard, |state| *state < 4).expect("nobody is killed");
        assert_eq!(*guard, 4);
    });
    process.join().expect("it counts");
}

/// [91] `_TestCondition.test_timeout`, [93] `test_waitfor_timeout`
fn a_condition_is_waited_for_as_long_as_told() {
    let (state, changed) = (Mutex::new(0).expect("a mutex"), Condvar::new().expect("a condvar"));
    let args = (3, state.clone(), changed.clone());
    Process::spawn(counts_up, args).expect("a start").join().expect("it counts");
    let start = Instant::now();
    let guard = state.lock().expect("it is free");
    let end = changed.wait_timeout_while(guard, 2 * MOMENT, |state| *state < 4);
    assert!(matches!(end, Err(Error::Timeout)), "{end:?}");
    assert!(start.elapsed() >= 2 * MOMENT && start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_eq!(*state.try_lock().expect("it is free again"), 3);
    let guard = state.lock().expect("it is free");
    let guard = changed.wait_timeout_while(guard, MOMENT, |state| *state < 3);
    assert_eq!(*guard.expect("it is so already"), 3);
}

/// Tickets to be had, and how many were taken.
type Tickets = Mutex<(u32, u32)>;

pub fn takes_a_ticket(tickets: Tickets, changed: Condvar) {
    let guard = tickets.lock().expect("nobody is killed");
    let mut guard = changed.wait_while(guard, |tickets| tickets.0 == 0).expect("nobody is killed");
    *guard = (guard.0 - 1, guard.1 + 1);
}

/// [88] `_TestCondition.test_notify`, [89] `test_notify_all`, [90] `test_notify_n`
fn notify_one_wakes_one_and_notify_all_wakes_all() {
    let (tickets, changed) =
        (Tickets::new((0, 0)).expect("a mutex"), Condvar::new().expect("a condvar"));
    let workers = [(); 6].map(|()| {
        Process::spawn(takes_a_ticket, (tickets.clone(), changed.clone())).expect("a start")
    });
    for worker in &workers {
        until_asleep(worker.id());
    }
    let have_taken = |count| {
        until("they take their tickets", SOON, || tickets.lock().expect("it is free").1 == count);
        assert_eq!(tickets.lock().expect("it is free").0, 0);
    };
    for (given, taken) in [(1, 1), (2, 3)] {
        tickets.lock().expect("it is free").0 += given;
        (0..given).for_each(|_| changed.notify_one());
        have_taken(taken);
    }
    tickets.lock().expect("it is free").0 += 3;
    changed.notify_all();
    have_taken(6);
    for worker in workers {
        worker.join().expect("it ends");
    }
    changed.notify_one();
    changed.notify_all();
}

fn while_one_waits_the_lock_is_free_and_its_changes_are_seen() {
    let (state, changed) = (Mutex::new(0).expect("a mutex"), Condvar::new().expect("a condvar"));
    let (waits, notices) = (state.clone(), changed.clone());
    let waiter = std::thread::spawn(move || {
        let mut guard = waits.lock().expect("it is free");
        *guard = 1;
        *notices.wait_while(guard, |state| *state == 1).expect("nobody is killed")
    });
    until("its change is there, and the lock is free", SOON, || {
        state.try_lock().is_ok_and(|state| *state == 1)
    });
    *state.lock().expect("it is free") = 2;
    changed.notify_one();
    assert_eq!(soon(move || waiter.join().expect("it ends")), 2);
}

pub fn takes_turns(own: bool, n: u32, turn: Mutex<bool>, changed: Condvar) {
    for _ in 0..n {
        let guard = turn.lock().expect("nobody is killed");
        let mut guard = changed.wait_while(guard, |turn| *turn != own).expect("nobody is killed");
        *guard = !own;
        drop(guard);
        changed.notify_one();
    }
}

fn two_pass_a_turn_to_and_fro() {
    let (turn, changed) = (Mutex::new(true).expect("a mutex"), Condvar::new().expect("a condvar"));
    let other = Process::spawn(takes_turns, (false, 1000, turn.clone(), changed.clone()));
    let other = other.expect("a start");
    // A notification that is lost costs 50 ms.
    let start = Instant::now();
    soon(move || takes_turns(true, 1000, turn, changed));
    other.join().expect("it ends");
    assert!(start.elapsed() < SOON / 4, "{:?}", start.elapsed());
}

pub fn takes_turns_of_three(own: u8, n: u32, turn: Mutex<u8>, changed: Condvar) {
    for _ in 0..n {
        let guard = turn.lock().expect("nobody is killed");
        let mut guard = changed.wait_while(guard, |turn| *turn != own).expect("nobody is killed");
        *guard = (own + 1) % 3;
        drop(guard);
        changed.notify_all();
    }
}

fn three_pass_a_turn_round() {
    let (turn, changed) = (Mutex::new(0).expect("a mutex"), Condvar::new().expect("a condvar"));
    let others = [1, 2].map(|own| {
        let args = (own, 500, turn.clone(), changed.clone());
        Process::spawn(takes_turns_of_three, args).expect("a start")
    });
    // Where only one is woken, it is often the wrong one, and that costs 50 ms.
    let start = Instant::now();
    soon(move || takes_turns_of_three(0, 500, turn, changed));
    for other in others {
        other.join().expect("it ends");
    }
    assert!(start.elapsed() < SOON / 4, "{:?}", start.elapsed());
}
