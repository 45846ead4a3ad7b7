//! The one door to ipc-channel: a channel carries [`Message`]s, and no call panics, splits a
//! packet, or is interrupted by a signal.
//!
//! Every channel carries the same packet type. What a user sends is encoded before it comes here
//! (see [`message`](crate::message)), so a packet can always be written and always be read, and
//! whatever may fail has failed before ipc-channel is asked for anything.

use crate::message::Message;
use crate::pace::Pace;
use crate::{Error, Result};
use ipc_channel::ipc::{
    self, IpcReceiver, IpcSender, IpcSharedMemory, OpaqueIpcReceiver, OpaqueIpcSender,
};
use ipc_channel::{IpcError, TryRecvError};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};
use std::{hint, io, mem, thread};

/// How many descriptors ipc-channel can send at once; with one more it panics.
pub(crate) const MAX_ENDS: usize = 64;

/// Whether a message may hold so many ends. Where it is long, the shared memory counts as one.
pub(crate) fn check_count(count: usize, length: usize) -> Result<()> {
    // It may yet become part of another message, and a little longer.
    let limit = MAX_ENDS - usize::from(is_long(length + 64)?);
    if count > limit { Err(Error::TooManyEnds { count, limit }) } else { Ok(()) }
}

/// Whether a packet of this length would leave no room for two more.
fn is_long(length: usize) -> Result<bool> {
    Ok(charge(length) > packet_size()? / 3)
}

/// One end of a channel, on its way to another process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum End {
    Sender(OpaqueIpcSender),
    Receiver(OpaqueIpcReceiver),
}

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

/// A place that one other process can connect to, by its name.
#[cfg(any(not(target_os = "linux"), portable_launch))]
pub(crate) struct Server(ipc::IpcOneShotServer<Packet<ByteBuf>>);

#[cfg(any(not(target_os = "linux"), portable_launch))]
impl Server {
    pub(crate) fn new() -> Result<(Server, String)> {
        let make = || Ok(ipc::IpcOneShotServer::new()?);
        let (server, name) = quietly("a server for a child could not be made", make)?;
        Ok((Server(server), name))
    }

    /// Waits for a connection and the first message on it, for ever.
    pub(crate) fn accept(self) -> Result<Message> {
        let (_, packet) = quietly("a child could not be heard", || self.0.accept())?;
        Ok(Message::new(packet.body.into_vec(), packet.ends))
    }
}

/// How long the body of one packet may be, so that ipc-channel never splits it: what the kernel
/// gives a socket, less what the packet itself needs.
pub(crate) fn packet_size() -> Result<usize> {
    if let Some(size) = PACKET_SIZE.get() {
        return Ok(*size);
    }
    Ok(learn_send_buffer(send_buffer_size().map_err(Error::io("a socket could not be made"))?))
}

static PACKET_SIZE: OnceLock<usize> = OnceLock::new();

/// Notes what the kernel gives a socket, where one is at hand.
pub(crate) fn learn_send_buffer(size: usize) -> usize {
    *PACKET_SIZE.get_or_init(|| size.saturating_sub(2048).max(1024))
}

/// How much of that a packet takes at most: the kernel rounds up to a power of two, and keeps books.
pub(crate) fn charge(length: usize) -> usize {
    2 * length + 2048
}

#[cfg(target_os = "linux")]
fn send_buffer_size() -> io::Result<usize> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    // Two, because ipc-channel is about to make two for the same question, and if it cannot, will
    // never work again.
    let socket = || socket_with(AddressFamily::UNIX, kind, flags, None);
    let (socket, _second) = (socket()?, socket()?);
    Ok(sockopt::socket_send_buffer_size(&socket)?)
}

/// Elsewhere ipc-channel does not split at the size of a socket's buffer.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)]
fn send_buffer_size() -> io::Result<usize> {
    Ok(64 * 1024)
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

const BAD_FILE: i32 = Errno::BADF.raw_os_error();

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Calls ipc-channel, some of whose functions panic (most at the limit of open files), and turns a
/// panic into an error without a word on stderr.
fn quietly<R>(doing: &'static str, call: impl FnOnce() -> Result<R, IpcError>) -> Result<R> {
    hush_panics_inside();
    let outside = INSIDE.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outside);
    let source = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(IpcError::Disconnected)) => return Err(Error::Closed),
        // ipc-channel goes on without a socket that it did not get.
        Ok(Err(IpcError::Io(error))) if error.raw_os_error() == Some(BAD_FILE) => {
            Errno::MFILE.into()
        }
        Ok(Err(IpcError::Io(error))) => error,
        // A packet can always be written and read, unless its ends were lost on the way.
        Ok(Err(IpcError::SerializationError(error))) => gave_up(&error),
        Err(panic) => gave_up(&panic_message(&*panic)),
    };
    match source.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Err(Error::Closed),
        _ => Err(Error::Io { doing, source }),
    }
}

fn gave_up(why: &dyn Display) -> io::Error {
    io::Error::other(format!(
        "ipc-channel gave up, most often at the limit of open files (ulimit -n): {why}"
    ))
}

/// What a panic said, if it said it in words.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("with a value that is not text")
}

/// Puts a hook before the panic hook that stands: silent only on a thread that is inside
/// [`quietly`].
pub(crate) fn hush_panics_inside() {
    static ONCE: Once = Once::new();
    // While unwinding, a hook cannot be set; the next call does it.
    if ONCE.is_completed() || thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !INSIDE.get() {
                hook(info);
            }
        }));
    });
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
