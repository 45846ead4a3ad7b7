//! What is left of the items of a process that is gone, and of a queue whose creator is.

use crate::handles::{Call, Child, Fault, Handle, Own, passed};
use library_support::{SOON, Suite, bytes, suite, until};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, pipe};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_killed_consumer_that_waits_takes_no_item,
            what_a_killed_consumer_held_goes_to_another_from_the_front,
            what_a_killed_consumer_had_done_does_not_come_again,
            what_a_terminated_consumer_held_goes_to_another,
            what_a_killed_consumer_held_goes_to_one_who_waits,
            a_killed_producer_that_waits_puts_nothing,
            finished_puts_survive_their_producer,
            a_producer_killed_in_a_long_put_leaves_whole_items_only,
            a_producer_killed_at_any_moment_leaves_whole_items_in_order,
            an_item_in_the_hand_of_one_that_panics_comes_back,
            a_poison_item_costs_two_workers_and_is_then_a_dead_letter,
            whoever_waited_for_a_process_that_died_sees_all_that_it_put,
            one_that_was_told_of_an_item_finds_it,
            late_workers_get_what_nobody_has_begun,
            when_the_creator_is_killed_every_call_is_closed_within_a_second,
            when_the_creator_has_ended_every_call_is_closed,
        ],
        children: [
            dies_after_its_puts,
            dies_of_three,
            gets_one_and_panics,
            puts_and_tells,
            works_slowly,
            gives_its_queue_away,
            puts_for_ever,
            puts_something_huge,
        ],
    }
}

/// [52]
fn a_killed_consumer_that_waits_takes_no_item() {
    let queue = Queue::new().expect("a queue");
    let (first, second) = (Child::with(&queue), Child::with(&queue));
    first.begin(Call::Get); // it is the first in line
    second.begin(Call::Get);
    first.kill();
    queue.put(1).expect("it is open");
    let start = Instant::now();
    assert_eq!(second.end(), Ok(Some(1)));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    second.finish();
    assert_eq!(queue.len().expect("it is here"), 0);
}

fn what_a_killed_consumer_held_goes_to_another_from_the_front() {
    let queue = Queue::new().expect("a queue");
    queue.extend(1..=4).expect("it is open");
    let (mut first, mut second) = (Child::with(&queue), Child::with(&queue));
    assert_eq!(first.get(), Ok(1));
    first.kill();
    // As soon as the creator has seen its end.
    until("it is back", SOON, || queue.len().is_ok_and(|len| len == 4));
    for item in 1..=4 {
        assert_eq!(second.get(), Ok(item));
    }
    assert_eq!(second.try_get(), Err(Fault::Empty));
    second.finish();
}

fn what_a_killed_consumer_had_done_does_not_come_again() {
    for bound in [None, Some(4)] {
        let queue = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
        queue.extend(1..=4).expect("there is room");
        let mut child = Child::with(&queue);
        assert_eq!((child.get(), child.get()), (Ok(1), Ok(2)));
        child.kill(); // it had done with 1, since it asked for 2
        until("it is back", SOON, || queue.len().is_ok_and(|len| len == 3));
        for item in 2..=4 {
            assert_eq!(queue.get().expect("an item"), item);
        }
        assert!(matches!(queue.try_get(), Err(Error::Empty)));
    }
}

fn what_a_terminated_consumer_held_goes_to_another() {
    let queue = Queue::new().expect("a queue");
    queue.extend(1..=2).expect("it is open");
    let mut child = Child::with(&queue);
    assert_eq!(child.get(), Ok(1));
    child.process.terminate().expect("it can be signalled");
    assert_eq!(child.process.wait().expect("it ends"), -15);
    until("it is back", SOON, || queue.len().is_ok_and(|len| len == 2));
    assert_eq!((queue.get().expect("an item"), queue.get().expect("an item")), (1, 2));
}

fn what_a_killed_consumer_held_goes_to_one_who_waits() {
    let queue = Queue::new().expect("a queue");
    let (mut first, second) = (Child::with(&queue), Child::with(&queue));
    queue.put(1).expect("it is open");
    assert_eq!(first.get(), Ok(1));
    second.begin(Call::Get);
    first.kill();
    assert_eq!(second.end(), Ok(Some(1)));
    second.finish();
}

fn a_killed_producer_that_waits_puts_nothing() {
    let queue = Queue::bounded(1).expect("a queue");
    queue.put(1).expect("there is room");
    let (first, second) = (Child::with(&queue), Child::with(&queue));
    first.begin(Call::Put(2));
    second.begin(Call::Put(3));
    first.kill();
    assert_eq!(queue.get().expect("an item"), 1);
    assert_eq!(queue.get_timeout(SOON).expect("an item"), 3);
    assert_eq!(second.end(), Ok(None));
    second.finish();
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
}

pub fn dies_after_its_puts(queue: Queue<u32>, count: u32) {
    for item in 0..count {
        queue.put(item).expect("the creator is there");
    }
    process::abort();
}

fn finished_puts_survive_their_producer() {
    for bound in [None, Some(1000)] {
        let queue = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
        for count in [1, 2, 100, 1000] {
            let child = Process::spawn(dies_after_its_puts, (queue.clone(), count));
            assert_eq!(child.expect("a start").wait().expect("it ends"), -6);
            for item in 0..count {
                assert_eq!(queue.get_timeout(SOON).expect("it was put"), item);
            }
        }
    }
}

const HUGE: usize = 32 << 20;

pub fn puts_something_huge(queue: Queue<ByteBuf>, ready: Connection<(), ()>) {
    let item = bytes(HUGE);
    ready.send(()).expect("the parent waits");
    queue.put(item).expect("the creator is there");
    library_support::sleeps();
}

/// [53]
fn a_producer_killed_in_a_long_put_leaves_whole_items_only() {
    let queue = Queue::new().expect("a queue");
    let mut unfinished = 0;
    for round in 0..10 {
        let (ours, theirs) = pipe().expect("a pipe");
        let child = Process::spawn(puts_something_huge, (queue.clone(), theirs));
        let child = child.expect("a start");
        ours.recv_timeout(SOON).expect("it is there");
        thread::sleep(Duration::from_millis(3 * round)); // another moment each time
        child.kill().expect("it can be signalled");
        assert_eq!(child.wait().expect("it ends"), -9);
        // The queue works, for the creator and for others.
        let other = passed(&queue);
        other.put(bytes(7)).expect("it is open");
        let mut item = queue.get_timeout(SOON).expect("an item");
        if item.len() == HUGE {
            assert!(item == bytes(HUGE));
            item = queue.get_timeout(SOON).expect("an item");
        } else {
            unfinished += 1;
        }
        assert!(item == bytes(7), "{} bytes", item.len());
        // What comes late is whole, too.
        if let Ok(late) = queue.try_get() {
            assert!(late == bytes(HUGE), "{} bytes", late.len());
        }
    }
    assert!(unfinished > 0, "no put was ever cut short");
}

pub fn puts_for_ever(queue: Queue<Vec<u32>>, ready: Connection<(), ()>, many_at_once: usize) {
    ready.send(()).expect("the parent waits");
    let mut items = (0..).map(|n| vec![n; 10_000]);
    while queue.extend(items.by_ref().take(many_at_once)).is_ok() {}
}

fn a_producer_killed_at_any_moment_leaves_whole_items_in_order() {
    for (round, many_at_once) in [1, 10, 1, 10, 1, 10].into_iter().enumerate() {
        let queue = Queue::new().expect("a queue");
        let (ours, theirs) = pipe().expect("a pipe");
        let child = Process::spawn(puts_for_ever, (queue.clone(), theirs, many_at_once));
        let child = child.expect("a start");
        ours.recv_timeout(SOON).expect("it is there");
        for _ in 0..round * 3 {
            queue.get_timeout(SOON).expect("an item");
        }
        child.kill().expect("it can be signalled");
        assert_eq!(child.wait().expect("it ends"), -9);
        // A second process's items come after what was finished.
        passed(&queue).put(vec![]).expect("it is open");
        let mut next = u32::try_from(round * 3).expect("a small number");
        loop {
            let item = queue.get_timeout(SOON).expect("an item");
            if item.is_empty() {
                break;
            }
            assert_eq!(item, vec![next; 10_000]);
            next += 1;
        }
    }
}

/// Makes a queue, gives it to the parent, and lives as long as it is let.
pub fn gives_its_queue_away(to: Connection<Queue<u32>, ()>, bound: Option<usize>) {
    let queue = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
    queue.put(1).expect("there is room");
    to.send(queue).expect("the parent waits");
    while to.recv().is_ok() {}
}

struct Orphaned {
    creator: Process<()>,
    life: Connection<(), Queue<u32>>,
    queue: Queue<u32>,
}

fn elsewhere(bound: Option<usize>) -> Orphaned {
    let (life, theirs) = pipe().expect("a pipe");
    let creator = Process::spawn(gives_its_queue_away, (theirs, bound)).expect("a start");
    let queue = life.recv_timeout(SOON).expect("a queue");
    Orphaned { creator, life, queue }
}

#[track_caller]
fn are_closed(handles: &mut [&mut dyn Handle]) {
    for handle in handles {
        for _ in 0..2 {
            assert_eq!(handle.put(1), Err(Fault::Closed));
            assert_eq!(handle.try_put(1), Err(Fault::Closed));
            assert_eq!(handle.put_timeout(1, SOON), Err(Fault::Closed));
            assert_eq!(handle.extend(vec![1]), Err(Fault::Closed));
            assert_eq!(handle.get(), Err(Fault::Closed));
            assert_eq!(handle.try_get(), Err(Fault::Closed));
            assert_eq!(handle.get_timeout(SOON), Err(Fault::Closed));
            assert_eq!(handle.len(), Err(Fault::Closed));
            assert_eq!(handle.close(), Err(Fault::Closed));
        }
    }
}

/// [54]
fn when_the_creator_is_killed_every_call_is_closed_within_a_second() {
    for bound in [None, Some(1)] {
        let Orphaned { creator, life: _life, queue } = elsewhere(bound);
        let waiting = Child::with(&queue);
        if bound.is_some() {
            waiting.begin(Call::Put(2));
        } else {
            let mut other = Own(queue.clone());
            assert_eq!(other.get(), Ok(1));
            waiting.begin(Call::Get);
        }
        let mut begun = Own(queue.clone());
        begun.len().expect("the creator is there");
        creator.kill().expect("it can be signalled");
        let start = Instant::now();
        assert_eq!(waiting.end(), Err(Fault::Closed));
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(creator.wait().expect("it ends"), -9);
        // For one that was in use, one that was waiting, and one that never was in use.
        let mut waiting = waiting;
        are_closed(&mut [&mut begun, &mut waiting, &mut Own(queue)]);
        waiting.finish();
    }
}

/// [54]
fn when_the_creator_has_ended_every_call_is_closed() {
    for bound in [None, Some(1)] {
        let Orphaned { creator, life, queue } = elsewhere(bound);
        let mut begun = Own(queue.clone());
        begun.len().expect("the creator is there");
        drop(life);
        creator.join().expect("it returns");
        are_closed(&mut [&mut begun, &mut Own(queue)]);
    }
}

pub fn gets_one_and_panics(queue: Queue<u32>) {
    let item = queue.get().expect("an item");
    panic!("cannot work on {item}");
}

fn an_item_in_the_hand_of_one_that_panics_comes_back() {
    let queue = Queue::new().expect("a queue");
    queue.extend(1..=3).expect("it is open");
    let consumer = Process::spawn(gets_one_and_panics, (queue.clone(),)).expect("a start");
    assert!(matches!(consumer.join(), Err(Error::Panicked { .. })));
    // In a thread of the creator, too; the second death is the last.
    let own = queue.clone();
    thread::spawn(move || gets_one_and_panics(own)).join().expect_err("it panics");
    assert_eq!(queue.dead_letters().expect("it was made here"), [1]);
    assert_eq!(queue.len().expect("it is here"), 2);
    assert_eq!(queue.get().expect("an item"), 2);
}

pub fn dies_of_three(queue: Queue<u32>, done: Queue<u32>) {
    for item in &queue {
        let item = item.expect("a number");
        if item == 3 {
            process::abort();
        }
        done.put(item).expect("the creator is there");
    }
}

/// Four workers, twenty items, one of which kills.
fn a_poison_item_costs_two_workers_and_is_then_a_dead_letter() {
    for _ in 0..10 {
        let (queue, done) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
        queue.extend(0..20).expect("it is open");
        let workers = [(); 4].map(|()| {
            Process::spawn(dies_of_three, (queue.clone(), done.clone())).expect("a start")
        });
        queue.close().expect("it is open");
        let ends = workers.map(|worker| worker.wait().expect("it ends"));
        assert_eq!(ends.iter().filter(|end| **end == -6).count(), 2, "{ends:?}");
        assert_eq!(done.len().expect("it is here"), 19);
        assert_eq!(queue.len().expect("it is here"), 0);
        assert_eq!(queue.dead_letters().expect("it was made here"), [3]);
        assert!(queue.dead_letters().expect("it was made here").is_empty());
    }
}

fn whoever_waited_for_a_process_that_died_sees_all_that_it_put() {
    let queue = Queue::new().expect("a queue");
    for round in 0..60 {
        let count = round % 5 + 1;
        let child = Process::spawn(dies_after_its_puts, (queue.clone(), count)).expect("a start");
        assert_eq!(child.wait().expect("it ends"), -6);
        assert_eq!(queue.len().expect("it is here"), count as usize);
        for item in 0..count {
            assert_eq!(queue.try_get().expect("it was put"), item);
        }
    }
}

pub fn puts_and_tells(queue: Queue<u32>, line: Connection<u32, ()>) {
    for item in 0..2000 {
        queue.put(item).expect("the creator is there");
        line.send(item).expect("the parent is there");
    }
}

fn one_that_was_told_of_an_item_finds_it() {
    let (queue, (ours, theirs)) = (Queue::new().expect("a queue"), pipe().expect("a pipe"));
    let child = Process::spawn(puts_and_tells, (queue.clone(), theirs)).expect("a start");
    for item in 0..2000 {
        assert_eq!(ours.recv().expect("it tells"), item);
        assert_eq!(queue.try_get().expect("it is there"), item);
    }
    child.join().expect("it returns");
}

/// Quick items, then slow ones; says how many slow ones it had.
pub fn works_slowly(queue: Queue<u64>) -> u32 {
    let mut slow = 0;
    for millis in &queue {
        let millis = millis.expect("a number");
        thread::sleep(Duration::from_millis(millis));
        slow += u32::from(millis > 0);
    }
    slow
}

fn late_workers_get_what_nobody_has_begun() {
    let queue = Queue::new().expect("a queue");
    queue.extend((0..200).map(|_| 0)).expect("it is open");
    queue.extend((0..24).map(|_| 20)).expect("it is open");
    queue.close().expect("it is open");
    let start = || Process::spawn(works_slowly, (queue.clone(),)).expect("a start");
    let first = start();
    until("the slow items are begun", SOON, || queue.len().expect("it is here") < 24);
    let counts = [first, start(), start()].map(|worker| worker.join().expect("a count"));
    assert_eq!(counts.iter().sum::<u32>(), 24);
    // With 20 ms an item, those that came late have had their share.
    assert!(counts.iter().all(|&count| count >= 4), "{counts:?}");
}
