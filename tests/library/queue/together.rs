//! Many handles of one queue.

use crate::handles::{Call, Child, Handle, Own, passed};
use library_support::{SOON, Suite, suite};
use shared::{Error, Process, Queue};
use std::cell::RefCell;
use std::thread;

pub fn suite() -> Suite {
    suite! {
        tests: [
            many_producers_and_consumers_lose_and_double_nothing,
            many_producers_and_consumers_share_a_queue_with_a_bound,
            the_creator_s_threads_share_a_queue_with_children,
            a_child_s_threads_share_a_queue_by_a_clone_each,
            a_thread_may_keep_a_queue_to_its_very_end,
            a_queue_reaches_grandchildren,
            a_slow_consumer_keeps_one_item_and_leaves_the_others,
            what_a_consumer_does_not_use_goes_back_in_order,
            what_a_dropped_handle_did_not_use_goes_back_in_order,
            a_queue_lives_on_when_its_creator_has_dropped_its_handles,
            queues_do_not_mix,
        ],
        children: [
            keeps_a_queue_in_a_thread,
            consumes,
            gets_a_few_and_returns,
            produces,
            uses_its_queue_in_threads,
        ],
    }
}

/// The number of the producer, and that of the item.
type Item = (u32, u32);

pub fn produces(queue: Queue<Item>, producer: u32, count: u32, many_at_once: u32) {
    let mut items = (0..count).map(|item| (producer, item));
    if many_at_once == 1 {
        items.try_for_each(|item| queue.put(item)).expect("the creator is there");
    } else {
        while items.len() > 0 {
            let some = items.by_ref().take(many_at_once as usize);
            queue.extend(some).expect("the creator is there");
        }
    }
}

pub fn consumes(queue: Queue<Item>) -> Vec<Item> {
    let mut items = Vec::new();
    loop {
        match queue.get() {
            Ok(item) => items.push(item),
            Err(Error::Closed) => return items,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Sees that each item of each producer came once, and to no consumer out of order.
#[track_caller]
fn are_whole(consumed: &[Vec<Item>], producers: u32, count: u32) {
    for items in consumed {
        for producer in 0..producers {
            let of_one = items.iter().filter(|(from, _)| *from == producer);
            assert!(of_one.is_sorted(), "out of order");
        }
    }
    let mut all = consumed.concat();
    all.sort_unstable();
    let expected: Vec<Item> =
        (0..producers).flat_map(|producer| (0..count).map(move |item| (producer, item))).collect();
    assert!(all == expected, "{} items instead of {}", all.len(), expected.len());
}

fn passes_through(queue: &Queue<Item>, count: u32, many_at_once: u32) {
    let start = |_| Process::spawn(consumes, (queue.clone(),)).expect("a start");
    let consumers: Vec<_> = (0..4).map(start).collect();
    let start = |n| Process::spawn(produces, (queue.clone(), n, count, many_at_once));
    let producers: Vec<_> = (0..4).map(start).collect();
    for producer in producers {
        producer.and_then(Process::join).expect("it ends");
    }
    queue.close().expect("it is open");
    let consumed: Vec<_> =
        consumers.into_iter().map(|consumer| consumer.join().expect("its items")).collect();
    are_whole(&consumed, 4, count);
}

/// [51]
fn many_producers_and_consumers_lose_and_double_nothing() {
    passes_through(&Queue::new().expect("a queue"), 10_000, 1);
    passes_through(&Queue::new().expect("a queue"), 10_000, 1_234);
}

/// [51]
fn many_producers_and_consumers_share_a_queue_with_a_bound() {
    passes_through(&Queue::bounded(3).expect("a queue"), 500, 1);
    passes_through(&Queue::bounded(0).expect("a queue"), 500, 1);
    passes_through(&Queue::bounded(3).expect("a queue"), 500, 7);
}

fn the_creator_s_threads_share_a_queue_with_children() {
    for bound in [None, Some(2)] {
        let queue = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
        let consumer = Process::spawn(consumes, (queue.clone(),)).expect("a start");
        let producer = Process::spawn(produces, (queue.clone(), 0, 1000, 1)).expect("a start");
        let consumers = [queue.clone(), passed(&queue)].map(|q| thread::spawn(|| consumes(q)));
        let producers = [(1, queue.clone()), (2, passed(&queue))]
            .map(|(n, queue)| thread::spawn(move || produces(queue, n, 1000, 1)));
        for producer in producers {
            producer.join().expect("no panic");
        }
        producer.join().expect("it ends");
        queue.close().expect("it is open");
        let mut items = vec![consumer.join().expect("its items")];
        items.extend(consumers.map(|consumer| consumer.join().expect("no panic")));
        are_whole(&items, 3, 1000);
    }
}

pub fn uses_its_queue_in_threads(queue: Queue<Item>, done: Queue<Vec<Item>>) {
    let consumers = [(); 3].map(|()| {
        let queue = queue.clone();
        thread::spawn(|| consumes(queue))
    });
    let producers = [0, 1, 2].map(|n| {
        let queue = queue.clone();
        thread::spawn(move || produces(queue, n, 300, 1))
    });
    for producer in producers {
        producer.join().expect("no panic");
    }
    queue.close().expect("it is open");
    for consumer in consumers {
        done.put(consumer.join().expect("no panic")).expect("the creator is there");
    }
}

fn a_child_s_threads_share_a_queue_by_a_clone_each() {
    let (queue, done) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let child = Process::spawn(uses_its_queue_in_threads, (queue, done.clone()));
    child.and_then(Process::join).expect("it ends");
    let consumed = [(); 3].map(|()| done.try_get().expect("its items"));
    are_whole(&consumed, 3, 300);
}

fn a_queue_reaches_grandchildren() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(gets_a_few_and_returns, (queue.clone(), 3, true));
    queue.extend(0..6).expect("it is open");
    assert_eq!(child.and_then(Process::join).expect("its items"), [0, 1, 2]);
    assert_eq!(queue.get().expect("what was left"), 3);
}

pub fn gets_a_few_and_returns(queue: Queue<u32>, count: usize, in_a_child: bool) -> Vec<u32> {
    if in_a_child {
        let child = Process::spawn(gets_a_few_and_returns, (queue, count, false));
        return child.and_then(Process::join).expect("its items");
    }
    (0..count).map(|_| queue.get().expect("an item")).collect()
}

/// An unknown worker might be slow, so it is given one item at a time.
fn a_slow_consumer_keeps_one_item_and_leaves_the_others() {
    let queue = Queue::new().expect("a queue");
    let (mut slow, mut other) = (Child::with(&queue), Child::with(&queue));
    queue.extend(0..4).expect("it is open");
    assert_eq!(slow.get(), Ok(0));
    for item in 1..4 {
        assert_eq!(other.get_timeout(SOON), Ok(item));
    }
    assert_eq!(queue.len().expect("it is here"), 0);
    slow.finish();
    other.finish();
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
}

fn what_a_consumer_does_not_use_goes_back_in_order() {
    for used in [1, 2, 100, 999] {
        let queue = Queue::new().expect("a queue");
        queue.extend(0..1000).expect("it is open");
        let child = Process::spawn(gets_a_few_and_returns, (queue.clone(), used, false));
        let mut items = child.and_then(Process::join).expect("its items");
        while let Ok(item) = queue.try_get() {
            items.push(item);
        }
        assert!(items.iter().copied().eq(0..1000), "{used} used: {items:?}");
    }
}

fn what_a_dropped_handle_did_not_use_goes_back_in_order() {
    let queue = Queue::new().expect("a queue");
    queue.extend(0..1000).expect("it is open");
    let mut handles: [Box<dyn Handle>; 2] =
        [Box::new(Child::with(&queue)), Box::new(Own(passed(&queue)))];
    let mut expected = 0;
    for round in 0..20 {
        for handle in &mut handles {
            for _ in 0..=round {
                assert_eq!(handle.get(), Ok(expected));
                expected += 1;
            }
            handle.call(Call::Renew).expect("a new handle");
        }
    }
    assert_eq!(queue.len().expect("it is here"), 1000 - expected as usize);
}

fn a_queue_lives_on_when_its_creator_has_dropped_its_handles() {
    let queue = Queue::new().expect("a queue");
    queue.put(0).expect("it is open");
    let (mut putter, mut getter) = (Child::with(&queue), Child::with(&queue));
    let mut third = Own(passed(&queue));
    drop(queue);
    for item in 1..100 {
        putter.put(item).expect("it is open");
        assert_eq!(getter.get(), Ok(item - 1));
    }
    assert_eq!(third.get(), Ok(99));
    drop(third);
    putter.finish();
    // Now there is one handle left, in another process.
    getter.put(1).expect("it is open");
    assert_eq!(getter.get(), Ok(1));
    getter.finish();
}

fn queues_do_not_mix() {
    let queues = [(); 5].map(|()| Queue::new().expect("a queue"));
    let mut children = queues.each_ref().map(Child::with);
    for round in 0..20 {
        for (n, child) in (0..).zip(&mut children) {
            child.put(round * 5 + n).expect("it is open");
        }
    }
    for round in 0..20 {
        for (n, queue) in (0..).zip(&queues) {
            assert_eq!(queue.get().expect("an item"), round * 5 + n);
        }
    }
    for child in children {
        child.finish();
    }
}

thread_local! {
    static KEPT: RefCell<Option<Queue<u32>>> = const { RefCell::new(None) };
}

/// Its handle goes when the thread's own memory does, in which a message is encoded.
pub fn keeps_a_queue_in_a_thread(queue: Queue<u32>) -> u32 {
    let keeps = thread::spawn(move || {
        // In this order: what was used last goes first.
        KEPT.set(Some(queue));
        KEPT.with_borrow(|queue| queue.as_ref().map(|queue| queue.put(1)))
            .expect("it is kept")
            .expect("the creator is there");
    });
    keeps.join().expect("no panic");
    2
}

fn a_thread_may_keep_a_queue_to_its_very_end() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(keeps_a_queue_in_a_thread, (queue.clone(),)).expect("a start");
    assert_eq!(child.join().expect("a value"), 2);
    assert_eq!(queue.get_timeout(SOON).expect("an item"), 1);
}
