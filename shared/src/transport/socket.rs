//! Plain sockets beside ipc-channel's: what a channel sends can arrive on a socket of our own.
//!
//! ipc-channel does not make channels of sockets; but what it sends arrives on any socket, and
//! what arrives there can be sent on, unread, into a channel. For the first we need a sender whose
//! other end is a plain socket: [`pair`].

use super::channel::Sender;
use super::limits;
use crate::{Error, Result};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with,
};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, process, thread};

fn socket_error(errno: Errno) -> Error {
    Error::Io { doing: "a socket could not be made", source: errno.into() }
}

/// A channel's sender, and the plain socket where what it sends arrives.
pub(crate) fn pair() -> Result<(Sender, OwnedFd)> {
    pair_without_name().or_else(|_| pair_in(&env::temp_dir()).map_err(in_temp_dir))
}

/// Through the one address without a name that ipc-channel can connect to: that of all zeros, which
/// is what it makes of an empty path. Whoever binds it has it for some microseconds.
fn pair_without_name() -> Result<(Sender, OwnedFd)> {
    const PATIENCE: Duration = Duration::from_millis(20);
    static TURN: Mutex<()> = Mutex::new(());

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let start = Instant::now();
    let address = SocketAddrUnix::new_abstract_name(&[0; 107]).map_err(socket_error)?;
    loop {
        match listen(&address) {
            // Another process has it, and is done in a moment.
            Err(Errno::ADDRINUSE) if start.elapsed() < PATIENCE => thread::yield_now(),
            listener => return connect(&listener.map_err(socket_error)?, ""),
        }
    }
}

/// Through a name in the file system that is gone a moment later: for when another program keeps
/// the address without one.
fn pair_in(folder: &Path) -> Result<(Sender, OwnedFd)> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, flags | OFlags::DIRECTORY, Mode::empty());
    let folder = folder.map_err(socket_error)?;
    let name = format!(".multiprocessing-{:016x}", RandomState::new().hash_one(process::id()));
    // By way of the folder, however long its path is.
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
    // So long a queue that no stranger can fill it before we have connected, and made us wait.
    rustix::net::listen(&socket, 4096)?;
    Ok(socket)
}

fn connect(listener: &OwnedFd, path: &str) -> Result<(Sender, OwnedFd)> {
    let sender = Sender::connect(path)?;
    loop {
        let socket = accept_with(listener, SocketFlags::CLOEXEC).map_err(socket_error)?;
        let peer = socket_peercred(&socket).map_err(socket_error)?;
        // Another process that got here is turned away.
        if peer.pid == rustix::process::getpid() {
            return Ok((sender, socket));
        }
    }
}

/// One packet of a socket, and the descriptors that came with it.
pub(crate) fn receive(socket: &OwnedFd) -> Result<(Vec<u8>, Vec<OwnedFd>), Errno> {
    // Its length first: room for the longest would be cleared in full, and stay with the process.
    let flags = RecvFlags::PEEK | RecvFlags::TRUNC;
    let (_, length) = retry_on_intr(|| rustix::net::recv(socket, &mut [0; 0], flags))?;
    let mut packet = vec![0; length];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(limits::MAX_ENDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut packet)];
    retry_on_intr(|| {
        rustix::net::recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)
    })?;
    let mut ends = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            ends.extend(fds);
        }
    }
    Ok((packet, ends))
}

/// Sends a packet on as it came.
pub(crate) fn send(socket: &OwnedFd, packet: &[u8], ends: &[OwnedFd]) -> Result<(), Errno> {
    let ends: Vec<BorrowedFd> = ends.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(limits::MAX_ENDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !ends.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&ends)) {
        return Err(Errno::TOOMANYREFS);
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(packet)], &mut control, SendFlags::empty())?;
    Ok(())
}

/// Names the folder for temporary files in an error that may come from there.
fn in_temp_dir(error: Error) -> Error {
    match error {
        Error::Io { source, .. } if source.raw_os_error() != Some(Errno::MFILE.raw_os_error()) => {
            Error::TempDir { folder: env::temp_dir(), source }
        }
        error => error,
    }
}
