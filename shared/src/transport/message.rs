//! How a value becomes a message, and a message a value.
//!
//! A value is encoded here, in full, before any channel is touched. The ends of channels that it
//! holds are put aside, in order, and the bytes carry their places. So an encoding that fails has
//! sent nothing, and a decoding that fails closes what it did not use.

use super::limits::check_count;
use crate::{Error, Result};
use ipc_channel::ipc::{OpaqueIpcReceiver, OpaqueIpcSender};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::{ByteBuf, Bytes};
use std::any::type_name;
use std::cell::RefCell;
use std::sync::Arc;
use std::thread::LocalKey;

/// One end of a channel, on its way to another process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum End {
    Sender(OpaqueIpcSender),
    Receiver(OpaqueIpcReceiver),
}

/// An encoded value: its bytes, and the channel ends that it holds.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Shared, so that a queue can keep a copy of what it hands out.
    body: Arc<Vec<u8>>,
    ends: RefCell<Vec<End>>,
}

thread_local! {
    /// The ends of the message that this thread is encoding.
    static OUTGOING: RefCell<Option<Vec<End>>> = const { RefCell::new(None) };
    /// The ends of the message that this thread is decoding.
    static INCOMING: RefCell<Vec<Option<End>>> = const { RefCell::new(Vec::new()) };
}

/// Encodes a value; its channel ends move into the message.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Message> {
    let (body, ends) =
        with(&OUTGOING, Some(Vec::new()), || (postcard::to_stdvec(value), OUTGOING.take()));
    let body = body.map_err(|error| {
        let (type_name, reason) = (type_name::<T>(), reason(error));
        Error::Encode { type_name, reason }
    })?;
    let ends = ends.unwrap_or_default();
    check_count(ends.len(), body.len())?;
    Ok(Message::new(body, ends))
}

/// Decodes a value; the ends that it does not take are closed.
pub(crate) fn decode<T: DeserializeOwned>(message: Message) -> Result<T> {
    let (body, ends) = message.into_parts();
    let ends = ends.into_iter().map(Some).collect();
    let reason = match with(&INCOMING, ends, || postcard::take_from_bytes(&body)) {
        Ok((value, [])) => return Ok(value),
        Ok((_, rest)) => format!("{} bytes are left over", rest.len()),
        Err(error) => reason(error),
    };
    Err(Error::Decode { type_name: type_name::<T>(), reason })
}

/// Whether this thread can still encode and decode: not while its thread-locals are dropped.
pub(crate) fn is_possible() -> bool {
    OUTGOING.try_with(|_| ()).is_ok()
}

/// Runs `call` with another table in place, and puts the first one back, after a panic too.
fn with<V, R>(table: &'static LocalKey<RefCell<V>>, value: V, call: impl FnOnce() -> R) -> R {
    struct Outer<V: 'static>(&'static LocalKey<RefCell<V>>, Option<V>);
    impl<V> Drop for Outer<V> {
        fn drop(&mut self) {
            if let Some(outer) = self.1.take() {
                drop(self.0.replace(outer));
            }
        }
    }
    let _outer = Outer(table, Some(table.replace(value)));
    call()
}

fn reason(error: postcard::Error) -> String {
    match error {
        // The encoder drops what a type's own `Serialize` or `Deserialize` says.
        postcard::Error::SerdeSerCustom => "its `Serialize` refused it".to_owned(),
        postcard::Error::SerdeDeCustom => "its `Deserialize` refused it".to_owned(),
        error => error.to_string(),
    }
}

/// Puts ends into the message that is being encoded, and gives the place of the first.
pub(super) fn put_ends<E: serde::ser::Error>(
    ends: impl FnOnce() -> Result<Vec<End>, E>,
) -> Result<usize, E> {
    // Asked first, before anything moves.
    let first = OUTGOING.with_borrow(|table| table.as_ref().map(Vec::len));
    let first = first.ok_or_else(|| {
        E::custom("a Queue or a Connection can only be passed to a process, or through another one")
    })?;
    let ends = ends()?;
    OUTGOING.with_borrow_mut(|table| table.get_or_insert_default().extend(ends));
    Ok(first)
}

/// Takes an end out of the message that is being decoded.
pub(super) fn take_end<E: serde::de::Error>(place: usize) -> Result<End, E> {
    INCOMING
        .with_borrow_mut(|ends| ends.get_mut(place)?.take())
        .ok_or_else(|| E::custom("no such channel end"))
}

impl Message {
    pub(crate) fn new(body: Vec<u8>, ends: Vec<End>) -> Message {
        Message { body: Arc::new(body), ends: RefCell::new(ends) }
    }

    pub(crate) fn into_parts(self) -> (Vec<u8>, Vec<End>) {
        (Arc::unwrap_or_clone(self.body), self.ends.into_inner())
    }

    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    pub(crate) fn has_ends(&self) -> bool {
        !self.ends.borrow().is_empty()
    }

    /// A copy to send again; none of a message with ends, since sending moves them.
    pub(crate) fn copy(&self) -> Option<Message> {
        let body = Arc::clone(&self.body);
        (!self.has_ends()).then_some(Message { body, ends: RefCell::default() })
    }
}

/// A message within a message: an argument list within a launch order, an item within a batch. Its
/// ends move.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ends = self.ends.take();
        let count = ends.len();
        let first = if count == 0 { 0 } else { put_ends::<S::Error>(|| Ok(ends))? };
        (first, count, Bytes::new(&self.body)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, count, body) = <(usize, usize, ByteBuf)>::deserialize(deserializer)?;
        let ends = (0..count).map(|n| take_end::<D::Error>(first.saturating_add(n)));
        Ok(Message::new(body.into_vec(), ends.collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests;
