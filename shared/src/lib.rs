//! Processes, with queues, pipes and shared state between them, as in Python's `multiprocessing`, in safe
//! Rust.
//!
//! ```standalone_crate
//! use shared::{Process, Queue, main_guard};
//!
//! fn square(numbers: Queue<u64>, squares: Queue<u64>) -> shared::Result<()> {
//!     for n in &numbers {
//!         let n = n?;
//!         squares.put(n * n)?;
//!     }
//!     Ok(())
//! }
//!
//! fn main() -> shared::Result<()> {
//!     main_guard!(square); // a child runs this program from the top, and leaves `main` here
//!     let (numbers, squares) = (Queue::new()?, Queue::new()?);
//!     let worker = Process::spawn(square, (numbers.clone(), squares.clone()))?;
//!     numbers.extend([1, 2, 3])?;
//!     numbers.close()?;
//!     worker.join()??; // the first `?` is for the process, the second for what it returned
//!     assert_eq!((squares.get()?, squares.get()?, squares.get()?), (1, 4, 9));
//!     Ok(())
//! }
//! ```
//!
//! # From Python
//!
//! | Python | here |
//! |---|---|
//! | `if __name__ == "__main__":` | [`main_guard!(first_worker, second_worker)`](main_guard!), first in `main` |
//! | `Process(target=f, args=(15,)).start()` | [`Process::spawn(f, (15,))?`](Process::spawn) |
//! | `class Counting(Process):` with its own `run` | `impl` [`Run`] `for Counting`, then [`Counting { … }.spawn()?`](Run::spawn) |
//! | `join()` | [`join()?`](Process::join), which gives the target's value |
//! | `join(timeout)` | [`wait_timeout(time)?`](Process::wait_timeout) |
//! | `Process(…, name=…)`, and what `subprocess` has of `env`, `cwd`, `stdout` | [`Process::builder()`](Process::builder) |
//! | `is_alive()`, `exitcode`, `pid`, `name` | [`is_alive()`](Process::is_alive), [`exit_code()`](Process::exit_code), [`id()`](Process::id), [`name()`](Process::name) |
//! | `terminate()`, `kill()` | [`terminate()?`](Process::terminate), [`kill()?`](Process::kill) |
//! | `Queue()`, `Queue(10)` | [`Queue::new()?`](Queue::new), [`Queue::bounded(10)?`](Queue::bounded) |
//! | `put`, `put_nowait`, `get(timeout=…)`, … | [`put`](Queue::put), [`try_put`](Queue::try_put), [`get_timeout`](Queue::get_timeout), … |
//! | `Pool()`, `Pool(4)` | [`Pool::new()?`](Pool::new), [`Pool::builder()`](Pool::builder)`.workers(4).build()?` |
//! | `pool.map`, `starmap`, `imap`, `imap_unordered` | [`map`](Pool::map), [`starmap`](Pool::starmap), [`imap`](Pool::imap), [`imap_unordered`](Pool::imap_unordered) |
//! | `pool.apply_async(f, args)`, `executor.submit(f, *args)` | [`pool.spawn(f, args)?`](Pool::spawn) |
//! | `for item in iter(q.get, STOP)` | [`for item in &queue`](Queue::iter), which ends when the queue is closed |
//! | `Pipe()` | [`pipe()?`](pipe()) |
//! | `send`, `recv`, `poll` | [`send`](Connection::send), [`recv`](Connection::recv), [`poll`](Connection::poll) |
//! | `Value`, `Array`, `Lock`, `shared_memory`, `Manager().dict()`, `Event`, … | [`sync`]: [`Mutex`](sync::Mutex), [`Atomic`](sync::Atomic), [`Memory`](sync::Memory), [`Event`](sync::Event), … |
//! | `Pipe(duplex=False)` | [`split()`](Connection::split) |
//! | `current_process().name`, `parent_process()` | [`process::name()`], [`process::parent()`] |
//!
//! # What is promised
//!
//! - A start waits for nobody, and starts nothing if it cannot succeed: without the guard, with a
//!   target that the guard does not list, with arguments that cannot be encoded.
//! - [`join`](Process::join) always answers: with the value, or with how the process ended.
//! - No process is left behind that this library started. A handle that is dropped stops its process;
//!   a process ends when its parent is gone, killed or not, and its own children with it. (A program
//!   that a worker starts by `std::process::Command` is not among them, unless the worker has a
//!   [process group](Builder::process_group) of its own.)
//! - A queue keeps Python's order: the oldest item that nobody has begun goes to the next that asks, in
//!   whatever process. What was put is there for everyone as soon as [`put`](Queue::put) has returned.
//! - A queue outlives its workers. What a killed worker had put is there. The one item that it had in
//!   hand goes to another; an item that kills two workers is among the
//!   [`dead_letters`](Queue::dead_letters).
//! - A wait for a process that is gone ends with [`Error::Closed`].
//! - A lock that processes share is never kept by a holder that is gone, however it went: the others have
//!   it at once, with the value as it was, and are told if a change was lost ([`sync`]).
//! - No call panics because a limit of the system is reached, and a signal that the program handles
//!   does not disturb a call.
//!
//! Each promise is a test: in `tests/library/process`, `tests/library/queue`, `tests/library/pipe` and
//! `tests/library/sync`, and, under kills, stops and limits, in `tests/library/drills`.
//! [`conformance`] names the test for each behaviour that CPython asks of its own.
//!
//! # What may cross
//!
//! Arguments, results, items and messages are owned values whose types derive serde's `Serialize`
//! and `Deserialize`. The encoding is compact and does not describe itself, so both sides must name
//! the same type, and `serde_json::Value`, `#[serde(flatten)]`, `untagged` and `skip_serializing_if`
//! do not work. Whoever sends such a value gets [`Error::Encode`], and nothing is sent: each value of
//! up to 1 KB, and the first longer ones of each type, are read back before they are sent. So a type
//! whose `Deserialize` or `Drop` does more than its name says does it in the sender, too. For many
//! bytes use the `serde_bytes` crate: a `Vec<u8>` is a list of numbers to serde, and several times
//! slower. Queues and connections may stand anywhere in a value: a connection moves, a queue is
//! shared. One message may hold 64 channel ends: a connection has two, a queue and an object of [`sync`]
//! one. A process that met
//! a message of over 32 KB keeps up to 8 MB of the memory that it frees, for the next one.
//!
//! # What is not defended
//!
//! - **Another program of the same user.** It can kill a process, and it can write into its channels
//!   through `/proc`; a forged packet can make ipc-channel wait for ever, or abort the program. What it
//!   writes into a queue's memory, or into that of [`sync`], can make calls fail or wait, or items and
//!   values of the right size arrive wrong.
//!   Programs of other users cannot reach a channel. They can keep the one address, without a name,
//!   that each process needs for some microseconds when it first passes on a channel end in a start:
//!   then that takes 200 ms longer, and goes through a name in TMPDIR.
//! - **The wrong type at the other end.** Often it is [`Error::Decode`]; but bytes that also make
//!   sense as the other type arrive as that.
//! - **A kernel that runs out of memory for sockets** (`ENOBUFS`): ipc-channel then sends a message in
//!   parts, over a second socket, and a peer that dies in the middle can leave the sender waiting.
//! - **Work done twice.** An item that a worker holds when it dies goes to another worker, which cannot
//!   know how far the first one came.
//! - **A process that is stopped** (`SIGSTOP`) and not dead: a call that needs its answer waits. One that
//!   is stopped in the middle of a call of a queue, for which it takes a microsecond, keeps that queue's
//!   lock; calls with a time limit end all the same.
//! - **A signal handler without `SA_RESTART`**, in the moment in which a message with a channel end in
//!   it waits to be sent: the end is lost, and the call an error.
//! - **A child that has not come to its guard** does not see that its parent was killed; it ends as
//!   soon as it comes there. A process that is stopped (`SIGSTOP`) when its parent is killed stays
//!   until it is continued.
//! - **Process number 1 of a container**, if this program is that, inherits the children of its killed
//!   children, and does not wait for them: start it under an `init` (`docker run --init`).
//! - **A program that was started through the loader** (`ld.so ./program`): its children would be the
//!   loader's, so a start fails.
//! - **A limit of a file's size** (`ulimit -f`) counts for queues, which need 256 KiB for each consumer
//!   and four times what lies in them, and for messages of over 64 KB: beyond it is an error.
//! - **A failed allocation, a stack overflow and an abort** end the process where they happen; its
//!   parent is told the signal.
//!
//! With `panic = "abort"` a panic in a target ends its process by SIGABRT, and [`join`](Process::join)
//! says so; the message is on standard error. At the limit of open files ipc-channel panics, and such
//! a program ends there: use the default, `panic = "unwind"`.
//!
//! ipc-channel answers what is left undecoded with a panic in debug builds. Programs that use this
//! crate on its own, and meet the limit of open files, want this in their `Cargo.toml`:
//!
//! ```toml
//! [profile.dev.package.ipc-channel]
//! debug-assertions = false
//! ```
//!
//! # Systems
//!
//! Linux only, from kernel 5.4 on: a start needs `/proc` and `/dev/null`, and a queue needs memory that
//! processes share (`memfd_create`, and locks that the kernel passes on: `FUTEX_LOCK_PI`). On Windows
//! use WSL 2, on macOS a Linux container.
//!
//! # Where things are
//!
//! - `process` starts, ends and names processes; `queue` and `pipe` are what they talk through.
//! - `memory` is what processes share: a mapped file, locks that no death can keep, a ring of records.
//! - `transport` carries messages: how a value becomes bytes and channel ends, and the watching thread.
//! - `lesson`, behind a feature, is what the course's programs share; nothing else knows it.

#![forbid(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!(
    "this crate runs on Linux only; on Windows use WSL 2, on macOS a Linux container (README.md, \
     \"Platforms\")"
);

#[macro_use]
mod drill;
mod error;
#[cfg(feature = "lesson")]
pub mod lesson;
mod memory;
pub mod pipe;
pub mod pool;
pub mod process;
pub mod queue;
pub mod sync;
mod transport;

#[cfg(drill)]
pub use drill::points as drill_points;
pub use error::{Error, Result};
pub use pipe::{Connection, Receiver, Sender, pipe};
pub use pool::Pool;
pub use process::guard;
pub use process::{Builder, Process, Run};
pub use queue::Queue;

#[doc = include_str!("../CONFORMANCE.md")]
pub mod conformance {}

// What the types make impossible to write is tested by programs that must not compile.
#[cfg(doctest)]
#[doc = include_str!("../../tests/library/impossible.md")]
mod impossible {}
