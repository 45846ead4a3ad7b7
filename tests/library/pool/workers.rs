//! The workers: how they begin, how they end, and that none is left.

use crate::{kill, nap, own_pid, pool, square};
use library_support::{
    Lines, SOON, Suite, children_of, finish, has_ended, program, suite, until, until_orphans_end,
};
use rustix::process::{Pid, Signal, WaitOptions};
use shared::{Error, Pool, Queue};
use std::collections::HashMap;
use std::os::unix::process::CommandExt;
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            an_initializer_prepares_each_worker_and_its_successors,
            an_initializer_is_given_a_queue,
            an_initializer_that_panics_breaks_the_pool_at_once,
            workers_that_never_get_ready_break_the_pool,
            a_worker_does_so_many_tasks_and_is_replaced,
            a_pool_may_be_joined_while_its_workers_are_replaced,
            a_pool_has_at_least_one_worker,
            pools_nest_and_share_the_cpus,
            a_dropped_pool_stops_its_workers_at_once,
            workers_that_ignore_sigterm_are_killed_after_one_grace,
            join_ends_the_workers_and_their_output_is_whole,
            ctrl_c_ends_all_without_a_word,
            the_workers_of_a_killed_parent_end,
            workers_and_their_own_pools_end_with_a_killed_worker,
            an_idle_pool_costs_next_to_nothing,
            a_pool_is_made_and_dropped_at_once,
        ],
        children: [
            prepares, prepares_with, adds_base, prepares_badly, exits_at_once, nests, ignores_term,
            writes, counts_workers, nests_for_long,
        ],
        programs: [
            "waits in a map" => waits_in_a_map,
            "never gets ready" => never_gets_ready,
            "writes and joins" => writes_and_joins,
        ],
    }
}

static BASE: AtomicU64 = AtomicU64::new(0);
static QUEUE: Mutex<Option<Queue<u32>>> = Mutex::new(None);

fn prepares(base: u64) {
    BASE.store(base, Ordering::SeqCst);
}

fn prepares_with(queue: Queue<u32>) {
    queue.put(process::id()).expect("the creator is there");
    *QUEUE.lock().expect("nobody panicked") = Some(queue);
}

fn adds_base(n: u64) -> u64 {
    n + BASE.load(Ordering::SeqCst)
}

fn prepares_badly() {
    panic!("no database");
}

fn exits_at_once() {
    process::exit(7);
}

fn nests(n: u64) -> u64 {
    let pool = pool(2);
    pool.map(square, 0..n).expect("values").into_iter().sum()
}

fn counts_workers(_: u64) -> u64 {
    Pool::new().expect("a pool in a worker").ids().len() as u64
}

fn nests_for_long(queue: Queue<u32>) {
    let pool = pool(1);
    queue.put(pool.ids()[0]).expect("the creator is there");
    let _ = pool.map(nap, [60_000]);
}

fn ignores_term(queue: Queue<u32>) {
    signal_hook::flag::register(15, Arc::new(AtomicBool::new(false))).expect("a handler");
    queue.put(process::id()).expect("the creator is there");
    loop {
        thread::park();
    }
}

fn writes(n: u64) {
    print!("{n} "); // not a whole line
}

/// [168]
fn an_initializer_prepares_each_worker_and_its_successors() {
    let pool = Pool::builder().workers(2).init(prepares, (1000,)).build().expect("a pool");
    for _ in 0..3 {
        assert!(pool.map(adds_base, 0..5000).expect("values").into_iter().eq(1000..6000));
        pool.ids().into_iter().for_each(kill);
    }
}

/// [168]
fn an_initializer_is_given_a_queue() {
    let queue = Queue::new().expect("a queue");
    let pool =
        Pool::builder().workers(2).init(prepares_with, (queue.clone(),)).build().expect("a pool");
    let mut ids: Vec<u32> = (0..2).map(|_| queue.get_timeout(SOON).expect("both begin")).collect();
    ids.sort_unstable();
    let mut workers = pool.ids();
    workers.sort_unstable();
    assert_eq!(ids, workers);
}

/// [169]
fn an_initializer_that_panics_breaks_the_pool_at_once() {
    let pool = Pool::builder().workers(2).init(prepares_badly, ()).build().expect("a pool");
    let start = Instant::now();
    let error = pool.map(square, 0..10).expect_err("no worker gets ready");
    assert!(error.to_string().contains("its initializer panicked: no database"), "{error}");
    assert!(matches!(pool.map(square, 0..10), Err(Error::Broken { .. })));
    assert!(matches!(pool.spawn(square, (1,)), Err(Error::Broken { .. })));
    assert!(matches!(pool.join(), Err(Error::Broken { .. })));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

fn workers_that_never_get_ready_break_the_pool() {
    finish(&mut program("never gets ready")).well();
}

fn never_gets_ready() {
    let pool = Pool::builder().workers(1).init(exits_at_once, ()).build().expect("a pool");
    let error = pool.map(square, 0..10).expect_err("no worker gets ready");
    assert!(error.to_string().contains("exit(7)"), "{error}");
}

/// [150] [152]
fn a_worker_does_so_many_tasks_and_is_replaced() {
    let pool = Pool::builder().workers(2).tasks_per_worker(10).build().expect("a pool");
    let mut counts = HashMap::new();
    for pid in pool.map(own_pid, 0..200).expect("numbers") {
        *counts.entry(pid).or_insert(0) += 1;
    }
    assert!(counts.values().all(|count| *count <= 10), "{counts:?}");
    assert_eq!(counts.values().sum::<usize>(), 200);
}

/// [151]
fn a_pool_may_be_joined_while_its_workers_are_replaced() {
    for _ in 0..5 {
        let pool = Pool::builder().workers(2).tasks_per_worker(1).build().expect("a pool");
        let tasks: Vec<_> = (0..6).map(|n| pool.spawn(square, (n,)).expect("a task")).collect();
        pool.join().expect("an end");
        for (n, task) in (0..).zip(tasks) {
            assert_eq!(task.join().expect("a value"), n * n);
        }
    }
}

/// [138]
fn a_pool_has_at_least_one_worker() {
    let pool = pool(0);
    assert_eq!(pool.ids().len(), 1);
    assert_eq!(pool.map(square, 0..3).expect("values"), [0, 1, 4]);
}

fn pools_nest_and_share_the_cpus() {
    let outer = pool(2);
    assert_eq!(outer.map(nests, [3, 4, 5]).expect("sums"), [5, 14, 30]);
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let share = (cpus / 2).max(1) as u64;
    assert_eq!(outer.map(counts_workers, [0]).expect("numbers"), [share]);
}

/// [139] [147]
fn a_dropped_pool_stops_its_workers_at_once() {
    let pool = pool(2);
    let tasks: Vec<_> = (0..5).map(|_| pool.spawn(nap, (60_000,)).expect("a task")).collect();
    let ids = pool.ids();
    let start = Instant::now();
    drop(pool);
    assert!(ids.into_iter().all(has_ended));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(tasks.into_iter().all(|task| task.join().is_err()));
}

fn workers_that_ignore_sigterm_are_killed_after_one_grace() {
    let pool = pool(4);
    let queue = Queue::new().expect("a queue");
    for _ in 0..4 {
        pool.spawn(ignores_term, (queue.clone(),)).expect("a task").detach();
    }
    for _ in 0..4 {
        queue.get_timeout(SOON).expect("it is there");
    }
    let (ids, start) = (pool.ids(), Instant::now());
    drop(pool);
    assert!(ids.into_iter().all(has_ended));
    // Four graces would be four seconds.
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

/// [153]
fn join_ends_the_workers_and_their_output_is_whole() {
    let ended = finish(&mut program("writes and joins"));
    ended.well();
    let mut words: Vec<u64> =
        ended.stdout.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    words.sort_unstable();
    assert!(words.into_iter().eq(0..20));
}

fn writes_and_joins() {
    let pool = pool(2);
    pool.map(writes, 0..20).expect("values");
    pool.join().expect("an end");
}

fn waits_in_a_map() {
    let pool = pool(2);
    let queue = Queue::new().expect("a queue");
    let tasks: Vec<_> =
        (0..2).map(|_| pool.spawn(nests_for_long, (queue.clone(),)).expect("a task")).collect();
    let inner: Vec<u32> = (0..2).map(|_| queue.get().expect("an item")).collect();
    let all: Vec<String> = pool.ids().into_iter().chain(inner).map(|id| id.to_string()).collect();
    println!("{}", all.join(" "));
    for task in tasks {
        let _ = task.join();
    }
}

/// A program that waits for its pool, and the workers of that pool and of theirs.
#[track_caller]
fn waiting_program() -> (process::Child, Vec<u32>) {
    let mut command = program("waits in a map");
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("this test program can be run");
    let lines = Lines::of(&mut child);
    let ids = lines.next().split(' ').map(|id| id.parse().expect("a number")).collect();
    (child, ids)
}

/// Takes what has ended and became ours.
fn reap() {
    until_orphans_end(SOON);
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
}

/// [172]
fn ctrl_c_ends_all_without_a_word() {
    let (child, ids) = waiting_program();
    let group = Pid::from_raw(child.id().cast_signed()).expect("a number");
    rustix::process::kill_process_group(group, Signal::INT).expect("it is there");
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    until("all have ended", Duration::from_secs(3), || ids.iter().all(|pid| has_ended(*pid)));
    reap();
}

/// [172]
fn the_workers_of_a_killed_parent_end() {
    let (mut child, ids) = waiting_program();
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    until("all have ended", Duration::from_secs(3), || ids.iter().all(|pid| has_ended(*pid)));
    reap();
}

fn workers_and_their_own_pools_end_with_a_killed_worker() {
    let pool = pool(1);
    let queue = Queue::new().expect("a queue");
    let task = pool.spawn(nests_for_long, (queue.clone(),)).expect("a task");
    let inner = queue.get_timeout(SOON).expect("an item");
    assert!(!has_ended(inner));
    assert!(task.cancel());
    until("it has ended", Duration::from_secs(3), || has_ended(inner));
    drop(pool);
    until_orphans_end(SOON);
}

fn an_idle_pool_costs_next_to_nothing() {
    let pool = pool(2);
    pool.map(square, 0..1000).expect("values");
    let ticks = || -> u64 {
        let time = |pid: &u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
            let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
            fields[11].parse::<u64>().expect("ticks") + fields[12].parse::<u64>().expect("ticks")
        };
        pool.ids().iter().chain([&process::id()]).map(time).sum()
    };
    let before = ticks();
    thread::park_timeout(Duration::from_secs(2));
    // A hundredth of a second a tick.
    assert!(ticks() - before <= 4, "{} ticks", ticks() - before);
}

/// [141]
fn a_pool_is_made_and_dropped_at_once() {
    for _ in 0..10 {
        drop(pool(2));
    }
    let before = children_of(process::id()).len();
    pool(2).join().expect("an end");
    assert_eq!(children_of(process::id()).len(), before);
}
