//! Ends on their way to other processes.

use crate::talk::{in_the_middle, signal};
use library_support::{SOON, Suite, bytes, suite};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, Receiver, Sender, pipe};
use std::thread;
use std::time::Duration;

pub fn suite() -> Suite {
    suite! {
        tests: [
            traffic_works_after_the_other_end_has_moved_to_a_child,
            a_connection_may_be_sent_through_a_pipe,
            a_sender_or_a_receiver_may_be_sent_through_a_pipe,
            an_end_may_travel_through_many_processes,
            a_message_that_was_polled_travels_with_its_connection,
            messages_that_were_taken_in_while_sending_travel_with_their_connection,
            a_connection_moves_with_more_ends_than_a_message_may_hold,
            half_a_message_travels_with_its_connection,
            two_ends_may_send_before_they_receive_even_while_one_of_them_moves_on,
            two_processes_may_share_a_pipe_by_its_directions,
            one_message_may_hold_32_connections_and_no_more,
            an_end_in_a_message_that_nobody_receives_is_closed,
            an_end_cannot_be_written_into_anything_else,
        ],
        children: [
            answers_on_each,
            answers_a_number,
            gives_all_it_receives,
            passes_an_end_on,
            receives_a_receiver,
            receives_a_sender,
        ],
    }
}

pub fn answers_a_number(connection: Connection<u32, u32>) {
    while let Ok(n) = connection.recv() {
        connection.send(n + 1).expect("somebody waits");
    }
}

/// [60] `test_spawn_close`
fn traffic_works_after_the_other_end_has_moved_to_a_child() {
    let (ours, theirs) = pipe().expect("a pipe");
    ours.send(1).expect("it waits in there");
    let process = Process::spawn(answers_a_number, (theirs,)).expect("a start");
    assert_eq!(ours.recv_timeout(SOON).expect("an answer"), 2);
    ours.send(3).expect("it listens");
    assert_eq!(ours.recv_timeout(SOON).expect("an answer"), 4);
    drop(ours);
    process.join().expect("it ends");
}

/// Gets connections, and answers on each of them until it ends.
pub fn passes_an_end_on(connections: Connection<(), Connection<u32, u32>>, deeper: u32) {
    while let Ok(connection) = connections.recv() {
        if deeper == 0 {
            answers_a_number(connection);
        } else {
            let (ours, theirs) = pipe().expect("a pipe");
            let child = Process::spawn(passes_an_end_on, (theirs, deeper - 1));
            ours.send(connection).expect("it listens");
            drop(ours);
            child.and_then(Process::join).expect("it ends");
        }
    }
}

/// [66] `test_pickling`, `test_access`
fn a_connection_may_be_sent_through_a_pipe() {
    let (connections, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(passes_an_end_on, (theirs, 0)).expect("a start");
    for n in 0..3 {
        let (ours, theirs) = pipe().expect("a pipe");
        ours.send(n).expect("it waits in there");
        connections.send(theirs).expect("it listens");
        assert_eq!(ours.recv_timeout(SOON).expect("an answer"), n + 1);
        ours.send(n + 10).expect("it listens");
        assert_eq!(ours.recv_timeout(SOON).expect("an answer"), n + 11);
    }
    drop(connections);
    process.join().expect("it ends");
}

pub fn receives_a_sender(connection: Connection<(), Sender<String>>) {
    let sender = connection.recv().expect("an end");
    sender.send("from the child".to_owned()).expect("somebody waits");
}

pub fn receives_a_receiver(connection: Connection<String, Receiver<String>>) {
    let receiver = connection.recv().expect("an end");
    connection.send(receiver.recv().expect("a message")).expect("the parent waits");
    assert!(matches!(receiver.recv(), Err(Error::Closed)));
}

/// [66] `test_pickling`, `test_access`
fn a_sender_or_a_receiver_may_be_sent_through_a_pipe() {
    let (sender, receiver) = one_way();
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(receives_a_sender, (theirs,)).expect("a start");
    ours.send(sender).expect("it listens");
    assert_eq!(receiver.recv_timeout(SOON).expect("a message"), "from the child");
    process.join().expect("it ends");
    assert!(matches!(receiver.recv_timeout(SOON), Err(Error::Closed)));

    let (sender, receiver) = one_way();
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(receives_a_receiver, (theirs,)).expect("a start");
    ours.send(receiver).expect("it listens");
    sender.send("to the child".to_owned()).expect("it is open");
    assert_eq!(ours.recv_timeout(SOON).expect("a message"), "to the child");
    drop(sender);
    process.join().expect("it ends");
}

/// Python's `Pipe(duplex=False)`.
fn one_way<T: Serialize + serde::de::DeserializeOwned>() -> (Sender<T>, Receiver<T>) {
    let (left, right) = pipe::<T, ()>().expect("a pipe");
    (left.split().0, right.split().1)
}

fn an_end_may_travel_through_many_processes() {
    let (connections, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(passes_an_end_on, (theirs, 3)).expect("a start");
    let (ours, theirs) = pipe().expect("a pipe");
    ours.send(1).expect("it waits in there");
    connections.send(theirs).expect("it listens");
    assert_eq!(ours.recv_timeout(SOON).expect("an answer"), 2);
    drop((ours, connections));
    process.join().expect("it ends");
}

/// Gives the lengths of all messages that a connection receives.
pub fn gives_all_it_receives(connection: Connection<(), ByteBuf>) -> Vec<usize> {
    std::iter::from_fn(|| {
        let message = connection.recv().ok()?;
        assert!(message == bytes(message.len()), "{} other bytes", message.len());
        Some(message.len())
    })
    .collect()
}

fn two_ends_may_send_before_they_receive_even_while_one_of_them_moves_on() {
    // Of this length the fewest fit into the pipe, for what an end thinks of how many do.
    const LENGTH: usize = 8000;
    let (mut moves, stays) = pipe::<ByteBuf, ByteBuf>().expect("a pipe");
    let other = thread::spawn(move || {
        (0..100).try_for_each(|_| stays.send(bytes(LENGTH)))?;
        (0..100).try_for_each(|_| stays.recv_timeout(SOON).map(drop))
    });
    let way = Queue::new().expect("a queue");
    for _ in 0..10 {
        (0..10).for_each(|_| moves.send(bytes(LENGTH)).expect("it is open"));
        way.put(moves).expect("it is open");
        moves = way.get().expect("it is there");
    }
    (0..100).for_each(|_| drop(moves.recv_timeout(SOON).expect("a message")));
    other.join().expect("no panic").expect("no error");
}

/// [64] `test_boundaries`
fn a_message_that_was_polled_travels_with_its_connection() {
    let (ours, theirs) = pipe::<ByteBuf, ()>().expect("a pipe");
    for length in [1, 0, 100_000, 2] {
        ours.send(bytes(length)).expect("it is open");
    }
    assert!(theirs.poll(Duration::ZERO).expect("no error"));
    assert_eq!(theirs.recv().expect("a message").len(), 1);
    assert!(theirs.poll(Duration::ZERO).expect("no error"));
    assert!(theirs.poll(Duration::ZERO).expect("no error"));
    let process = Process::spawn(gives_all_it_receives, (theirs,)).expect("a start");
    ours.send(bytes(3)).expect("it is open");
    drop(ours);
    assert_eq!(process.join().expect("a value"), [0, 100_000, 2, 3]);
}

#[derive(Serialize, Deserialize)]
enum Message {
    Number(u32),
    End(Connection<(), u32>),
}

fn messages_that_were_taken_in_while_sending_travel_with_their_connection() {
    let (ours, theirs) = pipe::<Message, Message>().expect("a pipe");
    // More each way than fits into the pipe, with ends among them.
    let mut inner = Vec::new();
    for n in 0..1000 {
        for side in [&ours, &theirs] {
            if n % 100 == 0 {
                let (left, right) = pipe().expect("a pipe");
                left.send(n).expect("it is open");
                side.send(Message::End(right)).expect("it is open");
                inner.push(left);
            } else {
                side.send(Message::Number(n)).expect("it is open");
            }
        }
    }
    let (first, second) = pipe::<(Connection<Message, Message>, u32), ()>().expect("a pipe");
    first.send((theirs, 7)).expect("it is open");
    let (theirs, 7) = second.recv_timeout(SOON).expect("a message") else { panic!("another") };
    for n in 0..1000 {
        for side in [&theirs, &ours] {
            match side.recv_timeout(SOON).expect("a message") {
                Message::Number(number) => assert_eq!(number, n),
                Message::End(end) => assert_eq!(end.recv().expect("a number"), n),
            }
        }
    }
    assert!(inner.iter().all(|inner| matches!(inner.send(0), Err(Error::Closed))));
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
    assert!(!theirs.poll(Duration::ZERO).expect("no error"));
}

fn half_a_message_travels_with_its_connection() {
    const LENGTH: usize = 3 << 20;
    let (sender, ours) = in_the_middle(LENGTH);
    // The first half is taken in here, the second there.
    assert!(matches!(ours.recv_timeout(Duration::ZERO), Err(Error::Timeout)));
    let process = Process::spawn(gives_all_it_receives, (ours,)).expect("a start");
    signal(&sender, Signal::CONT);
    assert_eq!(process.join().expect("a value"), [LENGTH, 0]);
    sender.join().expect("it ends");
}

fn two_processes_may_share_a_pipe_by_its_directions() {
    let (ours, theirs) = pipe::<String, String>().expect("a pipe");
    let (sender, receiver) = theirs.split();
    let (to_first, first) = pipe().expect("a pipe");
    let first = Process::spawn(receives_a_sender, (first,)).expect("a start");
    let (to_second, second) = pipe().expect("a pipe");
    let second = Process::spawn(receives_a_receiver, (second,)).expect("a start");
    to_first.send(sender).expect("it listens");
    to_second.send(receiver).expect("it listens");
    assert_eq!(ours.recv_timeout(SOON).expect("a message"), "from the child");
    first.join().expect("it ends");
    ours.send("to the other".to_owned()).expect("it is open");
    assert_eq!(to_second.recv_timeout(SOON).expect("a message"), "to the other");
    drop(ours);
    second.join().expect("it ends");
}

fn one_message_may_hold_32_connections_and_no_more() {
    let pipes = |count| (0..count).map(|_| pipe::<u32, u32>().expect("a pipe")).unzip();
    let (ours, theirs) = pipe::<Vec<Connection<u32, u32>>, ()>().expect("a pipe");
    for _ in 0..3 {
        let (kept, sent): (Vec<_>, Vec<_>) = pipes(33);
        let error = ours.send(sent).expect_err("they are too many");
        assert!(matches!(error, Error::TooManyEnds { count: 66, limit: 64 }), "{error}");
        assert!(error.to_string().contains("64 (a connection has two, a queue one)"), "{error}");
        assert!(kept.iter().all(|kept| matches!(kept.recv(), Err(Error::Closed))));

        let (kept, sent): (Vec<_>, Vec<_>) = pipes(32);
        ours.send(sent).expect("one message may carry as many");
        let received = theirs.recv_timeout(SOON).expect("only this one was sent");
        assert_eq!(received.len(), 32);
        for (n, (kept, received)) in (0..).zip(kept.iter().zip(&received)) {
            kept.send(n).expect("it is open");
            assert_eq!(received.recv_timeout(SOON).expect("a number"), n);
            received.send(n + 1).expect("it is open");
            assert_eq!(kept.recv_timeout(SOON).expect("a number"), n + 1);
        }
    }
}

type Giver = Connection<String, (u32, Connection<u32, u32>)>;

/// Receives connections that were taken in before this process had them, and answers on each.
pub fn answers_on_each(giver: Giver, from: u32) -> u32 {
    let mut next = from;
    while let Ok((number, connection)) = giver.recv() {
        assert_eq!(number, next);
        connection.send(number).expect("the other end is kept");
        next += 1;
    }
    next
}

fn a_connection_moves_with_more_ends_than_a_message_may_hold() {
    const COUNT: u32 = 150;
    let (ours, theirs): (Giver, _) = pipe().expect("a pipe");
    let mut kept = Vec::new();
    for number in 0..COUNT {
        let (left, right) = pipe().expect("a pipe");
        theirs.send((number, right)).expect("it is open");
        kept.push(left);
        if number % 40 == 39 {
            // To send much is to take in what has arrived.
            ours.send("x".repeat(120_000)).expect("it is open");
            theirs.recv().expect("a message");
        }
    }
    // Moved twice, with some taken between, and with one that came after.
    let (there, back) = pipe::<Giver, ()>().expect("a pipe");
    there.send(ours).expect("it moves");
    let ours = back.recv().expect("it is there");
    let (number, first) = ours.recv().expect("a connection");
    assert_eq!(number, 0);
    drop(first);
    assert!(ours.poll(SOON).expect("no error"));
    let process = Process::spawn(answers_on_each, (ours, 1)).expect("a start");
    let (left, right) = pipe().expect("a pipe");
    theirs.send((COUNT, right)).expect("it is open");
    kept.push(left);
    drop(theirs);
    assert_eq!(process.join().expect("it received all"), COUNT + 1);
    assert!(matches!(kept.remove(0).recv(), Err(Error::Closed)));
    for (number, left) in (1..).zip(&kept) {
        assert_eq!(left.recv_timeout(SOON).expect("an answer"), number);
    }
}

fn an_end_in_a_message_that_nobody_receives_is_closed() {
    let (ours, theirs) = pipe::<Connection<(), ()>, ()>().expect("a pipe");
    let [(first, firsts), (second, seconds)] = [(); 2].map(|()| pipe().expect("a pipe"));
    ours.send(firsts).expect("it is open");
    ours.send(seconds).expect("it is open");
    assert!(theirs.poll(Duration::ZERO).expect("no error")); // one is taken in, one is not
    assert!(matches!(first.recv_timeout(Duration::ZERO), Err(Error::Timeout)));
    drop(theirs);
    assert!(matches!(first.recv_timeout(SOON), Err(Error::Closed)));
    assert!(matches!(second.recv_timeout(SOON), Err(Error::Closed)));
}

fn an_end_cannot_be_written_into_anything_else() {
    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    postcard::to_stdvec(&ours).expect_err("it is no data");
    // It did not move, and nothing of it is left behind for the next message.
    ours.send(1).expect("it is open");
    assert_eq!(theirs.recv().expect("a message"), 1);
    theirs.send(2).expect("it is open");
    assert_eq!(ours.recv().expect("a message"), 2);
    let (sender, receiver) = ours.split();
    postcard::to_stdvec(&sender).expect_err("it is no data");
    postcard::to_stdvec(&receiver).expect_err("it is no data");
    sender.send(3).expect("it is open");
    assert_eq!(theirs.recv().expect("a message"), 3);
}
