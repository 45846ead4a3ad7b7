//! Who holds something in shared memory: a thread or a process, by its number and its start time.
//!
//! The system gives numbers out again. The start time tells two owners of one number apart.

use super::word::{high, low, pack};
use crate::{Error, Result};
use std::cell::Cell;
use std::fs;
use std::io::{self, ErrorKind};
use std::sync::OnceLock;

/// A number (PID or TID) in the upper half, the start time in the lower; 0 is nobody.
pub(crate) type Owner = u64;

/// Whether an owner still runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Life {
    Lives,
    /// Ended, or its number is another's by now.
    Ended,
    /// `/proc` did not say. Nothing may be taken from this owner.
    Unknown,
}

pub(crate) fn number(owner: Owner) -> u32 {
    high(owner)
}

/// This thread.
pub(crate) fn thread() -> Owner {
    thread_local!(static OWNER: Cell<Owner> = const { Cell::new(0) });
    match OWNER.get() {
        0 => {
            let number = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
            let owner = with_start(number, started(number).ok().flatten().unwrap_or(0));
            OWNER.set(owner);
            owner
        }
        owner => owner,
    }
}

/// This process. It fails where `/proc` cannot be read, since nobody could tell that it has ended.
pub(crate) fn process() -> Result<Owner> {
    static OWNER: OnceLock<Owner> = OnceLock::new();
    if let Some(owner) = OWNER.get() {
        return Ok(*owner);
    }
    let number = std::process::id();
    let start = started(number).and_then(|start| start.ok_or(ErrorKind::NotFound.into()));
    let doing = "/proc, which tells whether a process still runs, could not be read";
    let start = start.map_err(Error::io::<io::Error>(doing))?;
    Ok(*OWNER.get_or_init(|| with_start(number, start)))
}

/// The process of that number, if one runs.
pub(crate) fn of(number: u32) -> Option<Owner> {
    started(number).ok().flatten().map(|start| with_start(number, start))
}

fn with_start(number: u32, start: u32) -> Owner {
    pack(number, start)
}

/// Whether this very owner still runs.
pub(crate) fn life(owner: Owner) -> Life {
    match started(number(owner)) {
        Ok(Some(start)) if start == low(owner) => Life::Lives,
        Ok(_) => Life::Ended,
        Err(_) => Life::Unknown,
    }
}

/// When the thread or process of that number was started, in ticks since the system was; `None`
/// when there is none, or only what is left of it until somebody waits for it.
pub(crate) fn started(number: u32) -> io::Result<Option<u32>> {
    let stat = match fs::read_to_string(format!("/proc/{number}/stat")) {
        Ok(stat) => stat,
        // ESRCH: it ended while the file was read.
        Err(error) if error.kind() == ErrorKind::NotFound || is_no_process(&error) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    if let Some("Z" | "X" | "x") = fields.next() {
        Ok(None)
    } else {
        let ticks = fields.nth(18).and_then(|ticks| ticks.parse::<u64>().ok());
        Ok(Some(low(ticks.ok_or(ErrorKind::InvalidData)?)))
    }
}

fn is_no_process(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::{Life, life, process, started, thread, with_start};

    #[test]
    fn an_owner_lives_until_its_number_is_another_s() {
        let own = process().expect("/proc");
        assert_eq!(life(own), Life::Lives);
        assert_eq!(life(thread()), Life::Lives);
        let number = std::process::id();
        let start = started(number).expect("/proc").expect("this process runs");
        assert_eq!(life(with_start(number, start + 1)), Life::Ended);
        assert_eq!(life(with_start(u32::MAX >> 1, 1)), Life::Ended);
    }
}
