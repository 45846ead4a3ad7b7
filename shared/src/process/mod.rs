//! Processes: start a function in a process of its own, wait for its value, stop it.
//! Python's `multiprocessing.Process`.

mod builder;
mod child;
pub mod guard;
mod handle;
mod identity;
mod launch;
mod outcome;
pub(crate) mod protocol;
mod registry;
mod run;
mod stop;
mod target;
pub(crate) mod worker;

pub use builder::Builder;
pub use identity::{Parent, name, parent};
#[cfg(feature = "lesson")]
pub(crate) use registry::has_guard;
pub use run::Run;
pub use stop::stop_all;

use crate::transport::message;
use crate::{Error, Result};
use guard::{Arguments, Returned, Target};
use handle::{End, Handle};
use protocol::ChildReport;
use rustix::process::Signal;
use std::fmt;
use std::marker::PhantomData;
use std::process::{ChildStderr, ChildStdout};
use std::time::{Duration, Instant};
pub(crate) use target::assert_is_function;

/// A running process, and the value of type `T` that it will give. Python's
/// `multiprocessing.Process`.
///
/// It is started by [`Process::spawn`] from a function and its arguments, or by
/// [`Run::spawn`] from a value. The process is this program, run again from the top up to the
/// [`main_guard!`](crate::main_guard), with the same arguments on its command line, and memory of its
/// own. Its standard input is at its end from its first instruction, before the guard too. (The name
/// that it was called by, `argv[0]`, is another: tools that list processes show the name there.)
///
/// [`join`](Process::join) is how to wait. A handle that is dropped before the process was waited
/// for **stops** it: it is asked to end, as by [`terminate`](Process::terminate), and killed if it
/// has not ended a second later; then the drop returns. So an error on the way out of a function
/// leaves no process behind. Handles that a thread drops one after another, as those in a `Vec`, a
/// map or a struct, share that second, and have 50 ms each at least:
/// [`stop_all`] gives each its own second, all at once. And a process ends
/// when its parent is gone, however the parent went.
///
/// A handle can be shared by threads: one may [`kill`](Process::kill) while another waits.
///
/// What the process starts on its own, by [`std::process::Command`], is its own affair, and lives on
/// when the process is stopped. With a [group of its own](Builder::process_group) it is stopped with
/// the process.
///
/// ```standalone_crate
/// use shared::{Process, main_guard};
///
/// fn greet(name: String, times: usize) -> String {
///     format!("Hello, {name}! ").repeat(times)
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(greet);
///     let process = Process::spawn(greet, ("world".to_owned(), 2))?;
///     assert_eq!(process.join()?, "Hello, world! Hello, world! ");
///     Ok(())
/// }
/// ```
#[must_use = "a process whose handle is dropped is stopped; `join` waits for it"]
pub struct Process<T> {
    handle: Handle,
    value: PhantomData<fn() -> T>,
}

impl<T: Returned> Process<T> {
    /// Starts a process that calls `target` with `args`. Python's
    /// `Process(target=target, args=args).start()`.
    ///
    /// `args` is a tuple, `(15,)` for one argument and `()` for none. The arguments move: a
    /// [`Connection`](crate::Connection) among them is the child's from now on, and nobody else's.
    ///
    /// What the compiler says when something does not fit, and what to do:
    ///
    /// | the mistake | the compiler says | instead |
    /// |---|---|---|
    /// | a target borrows: `fn f(name: &str)` | `Deserialize` is not general enough | `fn f(name: String)` |
    /// | a method borrows: `fn f(&self)` | no process can be started from `for<'a> fn(&'a …)` | `fn f(self)`, or [`Run`] |
    /// | an argument or the result has no serde | no process can be started from `fn(…)` | `#[derive(Serialize, Deserialize)]` on its type |
    /// | the result is an `io::Result<T>` | no process can be started from `fn(…) -> Result<T, io::Error>` | [`shared::Result<T>`](crate::Result), or `Result<T, String>` with `.map_err(\|e\| e.to_string())` |
    /// | seven arguments | no process can be started from `fn(…)` | a struct |
    /// | one argument without a comma: `(15)` | `{integer}` is no argument list of a process | `(15,)` |
    /// | a closure that captures, a function pointer (found by `cargo build`, not by `cargo check`) | a process is started from a function by its name | pass what it captures as arguments; list and name each function |
    /// | a queue or an end of a pipe in two threads | `Cell<…>` cannot be shared between threads safely | a clone of the queue for each thread; [`split`](crate::Connection::split) the connection |
    ///
    /// It does not wait for the child. An error comes before anything was started: a target that
    /// the guard does not list, no guard, an argument that cannot be encoded, or what the
    /// operating system said. A child that dies before its target begins is an error of
    /// [`join`](Process::join): [`Error::NotReady`].
    ///
    /// ```standalone_crate
    /// fn add(a: u32, b: u32) -> u32 {
    ///     a + b
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     shared::main_guard!(add);
    ///     assert_eq!(shared::Process::spawn(add, (2, 3))?.join()?, 5);
    ///     Ok(())
    /// }
    /// ```
    pub fn spawn<F, Args>(target: F, args: Args) -> Result<Process<T>>
    where
        F: Target<Args, Output = T>,
        Args: Arguments,
    {
        assert_is_function!(F);
        Process::<()>::builder().spawn(target, args)
    }

    /// Waits until the process has ended, and takes the value that its target returned. Python's
    /// `join`, with the value that Python does not give.
    ///
    /// Errors say why there is no value: [`Error::Panicked`], [`Error::Exited`],
    /// [`Error::Killed`], [`Error::NotReady`], [`Error::NoValue`] or [`Error::UnknownEnd`].
    ///
    /// A target may return a `Result`, and use `?`. That is its value, as it is for a thread: `join`
    /// gives `Ok(Err(…))`, and the exit code is 1, as that of a `main` that returned an `Err`.
    /// `join()??` gives either error on, and [`Error`] itself can cross:
    ///
    /// ```standalone_crate
    /// use shared::{Process, Queue};
    ///
    /// fn add(numbers: Queue<u32>) -> shared::Result<u32> {
    ///     Ok(numbers.try_get()? + numbers.try_get()?)
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     shared::main_guard!(add);
    ///     let numbers = Queue::new()?;
    ///     numbers.extend([1, 2, 3])?;
    ///     assert_eq!(Process::spawn(add, (numbers.clone(),))?.join()??, 3);
    ///     let error = Process::spawn(add, (numbers.clone(),))?.join()?.unwrap_err();
    ///     assert!(matches!(error, shared::Error::Empty));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// ```standalone_crate
    /// fn fail() {
    ///     panic!("no more ink");
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     shared::main_guard!(fail);
    ///     let process = shared::Process::spawn(fail, ())?;
    ///     let error = process.join().unwrap_err();
    ///     assert_eq!(error.to_string(), "process `Process-1` panicked: no more ink");
    ///     Ok(())
    /// }
    /// ```
    pub fn join(mut self) -> Result<T> {
        let end = self.handle.wait_alone()?;
        let process = self.handle.name().to_owned();
        let (last, started) = self.handle.take_reports()?;
        Err(match (last, end) {
            (Some(ChildReport::Returned { value, .. }), _) => return message::decode(value),
            (Some(ChildReport::Panicked(message)), _) => Error::Panicked { process, message },
            (Some(ChildReport::Failed(reason)), _) => Error::NoValue { process, reason },
            (_, End::Unknown) => Error::UnknownEnd { process },
            (_, End::Code(signal @ ..0)) => Error::Killed { process, signal: -signal },
            (_, End::Code(exit_code)) if started => Error::Exited { process, exit_code },
            (_, End::Code(exit_code)) => Error::NotReady { process, exit_code },
        })
    }
}

impl Process<()> {
    /// A [`Builder`], to give the process a name, variables of its environment, another directory or
    /// output, or a process group.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl<T> Process<T> {
    /// The process's name: `Process-1` and so on, `Process-1:2` for the second child of the first,
    /// or what [`Builder::name`] gave. Python's `name`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.handle.name()
    }

    /// The process's number in the operating system (PID). Python's `pid`.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.handle.id()
    }

    /// What the process writes to its standard output, if [`Builder::stdout`] was given
    /// [`Stdio::piped`](std::process::Stdio::piped). The first call takes it.
    pub fn take_stdout(&self) -> Option<ChildStdout> {
        self.handle.take_stdout()
    }

    /// What the process writes to its standard error; see [`take_stdout`](Process::take_stdout).
    pub fn take_stderr(&self) -> Option<ChildStderr> {
        self.handle.take_stderr()
    }

    /// Whether the process has not ended yet; it does not wait. Python's `is_alive`.
    pub fn is_alive(&self) -> bool {
        self.handle.try_end().is_none()
    }

    /// How the process ended, or `None` while it lives; it does not wait. Python's `exitcode`.
    ///
    /// The numbers are Python's: 0 when the target returned, 1 when it returned an `Err` or
    /// panicked, `n` after `std::process::exit(n)`, and −15 when signal 15 ended it. It is also
    /// `None` where [`wait`](Process::wait) is [`Error::UnknownEnd`].
    pub fn exit_code(&self) -> Option<i32> {
        self.handle.try_end().and_then(|end| self.known(end).ok())
    }

    fn known(&self, end: End) -> Result<i32> {
        match end {
            End::Code(exit_code) => Ok(exit_code),
            End::Unknown => Err(Error::UnknownEnd { process: self.name().to_owned() }),
        }
    }

    /// Waits until the process has ended, and says how, in the numbers of
    /// [`exit_code`](Process::exit_code). It can be called again; the value stays there for
    /// [`join`](Process::join).
    ///
    /// Another thread can [`kill`](Process::kill) the process meanwhile: all methods take `&self`,
    /// and a handle can be shared by threads.
    ///
    /// [`Error::UnknownEnd`] when the system threw away how it ended, because SIGCHLD is ignored in
    /// this program, and the process could not tell it either.
    ///
    /// ```standalone_crate
    /// fn works() {
    ///     loop {
    ///         std::thread::park();
    ///     }
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     shared::main_guard!(works);
    ///     let process = shared::Process::spawn(works, ())?;
    ///     std::thread::scope(|scope| {
    ///         let waiter = scope.spawn(|| process.wait());
    ///         process.kill()?;
    ///         assert_eq!(waiter.join().expect("no panic")?, -9);
    ///         Ok(())
    ///     })
    /// }
    /// ```
    pub fn wait(&self) -> Result<i32> {
        loop {
            if let Some(end) = self.handle.wait(None)? {
                return self.known(end);
            }
        }
    }

    /// [`wait`](Process::wait), but for no longer than `time`; `None` says that the time is over
    /// and the process lives. Python's `join(timeout)`.
    pub fn wait_timeout(&self, time: Duration) -> Result<Option<i32>> {
        let end = self.handle.wait(Instant::now().checked_add(time))?;
        end.map(|end| self.known(end)).transpose()
    }

    /// Asks the process to end (SIGTERM); a Rust program does so at once, without running any
    /// `Drop`. Python's `terminate`.
    ///
    /// It is a request: [`wait`](Process::wait) is the fact. A process that has already ended is
    /// no error. A process with a [group](Builder::process_group) of its own is asked with the whole
    /// group.
    pub fn terminate(&self) -> Result<()> {
        self.handle.signal(Signal::TERM)
    }

    /// Ends the process (SIGKILL), which it cannot refuse. Python's `kill`.
    ///
    /// Like [`terminate`](Process::terminate) it does not wait, a process that has already ended is
    /// no error, and a process with a group of its own is killed with the whole group.
    pub fn kill(&self) -> Result<()> {
        self.handle.signal(Signal::KILL)
    }
}

impl<T> Drop for Process<T> {
    /// Stops the process if it was not waited for, and waits until it is gone.
    fn drop(&mut self) {
        stop::stop(&self.handle);
    }
}

impl<T> fmt::Debug for Process<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name())
            .field("id", &self.id())
            .field("exit_code", &self.exit_code())
            .finish_non_exhaustive()
    }
}
