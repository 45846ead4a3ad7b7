//! Bytes at random, as the body of messages that are otherwise well made, at every place where
//! something is read: an error, never a panic, and nothing else is disturbed.

use crate::drill::{AT_ONCE, Drill, Round};
use library_support::{Disguised, Suite, suite};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::{Error as _, SerializeTuple};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
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
    left.send(Disguised::Sent((random(round), beside))).expect("it is open");
    match right.recv_timeout(AT_ONCE) {
        Ok(_) | Err(Error::Decode { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    assert!(matches!(other.recv_timeout(AT_ONCE), Err(Error::Closed)), "an end is left open");
}

type Text = Disguised<Raw, Vec<(String, u64)>>;

fn arguments_and_values(round: &mut Round) {
    let bytes = random(round);
    let process = Process::spawn(is_given_text, (Disguised::Sent(bytes),)).expect("a child");
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
    Disguised::Sent(Raw(bytes))
}

/// What a handle says to its creator first: the creator's ends of their conversation. It is not
/// public, and so it is forged: its bytes are those of a receiver, but for one, and of a sender.
struct Hello {
    requests: Receiver<Raw>,
    answers: Sender<Raw>,
}

impl Serialize for Hello {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = |bytes: postcard::Result<Vec<u8>>| bytes.map_err(S::Error::custom);
        // The last byte says that no message waits in it, which the creator does not ask.
        let mut hello = bytes(postcard::to_stdvec(&self.requests))?;
        hello.pop();
        hello.extend(bytes(postcard::to_stdvec(&self.answers))?);
        Raw(hello).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Hello {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hello, D::Error> {
        let (receiver, nothing, sender) = <(u8, u8, u8)>::deserialize(deserializer)?;
        Ok(Hello {
            requests: postcard::from_bytes(&[receiver, nothing, 0]).map_err(D::Error::custom)?,
            answers: postcard::from_bytes(&[sender]).map_err(D::Error::custom)?,
        })
    }
}

/// What comes through the door of a queue: a hello, or anything.
#[derive(Serialize)]
#[serde(untagged)]
enum Knock {
    Hello(Hello),
    Raw(Raw),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Raw, D::Error> {
        Err(D::Error::custom("nobody reads it"))
    }
}

/// Sends a value as one type, and receives it as another.
fn disguise<A: Serialize, B: DeserializeOwned>(value: A) -> B {
    let (left, right) = pipe::<Disguised<A, B>, ()>().expect("a pipe");
    left.send(Disguised::Sent(value)).expect("it is open");
    right.recv().expect("the bytes of one are those of the other").received()
}

/// A forged handle says anything to the creator of a queue; the other handles do not notice.
fn to_the_creator(round: &mut Round) {
    let queue = Queue::<u32>::new().expect("a queue");
    let (door, _): (Sender<Knock>, bool) = disguise(queue.clone());
    door.send(Knock::Raw(random(round))).expect("it is open");
    let (requests, creators) = pipe::<Raw, ()>().expect("a pipe");
    let (answers, creators_answers) = pipe::<(), Raw>().expect("a pipe");
    let hello = Hello { requests: creators.split().1, answers: creators_answers.split().0 };
    door.send(Knock::Hello(hello)).expect("it is open");
    for _ in 0..round.below(4) {
        let mut request = random(round);
        // One of the eight that there are, as far as its first byte goes.
        request.0.insert(0, u8::try_from(round.below(9)).expect("a byte"));
        if requests.send(request).is_err() {
            break;
        }
    }
    drop((requests, answers, door));

    // It may have put some, or closed it; but a handle elsewhere is served, and so are we.
    let elsewhere: Queue<u32> = disguise(queue.clone());
    let process = thread::spawn(move || match elsewhere.put(7) {
        Ok(()) | Err(Error::Closed) => elsewhere.len(),
        Err(error) => Err(error),
    });
    process.join().expect("no panic").expect("it is served");
    loop {
        match queue.get_timeout(Duration::from_millis(1)) {
            Ok(_) | Err(Error::Decode { .. }) => {}
            Err(Error::Empty | Error::Closed) => break,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A forged creator answers anything to a handle.
fn to_a_handle(round: &mut Round) {
    let (door, knocks) = pipe::<Disguised<(), Hello>, ()>().expect("a pipe");
    let queue: Queue<u32> = disguise((door.split().0, round.below(2) == 0));
    let answers: Vec<Raw> = (0..3).map(|_| random(round)).collect();
    let creator = thread::spawn(move || {
        // The handle may knock several times.
        while let Ok(hello) = knocks.recv() {
            let Hello { requests: _requests, answers: to } = hello.received();
            // `Taken`, which lets it in.
            let _ = to.send(Raw(vec![1]));
            let _ = answers.iter().try_for_each(|answer| to.send(answer.clone()));
        }
    });
    let _ = queue.get();
    let _ = queue.put(1);
    let _ = queue.get_timeout(Duration::from_millis(1));
    let _ = queue.len();
    let _ = queue.close();
    drop(queue);
    creator.join().expect("no panic");
}
