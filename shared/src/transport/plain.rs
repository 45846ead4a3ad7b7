//! A message through a plain socket, which has no name and needs no ipc-channel.
//!
//! A packet's last byte says how the message lies in it. A long one must not wait for a reader, so
//! it lies in a file without a name, in memory, and the packet brings the descriptor.

use super::bridge::{self, Packet};
use super::limits::{check_file_size, is_long};
use super::message::Message;
use super::socket;
use crate::{Error, Result};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

/// The message stands in the packet.
const INLINE: u8 = 0;
/// The message stands in the file that comes with the packet.
const IN_FILE: u8 = 1;
/// The message has ends, and stands in the packet as ipc-channel writes it.
const WITH_ENDS: u8 = 2;

/// Sends a message as one packet. Two long messages and some short ones always find room, so it
/// does not wait for a reader.
pub(crate) fn send_message(socket: &OwnedFd, message: Message) -> Result<()> {
    let packet = if message.has_endpoints() {
        let mut packet = bridge::to_packet(message)?;
        packet.bytes.push(WITH_ENDS);
        packet
    } else {
        let (mut bytes, _) = message.into_parts();
        if is_long(bytes.len())? {
            Packet { bytes: vec![IN_FILE], descriptors: vec![in_file(&bytes)?] }
        } else {
            bytes.push(INLINE);
            Packet { bytes, descriptors: Vec::new() }
        }
    };
    match socket::send(socket, &packet.bytes, &packet.descriptors) {
        Err(Errno::PIPE | Errno::CONNRESET) => Err(Error::Closed),
        sent => sent.map_err(Error::io("a message could not be sent")),
    }
}

/// The next message that has arrived, or `None` if there is none; it does not wait.
pub(crate) fn try_receive_message(socket: &OwnedFd) -> Result<Option<Message>> {
    let (mut bytes, descriptors) = match receive_packet(socket) {
        Ok(packet) => packet,
        Err(Errno::AGAIN) => return Ok(None),
        Err(errno) => return Err(Error::io("a message could not be received")(errno)),
    };
    match (bytes.pop(), descriptors) {
        // The other side is gone.
        (None, _) => Ok(None),
        (Some(WITH_ENDS), descriptors) => {
            bridge::from_packet(Packet { bytes, descriptors }).map(Some)
        }
        (Some(IN_FILE), descriptors) => descriptors.into_iter().next().map(from_file).transpose(),
        (Some(_), _) => Ok(Some(Message::new(bytes, Vec::new()))),
    }
}

fn receive_packet(socket: &OwnedFd) -> Result<(Vec<u8>, Vec<OwnedFd>), Errno> {
    match socket::try_receive(socket.as_fd()) {
        // The other side has left something unread, which is told once, and before what it sent.
        Err(Errno::CONNRESET) => socket::try_receive(socket.as_fd()),
        received => received,
    }
}

fn in_file(bytes: &[u8]) -> Result<OwnedFd> {
    let failed = Error::io("a long message could not be put into memory");
    check_file_size(bytes.len())?;
    let file = memfd_create("multiprocessing", MemfdFlags::CLOEXEC)
        .map_err(Error::io("a file in memory for a long message could not be made"))?;
    let mut file = File::from(file);
    file.write_all(bytes).map_err(failed)?;
    Ok(file.into())
}

fn from_file(file: OwnedFd) -> Result<Message> {
    let failed = Error::io("a long message could not be read from memory");
    let file = File::from(file);
    let length = file.metadata().map_err(failed)?.len();
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, 0).map_err(failed)?;
    Ok(Message::new(bytes, Vec::new()))
}
