//! How a child is started and given its start request, and how it sees that its parent is gone.
//!
//! ```text
//! parent                                child
//! lifeline ===== socket pair ========== socket     the request, the arguments; later the reports
//!                                         ^
//! filler   ===== socket pair ==== stdin   |        empty packets; the last one carries `socket`
//! ```
//!
//! A child's standard input is a socket with nothing but empty packets in it, and its other end is
//! closed. Who reads from it, reads its end: the child before its guard, or a program that the child
//! starts there. The last of the packets carries the socket that connects parent and child, where
//! the request lies already, so a start waits for nobody. There is no server that could wait for a
//! child that died, and no name that another program could connect to. The guard takes the socket
//! out, and puts `/dev/null` in place of the standard input.

use super::protocol::StartRequest;
use crate::transport::message::{self, Message};
use crate::transport::plain::{send_message, try_receive_message};
use crate::transport::{limits, socket};
use crate::{Error, Result};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::sockopt::socket_send_buffer_size;
use std::env;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// This very program, even if its file was replaced meanwhile.
pub(super) const PROGRAM: &str = "/proc/self/exe";

/// How often standard input can be read before the guard: each time the answer is its end. Once
/// more would lose the socket.
const READS_BEFORE_GUARD: usize = 32;

/// Starts a child with its request. The child lives no longer than the socket that is returned.
pub(super) fn launch(
    command: &mut Command,
    request: &StartRequest,
    args: Message,
) -> Result<(Child, OwnedFd)> {
    let (lifeline, theirs) = socket::socket_pair()?;
    let stdin = empty_input_with(theirs)?;
    send_message(&lifeline, message::encode(request)?)?;
    send_message(&lifeline, args)?;
    if request.stdout_follows() {
        send_stdout(&lifeline)?;
        command.stdout(Stdio::null());
    }
    let process = &request.identity.name;
    command.arg0(child_argv0(process));
    match command.stdin(Stdio::from(stdin)).spawn() {
        Ok(child) => Ok((child, lifeline)),
        Err(error) => Err(Error::Start { process: process.clone(), error }),
    }
}

/// A standard input that is at its end from the start, with a socket in it.
fn empty_input_with(socket: OwnedFd) -> Result<OwnedFd> {
    let failed = Error::io("a child's standard input could not be made");
    let (filler, stdin) = socket::socket_pair()?;
    for _ in 0..READS_BEFORE_GUARD {
        socket::send(&filler, &[], &[]).map_err(failed)?;
    }
    socket::send(&filler, &[], &[socket]).map_err(failed)?;
    Ok(stdin)
}

/// The test harness of the child writes to its standard output, before it comes to the guard. So
/// the child begins without one, and gets it at the guard.
fn send_stdout(lifeline: &OwnedFd) -> Result<()> {
    let failed = Error::io("standard output could not be passed on");
    let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).map_err(failed)?;
    socket::send(lifeline, &[], &[stdout]).map_err(failed)
}

/// In a child: what it was started with.
pub(super) struct Start {
    pub(super) request: StartRequest,
    /// The arguments may be unreadable, at the limit of open files.
    pub(super) args: Result<Message>,
    pub(super) socket: OwnedFd,
}

/// In a child: takes the request and the arguments.
pub(super) fn receive_start() -> Result<Start> {
    let failed = Error::io::<Errno>(
        "a child found no request on its standard input; was it read again and again, or replaced, \
         before the guard?",
    );
    let socket = take_socket(rustix::stdio::stdin()).map_err(failed)?;
    let null = File::open("/dev/null").map_err(Error::io("/dev/null could not be opened"))?;
    rustix::stdio::dup2_stdin(null).map_err(failed)?;
    limits::set_packet_size(socket_send_buffer_size(&socket).map_err(failed)?);
    let next = || try_receive_message(&socket)?.ok_or(Errno::BADMSG).map_err(failed);
    let request: StartRequest = message::decode(next()?)?;
    let args = next();
    if request.stdout_follows() {
        let (_, stdout) = socket::try_receive(socket.as_fd()).map_err(failed)?;
        let stdout = stdout.into_iter().next().ok_or(Errno::BADMSG).map_err(failed)?;
        rustix::stdio::dup2_stdout(stdout).map_err(failed)?;
    }
    Ok(Start { request, args, socket })
}

fn take_socket(stdin: BorrowedFd) -> Result<OwnedFd, Errno> {
    for _ in 0..=READS_BEFORE_GUARD {
        let (_, sockets) = socket::try_receive(stdin)?;
        if let Some(socket) = sockets.into_iter().next() {
            return Ok(socket);
        }
    }
    Err(Errno::NOMSG)
}

/// Gives this process the program's name in `ps` and `pgrep`, which is otherwise `exe`.
pub(super) fn restore_comm() {
    let first = env::args_os().next().unwrap_or_default();
    let program = Path::new(&first).file_name().unwrap_or_default();
    if let Ok(name) = CString::new(program.as_encoded_bytes()) {
        // The name is for people; a child works without it.
        let _ = rustix::thread::set_name(&name);
    }
}

/// What the first argument of a child begins with; the name of the process and `/program` follow.
const ARGV0_PREFIX: &str = "multiprocessing-child:";

/// The first argument of a child: what marks it, its name, and the program's name, which tools
/// that print usage lines take from there.
fn child_argv0(process: &str) -> OsString {
    let program = env::args_os().next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default();
    let process = process.replace(['/', '\0'], "_");
    let mut argument = OsString::from(format!("{ARGV0_PREFIX}{process}/"));
    argument.push(program);
    argument
}

/// Whether this process is a child that has yet to take its request.
pub(super) fn is_child() -> bool {
    let first = env::args_os().next().unwrap_or_default();
    first.as_encoded_bytes().starts_with(ARGV0_PREFIX.as_bytes())
}
