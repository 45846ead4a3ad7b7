//! `spawn`, and the handle of a task.

use crate::{inner, nap, pool, square};
use library_support::{Suite, suite};
use shared::{Error, Pool, Queue};
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_task_gives_its_value,
            a_wait_has_a_limit,
            a_task_that_waits_is_cancelled_and_never_begins,
            a_task_that_lies_ready_behind_another_is_cancelled_alone,
            a_task_that_runs_is_cancelled,
            a_finished_task_is_not_cancelled,
            a_dropped_handle_cancels_its_task,
            a_detached_task_goes_on,
            join_waits_for_what_nobody_waits_for,
            tasks_go_on_while_nobody_waits,
            ten_thousand_tasks_need_no_descriptor_each,
            many_threads_wait_for_tasks_of_one_pool,
            an_unlisted_function_is_refused_before_anything_begins,
            a_task_outlives_its_pool_as_closed,
        ],
        children: [adds, puts],
    }
}

fn adds(a: u64, b: u64) -> u64 {
    a + b
}

fn puts(queue: Queue<u64>, n: u64) {
    queue.put(n).expect("the creator is there");
}

/// [124] [132] [154]
fn a_task_gives_its_value() {
    let pool = pool(2);
    assert_eq!(pool.spawn(adds, (1, 2)).expect("a task").join().expect("a value"), 3);
    let tasks: Vec<_> = (0..100).map(|n| pool.spawn(square, (n,)).expect("a task")).collect();
    for (n, task) in (0..100_u64).rev().zip(tasks.into_iter().rev()) {
        assert_eq!(task.join().expect("a value"), n * n);
    }
}

/// [133] [175]
fn a_wait_has_a_limit() {
    let pool = pool(1);
    let task = pool.spawn(nap, (200,)).expect("a task");
    let start = Instant::now();
    assert!(!task.wait_timeout(Duration::from_millis(20)));
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert!(!task.is_finished());
    assert!(task.wait_timeout(Duration::from_secs(10)));
    assert!(task.is_finished());
    assert_eq!(task.join().expect("a value"), 200);
}

/// [173]
fn a_task_that_waits_is_cancelled_and_never_begins() {
    let pool = pool(1);
    let queue = Queue::new().expect("a queue");
    let running = pool.spawn(nap, (300,)).expect("a task");
    let waiting: Vec<_> =
        (0..20).map(|n| pool.spawn(puts, (queue.clone(), n)).expect("a task")).collect();
    let plain: Vec<_> = (0..20).map(|n| pool.spawn(square, (n,)).expect("a task")).collect();
    for task in waiting.iter().step_by(2) {
        assert!(task.cancel());
        assert!(!task.cancel(), "once");
    }
    for task in plain.iter().step_by(2) {
        assert!(task.cancel());
    }
    assert_eq!(running.join().expect("a value"), 300);
    for (n, task) in waiting.into_iter().enumerate() {
        match task.join() {
            Ok(()) => assert_eq!(n % 2, 1),
            Err(error) => {
                assert!(n % 2 == 0 && matches!(inner(error), Error::Cancelled));
            }
        }
    }
    for (n, task) in (0..).zip(plain) {
        assert_eq!(task.join().ok(), (n % 2 == 1).then_some(n * n));
    }
    let mut begun = Vec::new();
    while let Ok(n) = queue.try_get() {
        begun.push(n);
    }
    assert!(begun.into_iter().eq((0..20).filter(|n| n % 2 == 1)));
}

fn a_task_that_lies_ready_behind_another_is_cancelled_alone() {
    let pool = pool(1);
    let worker = pool.ids();
    let running = pool.spawn(nap, (300,)).expect("a task");
    let ready = pool.spawn(nap, (60_000,)).expect("a task");
    let next = pool.spawn(square, (5,)).expect("a task");
    assert!(!running.wait_timeout(Duration::from_millis(20)));
    assert!(ready.cancel());
    assert_eq!(running.join().expect("it goes on"), 300);
    assert_eq!(next.join().expect("a value"), 25);
    assert!(matches!(inner(ready.join().expect_err("it is cancelled")), Error::Cancelled));
    assert_eq!(pool.ids(), worker, "nobody was stopped for it");
}

/// [174]
fn a_task_that_runs_is_cancelled() {
    let pool = pool(1);
    for _ in 0..5 {
        let running = pool.spawn(nap, (60_000,)).expect("a task");
        let next = pool.spawn(square, (5,)).expect("a task");
        assert!(!running.wait_timeout(Duration::from_millis(20)));
        assert!(running.cancel());
        assert!(matches!(inner(running.join().expect_err("it is cancelled")), Error::Cancelled));
        assert_eq!(next.join().expect("a value"), 25);
    }
}

/// [173]
fn a_finished_task_is_not_cancelled() {
    let pool = pool(1);
    let task = pool.spawn(square, (5,)).expect("a task");
    assert!(task.wait_timeout(Duration::from_secs(10)));
    assert!(!task.cancel());
    assert_eq!(task.join().expect("a value"), 25);
}

fn a_dropped_handle_cancels_its_task() {
    let pool = pool(1);
    drop(pool.spawn(nap, (60_000,)).expect("a task"));
    assert_eq!(pool.map(square, 0..3).expect("values"), [0, 1, 4]);
}

fn a_detached_task_goes_on() {
    let pool = pool(1);
    let queue = Queue::new().expect("a queue");
    pool.spawn(puts, (queue.clone(), 7)).expect("a task").detach();
    assert_eq!(queue.get_timeout(Duration::from_secs(10)).expect("an item"), 7);
}

/// [170]
fn join_waits_for_what_nobody_waits_for() {
    let pool = pool(2);
    let queue = Queue::new().expect("a queue");
    for n in 0..50 {
        pool.spawn(puts, (queue.clone(), n)).expect("a task").detach();
    }
    pool.join().expect("an end");
    assert_eq!(queue.len().expect("a length"), 50);
}

fn tasks_go_on_while_nobody_waits() {
    let pool = pool(2);
    let (queue, done) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let tasks: Vec<_> = (0..500).map(|n| pool.spawn(square, (n,)).expect("a task")).collect();
    for n in 0..50 {
        pool.spawn(puts, (queue.clone(), n)).expect("a task").detach();
    }
    pool.spawn(puts, (done.clone(), 1)).expect("a task").detach();
    for _ in 0..50 {
        queue.get_timeout(Duration::from_secs(10)).expect("they go on");
    }
    done.get_timeout(Duration::from_secs(10)).expect("to the end");
    for (n, task) in (0..).zip(tasks) {
        assert_eq!(task.join().expect("a value"), n * n);
    }
}

/// [158]
fn ten_thousand_tasks_need_no_descriptor_each() {
    let pool = pool(2);
    let files = || library_support::open_files("self").len();
    let before = files();
    let tasks: Vec<_> = (0..10_000).map(|n| pool.spawn(square, (n,)).expect("a task")).collect();
    assert!(files() <= before, "{before} descriptors became {}", files());
    for (n, task) in (0..).zip(tasks) {
        assert_eq!(task.join().expect("a value"), n * n);
    }
}

/// [178]
fn many_threads_wait_for_tasks_of_one_pool() {
    let pool = pool(2);
    let start = Instant::now();
    thread::scope(|scope| {
        let long = scope.spawn(|| pool.spawn(nap, (1000,)).expect("a task").join());
        for n in 0..8 {
            let pool = &pool;
            scope.spawn(move || {
                for _ in 0..50 {
                    let task = pool.spawn(square, (n,)).expect("a task");
                    assert_eq!(task.join().expect("a value"), n * n);
                }
                assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
            });
        }
        assert_eq!(long.join().expect("no panic").expect("a value"), 1000);
    });
}

/// [155]
fn an_unlisted_function_is_refused_before_anything_begins() {
    fn unlisted(n: u64) -> u64 {
        n
    }
    let pool = pool(1);
    assert!(matches!(pool.spawn(unlisted, (1,)), Err(Error::NotListed { .. })));
    assert!(matches!(pool.map(unlisted, 0..3), Err(Error::NotListed { .. })));
    assert!(matches!(pool.imap(unlisted, 0..3), Err(Error::NotListed { .. })));
    let init = Pool::builder().init(unlisted, (1,)).build();
    assert!(matches!(init, Err(Error::NotListed { .. })));
}

/// [171]
fn a_task_outlives_its_pool_as_closed() {
    let pool = pool(1);
    let done = pool.spawn(square, (5,)).expect("a task");
    assert!(done.wait_timeout(Duration::from_secs(10)));
    let running = pool.spawn(nap, (60_000,)).expect("a task");
    let waiting = pool.spawn(nap, (60_000,)).expect("a task");
    drop(pool);
    assert_eq!(done.join().expect("a value"), 25);
    assert!(matches!(inner(running.join().expect_err("it is gone")), Error::Closed));
    assert!(waiting.is_finished());
    assert!(matches!(inner(waiting.join().expect_err("it is gone")), Error::Closed));
}
