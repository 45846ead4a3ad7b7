//! Linux: a child's standard input is a socket, and its orders are in there before it starts.
//!
//! So a start waits for nobody. There is no server that could wait for a child that died, no
//! name that another program could connect to, and closing the socket tells either side that
//! the other is gone. The child moves the socket away and finds `/dev/null` on its standard input.
//!
//! ipc-channel does not make channels of sockets; but what it sends arrives on any socket, and
//! what arrives there can be sent on, unread, into a channel of one's own. For the first we need
//! a sender whose other end is a plain socket: [`pair`].

use super::{ended_by_asking, first_argument, in_temp_dir};
use crate::channel::{self, Sender};
use crate::message::{self, Message};
use crate::{Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{socket_peercred, socket_send_buffer_size};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept_with,
};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::collections::hash_map::RandomState;
use std::ffi::CString;
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, process, thread};

const FAILED: fn(Errno) -> Error =
    |errno| Error::Io { doing: "a socket could not be made", source: errno.into() };

/// This very program, even if its file was replaced meanwhile.
#[allow(clippy::unnecessary_wraps)] // elsewhere it can fail
pub(crate) fn program() -> io::Result<PathBuf> {
    Ok("/proc/self/exe".into())
}

/// Starts a child with its orders. While the sender that is returned lives, the child may.
pub(crate) fn launch(
    process: &str,
    command: &mut Command,
    orders: [Message; 2],
) -> Result<(Child, Sender)> {
    let (lifeline, stdin) = pair()?;
    orders.into_iter().try_for_each(|order| lifeline.send_whole(order))?;
    command.arg0(first_argument("", process));
    match command.stdin(Stdio::from(stdin)).spawn() {
        Ok(child) => Ok((child, lifeline)),
        Err(source) => Err(Error::Start { process: process.to_owned(), source }),
    }
}

/// In a child: the end of its socket, from which nothing more comes but the end.
pub(crate) struct Watch(OwnedFd);

impl Watch {
    /// Waits until the parent is gone.
    pub(crate) fn wait(&self) {
        while let Err(Errno::INTR) = rustix::net::recv(&self.0, &mut [0; 1], RecvFlags::empty()) {}
    }
}

/// In a child: takes the order, and the arguments, out of standard input.
pub(crate) fn take_orders() -> Result<(Message, Result<Message>, Watch)> {
    let failed = Error::io::<Errno>("a child found no orders on its standard input");
    let stdin = rustix::stdio::stdin();
    let socket = rustix::io::fcntl_dupfd_cloexec(stdin, 3).map_err(failed)?;
    channel::learn_send_buffer(socket_send_buffer_size(&socket).map_err(failed)?);
    let null = File::open("/dev/null").map_err(Error::io("/dev/null could not be opened"))?;
    rustix::stdio::dup2_stdin(null).map_err(failed)?;

    let (sender, receiver) = channel::channel()?;
    let (bridge, beyond) = pair()?;
    bridge.send_whole(message::encode(&sender)?)?;
    let (_, into_channel) = receive(&beyond).map_err(failed)?;
    let into_channel = into_channel.first().ok_or(Errno::BADMSG).map_err(failed)?;
    let order = || {
        let (packet, ends) = receive(&socket).map_err(failed)?;
        send(into_channel, &packet, &ends).map_err(failed)?;
        drop(ends); // they come back from the channel, and would be open twice
        receiver.recv(Some(Instant::now()))?.ok_or(Errno::BADMSG).map_err(failed)
    };
    Ok((order()?, order(), Watch(socket)))
}

/// Gives this process the program's name in `ps` and `pgrep`, which is otherwise `exe`.
pub(crate) fn restore_name() {
    let first = env::args_os().next().unwrap_or_default();
    let program = Path::new(&first).file_name().unwrap_or_default();
    if let Ok(name) = CString::new(program.as_encoded_bytes()) {
        // The name is for people; a child works without it.
        let _ = rustix::thread::set_name(&name);
    }
}

/// Whether the process ends in the given time. It must not have been waited for.
pub(crate) fn ended_within(child: &Child, time: Duration) -> io::Result<bool> {
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty());
    // At the limit of open files there is a slower way.
    let Ok(process) = process else { return ended_by_asking(child, time) };
    let end = Instant::now().checked_add(time);
    loop {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], left.as_ref()) {
            Err(Errno::INTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}

/// A channel's sender, and the plain socket where what it sends arrives.
fn pair() -> Result<(Sender, OwnedFd)> {
    pair_without_name().or_else(|_| pair_in(&env::temp_dir()).map_err(in_temp_dir))
}

/// Through the one address without a name that ipc-channel can connect to: that of all zeros, which
/// is what it makes of an empty path. Whoever binds it has it for some microseconds.
fn pair_without_name() -> Result<(Sender, OwnedFd)> {
    const PATIENCE: Duration = Duration::from_millis(20);
    static TURN: Mutex<()> = Mutex::new(());

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let start = Instant::now();
    let address = SocketAddrUnix::new_abstract_name(&[0; 107]).map_err(FAILED)?;
    loop {
        match listen(&address) {
            // Another process has it, and is done in a moment.
            Err(Errno::ADDRINUSE) if start.elapsed() < PATIENCE => thread::yield_now(),
            listener => return connect(&listener.map_err(FAILED)?, ""),
        }
    }
}

/// Through a name in the file system that is gone a moment later: for when another program keeps
/// the address without one.
fn pair_in(folder: &Path) -> Result<(Sender, OwnedFd)> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, flags | OFlags::DIRECTORY, Mode::empty());
    let folder = folder.map_err(FAILED)?;
    let name = format!(".multiprocessing-{:016x}", RandomState::new().hash_one(process::id()));
    // By way of the folder, however long its path is.
    let path = format!("/proc/self/fd/{}/{name}", folder.as_raw_fd());
    let listener = listen(&SocketAddrUnix::new(&path).map_err(FAILED)?).map_err(FAILED)?;
    let pair = connect(&listener, &path);
    rustix::fs::unlinkat(&folder, &name, AtFlags::empty()).map_err(FAILED)?;
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
        let socket = accept_with(listener, SocketFlags::CLOEXEC).map_err(FAILED)?;
        let peer = socket_peercred(&socket).map_err(FAILED)?;
        // Another process that got here is turned away.
        if peer.pid == rustix::process::getpid() {
            return Ok((sender, socket));
        }
    }
}

/// One packet of a socket, and the descriptors that came with it.
fn receive(socket: &OwnedFd) -> Result<(Vec<u8>, Vec<OwnedFd>), Errno> {
    // Its length first: room for the longest would be cleared in full, and stay with the process.
    let flags = RecvFlags::PEEK | RecvFlags::TRUNC;
    let (_, length) = retry_on_intr(|| rustix::net::recv(socket, &mut [0; 0], flags))?;
    let mut packet = vec![0; length];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(channel::MAX_ENDS))];
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
fn send(socket: &OwnedFd, packet: &[u8], ends: &[OwnedFd]) -> Result<(), Errno> {
    let ends: Vec<BorrowedFd> = ends.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(channel::MAX_ENDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !ends.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&ends)) {
        return Err(Errno::TOOMANYREFS);
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(packet)], &mut control, SendFlags::empty())?;
    Ok(())
}
