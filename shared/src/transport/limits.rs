//! What the kernel and ipc-channel allow one packet to hold.

use crate::{Error, Result};
use std::io;
use std::sync::OnceLock;

/// How many descriptors ipc-channel can send at once; with one more it panics.
pub(crate) const MAX_ENDS: usize = 64;

/// Whether a message may hold so many ends. Where it is long, the shared memory counts as one.
pub(crate) fn check_count(count: usize, length: usize) -> Result<()> {
    // It may yet become part of another message, and a little longer.
    let limit = MAX_ENDS - usize::from(is_long(length + 64)?);
    if count > limit { Err(Error::TooManyEnds { count, limit }) } else { Ok(()) }
}

/// Whether a packet of this length would leave no room for two more.
pub(super) fn is_long(length: usize) -> Result<bool> {
    Ok(charge(length) > packet_size()? / 3)
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

fn send_buffer_size() -> io::Result<usize> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    // Two, because ipc-channel is about to make two for the same question, and if it cannot, will
    // never work again.
    let socket = || socket_with(AddressFamily::UNIX, kind, flags, None);
    let (socket, _second) = (socket()?, socket()?);
    Ok(sockopt::socket_send_buffer_size(&socket)?)
}
