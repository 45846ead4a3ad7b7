//! What the kernel and ipc-channel allow one packet to hold.

use crate::{Error, Result};
use rustix::io::Errno;
use std::io;
use std::sync::OnceLock;

/// How many descriptors ipc-channel can send at once; with one more it panics.
pub(crate) const MAX_ENDPOINTS: usize = 64;

/// Fails if a message of `length` bytes may not hold `count` endpoints. The shared memory of a long
/// message takes the place of one.
pub(crate) fn check_endpoint_count(count: usize, length: usize) -> Result<()> {
    // The message may become part of another one, which is a little longer.
    let limit = MAX_ENDPOINTS - usize::from(is_long(length + 64)?);
    if count > limit { Err(Error::TooManyEnds { count, limit }) } else { Ok(()) }
}

/// Whether a packet of this length is so long that a socket has no room for two more.
pub(super) fn is_long(length: usize) -> Result<bool> {
    Ok(memory_cost(length) > packet_size()? / 3)
}

/// Whether a file in memory may become so long: the kernel ends a process that exceeds the limit of
/// a file's size, with a signal that says nothing.
pub(crate) fn check_file_size(length: usize) -> Result<()> {
    use rustix::process::{Resource, getrlimit};
    match getrlimit(Resource::Fsize).current {
        Some(limit) if limit < length as u64 => {
            Err(Error::io("a long message could not be put into memory")(Errno::FBIG))
        }
        _ => Ok(()),
    }
}

/// How many bytes the body of one packet may have, so that ipc-channel never splits it: the send
/// buffer that the kernel gives a socket, less what the packet itself needs.
pub(crate) fn packet_size() -> Result<usize> {
    if let Some(size) = PACKET_SIZE.get() {
        return Ok(*size);
    }
    Ok(set_packet_size(send_buffer_size().map_err(Error::io("a socket could not be made"))?))
}

static PACKET_SIZE: OnceLock<usize> = OnceLock::new();

/// Derives the packet size from the send buffer of a socket that the caller has at hand, in bytes.
pub(crate) fn set_packet_size(size: usize) -> usize {
    *PACKET_SIZE.get_or_init(|| size.saturating_sub(2048).max(1024))
}

/// Upper bound of the socket memory, in bytes, that a packet is charged: its buffer rounded up to a
/// power of two, plus the kernel's bookkeeping.
pub(crate) fn memory_cost(length: usize) -> usize {
    2 * length + 2048
}

fn send_buffer_size() -> io::Result<usize> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
    let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
    // ipc-channel is about to make two sockets to ask the same. If it cannot, it never works again
    // in this process, so make sure here that there is room for two.
    let socket = || socket_with(AddressFamily::UNIX, kind, flags, None);
    let (socket, _second) = (socket()?, socket()?);
    Ok(sockopt::socket_send_buffer_size(&socket)?)
}
