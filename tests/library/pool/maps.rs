//! `map`, `starmap`, `imap` and `imap_unordered`: each value once and in place, and no more read
//! than is needed.

use crate::{nap, own_pid, pool, square, works};
use library_support::{Suite, suite};
use shared::{Error, Pool};
use std::cell::Cell;
use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            map_gives_the_values_in_order,
            imap_gives_the_values_in_order,
            imap_unordered_gives_each_value_once,
            imap_unordered_gives_what_is_there_first,
            starmap_takes_tuples_apart,
            map_ends_with_the_first_error_by_position,
            imap_gives_each_item_its_own_result,
            an_error_names_the_function_and_the_item,
            imap_takes_no_more_than_it_needs_of_an_endless_iterator,
            a_pool_that_has_learnt_how_fast_it_is_takes_no_more_at_first,
            look_ahead_is_as_far_as_it_goes,
            nothing_is_taken_before_a_value_is_asked_for,
            an_iterator_knows_its_length_where_its_source_does,
            a_panic_of_the_source_leaves_the_pool_whole,
            a_source_may_use_the_pool_itself,
            an_iterator_that_is_dropped_stops_what_it_began,
            nothing_waits_behind_a_long_task,
            a_slow_source_keeps_no_finished_value_back,
            two_maps_at_once_take_turns,
            threads_share_a_pool,
            both_workers_take_part,
        ],
        children: [
            square, own_pid, nap, works, add, panics_at_3, sleeps_at_7, sleeps_a_minute_at_10_000,
        ],
    }
}

fn add(a: u64, b: u64) -> u64 {
    a + b
}

fn panics_at_3(n: u64) -> u64 {
    assert!(n != 3, "no {n}, please");
    n
}

fn sleeps_at_7(n: u64) -> u64 {
    nap(if n == 7 { 200 } else { 0 });
    n
}

fn sleeps_a_minute_at_10_000(n: u64) -> u64 {
    nap(if n == 10_000 { 60_000 } else { 0 });
    n
}

/// [125] [130] [140]
fn map_gives_the_values_in_order() {
    let pool = pool(3);
    for n in [0, 1, 2, 7, 1000, 50_000] {
        let values = pool.map(square, 0..n).expect("values");
        assert!(values.into_iter().eq((0..n).map(|n| n * n)), "{n}");
    }
    pool.join().expect("an end");
}

/// [127] [134] [140]
fn imap_gives_the_values_in_order() {
    let pool = pool(2);
    for n in [0, 1, 10, 20_000] {
        let values = pool.imap(square, 0..n).expect("an iterator");
        assert!(values.map(|value| value.expect("a value")).eq((0..n).map(|n| n * n)), "{n}");
    }
    let slow = pool.imap(works, [300, 1, 2, 200, 3, 4]).expect("an iterator");
    assert!(slow.map(|value| value.expect("a value")).eq([300, 1, 2, 200, 3, 4]));
}

/// [136]
fn imap_unordered_gives_each_value_once() {
    let pool = pool(2);
    let values = pool.imap_unordered(square, 0..20_000).expect("an iterator");
    let mut values: Vec<u64> = values.map(|value| value.expect("a value")).collect();
    values.sort_unstable();
    assert!(values.into_iter().eq((0..20_000).map(|n| n * n)));
}

/// [137] [176]
fn imap_unordered_gives_what_is_there_first() {
    let pool = pool(2);
    let values = pool.imap_unordered(sleeps_at_7, 0..20).expect("an iterator");
    let values: Vec<u64> = values.map(|value| value.expect("a value")).collect();
    assert_eq!((values.len(), values.last()), (20, Some(&7)));
}

/// [126]
fn starmap_takes_tuples_apart() {
    assert_eq!(pool(2).starmap(add, [(1, 2), (3, 4)]).expect("values"), [3, 7]);
}

/// [144] [156]
fn map_ends_with_the_first_error_by_position() {
    let pool = pool(2);
    let error = pool.map(panics_at_3, [1, 3, 2, 3]).expect_err("it panics");
    assert!(error.to_string().starts_with("`maps::panics_at_3` of item 1: "), "{error}");
    assert_eq!(pool.map(square, 0..3).expect("the pool is whole"), [0, 1, 4]);
}

/// [148]
fn imap_gives_each_item_its_own_result() {
    let pool = pool(2);
    let values: Vec<_> = pool.imap(panics_at_3, 0..100).expect("an iterator").collect();
    for (n, value) in (0..).zip(&values) {
        match value {
            Ok(value) => assert_eq!((n, n == 3), (*value, false)),
            Err(_) => assert_eq!(n, 3),
        }
    }
    assert_eq!(values.len(), 100);
}

/// [142]
fn an_error_names_the_function_and_the_item() {
    let error = pool(1).map(panics_at_3, 0..10).expect_err("it panics");
    let Error::Task { function, item: Some(3), error } = error else { panic!("{error}") };
    assert_eq!(function, "maps::panics_at_3");
    let Error::Panicked { process, message } = *error else { panic!("{error}") };
    assert_eq!((process.as_str(), message.as_str()), ("PoolWorker-1", "no 3, please"));
}

/// [177]
fn imap_takes_no_more_than_it_needs_of_an_endless_iterator() {
    let pool = pool(2);
    let taken = Cell::new(0);
    let endless = (0..).inspect(|_| taken.set(taken.get() + 1)).map(|n: u64| n % 3);
    let values = pool.imap(nap, endless).expect("an iterator").take(10);
    assert!(values.map(|value| value.expect("a value")).eq((0..10).map(|n| n % 3)));
    assert!(taken.get() < 200, "{taken:?}");
    assert_eq!(pool.map(square, 0..3).expect("values"), [0, 1, 4]);
}

fn a_pool_that_has_learnt_how_fast_it_is_takes_no_more_at_first() {
    let pool = pool(2);
    pool.map(square, 0..50_000).expect("values");
    for wanted in [1, 5, 50] {
        let taken = Cell::new(0);
        let endless = (0..).inspect(|_| taken.set(taken.get() + 1));
        assert_eq!(pool.imap(square, endless).expect("an iterator").take(wanted).count(), wanted);
        assert!(taken.get() <= 3 * wanted + 8, "{taken:?} of {wanted}");
    }
}

/// [177]
fn look_ahead_is_as_far_as_it_goes() {
    let pool = pool(2);
    let taken = Cell::new(0_u64);
    let endless = (0..).inspect(|_| taken.set(taken.get() + 1));
    let values = pool.imap(square, endless).expect("an iterator").look_ahead(3);
    for (n, value) in (0..1000).zip(values) {
        assert_eq!(value.expect("a value"), n * n);
        assert!(taken.get() <= n + 4, "{} of {n}", taken.get());
    }
}

fn nothing_is_taken_before_a_value_is_asked_for() {
    let pool = pool(1);
    let source = std::iter::repeat_with(|| -> u64 { panic!("it was asked") });
    drop(pool.imap(square, source).expect("an iterator"));
}

fn an_iterator_knows_its_length_where_its_source_does() {
    let pool = pool(2);
    let mut values = pool.imap(square, (0..10_u64).collect::<Vec<_>>()).expect("an iterator");
    for left in (0..10).rev() {
        values.next().expect("there are ten").expect("a value");
        assert_eq!(values.len(), left);
    }
    assert!(values.next().is_none());
    let unknown = pool.imap_unordered(square, (0..10).filter(|n| n % 2 == 0)).expect("an iterator");
    assert_eq!(unknown.size_hint(), (0, Some(10)));
}

/// [131] [135]
fn a_panic_of_the_source_leaves_the_pool_whole() {
    let pool = pool(2);
    let source = (0..100).map(|n| if n == 50 { panic!("the source is dry") } else { n });
    let map = std::panic::AssertUnwindSafe(|| pool.map(square, source));
    assert!(std::panic::catch_unwind(map).is_err());
    assert_eq!(pool.map(square, 0..3).expect("values"), [0, 1, 4]);
}

fn a_source_may_use_the_pool_itself() {
    let pool = pool(2);
    let source = (0..50).map(|n| pool.map(square, [n]).expect("values")[0]);
    assert!(
        pool.map(square, source).expect("values").into_iter().eq((0..50).map(|n| n * n * n * n))
    );
}

fn an_iterator_that_is_dropped_stops_what_it_began() {
    let pool = pool(2);
    let mut values = pool.imap(nap, [0, 60_000, 60_000, 60_000]).expect("an iterator");
    values.next().expect("the first").expect("a value");
    let start = Instant::now();
    drop(values);
    assert_eq!(pool.map(nap, [1; 4]).expect("values"), [1; 4]);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

fn nothing_waits_behind_a_long_task() {
    let pool = Pool::builder().workers(2).build().expect("a pool");
    pool.map(square, 0..10_000).expect("it is warm, and many lie ready for each worker");
    let start = Instant::now();
    let values = pool.imap_unordered(sleeps_a_minute_at_10_000, 0..20_000).expect("an iterator");
    let rest: HashSet<u64> = values.take(19_999).map(|value| value.expect("a value")).collect();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(rest.len() == 19_999 && !rest.contains(&10_000));
}

fn a_slow_source_keeps_no_finished_value_back() {
    let pool = pool(2);
    // The source gives its second item only when the first value is there.
    let asked = Cell::new(false);
    let source = (0..2).inspect(|n| assert!(*n == 0 || asked.get(), "taken too early"));
    let mut values = pool.imap(square, source).expect("an iterator").look_ahead(1);
    assert_eq!(values.next().expect("the first").expect("a value"), 0);
    asked.set(true);
    assert_eq!(values.next().expect("the second").expect("a value"), 1);
}

fn two_maps_at_once_take_turns() {
    let pool = pool(2);
    thread::scope(|scope| {
        let long = scope.spawn(|| pool.map(works, std::iter::repeat_n(500, 4000)).map(|_| ()));
        while pool.spawn(square, (1,)).expect("a task").join().is_err() {}
        let start = Instant::now();
        assert_eq!(pool.spawn(square, (3,)).expect("a task").join().expect("a value"), 9);
        assert_eq!(pool.map(square, 0..3).expect("values"), [0, 1, 4]);
        assert!(!long.is_finished(), "the others were not in the middle of it");
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
        long.join().expect("no panic").expect("values");
    });
}

/// [178]
fn threads_share_a_pool() {
    let pool = pool(2);
    thread::scope(|scope| {
        for thread in 0..6 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..20 {
                    let n = 100 * thread + round;
                    let values = pool.map(square, 0..n).expect("values");
                    assert!(values.into_iter().eq((0..n).map(|n| n * n)));
                    let task = pool.spawn(square, (n,)).expect("a task");
                    assert_eq!(task.join().expect("a value"), n * n);
                }
            });
        }
    });
}

fn both_workers_take_part() {
    let pool = pool(2);
    let pids: HashSet<u32> =
        (0..100).flat_map(|_| pool.map(own_pid, 0..1000).expect("numbers")).collect();
    assert_eq!(pids, pool.ids().into_iter().collect());
}
