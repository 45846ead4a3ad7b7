//! From a channel's ends to plain descriptors, and back.
//!
//! A message with ends can only be written and read by ipc-channel. This process keeps one channel
//! whose far side is a plain socket, and one whose near side is: what goes into the first comes out
//! as a packet with descriptors, and such a packet, put into the second, comes out as a message.

use super::channel::{self, Receiver, Sender};
use super::message::{self, Endpoint, Message};
use super::socket;
use crate::{Error, Result};
use ipc_channel::ipc::OpaqueIpcSender;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A packet as ipc-channel writes it, and the descriptors that belong to it.
pub(super) struct Packet {
    pub(super) bytes: Vec<u8>,
    pub(super) descriptors: Vec<OwnedFd>,
}

struct Bridge {
    /// What is sent here arrives at `packets`.
    messages_in: Sender,
    packets: OwnedFd,
    /// What is sent here arrives at `messages`.
    packets_in: OwnedFd,
    messages: Receiver,
    /// A packet with one sending end, as ipc-channel writes it.
    template: Vec<u8>,
}

/// Takes the ends of a message out of their channels, as descriptors.
pub(super) fn to_packet(message: Message) -> Result<Packet> {
    with_bridge(|bridge| {
        bridge.messages_in.send_single(message)?;
        let (bytes, descriptors) = socket::receive(&bridge.packets).map_err(failed)?;
        Ok(Packet { bytes, descriptors })
    })
}

/// Makes a message of a packet that [`to_packet`] made, here or in another process.
pub(super) fn from_packet(packet: Packet) -> Result<Message> {
    if !is_whole(&packet.bytes) {
        return Err(failed(Errno::BADMSG));
    }
    with_bridge(|bridge| {
        socket::send(&bridge.packets_in, &packet.bytes, &packet.descriptors).map_err(failed)?;
        // They come back from the channel, and would be open twice.
        drop(packet.descriptors);
        bridge.messages.recv(Some(Instant::now()))?.ok_or_else(|| failed(Errno::BADMSG))
    })
}

/// Whether a packet is as long as it says: its own length and that of its message come first. For one
/// that says more ipc-channel would wait.
fn is_whole(bytes: &[u8]) -> bool {
    const WORD: usize = size_of::<usize>();
    let word = |at| bytes.get(at..at + WORD)?.try_into().ok().map(usize::from_ne_bytes);
    word(0) == Some(bytes.len()) && word(WORD) == bytes.len().checked_sub(2 * WORD)
}

/// Makes a sender of a socket's descriptor. ipc-channel unpacks it in place of the end that it wrote.
pub(super) fn to_sender(socket: OwnedFd) -> Result<OpaqueIpcSender> {
    let template = with_bridge(|bridge| Ok(bridge.template.clone()))?;
    let message = from_packet(Packet { bytes: template, descriptors: vec![socket] })?;
    match message.into_parts().1.pop() {
        Some(Endpoint::Sender(end)) => Ok(end),
        _ => Err(failed(Errno::MFILE)),
    }
}

/// Takes the socket's descriptor out of a sender.
pub(super) fn to_socket(sender: OpaqueIpcSender) -> Result<OwnedFd> {
    let packet = to_packet(Message::new(Vec::new(), vec![Endpoint::Sender(sender)]))?;
    packet.descriptors.into_iter().next().ok_or_else(|| failed(Errno::MFILE))
}

fn with_bridge<R>(call: impl FnOnce(&Bridge) -> Result<R>) -> Result<R> {
    static BRIDGE: Mutex<Option<Bridge>> = Mutex::new(None);
    let mut bridge = BRIDGE.lock().unwrap_or_else(PoisonError::into_inner);
    // Out of its place for the call: after an error or a panic a packet could be left in it, which
    // the next call would take for its own.
    let ready = bridge.take().map_or_else(Bridge::new, Ok)?;
    let result = call(&ready);
    if result.is_ok() {
        *bridge = Some(ready);
    }
    result
}

impl Bridge {
    fn new() -> Result<Bridge> {
        let (messages_in, packets) = socket::pair()?;
        let (sender, messages) = channel::channel()?;
        // The first journey brings the socket of the second channel's sender.
        messages_in.send_single(message::encode(&sender)?)?;
        drop(sender);
        let (template, descriptors) = socket::receive(&packets).map_err(failed)?;
        let packets_in = descriptors.into_iter().next().ok_or_else(|| failed(Errno::BADMSG))?;
        Ok(Bridge { messages_in, packets, packets_in, messages, template })
    }
}

fn failed(errno: Errno) -> Error {
    Error::io("the ends of channels could not be passed on")(errno)
}
