//! A channel carries [`Message`]s: no call splits a packet, or is interrupted by a signal.
//!
//! Every channel carries the same packet type. What a user sends is encoded before it comes here
//! (see [`message`](super::message)), so a packet can always be written and always be read, and
//! whatever may fail has failed before ipc-channel is asked for anything.

use super::backoff::Pace;
use super::ipc::quietly;
use super::limits::{is_long, packet_size};
use super::message::{End, Message, put_ends, take_end};
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
    // Read before the shared memory: where that was lost on the way, the ends are closed all the same.
    ends: Vec<End>,
    /// The body, when it is too long for a packet and must not wait for a reader.
    shared: Option<IpcSharedMemory>,
    /// Whether a message begins here. One that was broken off before is forgotten.
    first: bool,
    /// How much of the message is yet to come, in the next packets.
    rest: usize,
    // Last: whatever followed it would make the encoder's buffer grow once more, with all of it.
    body: Body,
}

/// The sending end. A clone is the same end; the channel closes when every clone is gone.
// Opaque, because a typed one is `Sync` only if what it carries is.
#[derive(Clone)]
pub(crate) struct Sender(OpaqueIpcSender);

/// The receiving end; there is only ever one.
pub(crate) struct Receiver {
    /// `None` once it was sent away.
    channel: RefCell<Option<IpcReceiver<Packet<ByteBuf>>>>,
    /// The first packets of a message whose last has not come yet.
    partial: RefCell<Vec<u8>>,
    pace: Pace,
}

/// Makes a channel, which is a pair of sockets.
pub(crate) fn channel() -> Result<(Sender, Receiver)> {
    let make = || Ok(ipc::channel::<Packet<ByteBuf>>()?);
    let (sender, receiver) = quietly("a channel could not be made", make)?;
    Ok((Sender::new(sender.to_opaque()), Receiver::new(receiver.to_opaque(), Vec::new())))
}

/// Sends and receives one message, so that what ipc-channel finds out on first use, and would
/// never recover from failing at, is found out while there is still room for it.
pub(crate) fn warm_up() -> Result<()> {
    let (sender, receiver) = channel()?;
    sender.send_whole(Message::default())?;
    receiver.recv(None).map(drop)
}

impl Sender {
    pub(crate) fn new(end: OpaqueIpcSender) -> Sender {
        Sender(end)
    }

    pub(crate) fn end(&self) -> End {
        End::Sender(self.0.clone())
    }

    /// Connects to a listening socket, by its path.
    pub(crate) fn connect(path: &str) -> Result<Sender> {
        let connect = || Ok(IpcSender::<Packet<ByteBuf>>::connect(path.to_owned())?);
        Ok(Sender(quietly("a socket could not be connected", connect)?.to_opaque()))
    }

    /// Sends a message as one packet, through shared memory if it is long. For a channel with
    /// several writers, or one that nobody may be reading yet: two such packets, and some short
    /// ones, always find room.
    pub(crate) fn send_whole(&self, message: Message) -> Result<()> {
        let (body, ends) = message.into_parts();
        let (mut body, mut shared) = (body.as_slice(), None);
        if is_long(body.len())? {
            let share = || Ok(IpcSharedMemory::from_bytes(body));
            shared = Some(quietly("shared memory for a long message could not be made", share)?);
            body = &[];
        }
        self.send_packet(Packet { ends, shared, first: true, rest: 0, body: Bytes::new(body) })
    }

    /// Sends a message as a run of packets, telling `before_each` the length of each. Only for a
    /// channel with a single writer: packets of two messages must not mix.
    pub(crate) fn send(
        &self,
        message: Message,
        mut before_each: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let (body, ends) = message.into_parts();
        keep_heap(body.len());
        let (mut first, mut body) = (true, body.as_slice());
        while let Some((part, rest)) = body.split_at_checked(packet_size()?)
            && !rest.is_empty()
        {
            before_each(part.len())?;
            let (part, rest_length) = (Bytes::new(part), rest.len());
            let (ends, shared) = (Vec::new(), None);
            self.send_packet(Packet { ends, shared, first, rest: rest_length, body: part })?;
            (first, body) = (false, rest);
        }
        before_each(body.len())?;
        self.send_packet(Packet { ends, shared: None, first, rest: 0, body: Bytes::new(body) })
    }

    fn send_packet(&self, mut packet: Packet<&Bytes>) -> Result<()> {
        let channel: IpcSender<Packet<&Bytes>> = self.0.clone().to();
        let moves = !packet.ends.is_empty() || packet.shared.is_some();
        let Packet { first, rest, body, .. } = packet;
        loop {
            match quietly("a message could not be sent", || channel.send(packet)) {
                // A packet with ends is gone once it was tried: its ends have moved.
                Err(error) if !moves && error.is_interruption() => {
                    packet = Packet { ends: Vec::new(), shared: None, first, rest, body };
                }
                result => return result,
            }
        }
    }
}

impl Receiver {
    pub(crate) fn new(end: OpaqueIpcReceiver, partial: Vec<u8>) -> Receiver {
        let (channel, partial) = (RefCell::new(Some(end.to())), RefCell::new(partial));
        Receiver { channel, partial, pace: Pace::default() }
    }

    /// Takes the receiver out, with what has arrived of a message.
    pub(crate) fn take(&self) -> Option<(End, Vec<u8>)> {
        let channel = self.channel.take()?;
        Some((End::Receiver(channel.to_opaque()), self.partial.take()))
    }

    /// Waits for a message until the deadline, or for ever; `None` means that the time is over.
    /// What has arrived of a long message by then is kept.
    pub(crate) fn recv(&self, deadline: Option<Instant>) -> Result<Option<Message>> {
        // What can be lost is a packet with ends, and that is the last of its message.
        let received = || self.recv_packet(deadline).inspect_err(|_| drop(self.partial.take()));
        while let Some(packet) = received()? {
            let mut partial = self.partial.borrow_mut();
            if packet.first {
                partial.clear();
            }
            keep_heap(packet.body.len());
            let body = match packet.shared {
                Some(shared) => shared.to_vec(),
                None if partial.is_empty() && packet.rest == 0 => packet.body.into_vec(),
                None => {
                    partial.reserve(packet.body.len() + packet.rest.min(MUCH));
                    partial.extend_from_slice(&packet.body);
                    if packet.rest > 0 {
                        continue;
                    }
                    mem::take(&mut *partial)
                }
            };
            return Ok(Some(Message::new(body, packet.ends)));
        }
        Ok(None)
    }

    fn recv_packet(&self, deadline: Option<Instant>) -> Result<Option<Packet<ByteBuf>>> {
        let channel = self.channel.borrow();
        let channel = channel.as_ref().ok_or(Error::Closed)?;
        packet_size()?; // before ipc-channel asks
        let is_over = || deadline.is_some_and(|deadline| deadline <= Instant::now());
        if !is_over() {
            let now = || recv_within(channel, Some(Duration::ZERO)).transpose();
            if let Some(received) = self.pace.look(now) {
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

/// Waits for a packet so long, or for ever; less if a signal comes.
fn recv_within(
    channel: &IpcReceiver<Packet<ByteBuf>>,
    time: Option<Duration>,
) -> Result<Option<Packet<ByteBuf>>> {
    let received = quietly("a message could not be received", || match time {
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

/// The time until then, rounded up: ipc-channel cuts it to whole milliseconds, which would make the
/// last one a busy loop.
fn whole_millis(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    let millis = u32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX);
    // For ipc-channel a time over 24 days is for ever.
    Duration::from_millis(u64::from(millis.min(u32::MAX / 2)))
}

/// How much memory is set aside for a message before it has arrived.
const MUCH: usize = 4 << 20;

/// Keeps the heap from shrinking after each long message, only to grow again, page by page, for the
/// next: glibc gives back what lies free at its end if that is more than twice the largest block
/// that was freed so far. So a large one is, once, and never touched.
fn keep_heap(length: usize) {
    const LONG: usize = 32 * 1024;
    static ONCE: Once = Once::new();
    if length > LONG {
        ONCE.call_once(|| {
            let mut block = Vec::<u8>::new();
            let _ = block.try_reserve_exact(MUCH);
            drop(hint::black_box(block));
        });
    }
}

impl Serialize for Sender {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        put_ends::<S::Error>(|| Ok(vec![self.end()]))?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match take_end(usize::deserialize(deserializer)?)? {
            End::Sender(end) => Ok(Sender::new(end)),
            End::Receiver(_) => Err(D::Error::custom("a receiving end instead of a sending one")),
        }
    }
}

/// A receiver moves out when it is serialized, with what has arrived of a message.
impl Serialize for Receiver {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut partial = Vec::new();
        let place = put_ends(|| {
            let (end, arrived) = self.take().ok_or_else(|| S::Error::custom("already sent"))?;
            partial = arrived;
            Ok(vec![end])
        })?;
        (place, Bytes::new(&partial)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Receiver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (place, partial) = <(usize, ByteBuf)>::deserialize(deserializer)?;
        match take_end(place)? {
            End::Receiver(end) => Ok(Receiver::new(end, partial.into_vec())),
            End::Sender(_) => Err(D::Error::custom("a sending end instead of a receiving one")),
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
        // Longer than 24 days is for ever to ipc-channel, and must not be.
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        assert!((days(20)..days(25)).contains(&from_now(days(1000))));
    }
}
