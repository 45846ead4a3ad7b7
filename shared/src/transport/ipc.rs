//! Calls into ipc-channel. A panic inside it becomes an error, and prints nothing on stderr.

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
    /// Whether this thread is inside [`catch_ipc_panic`].
    static IN_IPC_CALL: Cell<bool> = const { Cell::new(false) };
}

/// Calls ipc-channel and returns an error if it panics, as some of its functions do, most of them
/// at the limit of open files. Nothing is printed on stderr.
pub(super) fn catch_ipc_panic<R>(
    doing: &'static str,
    call: impl FnOnce() -> Result<R, IpcError>,
) -> Result<R> {
    install_panic_hook();
    let outside = IN_IPC_CALL.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    IN_IPC_CALL.set(outside);
    let source = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(IpcError::Disconnected)) => return Err(Error::Closed),
        // ipc-channel ignores that it could not open a socket, and goes on with a bad descriptor.
        Ok(Err(IpcError::Io(error))) if error.raw_os_error() == Some(BAD_FILE) => {
            Errno::MFILE.into()
        }
        Ok(Err(IpcError::Io(error))) => error,
        // Every packet can be serialized and deserialized, unless its endpoints were lost on the
        // way.
        Ok(Err(IpcError::SerializationError(error))) => ipc_error(&error),
        Err(panic) => ipc_error(&panic_message(&*panic)),
    };
    match source.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Err(Error::Closed),
        _ => Err(Error::Io { doing: doing.into(), error: source }),
    }
}

fn ipc_error(why: &dyn Display) -> io::Error {
    io::Error::other(format!(
        "ipc-channel gave up, most often at the limit of open files (ulimit -n): {why}"
    ))
}

/// The message of a panic, if its payload is text.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("with a value that is not text")
}

/// Installs a panic hook that prints nothing for a thread inside [`catch_ipc_panic`], and calls the
/// previous hook for every other thread.
pub(crate) fn install_panic_hook() {
    static ONCE: Once = Once::new();
    // A hook cannot be set while this thread unwinds. A later call sets it.
    if ONCE.is_completed() || thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Where a panic aborts, these words are the last.
            if !IN_IPC_CALL.get() || cfg!(panic = "abort") {
                hook(info);
            }
        }));
    });
}
