//! One error type; each variant says what happened, to whom, and what to do.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;

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
#[derive(thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Error {
    /// A process was to be started, but `main` did not begin with the guard. Nothing was started.
    #[error(
        "no process was started: a child runs this program again from the top, and nothing tells \
         it where to leave `{place}`; write `shared::main_guard!({target});` as the first line of \
         `{place}`"
    )]
    NoGuard {
        /// The function that was to run.
        target: String,
        /// Where the guard is missing: `main`, or the name of the test.
        place: String,
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
    #[error("process `{process}` could not be started: {error}{}", hint(.error))]
    Start {
        /// The name of the process.
        process: String,
        /// What the operating system said.
        #[serde(with = "portable_io")]
        error: io::Error,
    },

    /// The folder for temporary files cannot be used.
    #[error(
        "no process was started: a socket could not be made in {}: {error}; \
         make room there, or set TMPDIR to a folder that can be written to",
        .folder.display()
    )]
    TempDir {
        /// The folder that was tried.
        folder: PathBuf,
        /// What the operating system said.
        #[serde(with = "portable_io")]
        error: io::Error,
    },

    /// The process ended before its target began.
    #[error(
        "process `{process}` exited with status {exit_code} before its target began; \
         does `main` leave, or fail, before `shared::main_guard!`, or read standard input there \
         again and again?"
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

    /// The process has ended, and nobody knows how: the system was told to throw that away (SIGCHLD
    /// is ignored), or another part of the program has waited for it.
    #[error(
        "process `{process}` has ended, and nobody knows how: SIGCHLD is ignored in this program, \
         or another part of it waited for the process"
    )]
    UnknownEnd {
        /// The name of the process.
        process: String,
    },

    /// A task of a pool gave no value. It says which, and why.
    #[error("{}: {error}", task_name(.function, *.item))]
    Task {
        /// The function that was to run.
        function: String,
        /// Which item of the iterator it was, counted from 0; `None` for one that was spawned alone.
        item: Option<usize>,
        /// Why there is no value.
        error: Box<Error>,
    },

    /// A task took longer than its pool allows; its worker was stopped.
    #[error("it took longer than {time:?}, and was stopped")]
    TimedOut {
        /// What the pool allows each task.
        time: std::time::Duration,
    },

    /// The task was cancelled.
    #[error("it was cancelled")]
    Cancelled,

    /// The pool cannot work: its workers do not get ready.
    #[error("the pool is broken: {reason}")]
    Broken {
        /// What the last worker said.
        reason: String,
    },

    /// The other side is gone, or the queue was closed: nothing more will come or be taken.
    #[error("closed: the other side is gone, or it was closed; nothing more will come or be taken")]
    Closed,

    /// The queue was empty for as long as the call was to wait.
    #[error("the queue is empty: nothing came in the time given")]
    Empty,

    /// The queue was full for as long as the call was to wait; the item was not put.
    #[error("the queue is full: the item was not put; try again, or wait with `put`")]
    Full,

    /// What was waited for did not come in the time given: a message, a lock, a permit.
    #[error("the time given is over: nothing came")]
    Timeout,

    /// This thread holds the lock already, and would wait for itself.
    #[error("this thread holds the lock already: drop the first guard before the next `lock`")]
    Deadlock,

    /// The last holder of a mutex died, or panicked, after it had begun to change the value.
    #[error(
        "poisoned: the last holder of the lock died, or panicked, after it had begun to change the \
         value; the value is as it was before, and `clear_poison` allows the next `lock`"
    )]
    Poisoned,

    /// A barrier cannot be passed any more, until it is reset.
    #[error(
        "the barrier is broken: a process that waited at it is gone, the time of one was over, or \
         `abort` was called; `reset` makes it whole"
    )]
    BrokenBarrier,

    /// Only the process that made a queue keeps its dead letters.
    #[error("the dead letters of a queue are kept by the process that made it; ask for them there")]
    NotCreator,

    /// A value could not be turned into bytes; nothing was sent.
    #[error("a `{type_name}` could not be encoded, nothing was sent: {reason}")]
    Encode {
        /// The type of the value.
        type_name: Cow<'static, str>,
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
        type_name: Cow<'static, str>,
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
    #[error("{doing}: {error}{}", hint(.error))]
    Io {
        /// What was being done.
        doing: Cow<'static, str>,
        /// What the operating system said.
        #[serde(with = "portable_io")]
        error: io::Error,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    pub(crate) fn io<E: Into<io::Error>>(doing: &'static str) -> impl Fn(E) -> Error + Copy {
        move |error| Error::Io { doing: doing.into(), error: error.into() }
    }

    pub(crate) fn is_interruption(&self) -> bool {
        matches!(self, Error::Io { error, .. } if error.kind() == io::ErrorKind::Interrupted)
    }
}

fn task_name(function: &str, item: Option<usize>) -> String {
    match item {
        Some(item) => format!("`{function}` of item {item}"),
        None => format!("`{function}`"),
    }
}

/// What to do about the errors that people meet: the limits of a process and of a user.
fn hint(error: &io::Error) -> &'static str {
    use rustix::io::Errno;
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::MFILE) => "; close what is no longer needed, or raise the limit (ulimit -n)",
        Some(Errno::NFILE) => "; the whole system has too many files open (sysctl fs.file-max)",
        Some(Errno::AGAIN) => {
            "; wait for other processes to end, or raise the limit (ulimit -u, ulimit -v)"
        }
        Some(Errno::NOMEM) => "; free memory, or raise the limit (ulimit -v)",
        Some(Errno::NOBUFS) => "; the system has no memory for sockets left",
        Some(Errno::FBIG) => {
            "; queues, and messages of over 64 KB, lie in files in memory: raise the limit of a file's size \
             (ulimit -f)"
        }
        Some(Errno::TOOMANYREFS) => {
            "; too many channels are on their way: let them be received, or raise the limit (ulimit -n)"
        }
        _ => "",
    }
}

/// An error of the system crosses as its number, and any other as its text.
mod portable_io {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::io;

    pub(super) fn serialize<S: Serializer>(
        error: &io::Error,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (error.raw_os_error(), error.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<io::Error, D::Error> {
        let (number, text) = <(Option<i32>, String)>::deserialize(deserializer)?;
        Ok(number.map_or_else(|| io::Error::other(text), io::Error::from_raw_os_error))
    }
}

/// The name of a signal, and for the one that a Rust program ends itself with, what it may mean.
fn signal_name(signal: i32) -> String {
    /// The first of the signals that a program may use as it likes.
    const FIRST_REALTIME: i32 = 34;
    if let Some(number @ 0..=30) = signal.checked_sub(FIRST_REALTIME) {
        return format!(" (SIGRTMIN+{number})");
    }
    let status = ExitStatus::from_raw(signal).to_string();
    let name = status.split_once(" (").and_then(|(_, name)| name.split_once(')'));
    match name.map(|(name, _)| name) {
        Some("SIGABRT") => {
            " (SIGABRT: an abort, a stack overflow or a failed allocation; its stderr \
                            says which)"
                .to_owned()
        }
        Some(name) => format!(" ({name})"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, signal_name};
    use std::error::Error as _;
    use std::io;

    #[test]
    fn every_signal_has_its_name() {
        assert_eq!(signal_name(9), " (SIGKILL)");
        assert_eq!(signal_name(16), " (SIGSTKFLT)");
        assert_eq!(signal_name(25), " (SIGXFSZ)");
        assert_eq!(signal_name(34), " (SIGRTMIN+0)");
        assert_eq!(signal_name(64), " (SIGRTMIN+30)");
        for signal in (1..32).chain(34..=64) {
            assert!(signal_name(signal).starts_with(" (SIG"), "{signal}");
        }
        assert_eq!(signal_name(65), "");
    }

    fn io_errors() -> Vec<Error> {
        let errors = || [io::Error::from_raw_os_error(24), io::Error::other("by hand")];
        let doing = Error::io("a socket could not be made");
        let start = |error| Error::Start { process: "x".to_owned(), error };
        errors().map(doing).into_iter().chain(errors().map(start)).collect()
    }

    #[test]
    fn an_error_crosses_with_its_sentence_and_its_variant() {
        let mut errors = io_errors();
        errors.extend([Error::Closed, Error::Full, Error::TooManyEnds { count: 65, limit: 64 }]);
        errors.push(Error::Encode { type_name: "T".into(), reason: "no".to_owned() });
        for error in errors {
            let bytes = postcard::to_stdvec(&error).expect("it can be written");
            let read: Error = postcard::from_bytes(&bytes).expect("it can be read");
            assert_eq!(read.to_string(), error.to_string());
            assert_eq!(std::mem::discriminant(&read), std::mem::discriminant(&error));
        }
        let bytes = postcard::to_stdvec(&io_errors()[0]).expect("it can be written");
        let read: Error = postcard::from_bytes(&bytes).expect("it can be read");
        assert!(matches!(read, Error::Io { error, .. } if error.raw_os_error() == Some(24)));
    }

    #[test]
    fn what_the_system_said_is_printed_once() {
        for error in io_errors() {
            assert!(error.source().is_none(), "{error}");
            assert!(
                error.to_string().contains("by hand") || error.to_string().contains("os error 24")
            );
        }
    }
}
