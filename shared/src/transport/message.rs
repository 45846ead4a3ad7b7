//! How a value becomes a message, and a message a value.
//!
//! A value is encoded in full before any channel is touched. The channel endpoints that it holds
//! are attached to the message in order, and the bytes carry their indices. So an encoding that
//! fails has sent nothing, and a decoding that fails closes every endpoint that it did not use.

use super::limits::check_endpoint_count;
use crate::{Error, Result};
use ipc_channel::ipc::{OpaqueIpcReceiver, OpaqueIpcSender};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::{ByteBuf, Bytes};
use std::any::type_name;
use std::cell::RefCell;
use std::sync::Arc;
use std::thread::LocalKey;

/// One endpoint of a channel, on its way to another process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Endpoint {
    Sender(OpaqueIpcSender),
    Receiver(OpaqueIpcReceiver),
}

/// An encoded value: its bytes, and the channel endpoints that are attached to it.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Shared, so that a queue can keep a copy of an item that it leases.
    body: Arc<Vec<u8>>,
    endpoints: RefCell<Vec<Endpoint>>,
}

thread_local! {
    /// The endpoints of the message that this thread is encoding.
    static OUTGOING: RefCell<Option<Vec<Endpoint>>> = const { RefCell::new(None) };
    /// The endpoints of the message that this thread is decoding.
    static INCOMING: RefCell<Vec<Option<Endpoint>>> = const { RefCell::new(Vec::new()) };
}

/// Encodes a value; its channel endpoints move into the message.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Message> {
    let (body, endpoints) =
        with(&OUTGOING, Some(Vec::new()), || (postcard::to_stdvec(value), OUTGOING.take()));
    let body = body.map_err(|error| {
        let (type_name, reason) = (type_name::<T>(), reason(error));
        Error::Encode { type_name, reason }
    })?;
    let endpoints = endpoints.unwrap_or_default();
    check_endpoint_count(endpoints.len(), body.len())?;
    Ok(Message::new(body, endpoints))
}

/// Decodes a value; the endpoints that it does not take are closed.
pub(crate) fn decode<T: DeserializeOwned>(message: Message) -> Result<T> {
    let (body, endpoints) = message.into_parts();
    let endpoints = endpoints.into_iter().map(Some).collect();
    let reason = match with(&INCOMING, endpoints, || postcard::take_from_bytes(&body)) {
        Ok((value, [])) => return Ok(value),
        Ok((_, rest)) => format!("{} bytes are left over", rest.len()),
        Err(error) => reason(error),
    };
    Err(Error::Decode { type_name: type_name::<T>(), reason })
}

/// Whether this thread can still encode and decode. It cannot once its thread-locals are dropped.
pub(crate) fn codec_available() -> bool {
    OUTGOING.try_with(|_| ()).is_ok()
}

/// Runs `call` with `value` in the table, and restores the previous value afterwards, also after a
/// panic. An encoding may start another one, so the tables nest.
fn with<V, R>(table: &'static LocalKey<RefCell<V>>, value: V, call: impl FnOnce() -> R) -> R {
    struct RestoreOnDrop<V: 'static>(&'static LocalKey<RefCell<V>>, Option<V>);
    impl<V> Drop for RestoreOnDrop<V> {
        fn drop(&mut self) {
            if let Some(previous) = self.1.take() {
                drop(self.0.replace(previous));
            }
        }
    }
    let _restore = RestoreOnDrop(table, Some(table.replace(value)));
    call()
}

fn reason(error: postcard::Error) -> String {
    match error {
        // The encoder discards the message of a type's own `Serialize` or `Deserialize`.
        postcard::Error::SerdeSerCustom => "its `Serialize` refused it".to_owned(),
        postcard::Error::SerdeDeCustom => "its `Deserialize` refused it".to_owned(),
        error => error.to_string(),
    }
}

/// Attaches endpoints to the message that is being encoded, and returns the index of the first.
pub(crate) fn attach<E: serde::ser::Error>(
    endpoints: impl FnOnce() -> Result<Vec<Endpoint>, E>,
) -> Result<usize, E> {
    // Checked before `endpoints` is called, since that moves them out of the value.
    let first = OUTGOING.with_borrow(|table| table.as_ref().map(Vec::len));
    let first = first.ok_or_else(|| {
        E::custom("a Queue or a Connection can only be passed to a process, or through another one")
    })?;
    let endpoints = endpoints()?;
    OUTGOING.with_borrow_mut(|table| table.get_or_insert_default().extend(endpoints));
    Ok(first)
}

/// Detaches an endpoint from the message that is being decoded.
pub(crate) fn detach<E: serde::de::Error>(index: usize) -> Result<Endpoint, E> {
    INCOMING
        .with_borrow_mut(|endpoints| endpoints.get_mut(index)?.take())
        .ok_or_else(|| E::custom("no such channel end"))
}

impl Message {
    pub(crate) fn new(body: Vec<u8>, endpoints: Vec<Endpoint>) -> Message {
        Message { body: Arc::new(body), endpoints: RefCell::new(endpoints) }
    }

    pub(crate) fn into_parts(self) -> (Vec<u8>, Vec<Endpoint>) {
        (Arc::unwrap_or_clone(self.body), self.endpoints.into_inner())
    }

    pub(crate) fn len(&self) -> usize {
        self.body.len()
    }

    pub(crate) fn has_endpoints(&self) -> bool {
        !self.endpoints.borrow().is_empty()
    }

    /// A copy to send again. A message with endpoints has none, since sending moves them.
    pub(crate) fn copy(&self) -> Option<Message> {
        let body = Arc::clone(&self.body);
        (!self.has_endpoints()).then_some(Message { body, endpoints: RefCell::default() })
    }
}

/// A message within a message: an argument list within a launch order, an item within a batch. Its
/// endpoints move.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let endpoints = self.endpoints.take();
        let count = endpoints.len();
        let first = if count == 0 { 0 } else { attach::<S::Error>(|| Ok(endpoints))? };
        (first, count, Bytes::new(&self.body)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, count, body) = <(usize, usize, ByteBuf)>::deserialize(deserializer)?;
        let endpoints = (0..count).map(|n| detach::<D::Error>(first.saturating_add(n)));
        Ok(Message::new(body.into_vec(), endpoints.collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests;
