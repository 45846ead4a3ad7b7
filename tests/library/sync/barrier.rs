//! Where so many wait until all are there.

use library_support::{MOMENT, SOON, Suite, soon, suite, until_asleep};
use shared::sync::Barrier;
use shared::{Error, Process, Result};
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_barrier_is_passed_together_a_thousand_times,
            abort_breaks_a_barrier_for_all_that_wait_and_all_that_come,
            reset_sends_those_that_wait_away_and_makes_the_barrier_whole,
            a_broken_barrier_can_be_reset,
            a_wait_that_is_too_long_breaks_the_barrier_for_all,
            a_barrier_of_one_is_passed_alone,
            a_killed_waiter_breaks_the_barrier,
            a_barrier_of_none_or_too_many_is_an_error,
        ],
        children: [
            passes,
            waits,
        ],
    }
}

/// How often this one was told that it was the last to come.
pub fn passes(barrier: Barrier, rounds: u32) -> u32 {
    (0..rounds).map(|_| u32::from(barrier.wait().expect("all come"))).sum()
}

/// [97] `_TestBarrier.test_barrier`, [98] `test_barrier_10`, [99] `test_wait_return`,
/// [100] `test_action`, [107] `test_thousand`
fn a_barrier_is_passed_together_a_thousand_times() {
    let barrier = Barrier::new(3).expect("a barrier");
    let others =
        [(); 2].map(|()| Process::spawn(passes, (barrier.clone(), 1000)).expect("a start"));
    let mut last = soon(move || passes(barrier, 1000));
    last += others.into_iter().map(|other| other.join().expect("a value")).sum::<u32>();
    assert_eq!(last, 1000, "one of each round is told");
}

/// What a wait of this process comes to.
#[derive(Debug, serde::Deserialize, PartialEq, serde::Serialize)]
pub enum End {
    Passed,
    Broken,
    Failed(String),
}

fn end(result: Result<bool>) -> End {
    match result {
        Ok(_) => End::Passed,
        Err(Error::BrokenBarrier) => End::Broken,
        Err(error) => End::Failed(error.to_string()),
    }
}

pub fn waits(barrier: Barrier) -> End {
    end(barrier.wait())
}

fn two_that_wait(barrier: &Barrier) -> [Process<End>; 2] {
    let waiters = [(); 2].map(|()| Process::spawn(waits, (barrier.clone(),)).expect("a start"));
    for waiter in &waiters {
        until_asleep(waiter.id());
    }
    waiters
}

fn ends(waiters: [Process<End>; 2]) -> [End; 2] {
    waiters.map(|waiter| {
        waiter.wait_timeout(SOON).expect("no error").expect("it ends soon");
        waiter.join().expect("a value")
    })
}

/// [101] `_TestBarrier.test_abort`
fn abort_breaks_a_barrier_for_all_that_wait_and_all_that_come() {
    let barrier = Barrier::new(3).expect("a barrier");
    let waiters = two_that_wait(&barrier);
    assert!(!barrier.is_broken());
    barrier.abort().expect("its lock is free");
    assert_eq!(ends(waiters), [End::Broken, End::Broken]);
    assert!(barrier.is_broken());
    assert_eq!(end(barrier.wait()), End::Broken);
    barrier.abort().expect("its lock is free");
    assert_eq!(format!("{barrier:?}"), "Barrier { count: 3, broken: true, .. }");
}

/// [102] `_TestBarrier.test_reset`
fn reset_sends_those_that_wait_away_and_makes_the_barrier_whole() {
    let barrier = Barrier::new(3).expect("a barrier");
    let waiters = two_that_wait(&barrier);
    barrier.reset().expect("its lock is free");
    assert_eq!(ends(waiters), [End::Broken, End::Broken]);
    assert!(!barrier.is_broken());
    let waiters = two_that_wait(&barrier);
    assert_eq!(end(barrier.wait_timeout(SOON)), End::Passed);
    assert_eq!(ends(waiters), [End::Passed, End::Passed]);
}

/// [103] `_TestBarrier.test_abort_and_reset`
fn a_broken_barrier_can_be_reset() {
    let barrier = Barrier::new(3).expect("a barrier");
    let waiters = two_that_wait(&barrier);
    barrier.abort().expect("its lock is free");
    assert_eq!(ends(waiters), [End::Broken, End::Broken]);
    barrier.reset().expect("its lock is free");
    for _ in 0..3 {
        let waiters = two_that_wait(&barrier);
        assert_eq!(end(barrier.wait_timeout(SOON)), End::Passed);
        // A round that was passed stays so, whatever comes after it.
        barrier.abort().expect("its lock is free");
        assert_eq!(ends(waiters), [End::Passed, End::Passed]);
        barrier.reset().expect("its lock is free");
    }
}

/// [104] `_TestBarrier.test_timeout`, [105] `test_default_timeout`
fn a_wait_that_is_too_long_breaks_the_barrier_for_all() {
    let barrier = Barrier::new(3).expect("a barrier");
    let other = Process::spawn(waits, (barrier.clone(),)).expect("a start");
    until_asleep(other.id());
    let start = Instant::now();
    assert_eq!(end(barrier.wait_timeout(MOMENT)), End::Broken);
    assert!(start.elapsed() >= MOMENT && start.elapsed() < SOON, "{:?}", start.elapsed());
    other.wait_timeout(SOON).expect("no error").expect("it ends soon");
    assert_eq!(other.join().expect("a value"), End::Broken);
    assert!(barrier.is_broken());
    assert_eq!(end(barrier.wait()), End::Broken);
}

/// [106] `_TestBarrier.test_single_thread`
fn a_barrier_of_one_is_passed_alone() {
    let barrier = Barrier::new(1).expect("a barrier");
    assert!(barrier.wait().expect("it is alone"));
    assert!(barrier.wait().expect("it is alone"));
    assert!(barrier.wait_timeout(Duration::ZERO).expect("it is alone"));
}

fn a_killed_waiter_breaks_the_barrier() {
    let barrier = Barrier::new(3).expect("a barrier");
    let [victim, other] = two_that_wait(&barrier);
    let killed = Instant::now();
    victim.kill().expect("it can be killed");
    other.wait_timeout(SOON).expect("no error").expect("it ends soon");
    assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
    assert_eq!(other.join().expect("a value"), End::Broken);
    assert_eq!(end(barrier.wait()), End::Broken);
    barrier.reset().expect("its lock is free");
    let waiters = two_that_wait(&barrier);
    assert_eq!(end(barrier.wait_timeout(SOON)), End::Passed);
    assert_eq!(ends(waiters), [End::Passed, End::Passed]);
}

fn a_barrier_of_none_or_too_many_is_an_error() {
    for count in [0, Barrier::MAX_COUNT + 1, usize::MAX] {
        assert!(matches!(Barrier::new(count), Err(Error::Io { .. })), "{count}");
    }
    Barrier::new(Barrier::MAX_COUNT).expect("a barrier for many");
}
