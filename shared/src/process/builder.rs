//! A process before its start.

use super::Process;
use super::handle::Handle;
use super::identity::Identity;
use super::launch;
use super::protocol::StartRequest;
use super::registry;
use super::target::{Arguments, Target, TargetId, assert_is_function};
use crate::Result;
use crate::transport::message::{self, Message};
use std::env;
use std::ffi::OsStr;
use std::marker::PhantomData;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A process that is not started yet. Its methods have the names of those of
/// [`std::process::Command`].
///
/// ```standalone_crate
/// use std::env;
///
/// fn work() -> (String, bool) {
///     (env::var("LEVEL").unwrap_or_default(), env::var("SECRET").is_ok())
/// }
///
/// fn main() -> shared::Result<()> {
///     shared::main_guard!(work);
///     let builder = shared::Process::builder().name("worker").env("LEVEL", "3").env_remove("SECRET");
///     let process = builder.spawn(work, ())?;
///     assert_eq!(process.name(), "worker");
///     assert_eq!(process.join()?, ("3".to_owned(), false));
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Builder {
    name: Option<String>,
    own_group: bool,
    has_stdout: bool,
    command: Command,
}

impl Default for Builder {
    fn default() -> Builder {
        let command = Command::new(launch::PROGRAM);
        Builder { name: None, own_group: false, has_stdout: false, command }
    }
}

impl Builder {
    /// Names the process; errors and `ps` show the name. Python's `Process(name=…)`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// Sets a variable of the process's environment. All others are those of this process.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Builder {
        self.command.env(key, value);
        self
    }

    /// Removes a variable from the process's environment.
    #[must_use]
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> Builder {
        self.command.env_remove(key);
        self
    }

    /// Sets the directory that the process starts in; without it, it is that of this process.
    /// A directory that is not there is [`Error::Start`](crate::Error::Start).
    #[must_use]
    pub fn current_dir(mut self, dir: impl AsRef<Path>) -> Builder {
        self.command.current_dir(dir);
        self
    }

    /// Sets the process's standard output; without it, it is that of this process.
    ///
    /// After [`Stdio::piped`], [`Process::take_stdout`] gives what the process writes. It is to be
    /// read while the process runs: a process whose pipe is full waits.
    ///
    /// ```standalone_crate
    /// use std::process::Stdio;
    ///
    /// fn speak() {
    ///     println!("Hello from a process");
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     shared::main_guard!(speak);
    ///     let builder = shared::Process::builder().stdout(Stdio::piped());
    ///     let process = builder.spawn(speak, ())?;
    ///     let stdout = process.take_stdout().expect("a pipe");
    ///     assert_eq!(std::io::read_to_string(stdout).expect("text"), "Hello from a process\n");
    ///     process.join()
    /// }
    /// ```
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Builder {
        self.command.stdout(stdout);
        self.has_stdout = true;
        self
    }

    /// Sets the process's standard error, as [`stdout`](Builder::stdout) sets its standard output.
    #[must_use]
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Builder {
        self.command.stderr(stderr);
        self
    }

    /// Puts the process into a process group: into the one of that number, and with 0 into one of
    /// its own.
    ///
    /// A Ctrl-C in the terminal does not reach a group of its own: its parent can decide what
    /// happens then. The process still ends when its parent is gone. To stop the process is to stop
    /// the group: [`terminate`](Process::terminate), [`kill`](Process::kill) and the drop of the
    /// handle reach the programs that the process has started as well.
    ///
    /// Without a group of its own, a program that a worker has started (by
    /// [`std::process::Command`]) is not stopped with the worker, and lives on.
    #[must_use]
    pub fn process_group(mut self, group: i32) -> Builder {
        self.command.process_group(group);
        self.own_group = group == 0;
        self
    }

    /// Starts the process, as [`Process::spawn`] does.
    pub fn spawn<F, Args>(self, target: F, args: Args) -> Result<Process<F::Output>>
    where
        F: Target<Args>,
        Args: Arguments,
    {
        assert_is_function!(F);
        let _ = target;
        let id = TargetId::of::<F>();
        let test = registry::check_registered(id)?;
        let args = message::encode_checked(&args)?;
        self.start(id, test, args)
    }

    pub(super) fn start<T>(
        mut self,
        id: TargetId,
        test: Option<String>,
        args: Message,
    ) -> Result<Process<T>> {
        let identity = Identity::of_child(self.name);
        let name = identity.name.clone();
        match &test {
            // The child is a test program that comes to the guard by way of this one test.
            Some(test) => self.command.arg(test).args(registry::TEST_ARGS),
            None => self.command.args(env::args_os().skip(1)),
        };
        let own_group = self.own_group;
        let has_stdout = self.has_stdout;
        let request = StartRequest { target: id.hash, identity, own_group, has_stdout, test };
        let (child, socket) = launch::launch(&mut self.command, &request, args)?;
        let handle = Handle::new(name, child, socket, own_group);
        Ok(Process { handle, value: PhantomData })
    }
}
