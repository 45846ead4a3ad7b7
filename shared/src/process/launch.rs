//! How a child is started and given its orders, and how each side sees that the other is gone.
//!
//! A child's standard input is a socket, and its orders are in there before it starts.
//! So a start waits for nobody. There is no server that could wait for a child that died, no
//! name that another program could connect to, and closing the socket tells either side that
//! the other is gone. The child moves the socket away and finds `/dev/null` on its standard input.

use crate::transport::channel::{self, Sender};
use crate::transport::limits;
use crate::transport::message::{self, Message};
use crate::transport::socket::{self, pair};
use crate::{Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::net::sockopt::socket_send_buffer_size;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

/// This very program, even if its file was replaced meanwhile.
pub(crate) const PROGRAM: &str = "/proc/self/exe";

/// Starts a child with its orders. While the sender that is returned lives, the child may.
pub(crate) fn launch(
    process: &str,
    command: &mut Command,
    orders: [Message; 2],
) -> Result<(Child, Sender)> {
    let (lifeline, stdin) = pair()?;
    orders.into_iter().try_for_each(|order| lifeline.send_single(order))?;
    command.arg0(first_argument(process));
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
    limits::set_packet_size(socket_send_buffer_size(&socket).map_err(failed)?);
    let null = File::open("/dev/null").map_err(Error::io("/dev/null could not be opened"))?;
    rustix::stdio::dup2_stdin(null).map_err(failed)?;

    let (sender, receiver) = channel::channel()?;
    let (bridge, beyond) = pair()?;
    bridge.send_single(message::encode(&sender)?)?;
    let (_, into_channel) = socket::receive(&beyond).map_err(failed)?;
    let into_channel = into_channel.first().ok_or(Errno::BADMSG).map_err(failed)?;
    let order = || {
        let (packet, ends) = socket::receive(&socket).map_err(failed)?;
        socket::send(into_channel, &packet, &ends).map_err(failed)?;
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

/// What the first argument of a child begins with; the name of the process and `/program` follow.
const MARK: &str = "multiprocessing-child:";

/// The first argument of a child: what marks it, its name, and the program's name, which tools
/// that print usage lines take from there.
fn first_argument(process: &str) -> OsString {
    let program = env::args_os().next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default();
    let process = process.replace(['/', '\0'], "_");
    let mut argument = OsString::from(format!("{MARK}{process}/"));
    argument.push(program);
    argument
}

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(1);

/// Whether the process ends in the given time. It must not have been waited for.
fn ended_by_asking(child: &Child, time: Duration) -> io::Result<bool> {
    let deadline = Instant::now().checked_add(time);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(Pid::from_child(child)), options) {
            Ok(None) if deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                thread::sleep(PAUSE);
            }
            // Where SIGCHLD is ignored, nothing is left of it to wait for.
            Err(Errno::CHILD) => return Ok(true),
            status => return Ok(status?.is_some()),
        }
    }
}

/// Whether this process is a child that has yet to take its orders.
pub(crate) fn is_child() -> bool {
    let first = env::args_os().next().unwrap_or_default();
    first.as_encoded_bytes().starts_with(MARK.as_bytes())
}
