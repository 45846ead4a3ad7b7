//! Any descriptor travels in a message, although ipc-channel carries only its own.
//!
//! In a packet that ipc-channel has written, the descriptor of one channel end is exchanged for
//! ours, and ipc-channel unpacks it as a sender that nobody sends on. ipc-channel takes a descriptor
//! that is no socket for memory, and would map it at each hop. So a file travels within a socket,
//! and only while it travels: what lies in a socket counts against a limit of its user's.

use super::bridge::{self, Packet};
use super::channel::Sender;
use super::message::{Endpoint, Message, attach, detach, refuse_to_read, refuse_to_send};
use super::socket::{receive_now, send};
use crate::{Error, Result};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

fn failed(errno: Errno) -> Error {
    Error::io("a descriptor could not be passed on")(errno)
}

/// Two connected sockets.
fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None).map_err(failed)
}

/// A sender whose packets arrive at a plain socket, where [`receive_message`] finds them.
pub(crate) fn sender_to_socket() -> Result<(Sender, OwnedFd)> {
    let (plain, socket) = socket_pair()?;
    Ok((Sender::new(bridge::to_sender(socket)?), plain))
}

/// The next message that has come to a plain socket; `None` when none has. [`Error::Closed`] when
/// no sender is left.
pub(crate) fn receive_message(plain: &OwnedFd) -> Result<Option<Message>> {
    // A packet is received in two steps, its length first. Two threads would take each other's.
    static RECEIVING: Mutex<()> = Mutex::new(());
    let turn = RECEIVING.lock().unwrap_or_else(PoisonError::into_inner);
    let received = receive_now(plain);
    drop(turn);
    let (packet, ends) = match received {
        Err(Errno::AGAIN) => return Ok(None),
        received => received.map_err(failed)?,
    };
    if packet.is_empty() {
        return Err(Error::Closed);
    }
    bridge::from_packet(Packet { bytes: packet, descriptors: ends }).map(Some)
}

/// Wraps a file, for a message.
fn wrap(file: &File) -> Result<Endpoint> {
    let (inside, outside) = socket_pair()?;
    let file = file.try_clone().map_err(Error::io("a file could not be passed on"))?;
    send(&inside, &[0], &[file.into()]).map_err(failed)?;
    bridge::to_sender(outside).map(Endpoint::Sender)
}

/// Takes a file out of what came in a message.
fn unwrap(end: &Endpoint) -> Result<OwnedFd> {
    let Endpoint::Sender(sender) = end else { return Err(failed(Errno::BADMSG)) };
    let socket = bridge::to_socket(sender.clone())?;
    let (_, mut files) = receive_now(&socket).map_err(failed)?;
    files.pop().ok_or(Errno::MFILE).map_err(failed)
}

/// A file that travels in a message. It can be serialized by [`super::message`] only.
pub(crate) struct Passed(pub(crate) Arc<File>);

impl Serialize for Passed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        attach(|| Ok(vec![wrap(&self.0).map_err(refuse_to_send)?]))?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let end = detach(usize::deserialize(deserializer)?)?;
        let file = unwrap(&end).map_err(refuse_to_read)?;
        Ok(Passed(Arc::new(File::from(file))))
    }
}
