//! Calls into ipc-channel: a panic in there becomes an error, without a word on stderr.

use crate::{Error, Result};
use ipc_channel::IpcError;
use rustix::io::Errno;
use std::any::Any;
use std::cell::Cell;
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::{io, thread};

const BAD_FILE: i32 = Errno::BADF.raw_os_error();

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Calls ipc-channel, some of whose functions panic (most at the limit of open files), and turns a
/// panic into an error without a word on stderr.
pub(super) fn quietly<R>(
    doing: &'static str,
    call: impl FnOnce() -> Result<R, IpcError>,
) -> Result<R> {
    hush_panics_inside();
    let outside = INSIDE.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    INSIDE.set(outside);
    let source = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(IpcError::Disconnected)) => return Err(Error::Closed),
        // ipc-channel goes on without a socket that it did not get.
        Ok(Err(IpcError::Io(error))) if error.raw_os_error() == Some(BAD_FILE) => {
            Errno::MFILE.into()
        }
        Ok(Err(IpcError::Io(error))) => error,
        // A packet can always be written and read, unless its ends were lost on the way.
        Ok(Err(IpcError::SerializationError(error))) => gave_up(&error),
        Err(panic) => gave_up(&panic_message(&*panic)),
    };
    match source.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Err(Error::Closed),
        _ => Err(Error::Io { doing, source }),
    }
}

fn gave_up(why: &dyn Display) -> io::Error {
    io::Error::other(format!(
        "ipc-channel gave up, most often at the limit of open files (ulimit -n): {why}"
    ))
}

/// What a panic said, if it said it in words.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("with a value that is not text")
}

/// Puts a hook before the panic hook that stands: silent only on a thread that is inside
/// [`quietly`].
pub(crate) fn hush_panics_inside() {
    static ONCE: Once = Once::new();
    // While unwinding, a hook cannot be set; the next call does it.
    if ONCE.is_completed() || thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !INSIDE.get() {
                hook(info);
            }
        }));
    });
}
