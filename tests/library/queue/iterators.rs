//! Waits that end: iterating over a queue, and calls that nobody is left to answer.

use library_support::{SOON, Suite, as_sender, suite};
use serde::{Deserialize, Serialize};
use shared::{Connection, Error, Process, Queue, pipe};
use std::panic::{self, AssertUnwindSafe};
use std::process;

pub fn suite() -> Suite {
    suite! {
        tests: [
            for_item_in_a_reference_ends_when_the_queue_is_closed,
            a_value_that_cannot_be_decoded_is_not_the_end_of_an_iteration,
            for_item_in_queue_ends_in_the_creator_when_the_last_producer_is_gone,
            for_item_in_queue_ends_in_several_workers_at_once,
            a_handle_in_an_item_keeps_an_iteration_waiting,
            a_get_ends_when_its_handle_is_the_only_one,
            a_get_that_is_the_only_one_left_first_takes_what_a_dead_consumer_had,
            a_put_ends_when_nobody_is_left_who_could_make_room,
            closed_comes_after_all_that_was_put_and_stays,
            a_lazy_extend_passes_each_item_on_at_once,
            an_extend_whose_iterator_panics_has_put_what_came_before,
            only_the_creator_has_dead_letters,
        ],
        children: [
            puts_and_ends,
            counts_until_the_end,
            answers_lazily,
            gets_one_and_dies,
            puts_and_waits_to_be_told,
            asks_for_dead_letters,
        ],
    }
}

/// How a producer ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum End {
    Returns,
    Panics,
    Aborts,
}

pub fn puts_and_ends(queue: Queue<u32>, end: End) {
    queue.put(1).expect("the creator is there");
    match end {
        End::Returns => {}
        End::Panics => panic::resume_unwind(Box::new("on purpose")),
        End::Aborts => process::abort(),
    }
}

fn for_item_in_a_reference_ends_when_the_queue_is_closed() {
    let queue = Queue::new().expect("a queue");
    queue.extend(0..3).expect("it is open");
    queue.close().expect("it is open");
    let items: Vec<u32> = queue.iter().collect::<shared::Result<_>>().expect("numbers");
    assert_eq!(items, [0, 1, 2]);
}

fn a_value_that_cannot_be_decoded_is_not_the_end_of_an_iteration() {
    type Item = (u32, Result<(), library_support::RefusedThere>);
    let queue = Queue::<Item>::new().expect("a queue");
    let items = [(1, Ok(())), (2, Err(library_support::RefusedThere)), (3, Ok(()))];
    as_sender(|| queue.extend(items)).expect("it is open");
    queue.close().expect("it is open");
    let seen: Vec<bool> = queue.into_iter().map(|item| item.is_ok()).collect();
    assert_eq!(seen, [true, false, true]);
}

fn for_item_in_queue_ends_in_the_creator_when_the_last_producer_is_gone() {
    for end in [End::Returns, End::Panics, End::Aborts] {
        let queue = Queue::new().expect("a queue");
        let producers =
            [(); 2].map(|()| Process::spawn(puts_and_ends, (queue.clone(), end)).expect("a start"));
        let items: Vec<u32> = queue.into_iter().collect::<shared::Result<_>>().expect("numbers");
        assert_eq!(items, [1, 1], "{end:?}");
        drop(producers);
    }
}

pub fn counts_until_the_end(queue: Queue<u32>) -> usize {
    queue.into_iter().count()
}

fn for_item_in_queue_ends_in_several_workers_at_once() {
    for end in [End::Returns, End::Aborts] {
        let queue = Queue::new().expect("a queue");
        let workers = [(); 3]
            .map(|()| Process::spawn(counts_until_the_end, (queue.clone(),)).expect("a start"));
        let producer = Process::spawn(puts_and_ends, (queue.clone(), end)).expect("a start");
        queue.extend(0..100).expect("it is open");
        drop(queue);
        let _ = producer.wait().expect("it ends");
        let counts = workers.map(|worker| worker.join().expect("it counts"));
        assert_eq!(counts.iter().sum::<usize>(), 101, "{end:?}");
    }
}

fn a_handle_in_an_item_keeps_an_iteration_waiting() {
    let (queue, carrier) = (Queue::<u32>::new(), Queue::<Queue<u32>>::new());
    let (queue, carrier) = (queue.expect("a queue"), carrier.expect("a queue"));
    carrier.put(queue.clone()).expect("it is open");
    let mut items = queue.into_iter();
    let passed_on = carrier.get().expect("the handle");
    passed_on.put(7).expect("it is open");
    assert_eq!(items.next().expect("not the end").expect("a number"), 7);
    drop(passed_on);
    assert!(items.next().is_none());
}

fn a_get_ends_when_its_handle_is_the_only_one() {
    let queue = Queue::new().expect("a queue");
    let producer = Process::spawn(puts_and_ends, (queue.clone(), End::Aborts)).expect("a start");
    assert_eq!(queue.get().expect("an item"), 1);
    assert!(matches!(queue.get(), Err(Error::Closed)));
    drop(producer);
    // It is not closed: this handle can still put.
    queue.put(2).expect("it is open");
    assert_eq!(queue.get().expect("an item"), 2);
}

pub fn gets_one_and_dies(queue: Queue<u32>) {
    queue.get().expect("an item");
    process::abort();
}

fn a_get_that_is_the_only_one_left_first_takes_what_a_dead_consumer_had() {
    let queue = Queue::new().expect("a queue");
    queue.put(5).expect("it is open");
    let consumer = Process::spawn(gets_one_and_dies, (queue.clone(),)).expect("a start");
    while queue.len().expect("it is here") > 0 && consumer.is_alive() {
        std::thread::yield_now();
    }
    assert_eq!(queue.get().expect("it comes back"), 5);
    assert!(matches!(queue.get(), Err(Error::Closed)));
}

fn a_put_ends_when_nobody_is_left_who_could_make_room() {
    let queue = Queue::bounded(1).expect("a queue");
    let consumer = Process::spawn(gets_one_and_dies, (queue.clone(),)).expect("a start");
    queue.put(1).expect("there is room");
    // The item in hand comes back when the consumer dies, and fills the queue.
    assert_eq!(consumer.wait().expect("it ends"), -6);
    assert!(matches!(queue.put(2), Err(Error::Closed)));
    assert_eq!(queue.get().expect("an item"), 1);
    queue.put(3).expect("there is room again");
}

pub fn puts_and_waits_to_be_told(queue: Queue<String>, steps: Connection<(), ()>) {
    (0..3).for_each(|_| queue.put("x".repeat(50_000)).expect("it is open"));
    steps.send(()).expect("the parent waits");
    let _ = steps.recv();
}

fn closed_comes_after_all_that_was_put_and_stays() {
    for _ in 0..50 {
        let (queue, (ours, theirs)) = (Queue::new().expect("a queue"), pipe().expect("a pipe"));
        let producer = Process::spawn(puts_and_waits_to_be_told, (queue.clone(), theirs));
        let producer = producer.expect("a start");
        ours.recv().expect("it has put");
        queue.close().expect("it is open");
        assert_eq!(queue.iter().count(), 3);
        for _ in 0..3 {
            assert!(matches!(queue.try_get(), Err(Error::Closed)));
            assert!(matches!(queue.get(), Err(Error::Closed)));
        }
        drop(ours);
        producer.join().expect("it returns");
        assert!(matches!(queue.get(), Err(Error::Closed)));
    }
}

pub fn answers_lazily(tasks: Queue<u32>, answers: Queue<u32>) -> shared::Result<()> {
    answers.extend(tasks.iter().map_while(Result::ok))
}

fn a_lazy_extend_passes_each_item_on_at_once() {
    let (tasks, answers) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let worker = Process::spawn(answers_lazily, (tasks.clone(), answers.clone()));
    let worker = worker.expect("a start");
    for n in 0..3 {
        tasks.put(n).expect("it is open");
        assert_eq!(answers.get_timeout(SOON).expect("an answer"), n);
    }
    tasks.close().expect("it is open");
    worker.join().expect("it returns").expect("it could put");
}

fn an_extend_whose_iterator_panics_has_put_what_came_before() {
    let queue = Queue::new().expect("a queue");
    let items = (0..).inspect(|n| {
        if *n == 3 {
            panic::resume_unwind(Box::new("on purpose"));
        }
    });
    let extend = || queue.extend(items);
    panic::catch_unwind(AssertUnwindSafe(extend)).map(drop).expect_err("it panics");
    assert_eq!(queue.len().expect("it is here"), 3);
}

pub fn asks_for_dead_letters(queue: Queue<u32>) -> String {
    queue.dead_letters().expect_err("it was made elsewhere").to_string()
}

fn only_the_creator_has_dead_letters() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(asks_for_dead_letters, (queue.clone(),)).expect("a start");
    let error = child.join().expect("a value");
    assert!(error.contains("the process that made it"), "{error}");
}
