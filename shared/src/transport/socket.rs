//! A plain socket that receives what a channel sends.
//!
//! ipc-channel cannot make a channel from a socket that exists. But a packet that it sends arrives
//! on any socket, and can be forwarded into a channel without being read. [`pair`] makes a sender
//! whose peer is such a plain socket.

use super::channel::Sender;
use super::limits;
use crate::{Error, Result};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    accept_with,
};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, process, thread};

pub(super) fn socket_error(errno: Errno) -> Error {
    Error::Io { doing: "a socket could not be made".into(), error: errno.into() }
}

/// How long a process tries for the address without a name before it uses a name in TMPDIR.
/// Everyone who wants it gives it back at once, so it takes this long only if a program keeps it.
const BIND_TIMEOUT: Duration = Duration::from_millis(200);

/// How long it goes on to try where TMPDIR cannot be used either.
const LAST_BIND_TIMEOUT: Duration = Duration::from_secs(3);

/// How long to wait before the next attempt.
const BIND_INTERVAL: Duration = Duration::from_micros(200);

/// Two sockets that are connected to each other, and have no name.
pub(crate) fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .map_err(socket_error)
}

/// Makes a channel's sender, and the plain socket on which its packets arrive.
///
/// ipc-channel connects to names only, so this takes one for a moment. A process does it once, and
/// keeps what it got: see [`bridge`](super::bridge).
pub(crate) fn pair() -> Result<(Sender, OwnedFd)> {
    pair_without_name(BIND_TIMEOUT)
        .or_else(|_| pair_in(&env::temp_dir()).map_err(blame_temp_dir))
        .or_else(|error| pair_without_name(LAST_BIND_TIMEOUT).map_err(|_| error))
}

/// Connects through the one abstract address that ipc-channel can connect to: all zeros, which is
/// what it makes of an empty path. A process keeps the address bound for some microseconds.
fn pair_without_name(timeout: Duration) -> Result<(Sender, OwnedFd)> {
    static BIND_LOCK: Mutex<()> = Mutex::new(());

    let _lock = BIND_LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let start = Instant::now();
    let address = SocketAddrUnix::new_abstract_name(&[0; 107]).map_err(socket_error)?;
    loop {
        match listen(&address) {
            // Another process has the address bound, and releases it in some microseconds.
            Err(Errno::ADDRINUSE) if start.elapsed() < timeout => thread::sleep(BIND_INTERVAL),
            listener => return connect(&listener.map_err(socket_error)?, ""),
        }
    }
}

/// Connects through a name in the file system, and removes the name at once. The fallback for when
/// another program keeps the abstract address bound.
fn pair_in(folder: &Path) -> Result<(Sender, OwnedFd)> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, flags | OFlags::DIRECTORY, Mode::empty());
    let folder = folder.map_err(socket_error)?;
    let name = format!(".multiprocessing-{:016x}", RandomState::new().hash_one(process::id()));
    // Through the folder's descriptor, since its path may be too long for a socket address.
    let path = format!("/proc/self/fd/{}/{name}", folder.as_raw_fd());
    let listener =
        listen(&SocketAddrUnix::new(&path).map_err(socket_error)?).map_err(socket_error)?;
    let pair = connect(&listener, &path);
    rustix::fs::unlinkat(&folder, &name, AtFlags::empty()).map_err(socket_error)?;
    pair
}

fn listen(address: &SocketAddrUnix) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::net::bind(&socket, address)?;
    // A backlog so long that no other process can fill it before this one has connected.
    rustix::net::listen(&socket, 4096)?;
    Ok(socket)
}

fn connect(listener: &OwnedFd, path: &str) -> Result<(Sender, OwnedFd)> {
    let sender = Sender::connect(path)?;
    loop {
        let socket = accept_with(listener, SocketFlags::CLOEXEC).map_err(socket_error)?;
        let peer = socket_peercred(&socket).map_err(socket_error)?;
        // A connection of another process is closed.
        if peer.pid == rustix::process::getpid() {
            return Ok((sender, socket));
        }
    }
}

/// Receives one packet from a socket, and the descriptors that came with it. A socket whose other end is gone
/// gives an empty one.
pub(crate) fn receive(socket: &OwnedFd) -> Result<(Vec<u8>, Vec<OwnedFd>), Errno> {
    receive_with(socket.as_fd(), RecvFlags::empty())
}

/// The same, but [`Errno::AGAIN`] where nothing has arrived.
pub(crate) fn try_receive(socket: BorrowedFd) -> Result<(Vec<u8>, Vec<OwnedFd>), Errno> {
    receive_with(socket, RecvFlags::DONTWAIT)
}

/// [`try_receive`] from a socket of our own.
pub(crate) fn receive_now(socket: &OwnedFd) -> Result<(Vec<u8>, Vec<OwnedFd>), Errno> {
    try_receive(socket.as_fd())
}

fn receive_with(socket: BorrowedFd, flags: RecvFlags) -> Result<(Vec<u8>, Vec<OwnedFd>), Errno> {
    // Ask for the packet's length first: a buffer for the longest packet would be zeroed in full,
    // and its pages would stay with the process.
    let peek = flags | RecvFlags::PEEK | RecvFlags::TRUNC;
    let (_, length) = retry_on_intr(|| rustix::net::recv(socket, &mut [0; 0], peek))?;
    let mut packet = vec![0; length];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(limits::MAX_ENDPOINTS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut packet)];
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let received = retry_on_intr(|| rustix::net::recvmsg(socket, &mut parts, &mut control, flags))?;
    let mut ends = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            ends.extend(fds);
        }
    }
    // The kernel leaves out what would be one file too many.
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(Errno::MFILE);
    }
    Ok((packet, ends))
}

/// Sends a packet with descriptors.
pub(crate) fn send(socket: &OwnedFd, packet: &[u8], ends: &[OwnedFd]) -> Result<(), Errno> {
    let ends: Vec<BorrowedFd> = ends.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(limits::MAX_ENDPOINTS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !ends.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&ends)) {
        return Err(Errno::TOOMANYREFS);
    }
    let parts = [IoSlice::new(packet)];
    let flags = SendFlags::NOSIGNAL;
    retry_on_intr(|| rustix::net::sendmsg(socket, &parts, &mut control, flags)).map(drop)
}

/// Names the folder for temporary files in an error that it may have caused.
fn blame_temp_dir(error: Error) -> Error {
    match error {
        Error::Io { error, .. } if error.raw_os_error() != Some(Errno::MFILE.raw_os_error()) => {
            Error::TempDir { folder: env::temp_dir(), error }
        }
        error => error,
    }
}
