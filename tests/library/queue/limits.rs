//! Signals, and the limit of open files.

use crate::handles::{Fault, passed};
use library_support::{
    SOON, SignalStorm, Suite, bytes, fill_files, finish, handle_signals, limit_files, open_files,
    program, suite, threads_named, until, until_threads_sleep,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, pipe};
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            handled_signals_are_invisible_to_whoever_puts_and_gets,
            at_the_limit_of_open_files_a_queue_is_an_error_and_works_again_later,
            a_guest_or_a_creator_at_the_limit_loses_nothing_and_works_again_later,
            an_end_that_the_creator_has_no_room_for_is_an_error_and_no_other_item_is_lost,
            an_end_in_a_long_item_that_there_is_no_room_for_is_closed,
            an_item_that_many_wait_for_comes_back_when_it_cannot_be_handed_out,
        ],
        children: [
            calls_under_signals,
            has_room_for_the_end_only,
            holds_a_queue_at_the_limit,
            is_a_guest_at_the_limit,
            puts_ends,
            waits_many_times,
        ],
        programs: [
            "opens all files" => opens_all_files,
            "has guests at the limit" => has_guests_at_the_limit,
            "has no room for an end" => has_no_room_for_an_end,
            "hands out at the limit" => hands_out_at_the_limit,
        ],
    }
}

/// How often each of the calls met a signal.
pub fn calls_under_signals(
    fed: Queue<u32>,
    empty: Queue<u32>,
    narrow: Queue<ByteBuf>,
    ready: Connection<(), ()>,
) -> [u32; 6] {
    let signalled = handle_signals();
    ready.send(()).expect("the parent waits");
    let (moment, long) = (Duration::from_millis(10), bytes(4 << 20));
    let mut hits = [0; 6];
    let mut next = 0..;
    let mut number = || next.next().expect("it is endless");
    let end = Instant::now() + SOON;
    while hits.iter().any(|&hits| hits < 3) && Instant::now() < end {
        for (call, hits) in hits.iter_mut().enumerate() {
            signalled.store(false, Ordering::SeqCst);
            match call {
                0 => assert_eq!(fed.get().expect("an item"), number()),
                1 => assert_eq!(fed.get_timeout(SOON).expect("an item"), number()),
                2 => {
                    let start = Instant::now();
                    assert!(matches!(empty.get_timeout(moment), Err(Error::Empty)));
                    assert!(start.elapsed() >= moment, "{:?}", start.elapsed());
                }
                // The first has room, the second waits for it.
                3 => narrow.extend([bytes(1), bytes(2)]).expect("there will be room"),
                4 => narrow.put_timeout(bytes(300_000), SOON).expect("there will be room"),
                _ => narrow.put(long.clone()).expect("there will be room"),
            }
            *hits += u32::from(signalled.load(Ordering::SeqCst));
        }
    }
    hits
}

/// [28] `test_poll_eintr`, [70] `TestIgnoreEINTR.test_ignore`
fn handled_signals_are_invisible_to_whoever_puts_and_gets() {
    let (ours, theirs) = pipe().expect("a pipe");
    let (fed, empty) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let narrow = Queue::bounded(1).expect("a queue");
    let queues = (fed.clone(), empty.clone(), narrow.clone(), theirs);
    let process = Process::spawn(calls_under_signals, queues).expect("a start");
    ours.recv_timeout(SOON).expect("it handles signals now");
    let storm = SignalStorm::over(process.id());
    // One item in and one out at a time, and late, so that the child has to wait for each.
    let mut lengths = [1, 2, 300_000, 4 << 20].into_iter().cycle();
    let mut items = 0..;
    while process.wait_timeout(Duration::from_millis(3)).expect("no error").is_none() {
        if fed.is_empty().expect("it is here") {
            fed.put(items.next().expect("it is endless")).expect("it is open");
        }
        if let Ok(item) = narrow.try_get() {
            assert!(item == bytes(lengths.next().expect("it is endless")));
        }
    }
    drop(storm);
    let hits = process.join().expect("a value");
    assert!(hits.iter().all(|&hits| hits >= 3), "signals met: {hits:?}");
}

fn at_the_limit_of_open_files_a_queue_is_an_error_and_works_again_later() {
    finish(&mut program("opens all files")).well();
}

#[track_caller]
fn says_what_to_do(error: &Error) {
    assert!(error.to_string().contains("(ulimit -n)"), "{error}");
}

pub fn opens_all_files() {
    limit_files(64);
    let old = Queue::new().expect("a queue");
    let mut made = Vec::new();
    let mut entered = Vec::new();
    for free in 0..=12 {
        let filled = fill_files(free);
        match Queue::new() {
            Ok(queue) => {
                queue.put(free).expect("it is in memory");
                assert_eq!(queue.get().expect("an item"), free);
                made.push(free);
            }
            Err(error) => says_what_to_do(&error),
        }
        old.put(free).expect("it is in memory");
        assert_eq!(old.get().expect("an item"), free);
        drop(filled);

        // A handle of it that begins to talk at the limit.
        let handle = passed(&old);
        let filled = fill_files(free);
        let error = handle.put(free).err();
        drop(filled);
        match error {
            None => entered.push(free),
            Some(Error::Closed) => panic!("with {free} files free it seems closed"),
            Some(error) => {
                says_what_to_do(&error);
                handle.put(free).expect("it works again");
            }
        }
        assert_eq!(old.get_timeout(SOON).expect("an item"), free);
    }
    assert!(!made.contains(&0) && made.contains(&12), "{made:?}");
    assert!(!entered.contains(&0) && entered.contains(&12), "{entered:?}");
}

fn a_guest_or_a_creator_at_the_limit_loses_nothing_and_works_again_later() {
    finish(&mut program("has guests at the limit")).well();
}

/// Calls with so many files free, and then again with all; what came of it the first time.
pub fn is_a_guest_at_the_limit(queue: Queue<ByteBuf>, free: usize, first: bool) -> Vec<String> {
    limit_files(64);
    let mut said = Vec::new();
    if !first {
        queue.len().expect("the creator is there");
    }
    for length in [5, 300_000] {
        let filled = fill_files(free);
        let got = queue.get_timeout(SOON);
        drop(filled);
        let got = match got {
            Ok(got) => got,
            Err(error) => {
                said.push(error.to_string());
                queue.get_timeout(SOON).expect("it works again")
            }
        };
        assert!(got == bytes(length), "{} bytes instead of {length}", got.len());
    }
    said
}

/// Says whether it talks to the creator, each time that it is told to try.
pub fn holds_a_queue_at_the_limit(queue: Queue<ByteBuf>, steps: Connection<bool, ()>) {
    steps.send(false).expect("the parent waits");
    while steps.recv().is_ok() {
        steps.send(queue.len().is_ok()).expect("the parent waits");
    }
}

pub fn has_guests_at_the_limit() {
    let queue = Queue::new().expect("a queue");
    let mut failed = [0; 2];
    for free in 0..=12 {
        for first in [true, false] {
            queue.extend([bytes(5), bytes(300_000)]).expect("it is open");
            let child = Process::spawn(is_a_guest_at_the_limit, (queue.clone(), free, first));
            let said = child.and_then(Process::join).expect("it has both items in the end");
            assert!(said.iter().all(|error| error.contains("(ulimit -n)")), "{said:?}");
            failed[usize::from(first)] += said.len();
            assert_eq!(queue.len().expect("it is here"), 0);
        }
    }
    assert!(failed.iter().all(|&failed| failed > 0), "nothing ever failed: {failed:?}");

    // And the other way round.
    limit_files(64);
    let mut refused = 0;
    for free in 0..=6 {
        let (ours, theirs) = pipe().expect("a pipe");
        let child = Process::spawn(holds_a_queue_at_the_limit, (queue.clone(), theirs));
        let child = child.expect("a start");
        ours.recv_timeout(SOON).expect("it is there");
        let filled = fill_files(free);
        ours.send(()).expect("it waits");
        let talks = ours.recv_timeout(SOON).expect("an answer");
        refused += u32::from(!talks);
        drop(filled);
        ours.send(()).expect("it waits");
        assert!(ours.recv_timeout(SOON).expect("an answer"), "it does not work again");
        drop(ours);
        child.join().expect("it ends");
    }
    assert!(refused > 0, "nobody was ever refused");
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Item {
    Number(u32),
    End(Connection<(), ()>),
}

/// Puts an end when told to, and later gets; what came of each call.
pub fn puts_ends(queue: Queue<Item>, steps: Connection<Result<u32, Fault>, ()>) {
    let say = |result: Result<u32, Fault>| {
        steps.send(result).expect("the parent waits");
        steps.recv().is_ok()
    };
    let (_ours, theirs) = pipe().expect("a pipe");
    say(queue.len().map(|_| 0).map_err(Fault::from));
    say(queue.put(Item::End(theirs)).map(|()| 0).map_err(Fault::from));
    let get = || match queue.get_timeout(Duration::from_secs(1)) {
        Ok(Item::Number(number)) => Ok(number),
        Ok(Item::End(_)) => panic!("the creator can have had no room for it"),
        Err(error) => Err(Fault::from(error)),
    };
    while say(get()) {}
}

fn an_end_that_the_creator_has_no_room_for_is_an_error_and_no_other_item_is_lost() {
    finish(&mut program("has no room for an end")).well();
}

pub fn has_no_room_for_an_end() {
    limit_files(64);
    let queue = Queue::new().expect("a queue");
    let (ours, theirs) = pipe().expect("a pipe");
    let child = Process::spawn(puts_ends, (queue.clone(), theirs)).expect("a start");
    ours.recv_timeout(SOON).expect("an answer").expect("it talks");
    let filled = fill_files(0);
    ours.send(()).expect("it waits");
    ours.recv_timeout(SOON).expect("an answer").expect_err("there is no room for it");
    drop(filled);
    queue.put(Item::Number(7)).expect("it is open");
    let mut answers = Vec::new();
    while answers.len() < 3 && answers.last() != Some(&Ok(7)) {
        ours.send(()).expect("it waits");
        answers.push(ours.recv_timeout(SOON).expect("an answer"));
    }
    assert!(answers.contains(&Ok(7)), "{answers:?}, and {:?} wait", queue.len());
    drop(ours);
    child.join().expect("it ends");
}

/// Gets a long item with an end in it while two files are free: enough for the end alone.
pub fn has_room_for_the_end_only(
    queue: Queue<(ByteBuf, Connection<(), ()>)>,
    steps: Connection<String, ()>,
) {
    queue.len().expect("the creator is there");
    limit_files(64);
    let before = open_files("self");
    let filled = fill_files(2);
    let error = queue.get_timeout(SOON).map(drop).expect_err("there is no room");
    drop(filled);
    let after = open_files("self");
    assert!(after.iter().all(|file| before.contains(file)), "{before:?}, and now {after:?}");
    steps.send(error.to_string()).expect("the parent waits");
    while steps.recv().is_ok() {}
}

fn an_end_in_a_long_item_that_there_is_no_room_for_is_closed() {
    let queue = Queue::new().expect("a queue");
    let (ours, theirs) = pipe().expect("a pipe");
    let child = Process::spawn(has_room_for_the_end_only, (queue.clone(), theirs));
    let child = child.expect("a start");
    let (inner, end) = pipe().expect("a pipe");
    queue.put((bytes(100_000), end)).expect("it is open");
    let error = ours.recv_timeout(SOON).expect("an answer");
    assert!(error.contains("(ulimit -n)"), "{error}");
    // Its receiver lives, and has not kept it.
    assert!(matches!(inner.recv_timeout(SOON), Err(Error::Closed)));
    drop(ours);
    child.join().expect("it ends");
}

/// Waits for an item with many handles at once; how often they were told of an error.
pub fn waits_many_times(queue: Queue<ByteBuf>, steps: Connection<(), ()>) -> usize {
    let (tell, errors) = mpsc::channel();
    let waits: Vec<_> = (0..WAITING)
        .map(|_| {
            let (queue, tell) = (queue.clone(), tell.clone());
            thread::spawn(move || {
                let mut told = 0;
                loop {
                    match queue.get_timeout(10 * SOON) {
                        Ok(item) => {
                            assert!(item == bytes(100_000), "another item");
                            // The others need not wait any longer.
                            queue.close().expect("the creator is there");
                        }
                        Err(Error::Closed) => return told,
                        Err(error) => {
                            assert!(error.to_string().contains("(ulimit -n)"), "{error}");
                            told += 1;
                            let _ = tell.send(());
                        }
                    }
                }
            })
        })
        .collect();
    queue.len().expect("the creator is there");
    steps.send(()).expect("the parent waits");
    steps.recv().expect("all wait, and the creator is at its limit");
    queue.put(bytes(100_000)).expect("it needs no file");
    errors.recv_timeout(SOON).expect("one of them is told");
    steps.send(()).expect("the parent waits");
    waits.into_iter().map(|wait| wait.join().expect("no panic")).sum()
}

/// So many that a thread of the creator could not go one call deeper for each.
const WAITING: usize = 450;

fn an_item_that_many_wait_for_comes_back_when_it_cannot_be_handed_out() {
    finish(&mut program("hands out at the limit")).well();
}

pub fn hands_out_at_the_limit() {
    let queue = Queue::new().expect("a queue");
    let (ours, theirs) = pipe().expect("a pipe");
    let child = Process::spawn(waits_many_times, (queue.clone(), theirs)).expect("a start");
    ours.recv_timeout(SOON).expect("it is there");
    until("all wait", SOON, || threads_named("queue") == WAITING + 1);
    until_threads_sleep(std::process::id(), "queue");
    limit_files(64.max(open_files("self").len() as u64 + 8));
    let filled = fill_files(0);
    ours.send(()).expect("it waits");
    ours.recv_timeout(SOON).expect("one of them is told");
    drop(filled);
    let told = child.join().expect("a value");
    assert!(told > 0, "nobody was told");
}
