//! What passes as argument and as value.

use crate::{inner, pool, square};
use library_support::{RefusedThere, Refuses, Suite, bytes, suite};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Queue, pipe};
use std::thread;

pub fn suite() -> Suite {
    suite! {
        tests: [
            values_of_every_length_pass_both_ways,
            sixty_four_mebibytes_pass_both_ways,
            long_ones_among_short_ones_keep_their_place,
            long_ones_that_nobody_waits_for_are_kept,
            arguments_that_cannot_be_encoded_are_one_error,
            arguments_that_cannot_be_decoded_are_one_error,
            values_that_cannot_be_encoded_are_one_error,
            values_that_cannot_be_decoded_are_one_error,
            queues_pass_as_arguments,
            connections_pass_both_ways,
            a_long_panic_message_is_cut_and_told,
            nothing_at_all_passes,
        ],
        children: [
            echoes, takes_refused, takes_refuses, gives_refuses, gives_refused_there, puts_one, answers, opens,
            panics_at_length, does_nothing, makes,
        ],
    }
}

fn echoes(bytes: ByteBuf) -> ByteBuf {
    bytes
}

fn takes_refused(_: RefusedThere) {}

fn takes_refuses(n: Result<u64, Refuses>) -> u64 {
    n.unwrap_or_default()
}

fn gives_refuses(n: u64) -> Result<u64, Refuses> {
    if n == 3 { Err(Refuses) } else { Ok(n) }
}

fn gives_refused_there(n: u64) -> Result<u64, RefusedThere> {
    if n == 3 { Err(RefusedThere) } else { Ok(n) }
}

fn puts_one(queue: Queue<u64>, n: u64) -> u64 {
    queue.put(n).expect("the creator is there");
    n
}

fn answers(connection: Connection<u64, u64>) {
    let n = connection.recv().expect("a question");
    connection.send(n + 1).expect("someone listens");
}

fn opens(_: u64) -> Connection<u64, u64> {
    let (here, there) = pipe::<u64, u64>().expect("a pipe");
    thread::spawn(move || {
        while let Ok(n) = here.recv() {
            let _ = here.send(n * 2);
        }
    });
    there
}

fn panics_at_length() {
    panic!("{}", "ä".repeat(100_000));
}

fn does_nothing() {}

fn makes(length: usize) -> ByteBuf {
    bytes(length)
}

fn values_of_every_length_pass_both_ways() {
    let pool = pool(2);
    // Around where a record no longer lies in the lane, and where a lane is full.
    let edges = [0, 1, 7, 8, 9, 8180, 8184, 8192, 8200, 16_384, 65_528, 65_536, 65_544, 200_000];
    let lengths = edges.into_iter().chain((0..400).map(|n| n * 37));
    let values: Vec<ByteBuf> = lengths.map(bytes).collect();
    assert!(pool.map(echoes, values.clone()).expect("values") == values);
}

fn sixty_four_mebibytes_pass_both_ways() {
    let pool = pool(1);
    let much = bytes(64 << 20);
    let task = pool.spawn(echoes, (much.clone(),)).expect("a task");
    assert!(task.join().expect("a value") == much);
}

fn long_ones_that_nobody_waits_for_are_kept() {
    let pool = pool(1);
    let queue = Queue::new().expect("a queue");
    let value = |n: usize| bytes(100_000 + n);
    let tasks: Vec<_> =
        (0..5).map(|n| pool.spawn(makes, (100_000 + n,)).expect("a task")).collect();
    pool.spawn(puts_one, (queue.clone(), 1)).expect("a task").detach();
    queue.get_timeout(library_support::SOON).expect("all before it are done");
    for (n, task) in tasks.into_iter().enumerate() {
        assert!(task.join().expect("a value") == value(n), "{n}");
    }
}

fn long_ones_among_short_ones_keep_their_place() {
    let pool = pool(2);
    let lengths = (0..300).map(|n| if n % 7 == 0 { 100_000 + n } else { n });
    let values: Vec<ByteBuf> = lengths.map(bytes).collect();
    assert!(pool.map(echoes, values.clone()).expect("values") == values);
}

/// [129]
fn arguments_that_cannot_be_encoded_are_one_error() {
    let pool = pool(2);
    assert!(matches!(pool.spawn(takes_refuses, (Err(Refuses),)), Err(Error::Encode { .. })));
    let items = || (0..9).map(|n| if n == 3 { Err(Refuses) } else { Ok(n) });
    let values: Vec<_> = pool.imap(takes_refuses, items()).expect("an iterator").collect();
    assert_eq!(values.len(), 9);
    for (n, value) in (0..).zip(values) {
        match value {
            Ok(value) => assert_eq!(value, n),
            Err(error) => assert!(n == 3 && matches!(inner(error), Error::Encode { .. })),
        }
    }
    let error = pool.map(takes_refuses, items()).expect_err("one cannot be encoded");
    assert!(error.to_string().starts_with("`values::takes_refuses` of item 3: "), "{error}");
}

/// [163]
fn arguments_that_cannot_be_decoded_are_one_error() {
    let pool = pool(1);
    let error = pool.spawn(takes_refused, (RefusedThere,)).expect("a task").join();
    let error = inner(error.expect_err("it is refused there"));
    assert!(
        matches!(error, Error::NoValue { .. }) && error.to_string().contains("refused it"),
        "{error}"
    );
    assert_eq!(pool.map(square, 0..3).expect("values"), [0, 1, 4]);
}

/// [149] [165]
fn values_that_cannot_be_encoded_are_one_error() {
    let pool = pool(2);
    let values: Vec<_> = pool.imap(gives_refuses, 0..9).expect("an iterator").collect();
    for (n, value) in values.into_iter().enumerate() {
        match value {
            Ok(value) => assert_eq!(value.ok(), Some(n as u64)),
            Err(error) => {
                assert_eq!(n, 3);
                assert!(matches!(inner(error), Error::NoValue { .. }));
            }
        }
    }
}

/// [166]
fn values_that_cannot_be_decoded_are_one_error() {
    let pool = pool(2);
    let values: Vec<_> = pool.imap(gives_refused_there, 0..9).expect("an iterator").collect();
    assert_eq!(values.iter().filter(|value| value.is_ok()).count(), 8);
    let error = values.into_iter().nth(3).expect("there are nine").expect_err("it is refused");
    assert!(error.to_string().starts_with("`values::gives_refused_there` of item 3: "), "{error}");
    assert!(matches!(inner(error), Error::Decode { .. }));
}

fn queues_pass_as_arguments() {
    let pool = pool(2);
    let queue = Queue::new().expect("a queue");
    let values = pool.starmap(puts_one, (0..60).map(|n| (queue.clone(), n))).expect("values");
    assert!(values.into_iter().eq(0..60));
    let mut items: Vec<u64> = (0..60).map(|_| queue.get().expect("an item")).collect();
    items.sort_unstable();
    assert!(items.into_iter().eq(0..60));
}

/// [145]
fn connections_pass_both_ways() {
    let pool = pool(2);
    let (here, there) = pipe::<u64, u64>().expect("a pipe");
    let task = pool.spawn(answers, (there,)).expect("a task");
    here.send(41).expect("someone listens");
    assert_eq!(here.recv().expect("an answer"), 42);
    task.join().expect("an end");
    for connection in pool.map(opens, 0..8).expect("connections") {
        connection.send(21).expect("someone listens");
        assert_eq!(connection.recv().expect("an answer"), 42);
    }
}

fn a_long_panic_message_is_cut_and_told() {
    let error = pool(1).spawn(panics_at_length, ()).expect("a task").join();
    let Error::Panicked { message, .. } = inner(error.expect_err("it panics")) else {
        panic!("no panic");
    };
    assert!(message.len() > 1000 && message.chars().all(|char| char == 'ä'));
}

/// [140] [154]
fn nothing_at_all_passes() {
    let pool = pool(2);
    pool.starmap(does_nothing, (0..1000).map(|_| ())).expect("values");
    pool.spawn(does_nothing, ()).expect("a task").join().expect("a value");
}
