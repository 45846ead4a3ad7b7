//! Values to send: of every length, and such as refuse to be sent or received.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::ByteBuf;
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

/// A value whose `Deserialize` refuses.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct RefusedThere;

impl<'de> Deserialize<'de> for RefusedThere {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<RefusedThere, D::Error> {
        Err(D::Error::custom("not me"))
    }
}

/// What is sent as one type and received as another, which the library's own types do not allow.
#[derive(Debug)]
pub enum Disguised<A, B> {
    /// On its way.
    Sent(A),
    /// Arrived.
    Received(B),
}

impl<A, B> Disguised<A, B> {
    /// The value, where it has arrived.
    pub fn received(self) -> B {
        match self {
            Disguised::Received(value) => value,
            Disguised::Sent(_) => panic!("it was not sent yet"),
        }
    }
}

impl<A: Serialize, B> Serialize for Disguised<A, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Disguised::Sent(value) => value.serialize(serializer),
            Disguised::Received(_) => Err(S::Error::custom("it was received")),
        }
    }
}

impl<'de, A, B: DeserializeOwned> Deserialize<'de> for Disguised<A, B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        B::deserialize(deserializer).map(Disguised::Received)
    }
}
