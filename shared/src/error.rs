//! One error type; each variant says what happened, to whom, and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// [`std::result::Result`] with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, in one sentence each.
///
/// `Debug` prints the same sentence as `Display`, so that a program whose `main` returns
/// [`Result`] ends with words a reader can act on.
///
/// ```
/// let error = shared::Process::spawn(std::process::id, ()).unwrap_err();
/// assert!(format!("{error:?}").contains("shared::main_guard!"));
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A process was to be started, but `main` did not begin with the guard. Nothing was started.
    #[error(
        "no process was started: a child runs this program again from the top, and nothing tells \
         it where to leave `main`; write `shared::main_guard!({target});` as the first line of `main`"
    )]
    NoGuard {
        /// The function that was to run.
        target: String,
    },

    /// The guard does not list the target. Nothing was started.
    #[error(
        "no process was started: `{target}` is not in the list of the guard; \
         add it to `shared::main_guard!(…)` in `main`"
    )]
    NotListed {
        /// The function that was to run.
        target: String,
    },

    /// The guard lists a target more than once. Nothing was started.
    #[error(
        "no process was started: `shared::main_guard!` lists `{target}` twice; remove one of the two"
    )]
    ListedTwice {
        /// The function that stands in the list twice.
        target: String,
    },

    /// The operating system did not start the process.
    #[error("process `{process}` could not be started: {source}{}", hint(.source))]
    Start {
        /// The name of the process.
        process: String,
        /// What the operating system said.
        source: io::Error,
    },

    /// The folder for temporary files cannot be used.
    #[error(
        "no process was started: a socket could not be made in {}: {source}; \
         make room there, or set TMPDIR to a folder that can be written to",
        .folder.display()
    )]
    TempDir {
        /// The folder that was tried.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The process ended before its target began.
    #[error(
        "process `{process}` exited with status {exit_code} before its target began; \
         does `main` leave, or fail, before `shared::main_guard!`?"
    )]
    NotReady {
        /// The name of the process.
        process: String,
        /// The number given to `exit`, or 1 after a panic.
        exit_code: i32,
    },

    /// The target panicked; its process ended with exit code 1.
    #[error("process `{process}` panicked: {message}")]
    Panicked {
        /// The name of the process.
        process: String,
        /// What the panic said.
        message: String,
    },

    /// The target's arguments could not be read in the child, or its value could not be sent.
    #[error("process `{process}` gave no value: {reason}")]
    NoValue {
        /// The name of the process.
        process: String,
        /// What failed there.
        reason: String,
    },

    /// The process called `exit` itself, so its target gave no value.
    #[error(
        "process `{process}` called exit({exit_code}) and gave no value; let its target return instead"
    )]
    Exited {
        /// The name of the process.
        process: String,
        /// The number given to `exit`.
        exit_code: i32,
    },

    /// A signal ended the process, so its target gave no value.
    #[error(
        "process `{process}` gave no value: it was ended by signal {signal}{}",
        signal_name(*.signal)
    )]
    Killed {
        /// The name of the process.
        process: String,
        /// The signal's number: 15 after `terminate`, 9 after `kill`, 6 after an abort.
        signal: i32,
    },

    /// The other side is gone, or the queue was closed: nothing more will come or be taken.
    #[error("closed: the other side is gone, and nothing more will come or be taken")]
    Closed,

    /// The queue was empty for as long as the call was to wait.
    #[error("the queue is empty: nothing came in the time given")]
    Empty,

    /// The queue was full for as long as the call was to wait; the item was not put.
    #[error("the queue is full: the item was not put; try again, or wait with `put`")]
    Full,

    /// No message came in the time given.
    #[error("no message came in the time given")]
    Timeout,

    /// A value could not be turned into bytes; nothing was sent.
    #[error("a `{type_name}` could not be encoded, nothing was sent: {reason}")]
    Encode {
        /// The type of the value.
        type_name: &'static str,
        /// What the encoder said.
        reason: String,
    },

    /// What arrived is not a value of the type that was expected.
    #[error(
        "what arrived is not a `{type_name}`: {reason}; do both sides name the same type, \
         and one that needs no self-describing format (no `untagged`, `flatten`, `skip_serializing_if`)?"
    )]
    Decode {
        /// The type that was expected.
        type_name: &'static str,
        /// What the decoder said.
        reason: String,
    },

    /// One message may carry 64 channel ends: 32 connections, or 64 queues.
    #[error(
        "a message holds {count} channel ends, and one message may carry {limit} \
         (a connection has two, a queue one); send them in several messages"
    )]
    TooManyEnds {
        /// How many the message holds.
        count: usize,
        /// How many it may hold.
        limit: usize,
    },

    /// The operating system refused something else.
    #[error("{doing}: {source}{}", hint(.source))]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    pub(crate) fn io<E: Into<io::Error>>(doing: &'static str) -> impl Fn(E) -> Error + Copy {
        move |error| Error::Io { doing, source: error.into() }
    }

    pub(crate) fn is_interruption(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == io::ErrorKind::Interrupted)
    }
}

/// What to do about the errors that people meet: the limits of a process and of a user.
fn hint(error: &io::Error) -> &'static str {
    use rustix::io::Errno;
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::MFILE) => "; close what is no longer needed, or raise the limit (ulimit -n)",
        Some(Errno::AGAIN) => {
            "; wait for other processes to end, or raise the limit (ulimit -u, ulimit -v)"
        }
        Some(Errno::NOMEM) => "; free memory, or raise the limit (ulimit -v)",
        Some(Errno::TOOMANYREFS) => {
            "; too many channels are on their way: let them be received, or raise the limit (ulimit -n)"
        }
        _ => "",
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT: an abort, a stack overflow or a failed allocation; its stderr says which)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}
