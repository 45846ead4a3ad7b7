//! Processes: start a function in a process of its own, wait for its value, stop it.
//! Python's `multiprocessing.Process`.

pub mod guard;
mod identity;
mod launch;
pub(crate) mod protocol;

pub use identity::{Parent, name, parent};

use crate::transport::channel::{self, Receiver, Sender};
use crate::transport::message::{self, Message};
use crate::{Error, Result};
use guard::{Key, Target};
use identity::Identity;
use protocol::{Order, Report};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::env;
use std::fmt;
use std::marker::PhantomData;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long a process that is asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// A running process, and the value of type `T` that it will give. Python's
/// `multiprocessing.Process`.
///
/// It is started by [`Process::spawn`] from a function and its arguments, or by
/// [`Run::spawn`] from a value. The process is this program, run again from the top up to the
/// [`main_guard!`](crate::main_guard), with the same command line, an empty standard input, and
/// memory of its own.
///
/// [`join`](Process::join) is how to wait. A handle that is dropped before the process was waited
/// for **stops** it, as [`terminate`](Process::terminate) does and after a second
/// [`kill`](Process::kill); so an error on the way out of a function leaves no process behind. And
/// a process ends when its parent is gone, however the parent went.
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
    name: String,
    child: RefCell<Child>,
    reports: Receiver,
    /// The child lives no longer than this does, so it is kept until the child was waited for.
    lifeline: Cell<Option<Sender>>,
    exit_code: Cell<Option<i32>>,
    value: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Process<T> {
    /// Starts a process that calls `target` with `args`. Python's
    /// `Process(target=target, args=args).start()`.
    ///
    /// `args` is a tuple, `(15,)` for one argument and `()` for none. The arguments move: a
    /// [`Connection`](crate::Connection) among them is the child's from now on, and nobody else's.
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
        Args: Serialize,
    {
        Process::<()>::builder().spawn(target, args)
    }

    /// Waits until the process has ended, and takes the value that its target returned. Python's
    /// `join`, with the value that Python does not give.
    ///
    /// Errors say why there is no value: [`Error::Panicked`], [`Error::Exited`],
    /// [`Error::Killed`], [`Error::NotReady`] or [`Error::NoValue`].
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
    pub fn join(self) -> Result<T> {
        let exit_code = self.wait()?;
        let process = self.name.clone();
        let mut started = false;
        // The process is gone, so all that it said is already here.
        loop {
            let report = match self.reports.recv(Some(Instant::now())) {
                Ok(Some(report)) => report,
                Ok(None) | Err(Error::Closed) => break,
                Err(error) => return Err(error),
            };
            match message::decode(report)? {
                Report::Started => started = true,
                Report::Returned(value) => return message::decode(value),
                Report::Panicked(message) => return Err(Error::Panicked { process, message }),
                Report::Failed(reason) => return Err(Error::NoValue { process, reason }),
            }
        }
        Err(match (exit_code, started) {
            (..0, _) => Error::Killed { process, signal: -exit_code },
            (_, true) => Error::Exited { process, exit_code },
            (_, false) => Error::NotReady { process, exit_code },
        })
    }
}

impl Process<()> {
    /// A [`Builder`], to give the process a name.
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
        &self.name
    }

    /// The process's number in the operating system (PID). Python's `pid`.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.borrow().id()
    }

    /// Whether the process has not ended yet; it does not wait. Python's `is_alive`.
    pub fn is_alive(&self) -> bool {
        self.exit_code().is_none()
    }

    /// How the process ended, or `None` while it lives; it does not wait. Python's `exitcode`.
    ///
    /// The numbers are Python's: 0 when the target returned, 1 when it panicked, `n` after
    /// `std::process::exit(n)`, and −15 when signal 15 ended it.
    pub fn exit_code(&self) -> Option<i32> {
        if self.exit_code.get().is_none() {
            let status = self.child.borrow_mut().try_wait();
            match status {
                Ok(None) => {}
                Ok(Some(status)) => drop(self.note_end(status)),
                // Nothing is there to wait for: this program was started with SIGCHLD ignored, so
                // the system threw the status away, and the number may be another's by now.
                Err(_) => drop(self.note_end(ExitStatus::default())),
            }
        }
        self.exit_code.get()
    }

    /// Waits until the process has ended, and says how, in the numbers of
    /// [`exit_code`](Process::exit_code). It can be called again; the value stays there for
    /// [`join`](Process::join).
    pub fn wait(&self) -> Result<i32> {
        if let Some(exit_code) = self.exit_code.get() {
            return Ok(exit_code);
        }
        let status = match self.child.borrow_mut().wait() {
            // It has ended; as in `exit_code`, nobody knows how.
            Err(error) if error.raw_os_error() == Some(Errno::CHILD.raw_os_error()) => {
                ExitStatus::default()
            }
            status => status.map_err(Error::io("a process could not be waited for"))?,
        };
        Ok(self.note_end(status))
    }

    /// [`wait`](Process::wait), but for no longer than `time`; `None` says that the time is over
    /// and the process lives. Python's `join(timeout)`.
    pub fn wait_timeout(&self, time: Duration) -> Result<Option<i32>> {
        if self.exit_code().is_none() {
            let ended = launch::ended_within(&self.child.borrow(), time)
                .map_err(Error::io("a process could not be waited for"))?;
            if !ended {
                return Ok(None);
            }
        }
        self.wait().map(Some)
    }

    /// Asks the process to end (SIGTERM); a Rust program does so at once, without running any
    /// `Drop`. Python's `terminate`.
    ///
    /// It is a request: [`wait`](Process::wait) is the fact. A process that has already ended is
    /// no error.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends the process (SIGKILL), which it cannot refuse. Python's `kill`.
    ///
    /// Like [`terminate`](Process::terminate) it does not wait, and a process that has already
    /// ended is no error.
    pub fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        // Until it was waited for, its number cannot be another process's.
        if self.is_alive() {
            kill_process(Pid::from_child(&self.child.borrow()), signal)
                .map_err(Error::io("a process could not be signalled"))?;
        }
        Ok(())
    }

    fn note_end(&self, status: ExitStatus) -> i32 {
        let signal = status.signal().unwrap_or_default();
        let exit_code = status.code().unwrap_or(-signal);
        self.lifeline.set(None);
        self.exit_code.set(Some(exit_code));
        exit_code
    }
}

impl<T> Drop for Process<T> {
    /// Stops the process if it was not waited for, and waits until it is gone.
    fn drop(&mut self) {
        let _ = self.terminate();
        if !matches!(self.wait_timeout(GRACE), Ok(Some(_))) {
            let _ = self.kill();
            let _ = self.wait();
        }
    }
}

impl<T> fmt::Debug for Process<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name)
            .field("id", &self.id())
            .field("exit_code", &self.exit_code.get())
            .finish_non_exhaustive()
    }
}

/// A process that is not started yet, to be given a name.
///
/// ```standalone_crate
/// fn work() {}
///
/// fn main() -> shared::Result<()> {
///     shared::main_guard!(work);
///     let process = shared::Process::builder().name("worker").spawn(work, ())?;
///     assert_eq!(process.name(), "worker");
///     process.join()
/// }
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// Names the process; errors and `ps` show the name. Python's `Process(name=…)`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// Starts the process, as [`Process::spawn`] does.
    pub fn spawn<F, Args>(self, target: F, args: Args) -> Result<Process<F::Output>>
    where
        F: Target<Args>,
        Args: Serialize,
    {
        let _ = target;
        let key = Key::of::<F>();
        guard::check(key)?;
        let args = message::encode(&args)?;
        self.start(key, args)
    }

    fn start<T>(self, key: Key, args: Message) -> Result<Process<T>> {
        let identity = Identity::of_child(self.name);
        let name = identity.name.clone();
        let (sender, reports) = channel::channel()?;
        let order = message::encode(&Order { target: key.hash, identity, reports: sender })?;
        let mut command = Command::new(launch::PROGRAM);
        command.args(env::args_os().skip(1));
        let (child, lifeline) = launch::launch(&name, &mut command, [order, args])?;
        Ok(Process {
            name,
            child: RefCell::new(child),
            reports,
            lifeline: Cell::new(Some(lifeline)),
            exit_code: Cell::new(None),
            value: PhantomData,
        })
    }
}

/// A type whose values run as processes: the second way to create one. Python's subclass of
/// `Process` that overrides `run`.
///
/// The guard lists the type's `run`.
///
/// ```standalone_crate
/// use serde::{Deserialize, Serialize};
/// use shared::{Run, main_guard};
///
/// #[derive(Serialize, Deserialize)]
/// struct Sum {
///     numbers: Vec<u32>,
/// }
///
/// impl Run for Sum {
///     type Output = u32;
///
///     fn run(self) -> u32 {
///         self.numbers.iter().sum()
///     }
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(Sum::run);
///     let process = Sum { numbers: vec![1, 2, 3] }.spawn()?;
///     assert_eq!(process.join()?, 6);
///     Ok(())
/// }
/// ```
pub trait Run: Serialize + DeserializeOwned + 'static {
    /// What the process gives to whoever joins it.
    type Output: Serialize + DeserializeOwned + 'static;

    /// What the process does.
    fn run(self) -> Self::Output;

    /// Starts a process that runs this value, as [`Process::spawn`] does.
    fn spawn(self) -> Result<Process<Self::Output>> {
        Process::spawn(Self::run, (self,))
    }
}
