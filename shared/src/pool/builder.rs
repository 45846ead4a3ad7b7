//! A pool before its start.

use super::Pool;
use super::lane::Memory;
use super::member::Member;
use super::scheduler::Scheduler;
use super::supervisor::{Encoder, Supervisor, stop};
use super::worker::siblings;
use crate::process::assert_is_function;
use crate::process::guard::{Arguments, Target};
use crate::process::worker::{Function, Guard};
use crate::transport::message;
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A pool that is not started yet.
///
/// ```standalone_crate
/// use std::time::Duration;
///
/// fn work(n: u32) -> u32 {
///     n
/// }
///
/// fn main() -> shared::Result<()> {
///     shared::main_guard!(work);
///     let pool = shared::Pool::builder().workers(2).timeout(Duration::from_secs(5)).build()?;
///     assert_eq!(pool.ids().len(), 2);
///     pool.join()
/// }
/// ```
#[must_use = "a builder builds nothing until `build` is called"]
#[derive(Default)]
pub struct Builder {
    workers: Option<usize>,
    tasks_per_worker: Option<usize>,
    timeout: Option<Duration>,
    retries: u32,
    init: Option<(Function, Encoder)>,
}

impl Builder {
    /// How many workers; at least one. Python's `Pool(processes)`.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = Some(workers.max(1));
        self
    }

    /// Replaces each worker after so many tasks; at least one. Python's `maxtasksperchild`.
    pub fn tasks_per_worker(mut self, tasks: usize) -> Builder {
        self.tasks_per_worker = Some(tasks.max(1));
        self
    }

    /// How long a task may take, from when it begins. One that takes longer is stopped, with its
    /// worker, which is replaced, and is [`Error::TimedOut`]. Python's pools have none.
    pub fn timeout(mut self, time: Duration) -> Builder {
        self.timeout = Some(time);
        self
    }

    /// How often a task is run again whose worker died in it; 0 by default. One that panicked or
    /// took too long is not run again, nor is one whose arguments hold a queue or a connection.
    pub fn retries(mut self, retries: u32) -> Builder {
        self.retries = retries;
        self
    }

    /// What each worker does before its first task. Python's `initializer`, `initargs`.
    ///
    /// The guard must list it: else [`build`](Builder::build) is an error. If it panics, the pool
    /// is broken at once: every task is [`Error::Broken`], with what it said.
    pub fn init<F, Args>(mut self, function: F, args: Args) -> Builder
    where
        F: Target<Args>,
        Args: Arguments + Send + 'static,
    {
        assert_is_function!(F);
        let _ = function;
        let encode = move || message::encode(&args);
        self.init = Some((Function::of::<F>(), Box::new(encode)));
        self
    }

    /// Starts the workers. It does not wait for them.
    ///
    /// An error is [`Error::NoGuard`], an initializer that the guard does not list, or the
    /// operating system's; nothing is left running then.
    pub fn build(self) -> Result<Pool> {
        let guard = Guard::here()?;
        let init = self.init.map(|(function, encode)| Ok((guard.place_of(function)?, encode)));
        let init = init.transpose()?;
        let workers = self.workers.unwrap_or_else(default_workers);
        let memory = Memory::new(workers)?;
        let members = (0..workers).map(|index| Member::new(&memory, index));
        let members = members.collect::<Result<_>>()?;
        let scheduler = Arc::new(Scheduler::new(memory, members, self.retries));
        let tasks = self.tasks_per_worker.unwrap_or(usize::MAX);
        let supervisor = Supervisor::new(&scheduler, guard.clone(), self.timeout, tasks, init);
        let mut state = scheduler.lock();
        let started = (0..workers).try_for_each(|index| supervisor.start(&mut state, index));
        drop(state);
        let thread = started.and_then(|()| {
            let thread = thread::Builder::new().name("pool-supervisor".to_owned());
            thread
                .stack_size(256 * 1024)
                .spawn(move || supervisor.run())
                .map_err(Error::io("a pool could not start its thread"))
        });
        match thread {
            Ok(thread) => Ok(Pool { scheduler, guard, supervisor: Some(thread) }),
            Err(error) => {
                stop(&scheduler, false);
                Err(error)
            }
        }
    }
}

/// This process's share of the CPUs.
fn default_workers() -> usize {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    (cpus / siblings()).max(1)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("workers", &self.workers).finish_non_exhaustive()
    }
}
