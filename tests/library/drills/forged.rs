//! Bytes at random, as the body of messages that are otherwise well made, at every place where
//! something is read: an error, never a panic, and nothing else is disturbed.

use crate::drill::{AT_ONCE, Drill, Round};
use library_support::{Disguised, Suite, disguised, only_sent, suite};
use serde::de::DeserializeOwned;
use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use shared::{Connection, Error, Process, Queue, Receiver, Sender, pipe};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // Also.
            Drill::new("forged_messages_are_errors", 10, 200, are_errors),
        ],
        children: [
            gives_bytes,
            puts_seven,
            is_given_text,
        ],
    }
}

/// Bytes that stand in a message as they are.
#[derive(Clone, Debug)]
pub struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| bytes.serialize_element(byte))?;
        bytes.end()
    }
}

/// Small numbers are likely: they are the lengths, the places and the variants.
fn random(round: &mut Round) -> Raw {
    let length = round.below(40);
    let byte = |round: &mut Round| {
        let most = [4, 16, 256][round.below(3) as usize];
        u8::try_from(round.below(most)).expect("a byte")
    };
    Raw((0..length).map(|_| byte(round)).collect())
}

pub fn are_errors(round: &mut Round) {
    for _ in 0..50 {
        through_a_pipe::<u32>(round);
        through_a_pipe::<(String, Option<u64>)>(round);
        through_a_pipe::<Vec<String>>(round);
        through_a_pipe::<BTreeMap<String, Vec<u64>>>(round);
        through_a_pipe::<Result<Sender<u32>, Vec<Receiver<String>>>>(round);
        through_a_pipe::<Vec<Connection<u32, u32>>>(round);
        through_a_pipe::<(Queue<u32>, Queue<String>)>(round);
    }
    arguments_and_values(round);
    for _ in 0..10 {
        to_the_creator(round);
        to_a_handle(round);
    }
}

/// What is sent as these bytes is received as a `T`, with ends of channels beside it or without.
fn through_a_pipe<T: DeserializeOwned>(round: &mut Round) {
    type Beside = (Raw, Option<Connection<(), ()>>);
    let (left, right) = pipe::<Disguised<Beside, T>, ()>().expect("a pipe");
    let (end, other) = pipe().expect("a pipe");
    let beside = (round.below(2) == 0).then_some(end);
    disguised((random(round), beside), |value| left.send(value)).expect("it is open");
    match right.recv_timeout(AT_ONCE) {
        Ok(_) | Err(Error::Decode { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    assert!(matches!(other.recv_timeout(AT_ONCE), Err(Error::Closed)), "an end is left open");
}

/// Bytes that nobody reads as what they are.
type Text = Disguised<Raw, Vec<(String, u64)>>;

fn arguments_and_values(round: &mut Round) {
    let bytes = random(round);
    let process =
        disguised(bytes, |bytes| Process::spawn(is_given_text, (bytes,))).expect("a child");
    match process.join() {
        Ok(()) | Err(Error::NoValue { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    let process = Process::spawn(gives_bytes, (random(round).0,)).expect("a child");
    match process.join() {
        Ok(_) | Err(Error::Decode { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

pub fn is_given_text(_: Text) {}

pub fn gives_bytes(bytes: Vec<u8>) -> Text {
    only_sent(Raw(bytes))
}

/// Sends a value as one type, and receives it as another.
fn disguise<A: Serialize, B: DeserializeOwned>(value: A) -> B {
    let (left, right) = pipe::<Disguised<A, B>, ()>().expect("a pipe");
    disguised(value, |value| left.send(value)).expect("it is open");
    right.recv().expect("the bytes of one are those of the other").received()
}

/// What a handle is on its way: the name of its queue, and the token through which it attaches.
type Handle<M> = (Option<(u64, u64)>, Sender<M>);

pub fn puts_seven(queue: Queue<u32>) {
    queue.put(7).expect("it is served");
}

/// A forged handle says anything to the creator of a queue; the other handles do not notice.
fn to_the_creator(round: &mut Round) {
    let queue = Queue::<u32>::new().expect("a queue");
    let (_, token): Handle<Disguised<Raw, ()>> = disguise(queue.clone());
    for _ in 0..5 {
        disguised(random(round), |attach| token.send(attach)).expect("it is open");
    }
    drop(token);
    // Starts are slow; one in so many rounds shows it.
    if round.below(16) == 0 {
        Process::spawn(puts_seven, (queue.clone(),)).and_then(Process::join).expect("it is served");
        assert_eq!(queue.try_get().expect("it was put"), 7);
    }
    queue.put(8).expect("it is open");
    assert_eq!(queue.try_get().expect("it was put"), 8);
}

/// What a handle says when it attaches: who it is, and where it wants the reply.
type Attach = (u64, u64, u64, Sender<Disguised<Raw, ()>>);

/// A forged creator replies anything to a handle.
fn to_a_handle(round: &mut Round) {
    let (token, attaches) = pipe::<Attach, ()>().expect("a pipe");
    let handle: Handle<Attach> = (Some((1 << 32, u64::from(round.below(1000)))), token.split().0);
    let queue: Queue<u32> = disguise(handle);
    let replies: Vec<Raw> = (0..3).map(|_| random(round)).collect();
    let creator = thread::spawn(move || {
        let mut replies = replies.into_iter().cycle();
        while let Ok((_, _, _, to)) = attaches.recv() {
            let reply = replies.next().expect("it is endless");
            let _ = disguised(reply, |reply| to.send(reply));
        }
    });
    let _ = queue.get_timeout(Duration::from_millis(1));
    let _ = queue.put_timeout(1, Duration::from_millis(1));
    let _ = queue.len();
    let _ = queue.close();
    drop(queue);
    creator.join().expect("no panic");
}
