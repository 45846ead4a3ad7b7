//! A worker dies: the task that it had begun fails, or begins again, and nothing else is lost.

use crate::{inner, kill, own_pid, pool, square, works};
use library_support::{SOON, Suite, bytes, has_ended, status, suite, until};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::ByteBuf;
use shared::{Error, Pool, Queue};
use std::collections::HashSet;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_panic_is_the_error_of_its_task_and_the_worker_lives_on,
            a_kill_fails_the_task_in_hand_and_no_other,
            an_exit_fails_its_task_with_the_code,
            an_abort_fails_its_task,
            a_stack_overflow_fails_its_task,
            a_failed_allocation_fails_its_task,
            a_task_begins_again_as_often_as_allowed,
            a_task_begins_again_only_if_its_worker_died_in_it,
            two_hundred_kills_lose_and_double_nothing,
            without_retries_a_kill_costs_at_most_one_task,
            idle_workers_that_are_killed_are_replaced,
            a_task_that_had_not_begun_is_never_blamed,
            a_task_with_a_queue_does_not_begin_again,
            a_crash_while_arguments_are_read_is_the_end_of_that_task,
            a_crash_while_a_value_is_written_is_the_end_of_that_task,
            a_crash_while_much_is_on_its_way_loses_nothing_else,
        ],
        children: [
            panics, kills_itself, exits, aborts, overflows, allocates, dies_twice, notes, notes_or_dies, takes_deadly, gives_deadly, dies_with_much,
        ],
    }
}

fn panics() {
    panic!("no more ink");
}

fn kills_itself(n: u64) -> u64 {
    if n == 500 {
        kill(process::id());
        thread::sleep(Duration::from_mins(1));
    }
    n
}

fn exits(n: u64) -> u64 {
    if n == 500 {
        process::exit(3);
    }
    n
}

fn aborts(n: u64) -> u64 {
    if n == 500 {
        process::abort();
    }
    n
}

fn overflows(n: u64) -> u64 {
    fn deeper(n: u64) -> u64 {
        let room = std::hint::black_box([n; 1000]);
        if n == u64::MAX { 0 } else { deeper(n + 1) + room[999] }
    }
    if n == 500 { deeper(n) } else { n }
}

fn allocates(n: u64) -> u64 {
    if n == 500 {
        let bytes = usize::try_from(isize::MAX).expect("it is positive") / 2;
        std::alloc::handle_alloc_error(
            std::alloc::Layout::from_size_align(bytes, 1).expect("a layout"),
        );
    }
    n
}

/// Puts down that it began, and dies the first two times.
fn dies_twice(folder: String) -> u64 {
    let begun = std::fs::read_dir(&folder).expect("the folder is there").count();
    std::fs::write(format!("{folder}/{begun}"), "").expect("it can be written");
    if begun < 2 {
        process::abort();
    }
    begun as u64
}

fn notes(path: String, n: u64) -> u64 {
    use std::io::Write;
    let mut file = std::fs::File::options().append(true).open(path).expect("the file is there");
    file.write_all(&n.to_le_bytes()).expect("it can be written");
    works(100);
    n
}

fn notes_or_dies(queue: Queue<u64>, n: u64) {
    queue.put(n).expect("the creator is there");
    if n == 20 {
        process::abort();
    }
}

/// A name for a file or a folder of this test's.
fn temp(name: &str) -> String {
    let folder = std::env::temp_dir();
    format!("{}/pool-test-{name}-{}", folder.display(), process::id())
}

/// [143] [148] [159]
fn a_panic_is_the_error_of_its_task_and_the_worker_lives_on() {
    let pool = pool(1);
    let before = pool.map(own_pid, [0]).expect("a number");
    let error = pool.spawn(panics, ()).expect("a task").join().expect_err("it panics");
    assert_eq!(error.to_string(), "`deaths::panics`: process `PoolWorker-1` panicked: no more ink");
    assert_eq!(pool.map(own_pid, [0]).expect("a number"), before);
}

/// Item 500 of 1000 ends its worker, three times.
#[track_caller]
fn one_of_a_thousand(function: fn(&Pool) -> Vec<shared::Result<u64>>, end: fn(&Error) -> bool) {
    let pool = pool(2);
    for _ in 0..3 {
        let values = function(&pool);
        assert_eq!(values.len(), 1000);
        for (n, value) in (0..).zip(values) {
            match value {
                Ok(value) => assert_eq!(value, n),
                Err(error) => {
                    let error = inner(error);
                    assert!(n == 500 && end(&error), "{n}: {error}");
                }
            }
        }
    }
    assert_eq!(pool.map(square, 0..3).expect("the pool is whole"), [0, 1, 4]);
}

/// [160]
fn a_kill_fails_the_task_in_hand_and_no_other() {
    one_of_a_thousand(
        |pool| pool.imap(kills_itself, 0..1000).expect("an iterator").collect(),
        |error| matches!(error, Error::Killed { signal: 9, .. }),
    );
}

/// [161]
fn an_exit_fails_its_task_with_the_code() {
    one_of_a_thousand(
        |pool| pool.imap(exits, 0..1000).expect("an iterator").collect(),
        |error| matches!(error, Error::Exited { exit_code: 3, .. }),
    );
}

/// [161]
fn an_abort_fails_its_task() {
    one_of_a_thousand(
        |pool| pool.imap(aborts, 0..1000).expect("an iterator").collect(),
        |error| matches!(error, Error::Killed { signal: 6, .. }),
    );
}

fn a_stack_overflow_fails_its_task() {
    one_of_a_thousand(
        |pool| pool.imap(overflows, 0..1000).expect("an iterator").collect(),
        |error| matches!(error, Error::Killed { signal: 6 | 11, .. }),
    );
}

fn a_failed_allocation_fails_its_task() {
    one_of_a_thousand(
        |pool| pool.imap(allocates, 0..1000).expect("an iterator").collect(),
        |error| matches!(error, Error::Killed { signal: 6, .. }),
    );
}

fn a_task_begins_again_as_often_as_allowed() {
    for (retries, value) in [(0, None), (1, None), (2, Some(2)), (9, Some(2))] {
        let pool = Pool::builder().workers(2).retries(retries).build().expect("a pool");
        let folder = temp("retries");
        std::fs::create_dir(&folder).expect("a folder");
        let result = pool.spawn(dies_twice, (folder.clone(),)).expect("a task").join();
        let begun = std::fs::read_dir(&folder).expect("the folder is there").count();
        std::fs::remove_dir_all(&folder).expect("it can be removed");
        assert_eq!((result.ok(), begun), (value, 3.min(retries as usize + 1)));
    }
}

/// The workers that run now, killed one by one, so many times, at moments from a generator.
fn kill_often(pool: &Pool, kills: u32, longest: u64, done: &AtomicBool, killed: &AtomicU32) {
    let mut seed = 12_345_u64;
    while !done.load(Ordering::SeqCst) && killed.load(Ordering::SeqCst) < kills {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        thread::park_timeout(Duration::from_micros((seed >> 33) % longest));
        let ids = pool.ids();
        if let Some(pid) = ids.get((seed >> 40) as usize % ids.len().max(1)) {
            kill(*pid);
            killed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn a_task_begins_again_only_if_its_worker_died_in_it() {
    let pool = Pool::builder().workers(2).retries(u32::MAX).build().expect("a pool");
    let path = temp("notes");
    std::fs::write(&path, "").expect("a file");
    let (done, killed) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| kill_often(&pool, 50, 6000, &done, &killed));
        let values = pool.starmap(notes, (0..3000).map(|n| (path.clone(), n))).expect("values");
        assert!(values.into_iter().eq(0..3000));
        done.store(true, Ordering::SeqCst);
    });
    let begun = std::fs::read(&path).expect("the file is there").len() / 8;
    std::fs::remove_file(&path).expect("it can be removed");
    let killed = killed.load(Ordering::SeqCst) as usize;
    assert!(begun >= 3000 && begun <= 3000 + killed, "{begun} begun, {killed} kills");
}

/// [160]
fn two_hundred_kills_lose_and_double_nothing() {
    let pool = Pool::builder().workers(3).retries(u32::MAX).build().expect("a pool");
    let (done, killed) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| kill_often(&pool, 200, 8000, &done, &killed));
        while killed.load(Ordering::SeqCst) < 200 {
            let values = pool.map(works, (0..10_000).map(|n| n % 200)).expect("values");
            assert!(values.into_iter().eq((0..10_000).map(|n| n % 200)));
        }
        done.store(true, Ordering::SeqCst);
    });
}

fn without_retries_a_kill_costs_at_most_one_task() {
    let pool = pool(2);
    let (done, killed) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut errors = 0;
    thread::scope(|scope| {
        scope.spawn(|| kill_often(&pool, 40, 20_000, &done, &killed));
        while killed.load(Ordering::SeqCst) < 40 {
            let values = pool.imap(works, std::iter::repeat_n(200, 1000)).expect("an iterator");
            let values: Vec<_> = values.collect();
            assert_eq!(values.len(), 1000);
            for error in values.into_iter().filter_map(Result::err) {
                let error = inner(error);
                assert!(matches!(error, Error::Killed { signal: 9, .. }), "{error}");
                errors += 1;
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(errors <= killed.load(Ordering::SeqCst), "{errors}");
}

fn idle_workers_that_are_killed_are_replaced() {
    let pool = pool(2);
    for _ in 0..10 {
        pool.map(square, 0..10).expect("values");
        let ids = pool.ids();
        ids.iter().copied().for_each(kill);
        until("they are gone", SOON, || ids.iter().all(|pid| has_ended(*pid)));
        assert!(pool.map(square, 0..100).expect("values").into_iter().eq((0..100).map(|n| n * n)));
    }
    until("there are two", SOON, || pool.ids().into_iter().collect::<HashSet<_>>().len() == 2);
}

fn a_task_that_had_not_begun_is_never_blamed() {
    let pool = pool(2);
    pool.map(square, 0..100).expect("both are ready");
    for n in 0..30 {
        // Workers that cannot begin anything are given something, and killed.
        let ids = pool.ids();
        ids.iter().copied().for_each(stop);
        let is_stopped = |pid: &u32| status(*pid).is_none_or(|status| status.state == 'T');
        until("they are stopped", SOON, || ids.iter().all(is_stopped));
        let tasks: Vec<_> = (n..n + 5).map(|n| pool.spawn(square, (n,)).expect("a task")).collect();
        ids.into_iter().for_each(kill);
        for (n, task) in (n..).zip(tasks) {
            assert_eq!(task.join().expect("a value"), n * n);
        }
    }
}

fn stop(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a number");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::STOP);
}

fn a_task_with_a_queue_does_not_begin_again() {
    let pool = Pool::builder().workers(2).retries(5).build().expect("a pool");
    let queue = Queue::new().expect("a queue");
    let items = (0..40).map(|n| pool.spawn(notes_or_dies, (queue.clone(), n)).expect("a task"));
    let ends: Vec<bool> = items.map(|task| task.join().is_ok()).collect();
    assert!(ends.iter().enumerate().all(|(n, is_ok)| *is_ok == (n != 20)), "{ends:?}");
    let mut begun = Vec::new();
    while let Ok(n) = queue.try_get() {
        begun.push(n);
    }
    begun.sort_unstable();
    assert!(begun.into_iter().eq(0..40));
}

/// A value at which a child dies, where it is read or written there.
#[derive(Clone, Copy)]
struct Deadly {
    when_read: bool,
}

fn die_in_a_child() {
    if shared::process::parent().is_some() {
        process::abort();
    }
}

impl Serialize for Deadly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        die_in_a_child();
        self.when_read.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Deadly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Deadly, D::Error> {
        let when_read = bool::deserialize(deserializer)?;
        if when_read {
            die_in_a_child();
        }
        Ok(Deadly { when_read })
    }
}

fn takes_deadly(_: Deadly) -> u64 {
    7
}

fn gives_deadly(n: u64) -> Option<Deadly> {
    (n == 3).then_some(Deadly { when_read: false })
}

fn dies_with_much(bytes: ByteBuf) -> ByteBuf {
    if bytes.len() == 300_000 {
        process::abort();
    }
    bytes
}

/// [162]
fn a_crash_while_arguments_are_read_is_the_end_of_that_task() {
    let pool = pool(2);
    let items = (0..9).map(|n| Deadly { when_read: n == 3 });
    let values: Vec<_> = pool.imap(takes_deadly, items).expect("an iterator").collect();
    let ok: Vec<bool> = values.iter().map(Result::is_ok).collect();
    assert!(ok.iter().enumerate().all(|(n, is_ok)| *is_ok == (n != 3)), "{ok:?}");
}

/// [164]
fn a_crash_while_a_value_is_written_is_the_end_of_that_task() {
    let pool = pool(2);
    let values: Vec<_> = pool.imap(gives_deadly, 0..9).expect("an iterator").collect();
    let ok: Vec<bool> = values.iter().map(Result::is_ok).collect();
    assert!(ok.iter().enumerate().all(|(n, is_ok)| *is_ok == (n != 3)), "{ok:?}");
}

/// [167]
fn a_crash_while_much_is_on_its_way_loses_nothing_else() {
    let pool = pool(2);
    let lengths = (0..20).map(|n| if n == 7 { 300_000 } else { 200_000 + n });
    let values: Vec<_> =
        pool.imap(dies_with_much, lengths.map(bytes)).expect("an iterator").collect();
    for (n, value) in values.into_iter().enumerate() {
        match value {
            Ok(value) => assert!(n != 7 && value == bytes(200_000 + n)),
            Err(error) => assert!(n == 7 && matches!(inner(error), Error::Killed { .. })),
        }
    }
}
