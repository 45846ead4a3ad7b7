//! A limit of time for each task.

use crate::{inner, nap, pool};
use library_support::{Suite, suite};
use shared::{Error, Pool};
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_task_that_takes_too_long_is_stopped,
            the_limit_is_each_task_s_own_in_the_middle_of_many,
            idle_and_waiting_time_count_for_nobody,
            what_timed_out_does_not_begin_again,
            a_limit_of_time_names_the_item,
            without_a_limit_nothing_is_stopped,
        ],
        children: [sleeps_a_minute_at_2000],
    }
}

fn sleeps_a_minute_at_2000(n: u64) -> u64 {
    nap(if n == 2000 { 60_000 } else { 0 });
    n
}

fn limited(time: Duration) -> Pool {
    Pool::builder().workers(2).timeout(time).build().expect("a pool")
}

/// [157]
fn a_task_that_takes_too_long_is_stopped() {
    let time = Duration::from_millis(300);
    let pool = limited(time);
    let start = Instant::now();
    let long = pool.spawn(nap, (60_000,)).expect("a task");
    let short: Vec<_> = (0..20).map(|_| pool.spawn(nap, (10,)).expect("a task")).collect();
    assert!(matches!(inner(long.join().expect_err("too long")), Error::TimedOut { .. }));
    let took = start.elapsed();
    assert!((time..time + Duration::from_secs(5)).contains(&took), "{took:?}");
    for task in short {
        assert_eq!(task.join().expect("a value"), 10);
    }
}

/// [157]
fn the_limit_is_each_task_s_own_in_the_middle_of_many() {
    let pool = limited(Duration::from_millis(500));
    let values: Vec<_> =
        pool.imap(sleeps_a_minute_at_2000, 0..3000).expect("an iterator").collect();
    assert_eq!(values.len(), 3000);
    for (n, value) in (0..).zip(values) {
        match value {
            Ok(value) => assert_eq!(value, n),
            Err(error) => {
                let error = inner(error);
                assert!(n == 2000 && matches!(error, Error::TimedOut { .. }), "{n}: {error}");
            }
        }
    }
}

fn idle_and_waiting_time_count_for_nobody() {
    let time = Duration::from_millis(400);
    let pool = Pool::builder().workers(1).timeout(time).build().expect("a pool");
    // Together they take longer than any may, and the later ones wait for longer than that.
    assert_eq!(pool.map(nap, [50; 20]).expect("values"), [50; 20]);
    let idle = pool.spawn(nap, (10,)).expect("a task");
    assert!(idle.wait_timeout(Duration::from_secs(10)));
    std::thread::park_timeout(2 * time); // idle for longer than a task may take
    assert_eq!(pool.map(nap, [50]).expect("a value"), [50]);
}

fn what_timed_out_does_not_begin_again() {
    let time = Duration::from_millis(200);
    let pool = Pool::builder().workers(1).timeout(time).retries(9).build().expect("a pool");
    let start = Instant::now();
    let error = pool.spawn(nap, (60_000,)).expect("a task").join().expect_err("too long");
    assert!(matches!(inner(error), Error::TimedOut { .. }));
    assert!(start.elapsed() < 8 * time, "{:?}", start.elapsed());
}

fn a_limit_of_time_names_the_item() {
    let pool = limited(Duration::from_millis(200));
    let error = pool.map(nap, [0, 1, 60_000]).expect_err("too long");
    assert_eq!(error.to_string(), "`nap` of item 2: it took longer than 200ms, and was stopped");
}

fn without_a_limit_nothing_is_stopped() {
    assert_eq!(pool(1).map(nap, [700]).expect("a value"), [700]);
}
