//! Decoding of what nobody encoded: random bytes, and real messages with some bytes changed, each
//! with channel endpoints. The result is an error or a value, never a panic, and no endpoint stays
//! open.

use super::{ALWAYS_CHECKED_BYTES, Endpoint, Message, decode, encode, encode_checked};
use crate::process::protocol::{ChildReport, StartRequest};
use crate::queue::protocol::{Attach, QueueId, Reply, Request};
use crate::transport::channel::{self, Receiver, Sender};
use crate::{Connection, Error, Queue, pipe};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

type Deep = BTreeMap<String, Vec<Option<(String, Vec<u64>)>>>;

/// The peer of an endpoint that is in a message. It is told when that endpoint closes.
enum Peer {
    OfReceiver(Sender),
    OfSender(Receiver),
}

impl Peer {
    fn is_closed(&self) -> bool {
        match self {
            Peer::OfReceiver(sender) => {
                matches!(sender.send_single(Message::default()), Err(Error::Closed))
            }
            Peer::OfSender(receiver) => {
                let soon = Instant::now() + Duration::from_secs(1);
                matches!(receiver.recv(Some(soon)), Err(Error::Closed))
            }
        }
    }
}

/// An endpoint for each flag: one that sends for `true`, and one that receives for `false`.
fn endpoints(kinds: &[bool]) -> (Vec<Endpoint>, Vec<Peer>) {
    let make = |&sends: &bool| {
        let (sender, receiver) = channel::channel().expect("a channel");
        if sends {
            (sender.endpoint(), Peer::OfSender(receiver))
        } else {
            let (end, _) = receiver.take().expect("it was not sent");
            (end, Peer::OfReceiver(sender))
        }
    };
    kinds.iter().map(make).unzip()
}

fn try_decode<T: DeserializeOwned>(body: &[u8], kinds: &[bool]) {
    let (endpoints, peers) = endpoints(kinds);
    match decode::<T>(Message::new(body.to_vec(), endpoints)) {
        Ok(value) => drop(value),
        Err(Error::Decode { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    assert!(peers.iter().all(Peer::is_closed), "an endpoint is still open");
}

fn decode_as_everything(body: &[u8], kinds: &[bool]) {
    try_decode::<StartRequest>(body, kinds);
    try_decode::<ChildReport>(body, kinds);
    try_decode::<Attach>(body, kinds);
    try_decode::<Request>(body, kinds);
    try_decode::<Reply>(body, kinds);
    try_decode::<Message>(body, kinds);
    try_decode::<(Connection<u32, String>, u32)>(body, kinds);
    try_decode::<Vec<Queue<String>>>(body, kinds);
    try_decode::<Deep>(body, kinds);
    try_decode::<(ByteBuf, String, char, Option<bool>)>(body, kinds);
}

/// Real messages, as bytes.
fn real() -> Vec<Vec<u8>> {
    fn body<T: serde::Serialize>(value: &T) -> Vec<u8> {
        encode(value).expect("it can be encoded").into_parts().0
    }
    let message = || encode(&"an item".to_owned()).expect("it can be encoded");
    let reply = || channel::channel().expect("a channel").0;
    let queue = QueueId { creator: 1 << 32, number: 2 };
    let (left, right) = pipe::<u32, u32>().expect("a pipe");
    right.send(7).expect("it is open");
    left.poll(Duration::from_secs(1)).expect("it is open");
    vec![
        body(&Attach { process: 1 << 32, attachment: 3, pid_namespace: 4, reply: reply() }),
        body(&Request::Store { queue, process: 1 << 32, item: message(), reply: reply() }),
        body(&Request::Fetch { queue, parcel: 5, reply: reply() }),
        body(&Request::Discard { queue, parcel: 5 }),
        body(&Reply::Item(message())),
        body(&Reply::Failed("why".to_owned())),
        body(&ChildReport::Returned { value: message(), failed: false }),
        body(&ChildReport::Panicked("no more ink".to_owned())),
        body(&(left, 7)),
        body(&vec![Queue::<String>::new().expect("a queue"); 2]),
        body(&Deep::from([("a".to_owned(), vec![None, Some((String::new(), vec![1, 2]))])])),
    ]
}

#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(place, byte)| Change::Set(place, byte)),
        1 => (place(), any::<u8>()).prop_map(|(place, byte)| Change::Insert(place, byte)),
        1 => place().prop_map(Change::Remove),
        1 => place().prop_map(Change::Cut),
    ]
}

fn apply(body: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Insert(place, byte) => body.insert(place.index(body.len() + 1), *byte),
        _ if body.is_empty() => {}
        Change::Set(place, byte) => {
            let place = place.index(body.len());
            body[place] = *byte;
        }
        Change::Remove(place) => drop(body.remove(place.index(body.len()))),
        Change::Cut(place) => body.truncate(place.index(body.len())),
    }
}

/// A length that is a lie must not be believed: with this, to do so ends the test program.
fn limit_memory() {
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(16 << 30), maximum }).expect("it may be less");
}

fn runner(cases: u32) -> TestRunner {
    limit_memory();
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

fn kinds() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(any::<bool>(), 0..4)
}

#[test]
fn random_bytes_are_decoded_or_refused() {
    let bodies = prop::collection::vec(any::<u8>(), 0..100);
    let result = runner(400).run(&(bodies, kinds()), |(body, kinds)| {
        decode_as_everything(&body, &kinds);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn changed_messages_are_decoded_or_refused() {
    let bodies = prop::sample::select(real());
    let changes = prop::collection::vec(change(), 0..4);
    let result = runner(400).run(&(bodies, changes, kinds()), |(mut body, changes, kinds)| {
        for change in &changes {
            apply(&mut body, change);
        }
        decode_as_everything(&body, &kinds);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn lengths_that_are_lies_are_refused() {
    limit_memory();
    for length in [1 << 20, 1 << 35, 1 << 50, u64::MAX >> 1, u64::MAX] {
        let length = postcard::to_stdvec(&length).expect("a number");
        // At each place where a length may stand.
        for before in [vec![], vec![0], vec![1], vec![2], vec![0, 0], vec![1, 1], vec![0, 0, 0]] {
            for after in [vec![], vec![0; 3], vec![0xff; 20]] {
                decode_as_everything(&[&before[..], &length, &after].concat(), &[true, false]);
            }
        }
    }
}

#[test]
fn a_message_that_was_refused_leaves_nothing_for_the_next() {
    let (first, peers) = endpoints(&[true, true]);
    let refused = decode::<(Sender, String)>(Message::new(vec![0, 200], first));
    assert!(matches!(refused, Err(Error::Decode { .. })));
    assert!(peers.iter().all(Peer::is_closed));
    // The places of the message before mean nothing in this one.
    let empty = decode::<Sender>(Message::new(vec![1], vec![]));
    assert!(matches!(empty.map(drop), Err(Error::Decode { .. })));
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u32),
}

fn is_refused<T: Serialize + DeserializeOwned>(value: &T) -> bool {
    match encode_checked(value) {
        Ok(_) => false,
        Err(Error::Encode { reason, .. }) => reason.contains("its own type cannot read it back"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_value_that_its_type_cannot_read_back_is_refused_the_first_time_and_each_time() {
    for _ in 0..3 {
        assert!(is_refused(&Untagged::Number(1)));
        // One of the values that a type has is enough, whichever comes first.
        assert!(!is_refused(&None::<Untagged>));
        assert!(is_refused(&Some(Untagged::Number(1))));
        assert!(!is_refused(&Vec::<Untagged>::new()));
        assert!(is_refused(&vec![Untagged::Number(1)]));
    }
}

#[test]
fn of_long_values_the_first_are_read_back() {
    let long = "x".repeat(ALWAYS_CHECKED_BYTES);
    assert!(is_refused(&(&*long, Untagged::Number(1)).1));
    assert!(is_refused(&(long.clone(), Untagged::Number(1))));
    assert!(!is_refused(&long));
}

#[test]
fn a_value_with_ends_is_read_back_up_to_the_first() {
    let (sender, _receiver) = channel::channel().expect("a channel");
    assert!(!is_refused(&(1, sender)));
    let (sender, _receiver) = channel::channel().expect("a channel");
    assert!(is_refused(&(Untagged::Number(1), sender)));
    // Its ends are still there.
    let (sender, receiver) = channel::channel().expect("a channel");
    let message = encode_checked(&(7_u32, sender)).expect("it can be read");
    let (n, sender): (u32, Sender) = decode(message).expect("it can be read");
    sender.send_single(encode(&n).expect("a number")).expect("it is open");
    let arrived = receiver.recv(None).expect("no error").expect("a message");
    assert_eq!(decode::<u32>(arrived).expect("a number"), 7);
}
