//! Drills 6 and 10: what is sent before anybody receives, and messages of every kind.

use crate::drill::{AT_ONCE, Drill, Round, is_long};
use library_support::{
    Disguised, RefusedThere, Refuses, Suite, as_sender, buffer, bytes, disguised, lengths, suite,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, Receiver, Sender, pipe};
use std::any::type_name;
use std::time::Duration;

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 6. Nobody reads yet.
            Drill::new("a_child_is_joined_before_its_queue_is_read", 10, 50, before_drain),
            Drill::new("two_sides_send_before_they_receive", 12, 200, both_send_first),
            // 10. What is sent.
            Drill::new("messages_of_every_length", 10, 40, of_every_length),
            Drill::new("values_that_cannot_be_sent_or_read", 10, 100, refused),
            Drill::new("as_many_ends_as_a_message_can_hold", 10, 50, full_of_ends),
            Drill::new("queues_and_pipes_through_each_other", 10, 100, through_each_other),
        ],
        children: [
            echoes,
            holds_many,
            passes_a_queue_on,
            puts_and_ends,
            returns_many,
            sends_first,
            unties,
        ],
    }
}

const SOON: Duration = AT_ONCE.saturating_mul(20);

/// A child puts 64 MiB, or in the quick form also less, and is joined before anybody gets any of it.
pub fn before_drain(round: &mut Round) {
    let all = if is_long() || round.number < 4 { 64 << 20 } else { 16 << 20 };
    let count = [1, 1024, 2, 300][round.number as usize % 4];
    let length = all / count;
    let at_once = round.number % 8 >= 4;
    let queue = Queue::new().expect("a queue");
    let args = (queue.clone(), count, length, at_once);
    let process = Process::spawn(puts_and_ends, args).expect("a child");
    assert_eq!(process.wait_timeout(SOON).expect("it can be waited for"), Some(0));
    process.join().expect("it ends");
    assert_eq!(queue.len().expect("it is here"), count);
    let item = bytes(length);
    for _ in 0..count {
        assert!(queue.try_get().expect("all is there") == item);
    }
}

pub fn puts_and_ends(queue: Queue<ByteBuf>, count: usize, length: usize, at_once: bool) {
    let item = bytes(length);
    if at_once {
        queue.extend(vec![item; count]).expect("the creator is there");
    } else {
        for _ in 0..count {
            queue.put(item.clone()).expect("the creator is there");
        }
    }
}

/// Both sides of a pipe send 10 000 messages, fewer if they are long, before either receives.
pub fn both_send_first(round: &mut Round) {
    // The kernel keeps a message in blocks of powers of two: just above one, it is near the worst.
    const LENGTHS: [u32; 12] =
        [0, 100, 4200, 8200, 3700, 10_000, 16_065, 60_000, 110_000, 205_000, 210_000, 1 << 20];
    let length = match LENGTHS.get(round.number as usize) {
        Some(&length) => length,
        None => round.below(1 << (8 + round.number % 12)),
    } as usize;
    let most = if is_long() { 256 << 20 } else { 32 << 20 };
    let count = (most / length.max(1)).clamp(100, 10_000);
    let (mine, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(sends_first, (theirs, count, length)).expect("a child");
    sends_first(mine, count, length);
    process.join().expect("it ends");
}

pub fn sends_first(connection: Connection<ByteBuf, ByteBuf>, count: usize, length: usize) {
    let message = bytes(length);
    for _ in 0..count {
        connection.send(message.clone()).expect("the other side is there");
    }
    for _ in 0..count {
        assert!(connection.recv().expect("the other side is there") == message);
    }
}

/// Through arguments, a pipe both ways, a queue both ways, and a result.
pub fn of_every_length(round: &mut Round) {
    let mut lengths = lengths();
    lengths.retain(|length| round.below(8) == 0 || length % 1024 == 0);
    lengths.push(buffer() + round.below(4096) as usize);
    if is_long() && round.number == 0 {
        lengths = vec![256 << 20];
    }
    let (mine, theirs) = pipe().expect("a pipe");
    let (to, from) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let first = bytes(lengths[round.below(u32::try_from(lengths.len()).expect("a few")) as usize]);
    let args = (first.clone(), theirs, to.clone(), from.clone());
    let process = Process::spawn(echoes, args).expect("a child");
    for length in lengths {
        let message = bytes(length);
        mine.send(message.clone()).expect("the child is there");
        assert!(mine.recv_timeout(SOON).expect("an answer") == message, "{length}");
        to.put(message.clone()).expect("it is open");
        assert!(from.get_timeout(SOON).expect("an answer") == message, "{length}");
    }
    to.close().expect("it can be closed");
    drop(mine);
    assert!(process.join().expect("a value") == first);
}

type Bytes = ByteBuf;

pub fn echoes(
    value: Bytes,
    connection: Connection<Bytes, Bytes>,
    from: Queue<Bytes>,
    to: Queue<Bytes>,
) -> Bytes {
    while let Ok(message) = connection.recv() {
        connection.send(message).expect("the parent is there");
        to.put(from.get().expect("one each time")).expect("the parent is there");
    }
    value
}

/// What cannot be encoded, or is not what is expected, is an error; what comes next is not touched.
pub fn refused(_: &mut Round) {
    let queue = Queue::<Result<u32, Refuses>>::bounded(1).expect("a queue");
    assert!(matches!(queue.put(Err(Refuses)), Err(Error::Encode { .. })));
    queue.put(Ok(1)).expect("it takes no room");
    assert!(matches!(queue.get(), Ok(Ok(1))));

    let (left, right) = pipe::<Result<u32, Refuses>, ()>().expect("a pipe");
    assert!(matches!(left.send(Err(Refuses)), Err(Error::Encode { .. })));
    left.send(Ok(2)).expect("it is open");
    assert!(matches!(right.recv(), Ok(Ok(2))));
    // An end that has moved into a message that was not sent is closed.
    let (left, right) = pipe::<(Connection<(), ()>, Option<Refuses>), ()>().expect("a pipe");
    let (lost, found) = pipe::<(), ()>().expect("a pipe");
    assert!(matches!(left.send((lost, Some(Refuses))), Err(Error::Encode { .. })));
    assert!(matches!(found.recv_timeout(AT_ONCE), Err(Error::Closed)));
    drop(right);

    let (left, right) = pipe::<Option<RefusedThere>, ()>().expect("a pipe");
    as_sender(|| left.send(Some(RefusedThere))).expect("it is open");
    left.send(None).expect("it is open");
    assert!(matches!(right.recv(), Err(Error::Decode { .. })));
    assert!(matches!(right.recv(), Ok(None)));

    wrong::<_, u32>("text".to_owned());
    wrong::<_, String>(vec![300_u64; 3]);
    wrong::<_, u32>(());
    let end = || pipe::<(), ()>().expect("a pipe").0;
    wrong::<_, Connection<(), ()>>(7_u32);
    wrong::<_, u32>(end());
    wrong::<_, Receiver<()>>(end().split().0);
    wrong::<_, Sender<()>>(end().split().1);
    wrong::<_, Queue<()>>(end());
    // Outside of a message there is nowhere for an end to go.
    assert!(postcard::to_stdvec(&end()).is_err());
    assert!(postcard::to_stdvec(&Queue::<()>::new().expect("a queue")).is_err());
}

/// A value of one type is received as one of another.
fn wrong<A: Serialize, B: DeserializeOwned>(sent: A) {
    let (left, right) = pipe::<Disguised<A, B>, ()>().expect("a pipe");
    disguised(sent, |value| left.send(value)).expect("it is open");
    let received = right.recv_timeout(AT_ONCE);
    assert!(matches!(received, Err(Error::Decode { .. })), "{}", type_name::<Disguised<A, B>>());
}

type Link = Connection<u32, u32>;

fn links(count: usize) -> (Vec<Link>, Vec<Link>) {
    (0..count).map(|_| pipe().expect("a pipe")).unzip()
}

/// Sees that each is connected with its counterpart.
fn work(links: &[Link], others: &[Link]) {
    for (n, (link, other)) in (0..).zip(links.iter().zip(others)) {
        link.send(n).expect("it is open");
        assert_eq!(other.recv_timeout(AT_ONCE).expect("it is connected"), n);
        other.send(n).expect("it is open");
        assert_eq!(link.recv_timeout(AT_ONCE).expect("it is connected"), n);
    }
}

fn are_closed(links: Vec<Link>) {
    assert!(links.iter().all(|link| matches!(link.recv_timeout(AT_ONCE), Err(Error::Closed))));
}

/// A message can hold 32 connections; 33 are an error, and then their ends are closed.
pub fn full_of_ends(_: &mut Round) {
    let (left, right) = pipe::<Vec<Link>, ()>().expect("a pipe");
    let queue = Queue::<Vec<Link>>::new().expect("a queue");
    let (sent, kept) = links(32);
    left.send(sent).expect("it can hold them");
    queue.put(right.recv().expect("all of them")).expect("it can hold them");
    work(&queue.get().expect("all of them"), &kept);
    are_closed(kept);
    let (sent, kept) = links(33);
    assert!(matches!(left.send(sent), Err(Error::TooManyEnds { count: 66, limit: 64 })));
    are_closed(kept);

    // To a child a queue goes with them, and the end on which it reports.
    let (sent, kept) = links(32);
    let refused = Process::spawn(holds_many, (sent, queue.clone()));
    let error = refused.expect_err("too many").to_string();
    assert!(error.contains("one message may carry 64"), "{error}");
    are_closed(kept);
    let (sent, kept) = links(31);
    let process = Process::spawn(holds_many, (sent, queue.clone())).expect("it can hold them");
    for link in &kept {
        link.send(1).expect("it is open");
        assert_eq!(link.recv_timeout(SOON).expect("an answer"), 2);
    }
    // The child has dropped its ends, and holds none a second time.
    are_closed(kept);
    let (sent, kept) = links(32);
    queue.put(sent).expect("it can hold them");
    work(&process.join().expect("they come back"), &kept);

    // A child that puts too many, or returns too many, says so.
    let process = Process::spawn(returns_many, (33,)).expect("a child");
    let error = process.join().expect_err("too many").to_string();
    assert!(error.contains("one message may carry 64"), "{error}");
}

pub fn holds_many(links: Vec<Link>, more: Queue<Vec<Link>>) -> Vec<Link> {
    for link in links {
        link.send(link.recv().expect("a number") + 1).expect("it is open");
    }
    more.get().expect("they come")
}

pub fn returns_many(count: usize) -> Vec<Link> {
    links(count).0
}

/// A queue that can go through itself.
#[derive(Serialize, Deserialize)]
pub struct Knot {
    queue: Queue<Knot>,
    number: u32,
}

/// A queue through a pipe, an end of a pipe through a queue, a queue through itself; and all of
/// them to a child and back.
pub fn through_each_other(round: &mut Round) {
    let queue = Queue::<Connection<u32, Queue<u32>>>::new().expect("a queue");
    let (mine, theirs) = pipe::<Queue<u32>, u32>().expect("a pipe");
    // In this process, or in a child.
    let child = round.number.is_multiple_of(2).then(|| {
        let process = Process::spawn(passes_a_queue_on, (queue.clone(),));
        process.expect("a child")
    });
    queue.put(theirs).expect("it is open");
    let numbers = Queue::new().expect("a queue");
    numbers.put(1).expect("it is open");
    mine.send(numbers.clone()).expect("it is open");
    match child {
        Some(child) => child.join().expect("it ends"),
        None => passes_a_queue_on(queue),
    }
    assert_eq!(mine.recv_timeout(SOON).expect("an answer"), 2);
    assert_eq!(numbers.try_get().expect("what was put there"), 3);

    let knots = Queue::<Knot>::new().expect("a queue");
    knots.put(Knot { queue: knots.clone(), number: 1 }).expect("it is open");
    let Knot { queue: same, number } = knots.get().expect("the queue itself");
    assert_eq!(number, 1);
    same.put(Knot { queue: knots.clone(), number: 2 }).expect("it is open");
    assert_eq!(same.get_timeout(SOON).expect("the queue itself").number, 2);
    let process = Process::spawn(unties, (same.clone(),)).expect("a child");
    knots.put(Knot { queue: same, number: 3 }).expect("it is open");
    process.join().expect("it ends");
    assert_eq!(knots.try_get().expect("the queue itself").number, 4);
}

pub fn passes_a_queue_on(queue: Queue<Connection<u32, Queue<u32>>>) {
    let connection = queue.get().expect("an end of a pipe");
    let numbers = connection.recv().expect("a queue");
    connection.send(numbers.get().expect("a number") + 1).expect("it is open");
    numbers.put(3).expect("it is open");
}

pub fn unties(queue: Queue<Knot>) {
    let Knot { queue: same, number } = queue.get().expect("the queue itself");
    let again = same.clone();
    same.put(Knot { queue: again, number: number + 1 }).expect("it is open");
}
