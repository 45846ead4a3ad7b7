//! Random calls on the two ends of a pipe, compared with what two lists would do.

use library_support::{SOON, Suite, bytes, suite};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, pipe};
use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

pub fn suite() -> Suite {
    suite! {
        tests: [
            two_ends_do_what_the_model_does,
        ],
    }
}

/// What is sent: a number to tell it by, and some bytes.
type Message = (u32, ByteBuf);
type End = Connection<Message, Message>;

/// What one end, the left or the right, does.
#[derive(Clone, Debug)]
enum Call {
    Send(usize),
    /// The other side receives all that was sent before, while this one sends.
    SendLong(usize),
    Recv,
    RecvTimeout(Duration),
    Poll(Duration),
    /// Through another pipe, and back.
    Travel,
    Drop,
}

fn calls() -> impl Strategy<Value = Vec<(bool, Call)>> {
    let short = || prop_oneof![Just(Duration::ZERO), Just(Duration::from_micros(300))];
    let call = prop_oneof![
        20 => (0_usize..3000).prop_map(Call::Send),
        2 => (200_000_usize..700_000).prop_map(Call::SendLong),
        15 => Just(Call::Recv),
        4 => short().prop_map(Call::RecvTimeout),
        4 => short().prop_map(Call::Poll),
        3 => Just(Call::Travel),
        1 => Just(Call::Drop),
    ];
    proptest::collection::vec((any::<bool>(), call), 1..80)
}

/// One side: the end, until it is dropped, and what is on its way to it.
struct Side {
    end: Option<End>,
    coming: VecDeque<Message>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Outcome {
    Got(Message),
    Yes,
    No,
    Closed,
}

fn outcome<T>(result: Result<T, Error>, done: impl FnOnce(T) -> Outcome) -> Outcome {
    match result {
        Ok(value) => done(value),
        Err(Error::Closed) => Outcome::Closed,
        Err(Error::Timeout) => Outcome::No,
        Err(error) => panic!("{error}"),
    }
}

/// What receiving is to give.
fn expected(side: &mut Side, peer: &Side) -> Outcome {
    match side.coming.pop_front() {
        Some(message) => Outcome::Got(message),
        None if peer.end.is_none() => Outcome::Closed,
        None => Outcome::No,
    }
}

fn travel(end: End) -> End {
    let (left, right) = pipe::<(u8, End), ()>().expect("a pipe");
    // What it has taken in goes with it, and may be more than fits into the pipe at once.
    let sending = thread::spawn(move || left.send((7, end)));
    let (seven, end) = right.recv_timeout(SOON).expect("it comes");
    sending.join().expect("no panic").expect("it was received");
    assert_eq!(seven, 7);
    end
}

fn compare(calls: Vec<(bool, Call)>) {
    let (left, right) = pipe().expect("a pipe");
    let mut sides = [left, right].map(|end| Side { end: Some(end), coming: VecDeque::new() });
    let mut number = 0;
    for (second, call) in calls {
        let [first_side, second_side] = &mut sides;
        let (side, peer) =
            if second { (second_side, first_side) } else { (first_side, second_side) };
        let Some(end) = side.end.take() else { continue };
        number += 1;
        match call {
            Call::Send(length) => {
                // As much as fits without anybody reading.
                if peer.coming.len() < 30 {
                    let message = (number, bytes(length));
                    let sent = outcome(end.send(message.clone()), |()| Outcome::Yes);
                    if peer.end.is_some() {
                        assert_eq!(sent, Outcome::Yes);
                        peer.coming.push_back(message);
                    } else {
                        assert_eq!(sent, Outcome::Closed);
                    }
                }
            }
            Call::SendLong(length) => {
                let message = (number, bytes(length));
                if let Some(other) = &peer.end {
                    let sent = message.clone();
                    let sending = thread::spawn(move || (end.send(sent), end));
                    peer.coming.push_back(message);
                    for message in peer.coming.drain(..) {
                        assert!(other.recv_timeout(SOON).expect("a message") == message);
                    }
                    let (sent, end) = sending.join().expect("no panic");
                    sent.expect("it was received");
                    side.end = Some(end);
                    continue;
                }
                assert!(matches!(end.send(message), Err(Error::Closed)));
            }
            Call::Recv => {
                // It would wait for ever, if nothing is to come.
                let time = Duration::from_micros(300);
                let nothing = side.coming.is_empty() && peer.end.is_some();
                let received = if nothing { end.recv_timeout(time) } else { end.recv() };
                assert!(outcome(received, Outcome::Got) == expected(side, peer));
            }
            Call::RecvTimeout(time) => {
                let received = outcome(end.recv_timeout(time), Outcome::Got);
                assert!(received == expected(side, peer));
            }
            Call::Poll(time) => {
                let ready = end.poll(time).expect("no error");
                assert_eq!(ready, !side.coming.is_empty() || peer.end.is_none());
            }
            Call::Travel => {
                side.end = Some(travel(end));
                continue;
            }
            Call::Drop => {
                side.coming.clear();
                continue;
            }
        }
        side.end = Some(end);
    }
}

fn two_ends_do_what_the_model_does() {
    let config = Config {
        cases: 100,
        failure_persistence: None,
        max_shrink_time: 5000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&calls(), |calls| {
        compare(calls);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
