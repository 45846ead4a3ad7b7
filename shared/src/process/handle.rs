//! A child as its parent sees it: waiting for it, signalling it, stopping it.
//!
//! Several threads may use a handle at once: one may wait while another kills. So no lock is held
//! while a thread waits. The child's number is only used under the lock, and before the child was
//! waited for: until then the number cannot become another process's.

use super::protocol::ChildReport;
use crate::transport::message;
use crate::transport::peer;
use crate::transport::plain::try_receive_message;
use crate::{Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open,
    waitid,
};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, ChildStdout, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait before a process is looked at again, where no file can be opened to wait on.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The exit code, or the signal's number below zero, as in Python.
    Code(i32),
    /// The system threw it away, or another part of the program took it.
    Unknown,
}

pub(super) struct Handle {
    name: String,
    id: u32,
    started: Instant,
    /// Whether the child leads a process group of its own, which is stopped with it.
    own_group: bool,
    /// What the child tells comes from here; and the child lives no longer than this does.
    socket: OwnedFd,
    state: Mutex<State>,
}

struct State {
    child: Child,
    end: Option<End>,
    started: bool,
    /// The last word of the child: its value, or why there is none.
    last: Option<ChildReport>,
}

impl Handle {
    pub(super) fn new(name: String, child: Child, socket: OwnedFd, own_group: bool) -> Handle {
        let id = child.id();
        let state = State { child, end: None, started: false, last: None };
        Handle { name, id, started: Instant::now(), own_group, socket, state: Mutex::new(state) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    pub(super) fn take_stdout(&self) -> Option<ChildStdout> {
        self.state().child.stdout.take()
    }

    pub(super) fn take_stderr(&self) -> Option<ChildStderr> {
        self.state().child.stderr.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment, so a panic cannot leave one half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the process ended, or `None` while it lives; it does not wait.
    pub(super) fn try_end(&self) -> Option<End> {
        self.state().try_end(&self.socket)
    }

    /// Waits until the process has ended or the deadline has passed; `None` is for ever.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Result<Option<End>> {
        loop {
            let pidfd = {
                let mut state = self.state();
                if let Some(end) = state.try_end(&self.socket) {
                    return Ok(Some(end));
                }
                pidfd_open(Pid::from_child(&state.child), PidfdFlags::empty())
            };
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            match pidfd {
                Ok(process) => wait_readable(&process, left)?,
                // At the limit of open files.
                Err(_) => thread::sleep(left.unwrap_or(POLL_INTERVAL).min(POLL_INTERVAL)),
            }
        }
    }

    /// Waits until the process has ended, where no other thread can have a part in it.
    pub(super) fn wait_alone(&mut self) -> Result<End> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = state.end {
            return Ok(end);
        }
        let end = match state.child.wait() {
            Ok(status) => end_of(status),
            Err(error) if error.raw_os_error() == Some(Errno::CHILD.raw_os_error()) => {
                state.told_end(&self.socket)
            }
            Err(error) => return Err(Error::io("a process could not be waited for")(error)),
        };
        state.end = Some(end);
        peer::process_ended(self.id);
        Ok(end)
    }

    /// Sends a signal to the process, or to its whole group, if it has not ended.
    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        let mut state = self.state();
        if state.try_end(&self.socket).is_some() {
            return Ok(());
        }
        self.signal_unreaped(&state, signal).map_err(Error::io("a process could not be signalled"))
    }

    fn signal_unreaped(&self, state: &State, signal: Signal) -> Result<(), Errno> {
        let pid = Pid::from_child(&state.child);
        if self.own_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) }
    }

    /// Kills the process if it has not ended by then, and what is left of its group in any case,
    /// and waits until the process is gone.
    pub(super) fn finish(&self, deadline: Instant) {
        if self.own_group {
            self.wait_unreaped(deadline);
        } else if matches!(self.wait(Some(deadline)), Ok(Some(_))) {
            return;
        }
        let state = self.state();
        if state.end.is_none() {
            let _ = self.signal_unreaped(&state, Signal::KILL);
        }
        drop(state);
        let _ = self.wait(None);
    }

    /// Waits for the end of the process and leaves its number in use, so that its group can still
    /// be named.
    fn wait_unreaped(&self, deadline: Instant) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            let state = self.state();
            let pid = Pid::from_child(&state.child);
            if state.end.is_some() || !matches!(waitid(WaitId::Pid(pid), options), Ok(None)) {
                return;
            }
            let process = pidfd_open(pid, PidfdFlags::empty());
            drop(state);
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            match process {
                Ok(process) => drop(wait_readable(&process, Some(left))),
                Err(_) => thread::sleep(left.min(POLL_INTERVAL)),
            }
        }
    }

    /// What the child said last, and whether its target had begun. It must have ended.
    pub(super) fn take_reports(&self) -> Result<(Option<ChildReport>, bool)> {
        let mut state = self.state();
        state.read_reports(&self.socket)?;
        Ok((state.last.take(), state.started))
    }
}

impl State {
    fn try_end(&mut self, socket: &OwnedFd) -> Option<End> {
        if self.end.is_none() {
            self.end = match self.child.try_wait() {
                Ok(status) => status.map(end_of),
                // The status is gone, but the child may have told how it ended.
                Err(_) => Some(self.told_end(socket)),
            };
            if self.end.is_some() {
                peer::process_ended(self.child.id());
            }
        }
        self.end
    }

    fn told_end(&mut self, socket: &OwnedFd) -> End {
        let _ = self.read_reports(socket);
        self.last.as_ref().map_or(End::Unknown, |report| End::Code(report.exit_code()))
    }

    fn read_reports(&mut self, socket: &OwnedFd) -> Result<()> {
        while self.last.is_none()
            && let Some(report) = try_receive_message(socket)?
        {
            match message::decode(report)? {
                ChildReport::Started => self.started = true,
                last => self.last = Some(last),
            }
        }
        Ok(())
    }
}

fn end_of(status: ExitStatus) -> End {
    End::Code(status.code().unwrap_or_else(|| -status.signal().unwrap_or_default()))
}

/// Waits until a descriptor is readable or the time is over, or a signal comes.
fn wait_readable(descriptor: &OwnedFd, time: Option<Duration>) -> Result<()> {
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match poll(&mut [PollFd::new(descriptor, PollFlags::IN)], time.as_ref()) {
        Err(Errno::INTR) => Ok(()),
        ready => ready.map(drop).map_err(Error::io("a process could not be waited for")),
    }
}
