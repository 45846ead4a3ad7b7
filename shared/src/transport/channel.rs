//! A channel carries [`Message`]s. No call splits a packet, and no signal interrupts a call.
//!
//! Every channel carries the same packet type. A value is encoded before it comes here (see
//! [`message`](super::message)), so every packet can be serialized and deserialized. An encoding
//! that fails has failed before ipc-channel is called.

use super::backoff::Backoff;
use super::ipc::catch_ipc_panic;
use super::limits::{check_file_size, is_long, packet_size};
use super::message::{Endpoint, Message, attach, detach};
use crate::{Error, Result};
use ipc_channel::TryRecvError;
use ipc_channel::ipc::{
    self, IpcReceiver, IpcSender, IpcSharedMemory, OpaqueIpcReceiver, OpaqueIpcSender,
};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::{ByteBuf, Bytes};
use std::cell::RefCell;
use std::sync::Once;
use std::time::{Duration, Instant};
use std::{hint, mem};

#[derive(Serialize, Deserialize)]
struct Packet<Body> {
    // Deserialized before the shared memory: if that was lost on the way, the endpoints are closed
    // all the same.
    endpoints: Vec<Endpoint>,
    /// The body, if it is too long for a packet and the send must not wait for a reader.
    shared: Option<IpcSharedMemory>,
    /// Whether this is the first packet of a message. The receiver then discards an incomplete one
    /// before it.
    first: bool,
    /// How many bytes of the message follow in the next packets.
    rest: usize,
    // The last field: one after it would make the encoder's buffer grow again, and copy the body.
    body: Body,
}

/// The sending endpoint. A clone is the same endpoint; the channel closes when every clone is
/// dropped.
// Opaque, because a typed one is `Sync` only if what it carries is.
#[derive(Clone)]
pub(crate) struct Sender(OpaqueIpcSender);

/// The receiving endpoint. A channel has one.
pub(crate) struct Receiver {
    /// `None` after this receiver was sent to another process.
    channel: RefCell<Option<IpcReceiver<Packet<ByteBuf>>>>,
    /// The bodies of a message's first packets, until its last packet has arrived.
    partial: RefCell<Vec<u8>>,
    backoff: Backoff,
}

/// Makes a channel, which is a pair of sockets.
pub(crate) fn channel() -> Result<(Sender, Receiver)> {
    let make = || Ok(ipc::channel::<Packet<ByteBuf>>()?);
    let (sender, receiver) = catch_ipc_panic("a channel could not be made", make)?;
    Ok((Sender::new(sender.to_opaque()), Receiver::new(receiver.to_opaque(), Vec::new())))
}

/// Sends and receives one message. ipc-channel initializes itself on first use, and never recovers
/// if that fails; so it is done early, while there are free descriptors.
pub(crate) fn warm_up() -> Result<()> {
    let (sender, receiver) = channel()?;
    sender.send_single(Message::default())?;
    receiver.recv(None).map(drop)
}

impl Sender {
    pub(crate) fn new(end: OpaqueIpcSender) -> Sender {
        Sender(end)
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Sender(self.0.clone())
    }

    /// Connects to a listening socket, by its path.
    pub(crate) fn connect(path: &str) -> Result<Sender> {
        let connect = || Ok(IpcSender::<Packet<ByteBuf>>::connect(path.to_owned())?);
        Ok(Sender(catch_ipc_panic("a socket could not be connected", connect)?.to_opaque()))
    }

    /// Sends a message as a single packet, with the body in shared memory if it is long. For a
    /// channel that has several writers, or no reader yet: the socket has room for two such packets
    /// and some short ones.
    pub(crate) fn send_single(&self, message: Message) -> Result<()> {
        let (body, endpoints) = message.into_parts();
        let (mut body, mut shared) = (body.as_slice(), None);
        if is_long(body.len())? {
            check_file_size(body.len())?;
            let share = || Ok(IpcSharedMemory::from_bytes(body));
            shared =
                Some(catch_ipc_panic("shared memory for a long message could not be made", share)?);
            body = &[];
        }
        self.send_packet(Packet { endpoints, shared, first: true, rest: 0, body: Bytes::new(body) })
    }

    /// Sends a message in as many packets as it needs, and calls `before_each` with the length of
    /// each. Only for a channel that has a single writer: the packets of two messages must not mix.
    pub(crate) fn send_chunked(
        &self,
        message: Message,
        mut before_each: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let (body, endpoints) = message.into_parts();
        raise_trim_threshold(body.len());
        let (mut first, mut body) = (true, body.as_slice());
        while let Some((part, rest)) = body.split_at_checked(packet_size()?)
            && !rest.is_empty()
        {
            before_each(part.len())?;
            let (part, rest_length) = (Bytes::new(part), rest.len());
            let (endpoints, shared) = (Vec::new(), None);
            self.send_packet(Packet { endpoints, shared, first, rest: rest_length, body: part })?;
            (first, body) = (false, rest);
        }
        before_each(body.len())?;
        self.send_packet(Packet { endpoints, shared: None, first, rest: 0, body: Bytes::new(body) })
    }

    fn send_packet(&self, mut packet: Packet<&Bytes>) -> Result<()> {
        let channel: IpcSender<Packet<&Bytes>> = self.0.clone().to();
        let moves = !packet.endpoints.is_empty() || packet.shared.is_some();
        let Packet { first, rest, body, .. } = packet;
        loop {
            match catch_ipc_panic("a message could not be sent", || channel.send(packet)) {
                // A packet with endpoints cannot be sent again: the first attempt has moved them.
                Err(error) if !moves && error.is_interruption() => {
                    packet = Packet { endpoints: Vec::new(), shared: None, first, rest, body };
                }
                result => return result,
            }
        }
    }
}

impl Receiver {
    pub(crate) fn new(end: OpaqueIpcReceiver, partial: Vec<u8>) -> Receiver {
        let (channel, partial) = (RefCell::new(Some(end.to())), RefCell::new(partial));
        Receiver { channel, partial, backoff: Backoff::default() }
    }

    /// Takes the endpoint out, with the part of a message that has arrived.
    pub(crate) fn take(&self) -> Option<(Endpoint, Vec<u8>)> {
        let channel = self.channel.take()?;
        Some((Endpoint::Receiver(channel.to_opaque()), self.partial.take()))
    }

    /// Waits for a message until the deadline, or without a limit; `None` means that the deadline
    /// has passed. The part of a long message that has arrived by then is kept.
    pub(crate) fn recv(&self, deadline: Option<Instant>) -> Result<Option<Message>> {
        // Only a packet with endpoints can be lost, and it is the last packet of its message.
        let received = || self.recv_packet(deadline).inspect_err(|_| drop(self.partial.take()));
        while let Some(packet) = received()? {
            let mut partial = self.partial.borrow_mut();
            if packet.first {
                partial.clear();
            }
            raise_trim_threshold(packet.body.len());
            let body = match packet.shared {
                Some(shared) => shared.to_vec(),
                None if partial.is_empty() && packet.rest == 0 => packet.body.into_vec(),
                None => {
                    partial.reserve(packet.body.len() + packet.rest.min(MAX_PREALLOC));
                    partial.extend_from_slice(&packet.body);
                    if packet.rest > 0 {
                        continue;
                    }
                    mem::take(&mut *partial)
                }
            };
            return Ok(Some(Message::new(body, packet.endpoints)));
        }
        Ok(None)
    }

    fn recv_packet(&self, deadline: Option<Instant>) -> Result<Option<Packet<ByteBuf>>> {
        let channel = self.channel.borrow();
        let channel = channel.as_ref().ok_or(Error::Closed)?;
        packet_size()?; // before ipc-channel asks for the same, and could fail
        let is_over = || deadline.is_some_and(|deadline| deadline <= Instant::now());
        if !is_over() {
            let now = || recv_within(channel, Some(Duration::ZERO)).transpose();
            if let Some(received) = self.backoff.spin(now) {
                return received.map(Some);
            }
        }
        loop {
            let received = recv_within(channel, deadline.map(whole_millis))?;
            if received.is_some() || is_over() {
                return Ok(received);
            }
        }
    }
}

/// Waits for a packet for that time, or without a limit. A signal ends the wait early.
fn recv_within(
    channel: &IpcReceiver<Packet<ByteBuf>>,
    time: Option<Duration>,
) -> Result<Option<Packet<ByteBuf>>> {
    let received = catch_ipc_panic("a message could not be received", || match time {
        None => channel.recv().map(Some),
        Some(time) => match channel.try_recv_timeout(time) {
            Ok(packet) => Ok(Some(packet)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::IpcError(error)) => Err(error),
        },
    });
    match received {
        Err(error) if error.is_interruption() => Ok(None),
        received => received,
    }
}

/// The time until the deadline, rounded up to milliseconds. ipc-channel rounds down, which would
/// make the last millisecond a busy loop.
fn whole_millis(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    let millis = u32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX);
    // ipc-channel takes a time of more than 24 days for a wait without a limit.
    Duration::from_millis(u64::from(millis.min(u32::MAX / 2)))
}

/// How many bytes at most are allocated for a message before they have arrived.
const MAX_PREALLOC: usize = 4 << 20;

/// Keeps glibc from trimming the heap after each long message. The next one would grow it again,
/// page by page. glibc trims when the free memory at the end of the heap exceeds twice the largest
/// block freed so far; so a large block is allocated and freed once, and never written to.
fn raise_trim_threshold(length: usize) {
    const LONG: usize = 32 * 1024;
    static ONCE: Once = Once::new();
    if length > LONG {
        ONCE.call_once(|| {
            let mut block = Vec::<u8>::new();
            let _ = block.try_reserve_exact(MAX_PREALLOC);
            drop(hint::black_box(block));
        });
    }
}

impl Serialize for Sender {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        attach::<S::Error>(|| Ok(vec![self.endpoint()]))?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match detach(usize::deserialize(deserializer)?)? {
            Endpoint::Sender(end) => Ok(Sender::new(end)),
            Endpoint::Receiver(_) => {
                Err(D::Error::custom("a receiving end instead of a sending one"))
            }
        }
    }
}

/// Serializing a receiver moves its endpoint out, with the part of a message that has arrived.
impl Serialize for Receiver {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut partial = Vec::new();
        let index = attach(|| {
            let (end, arrived) = self.take().ok_or_else(|| S::Error::custom("already sent"))?;
            partial = arrived;
            Ok(vec![end])
        })?;
        (index, Bytes::new(&partial)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Receiver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (index, partial) = <(usize, ByteBuf)>::deserialize(deserializer)?;
        match detach(index)? {
            Endpoint::Receiver(end) => Ok(Receiver::new(end, partial.into_vec())),
            Endpoint::Sender(_) => {
                Err(D::Error::custom("a sending end instead of a receiving one"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::whole_millis;
    use std::time::{Duration, Instant};

    #[test]
    fn the_last_part_of_a_wait_is_a_whole_millisecond_and_no_busy_loop() {
        let from_now = |time| whole_millis(Instant::now() + time);
        assert_eq!(from_now(Duration::ZERO), Duration::ZERO);
        assert_eq!(from_now(Duration::from_micros(900)), Duration::from_millis(1));
        // To ipc-channel more than 24 days are no limit at all, and must not be.
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        assert!((days(20)..days(25)).contains(&from_now(days(1000))));
    }
}
