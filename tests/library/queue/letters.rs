//! Dead letters, and other items that are not in the ring: long ones, and those with ends.

use library_support::{SOON, Suite, bytes, memfd_bytes, suite, until};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, pipe};
use std::fs;
use std::process;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_long_dead_letter_outlives_the_process_that_put_it,
            a_long_dead_letter_is_given_out_once_and_leaves_no_memory,
            a_long_item_in_the_hand_of_one_that_dies_comes_back,
            long_items_that_a_dead_process_has_put_hold_nobody_up,
            an_item_of_256_mib_reaches_a_child,
            an_item_of_256_mib_comes_from_a_child,
            an_item_with_an_end_that_was_got_by_one_who_died_is_passed_over,
            whoever_waited_for_a_killed_consumer_gets_what_it_had_first,
        ],
        children: [
            gets_and_aborts,
            puts_waits_and_aborts,
            puts_many_and_aborts,
            says_whether_it_is_whole,
            puts_something_huge,
            gets_an_end_and_aborts,
            has_an_item_of_each,
        ],
    }
}

const LONG: usize = 100_000;

pub fn puts_waits_and_aborts(queue: Queue<ByteBuf>, line: Connection<(), ()>) {
    queue.put(bytes(LONG)).expect("the creator is there");
    line.send(()).expect("the parent waits");
    let _ = line.recv();
    process::abort();
}

pub fn gets_and_aborts(queue: Queue<ByteBuf>) {
    assert!(queue.get().expect("an item") == bytes(LONG));
    process::abort();
}

fn two_die_of_it(queue: &Queue<ByteBuf>) {
    for _ in 0..2 {
        let child = Process::spawn(gets_and_aborts, (queue.clone(),)).expect("a start");
        assert_eq!(child.wait().expect("it ends"), -6);
    }
    assert_eq!(queue.len().expect("it is here"), 0);
}

fn a_long_dead_letter_outlives_the_process_that_put_it() {
    let queue = Queue::new().expect("a queue");
    let (line, theirs) = pipe().expect("a pipe");
    let producer = Process::spawn(puts_waits_and_aborts, (queue.clone(), theirs)).expect("a start");
    line.recv_timeout(SOON).expect("it has put it");
    two_die_of_it(&queue);
    drop(line);
    assert_eq!(producer.wait().expect("it ends"), -6);
    let letters = queue.dead_letters().expect("it was made here");
    assert_eq!(letters.len(), 1);
    assert!(letters[0] == bytes(LONG));
}

/// The memory that this process has written to, in bytes.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}

fn a_long_dead_letter_is_given_out_once_and_leaves_no_memory() {
    const LARGE: usize = 32 << 20;
    let queue = Queue::<ByteBuf>::new().expect("a queue");
    let before = memory();
    for round in 0..4 {
        queue.put(ByteBuf::from(vec![1; LARGE])).expect("it is open");
        for _ in 0..2 {
            let one = queue.clone();
            let worker = std::thread::spawn(move || {
                one.get().expect("an item");
                std::panic::resume_unwind(Box::new("with an item in hand"));
            });
            worker.join().expect_err("it panics");
        }
        let letters = queue.dead_letters().expect("it was made here");
        assert_eq!(letters.len(), 1, "round {round}");
        assert_eq!(letters[0].len(), LARGE);
        assert!(queue.dead_letters().expect("it was made here").is_empty());
    }
    let grown = memory().saturating_sub(before);
    assert!(grown < 3 * LARGE as u64, "{grown} bytes are kept");
}

fn a_long_item_in_the_hand_of_one_that_dies_comes_back() {
    let queue = Queue::new().expect("a queue");
    queue.extend([bytes(LONG), bytes(1)]).expect("it is open");
    let child = Process::spawn(gets_and_aborts, (queue.clone(),)).expect("a start");
    assert_eq!(child.wait().expect("it ends"), -6);
    assert_eq!(queue.len().expect("it is here"), 2);
    assert!(queue.try_get().expect("it is back") == bytes(LONG));
    assert!(queue.try_get().expect("the other one") == bytes(1));
}

pub fn puts_many_and_aborts(queue: Queue<ByteBuf>, long: u32, short: u32) {
    for _ in 0..short {
        queue.put(ByteBuf::from([1])).expect("the creator is there");
    }
    for _ in 0..long {
        queue.put(bytes(70_000)).expect("the creator is there");
    }
    process::abort();
}

/// When a process ends, the creator asks for each long item of it whether it is still wanted.
fn long_items_that_a_dead_process_has_put_hold_nobody_up() {
    const ITEMS: (u32, u32) = (300, 30_000);
    let queue = Queue::new().expect("a queue");
    let args = (queue.clone(), ITEMS.0, ITEMS.1);
    let child = Process::spawn(puts_many_and_aborts, args).expect("a start");
    assert_eq!(child.wait().expect("it ends"), -6);
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    for number in 0..ITEMS.0 + ITEMS.1 {
        let begun = Instant::now();
        let item = queue.get_timeout(SOON).expect("an item");
        longest = longest.max(begun.elapsed());
        assert_eq!(item.len(), if number < ITEMS.1 { 1 } else { 70_000 });
    }
    let took = start.elapsed();
    assert!(longest < Duration::from_millis(500), "{longest:?} for one, {took:?} in all");
}

const HUGE: usize = 256 << 20;

pub fn says_whether_it_is_whole(queue: Queue<ByteBuf>) -> bool {
    queue.get().expect("an item") == vec![7; HUGE]
}

fn an_item_of_256_mib_reaches_a_child() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(says_whether_it_is_whole, (queue.clone(),)).expect("a start");
    queue.put(ByteBuf::from(vec![7; HUGE])).expect("it is open");
    assert!(child.join().expect("an answer"));
}

pub fn puts_something_huge(queue: Queue<ByteBuf>) {
    queue.put(ByteBuf::from(vec![7; HUGE])).expect("the creator is there");
}

fn an_item_of_256_mib_comes_from_a_child() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(puts_something_huge, (queue.clone(),)).expect("a start");
    child.join().expect("it returns");
    assert!(queue.try_get().expect("it was put") == vec![7; HUGE]);
    assert!(memfd_bytes() < 1 << 20, "{} bytes lie in the queue's memory", memfd_bytes());
}

pub fn gets_an_end_and_aborts(queue: Queue<(u32, Option<Connection<(), ()>>)>) {
    let (number, end) = queue.get().expect("an item");
    assert!(number == 1 && end.is_some());
    process::abort();
}

fn an_item_with_an_end_that_was_got_by_one_who_died_is_passed_over() {
    let queue = Queue::new().expect("a queue");
    let (ours, theirs) = pipe().expect("a pipe");
    queue.put((1, Some(theirs))).expect("it is open");
    queue.put((2, None)).expect("it is open");
    let child = Process::spawn(gets_an_end_and_aborts, (queue.clone(),)).expect("a start");
    assert_eq!(child.wait().expect("it ends"), -6);
    // The end moved to it, and is gone with it.
    assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    assert_eq!(queue.get_timeout(SOON).expect("the next one").0, 2);
    until("nothing is left", SOON, || queue.len().is_ok_and(|len| len == 0));
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
}

/// Has an item of each queue in hand.
pub fn has_an_item_of_each(queues: Vec<Queue<u32>>, line: Connection<(), ()>) {
    assert!(queues.iter().all(|queue| queue.get().is_ok_and(|item| item == 1)));
    line.send(()).expect("the parent waits");
    let _ = line.recv();
}

/// The watching thread has as much to do as there are queues, and the one that waits does not wait
/// for its turn.
fn whoever_waited_for_a_killed_consumer_gets_what_it_had_first() {
    for round in 0..20 {
        let queues: Vec<_> = (0..20).map(|_| Queue::new().expect("a queue")).collect();
        for queue in &queues {
            queue.extend(1..=2).expect("it is open");
        }
        let (line, theirs) = pipe().expect("a pipe");
        let child = Process::spawn(has_an_item_of_each, (queues.clone(), theirs));
        let child = child.expect("a start");
        line.recv_timeout(SOON).expect("it has them");
        child.kill().expect("it can be signalled");
        assert_eq!(child.wait().expect("it ends"), -9);
        let got = queues.iter().rev().map(|queue| queue.get_timeout(SOON).expect("an item"));
        let got: Vec<u32> = got.collect();
        assert!(got.iter().all(|item| *item == 1), "round {round}: {got:?}");
    }
}
