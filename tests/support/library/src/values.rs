//! Values to send: of every length, and such as refuse to be sent or received.

use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::ByteBuf;
use std::cell::Cell;
use std::fs;

/// Bytes in which no stretch stands at the place of another, for whatever size a packet may have.
pub fn bytes(length: usize) -> ByteBuf {
    const PERIOD: usize = 65_521; // a prime
    let mut state = 1_u32;
    let block: Vec<u8> = (0..PERIOD.min(length))
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    let mut bytes = block.repeat(length.div_ceil(PERIOD.min(length).max(1)).max(1));
    bytes.truncate(length);
    ByteBuf::from(bytes)
}

/// How much the kernel gives a socket to send from: 208 KiB. ipc-channel splits what is longer.
pub fn buffer() -> usize {
    fs::read_to_string("/proc/sys/net/core/wmem_default")
        .expect("the kernel says it")
        .trim()
        .parse()
        .expect("a number")
}

/// Lengths from nothing to a megabyte, close together where one packet becomes two.
pub fn lengths() -> Vec<usize> {
    let packet = buffer() - 2048;
    let mut lengths = vec![0, 1, 127, 128, 65_536, buffer() - 1, buffer(), buffer() + 1, 1 << 20];
    lengths.extend(packet - 16..=packet + 1);
    lengths.extend(2 * packet - 16..=2 * packet + 1);
    lengths
}

/// A value whose `Serialize` refuses.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Refuses;

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("not me"))
    }
}

thread_local! {
    /// Whether this thread is sending: what it decodes now is what it reads back to see that the
    /// receiver can.
    static SENDING: Cell<bool> = const { Cell::new(false) };
    /// How long the last disguised value is that this thread made; `None` if it holds an end.
    static WRITTEN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Sends something that the sender can read back, and the receiver cannot.
pub fn as_sender<R>(send: impl FnOnce() -> R) -> R {
    SENDING.set(true);
    let result = send();
    SENDING.set(false);
    result
}

/// Sends a value in disguise.
pub fn disguised<A: Serialize, B, R>(value: A, send: impl FnOnce(Disguised<A, B>) -> R) -> R {
    as_sender(|| send(only_sent(value)))
}

/// A value in disguise; from now on this thread only sends.
pub fn only_sent<A: Serialize, B>(value: A) -> Disguised<A, B> {
    // Outside of a message an end cannot be written, and does not move.
    WRITTEN.set(postcard::to_stdvec(&value).ok().map(|bytes| bytes.len()));
    SENDING.set(true);
    Disguised::Sent(value)
}

/// A value whose `Deserialize` refuses, but for its sender.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct RefusedThere;

impl<'de> Deserialize<'de> for RefusedThere {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<RefusedThere, D::Error> {
        if SENDING.get() { Ok(RefusedThere) } else { Err(D::Error::custom("not me")) }
    }
}

/// A value that is written well, and that its own type cannot read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Untagged {
    /// A number.
    Number(u32),
    /// A text.
    Text(String),
}

/// What is sent as one type and received as another, which the library's own types do not allow.
#[derive(Debug)]
pub enum Disguised<A, B> {
    /// On its way.
    Sent(A),
    /// Read back by its sender.
    Seen,
    /// Arrived.
    Received(B),
}

impl<A, B> Disguised<A, B> {
    /// The value, where it has arrived.
    pub fn received(self) -> B {
        match self {
            Disguised::Received(value) => value,
            Disguised::Sent(_) | Disguised::Seen => panic!("it was not sent yet"),
        }
    }
}

impl<A: Serialize, B> Serialize for Disguised<A, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Disguised::Sent(value) => value.serialize(serializer),
            _ => Err(S::Error::custom("it was received")),
        }
    }
}

/// Reads as many single bytes as there are.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<(), A::Error> {
        while bytes.next_element::<u8>()?.is_some() {}
        Ok(())
    }
}

impl<'de, A, B: DeserializeOwned> Deserialize<'de> for Disguised<A, B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match (SENDING.get(), WRITTEN.get()) {
            (false, _) => B::deserialize(deserializer).map(Disguised::Received),
            (true, Some(length)) => {
                deserializer.deserialize_tuple(length, Bytes).map(|()| Disguised::Seen)
            }
            // It holds an end, which the sender does not take out again.
            (true, None) => {
                shared::Sender::<()>::deserialize(deserializer).map(|_| Disguised::Seen)
            }
        }
    }
}
