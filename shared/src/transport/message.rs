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
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Whether an endpoint was asked for that the message does not hold.
    static ENDPOINT_WAS_MISSING: Cell<bool> = const { Cell::new(false) };
    /// Why this thread's last encoding or decoding was refused; the encoder drops such texts.
    static REFUSAL: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Encodes a value; its channel endpoints move into the message.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Message> {
    let (body, ends) = encode_to(value, Vec::new())?;
    Ok(Message::new(body, ends))
}

/// Encodes a value behind the bytes that are there; its channel endpoints move out of it.
pub(crate) fn encode_to<T: Serialize>(
    value: &T,
    bytes: Vec<u8>,
) -> Result<(Vec<u8>, Vec<Endpoint>)> {
    REFUSAL.set(None); // of an encoder of the program's own, which does not ask for it
    let (body, ends) =
        with(&OUTGOING, Some(Vec::new()), || (postcard::to_extend(value, bytes), OUTGOING.take()));
    let body = body.map_err(refused::<T>)?;
    let ends = ends.unwrap_or_default();
    check_endpoint_count(ends.len(), body.len())?;
    Ok((body, ends))
}

/// Encodes a value that is to leave this process, and refuses one that its own type cannot read
/// back: such a value would be an error at the receiver, when it is gone here.
///
/// The encoding does not describe itself, so a type that asks what comes next (`untagged`,
/// `serde_json::Value`) is written well and never read. Whether a type does so may depend on the
/// value, so each value is read back. A long one costs as much as it is long; those are read back
/// a few times per type and process. A channel end can be taken only once, so a value is read up
/// to its first one.
pub(crate) fn encode_checked<T: Serialize + DeserializeOwned>(value: &T) -> Result<Message> {
    let (body, endpoints) = encode_checked_to(value, Vec::new())?;
    Ok(Message::new(body, endpoints))
}

/// [`encode_checked`] into the room that is there.
pub(crate) fn encode_checked_to<T: Serialize + DeserializeOwned>(
    value: &T,
    room: Vec<u8>,
) -> Result<(Vec<u8>, Vec<Endpoint>)> {
    let (body, endpoints) = encode_to(value, room)?;
    if is_check_due(decode::<T>, body.len()) {
        check_readable::<T>(&body, !endpoints.is_empty())?;
    }
    Ok((body, endpoints))
}

/// Up to this many bytes, every value is read back.
const ALWAYS_CHECKED_BYTES: usize = 1024;

/// So many longer values of a type are read back in each process.
const LONG_VALUES_CHECKED: u32 = 4;

/// Whether a value of this length is to be read back. A type is known by its decoder: two types
/// that share one are read in the same way.
fn is_check_due<T>(decoder: fn(Message) -> Result<T>, length: usize) -> bool {
    static CHECKED: Mutex<BTreeMap<usize, u32>> = Mutex::new(BTreeMap::new());
    if length <= ALWAYS_CHECKED_BYTES {
        return true;
    }
    // A count that a panic left behind is a count all the same.
    let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    let count = checked.entry(decoder as usize).or_default();
    *count += u32::from(*count < LONG_VALUES_CHECKED + 1);
    *count <= LONG_VALUES_CHECKED
}

fn check_readable<T: DeserializeOwned>(body: &[u8], has_endpoints: bool) -> Result<()> {
    ENDPOINT_WAS_MISSING.set(false);
    let read = with(&INCOMING, Vec::new(), || postcard::take_from_bytes::<T>(body).map(|v| v.1));
    let reason = match read {
        Ok([]) => return Ok(()),
        Err(_) if has_endpoints && ENDPOINT_WAS_MISSING.get() => {
            REFUSAL.take();
            return Ok(());
        }
        Ok(rest) => format!("{} bytes are left over", rest.len()),
        Err(error) => reason(error),
    };
    Err(Error::Encode {
        type_name: type_name::<T>().into(),
        reason: format!(
            "its own type cannot read it back ({reason}); a type that needs a self-describing \
             format (`serde_json::Value`, `untagged`, `flatten`, `skip_serializing_if`) can cross \
             as its text"
        ),
    })
}

/// Encodes a value that is not sent, and lies where no channel endpoint can lie. A value that holds
/// one is refused, and keeps it. So is one that its own type cannot read back, as by
/// [`encode_checked`]. A short value needs no memory of its own.
pub(crate) fn encode_in_place<T: Serialize + DeserializeOwned, R>(
    value: &T,
    store: impl FnOnce(&[u8]) -> Result<R>,
) -> Result<R> {
    let is_outside = OUTGOING.with_borrow(Option::is_none);
    let mut room = [0; 64];
    // What does not go well is done again, for its reason and for its length.
    if let Some(bytes) = is_outside.then(|| postcard::to_slice(value, &mut room).ok()).flatten() {
        check_readable_in_place::<T>(bytes)?;
        return store(bytes);
    }
    REFUSAL.set(None);
    let bytes = with(&OUTGOING, None, || postcard::to_stdvec(value)).map_err(refused::<T>)?;
    if is_check_due(decode::<T>, bytes.len()) {
        check_readable_in_place::<T>(&bytes)?;
    }
    store(&bytes)
}

fn check_readable_in_place<T: DeserializeOwned>(bytes: &[u8]) -> Result<()> {
    match postcard::take_from_bytes::<T>(bytes) {
        Ok((_, [])) => Ok(()),
        // Again, for its reason.
        _ => check_readable::<T>(bytes, false),
    }
}

fn refused<T>(error: postcard::Error) -> Error {
    Error::Encode { type_name: type_name::<T>().into(), reason: reason(error) }
}

/// Decodes a value; the endpoints that it does not take are closed.
pub(crate) fn decode<T: DeserializeOwned>(message: Message) -> Result<T> {
    let (body, ends) = message.into_parts();
    decode_from(&body, ends)
}

/// Decodes a value from bytes, and the endpoints that belong to them.
pub(crate) fn decode_from<T: DeserializeOwned>(body: &[u8], ends: Vec<Endpoint>) -> Result<T> {
    // Without endpoints, here and in a decoding around this one, the table is as it is to be.
    let decoded = if ends.is_empty() && INCOMING.with_borrow(Vec::is_empty) {
        postcard::take_from_bytes(body)
    } else {
        let ends = ends.into_iter().map(Some).collect();
        with(&INCOMING, ends, || postcard::take_from_bytes(body))
    };
    let reason = match decoded {
        Ok((value, [])) => return Ok(value),
        Ok((_, rest)) => format!("{} bytes are left over", rest.len()),
        Err(error) => reason(error),
    };
    Err(Error::Decode { type_name: type_name::<T>().into(), reason })
}

/// Decodes a value that was not sent, and so holds no endpoint.
pub(crate) fn decode_in_place<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        // Again, for its reason.
        _ => decode_from(bytes, Vec::new()),
    }
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

/// The error of a `Serialize` that refuses; what it says is kept for [`Error::Encode`].
pub(crate) fn refuse_to_send<E: serde::ser::Error>(why: impl Display) -> E {
    REFUSAL.set(Some(why.to_string()));
    E::custom(why)
}

/// The error of a `Deserialize` that refuses; what it says is kept for [`Error::Decode`].
pub(crate) fn refuse_to_read<E: serde::de::Error>(why: impl Display) -> E {
    REFUSAL.set(Some(why.to_string()));
    E::custom(why)
}

fn reason(error: postcard::Error) -> String {
    let refusal = REFUSAL.take();
    match error {
        postcard::Error::SerdeSerCustom | postcard::Error::SerdeDeCustom if refusal.is_some() => {
            refusal.unwrap_or_default()
        }
        // The encoder drops what a type's own `Serialize` or `Deserialize` says.
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
        refuse_to_send(
            "a queue, a connection or a mutex can only be passed to a process, or through another one",
        )
    })?;
    let endpoints = endpoints()?;
    OUTGOING.with_borrow_mut(|table| table.get_or_insert_default().extend(endpoints));
    Ok(first)
}

/// Detaches an endpoint from the message that is being decoded.
pub(crate) fn detach<E: serde::de::Error>(index: usize) -> Result<Endpoint, E> {
    INCOMING.with_borrow_mut(|ends| ends.get_mut(index)?.take()).ok_or_else(|| {
        ENDPOINT_WAS_MISSING.set(true);
        refuse_to_read("a channel end is missing, as at the limit of open files (ulimit -n)")
    })
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
        self.endpoint_count() > 0
    }

    pub(crate) fn endpoint_count(&self) -> usize {
        self.endpoints.borrow().len()
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
