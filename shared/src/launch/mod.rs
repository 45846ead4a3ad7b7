//! How a child is started and given its orders, and how each side sees that the other is gone.

use crate::Error;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::ffi::OsString;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};
use std::{env, io, thread};

#[cfg(all(target_os = "linux", not(portable_launch)))]
mod linux;
#[cfg(all(target_os = "linux", not(portable_launch)))]
pub(crate) use linux::{Watch, ended_within, launch, program, restore_name, take_orders};

#[cfg(any(not(target_os = "linux"), portable_launch))]
mod portable;
#[cfg(any(not(target_os = "linux"), portable_launch))]
pub(crate) use portable::{Watch, ended_within, launch, program, restore_name, take_orders};

/// What the first argument of a child begins with; the name of the process and `/program` follow.
const MARK: &str = "multiprocessing-child:";

/// The first argument of a child: what marks it, its name, and the program's name, which tools
/// that print usage lines take from there.
fn first_argument(address: &str, process: &str) -> OsString {
    let program = env::args_os().next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default();
    let process = process.replace(['/', '\0'], "_");
    let mut argument = OsString::from(format!("{MARK}{address}{process}/"));
    argument.push(program);
    argument
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

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(1);

/// Whether the process ends in the given time. It must not have been waited for.
pub(crate) fn ended_by_asking(child: &Child, time: Duration) -> io::Result<bool> {
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
