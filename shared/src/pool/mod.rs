//! A pool: processes that stay, and run one function after another. Python's
//! `multiprocessing.Pool`, and `ProcessPoolExecutor`.
//!
//! ```text
//! mod         what users see: Pool              builder      and how it is made
//! task, imap  what they get                     scheduler    waiting for results
//! state       what the creator knows, does      supervisor   starts, stops and replaces workers
//! member      a worker as its creator sees it   job          which task is where: pure data
//! lane        the memory of both                worker       what a worker does
//! sink        what has come of a job's tasks    protocol     what a worker is told
//! ```

mod builder;
mod imap;
mod job;
mod lane;
mod member;
mod protocol;
mod scheduler;
mod sink;
mod state;
mod supervisor;
mod task;
mod worker;

pub use builder::Builder;
pub use imap::Imap;
pub use task::Task;
pub(crate) use worker::run as run_worker;

use crate::Result;
use crate::process::assert_is_function;
use crate::process::guard::{Argument, Arguments, Target};
use crate::process::worker::{Function, Guard};
use crate::transport::message;
use imap::Encode;
use job::{ALONE, TaskId};
use member::Load;
use scheduler::Scheduler;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use supervisor::stop;

/// Processes that stay, and run one task after another. Python's `multiprocessing.Pool`.
///
/// A pool runs any function that the [`main_guard!`](crate::main_guard) lists. It is used by any
/// number of threads at once.
///
/// **A worker that dies takes one task with it**: the one that it had begun. That one fails, and
/// its error says how the worker ended; or it is run again, up to [`retries`](Builder::retries)
/// times. All others give their value exactly once, and the worker is replaced. A panic is the
/// error of its task, and the worker lives on.
///
/// **Nothing waits behind a long task** while another worker is idle.
///
/// **Errors name the function, and the item by its place**, counted from 0:
/// [`Error::Task`](crate::Error::Task).
///
/// A pool that is dropped stops its workers, within a second; so does the end of its process,
/// however it comes. [`join`](Pool::join) lets them finish.
///
/// ```standalone_crate
/// use shared::{Pool, main_guard};
///
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(square);
///     let pool = Pool::new()?;
///     assert_eq!(pool.map(square, 1..=4)?, [1, 4, 9, 16]);
///     assert_eq!(pool.spawn(square, (5,))?.join()?, 25);
///     for value in pool.imap(square, 0..)?.take(3) {
///         println!("{}", value?);
///     }
///     pool.join()
/// }
/// ```
pub struct Pool {
    scheduler: Arc<Scheduler>,
    guard: Guard,
    /// `None` when the pool has ended.
    supervisor: Option<JoinHandle<()>>,
}

impl Pool {
    /// Starts as many workers as this process has CPUs. Python's `Pool()`.
    ///
    /// In a worker of another pool the CPUs are divided among all workers of that pool. It does not
    /// wait for the workers. An error is [`Error::NoGuard`](crate::Error::NoGuard), or the
    /// operating system's.
    ///
    /// ```
    /// // Without `main_guard!` nothing is started.
    /// assert!(matches!(shared::Pool::new(), Err(shared::Error::NoGuard { .. })));
    /// ```
    pub fn new() -> Result<Pool> {
        Pool::builder().build()
    }

    /// A [`Builder`], for another number of workers, a limit of time, and more.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Calls a function with each item, and gives the values in order. Python's `map`.
    ///
    /// It waits for all of them. The first error by position ends it, and what has not begun then
    /// never does; [`imap`](Pool::imap) gives each item its own result.
    ///
    /// A function that the guard does not list is [`Error::NotListed`](crate::Error::NotListed),
    /// before anything begins.
    pub fn map<F, T>(
        &self,
        function: F,
        items: impl IntoIterator<Item = T>,
    ) -> Result<Vec<F::Output>>
    where
        F: Target<(T,)>,
        T: Argument,
    {
        self.imap(function, items)?.collect()
    }

    /// [`map`](Pool::map) for a function of several arguments: each item is a tuple of them.
    /// Python's `starmap`.
    ///
    /// ```standalone_crate
    /// fn add(a: u32, b: u32) -> u32 {
    ///     a + b
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     shared::main_guard!(add);
    ///     let pool = shared::Pool::new()?;
    ///     assert_eq!(pool.starmap(add, [(1, 2), (3, 4)])?, [3, 7]);
    ///     pool.join()
    /// }
    /// ```
    pub fn starmap<F, Args>(
        &self,
        function: F,
        items: impl IntoIterator<Item = Args>,
    ) -> Result<Vec<F::Output>>
    where
        F: Target<Args>,
        Args: Arguments,
    {
        assert_is_function!(F);
        let _ = function;
        let encode = |args: Args| message::encode_to(&args, Vec::new());
        self.start::<F, _, _>(items.into_iter(), encode, true)?.collect()
    }

    /// The values of a function over an iterator, in order, each its item's own [`Result`].
    /// Python's `imap`.
    ///
    /// It is lazy: it takes items as they are needed, so the iterator may be endless. Nothing
    /// begins before the first value is asked for.
    ///
    /// ```standalone_crate
    /// fn divide(n: u32) -> u32 {
    ///     12 / n
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     shared::main_guard!(divide);
    ///     let pool = shared::Pool::new()?;
    ///     let values: Vec<_> = pool.imap(divide, 0..3)?.collect();
    ///     assert!(values[0].as_ref().unwrap_err().to_string().starts_with("`divide` of item 0: "));
    ///     assert_eq!((values[1].as_ref().unwrap(), values[2].as_ref().unwrap()), (&12, &6));
    ///     pool.join()
    /// }
    /// ```
    pub fn imap<F, I>(&self, function: F, items: I) -> Result<Imap<'_, I::IntoIter, F::Output>>
    where
        I: IntoIterator,
        I::Item: Argument,
        F: Target<(I::Item,)>,
    {
        self.lazy(function, items, true)
    }

    /// [`imap`](Pool::imap), but each value as soon as it is there. Python's `imap_unordered`, and
    /// `as_completed`.
    pub fn imap_unordered<F, I>(
        &self,
        function: F,
        items: I,
    ) -> Result<Imap<'_, I::IntoIter, F::Output>>
    where
        I: IntoIterator,
        I::Item: Argument,
        F: Target<(I::Item,)>,
    {
        self.lazy(function, items, false)
    }

    fn lazy<F, I>(
        &self,
        function: F,
        items: I,
        is_ordered: bool,
    ) -> Result<Imap<'_, I::IntoIter, F::Output>>
    where
        I: IntoIterator,
        I::Item: Argument,
        F: Target<(I::Item,)>,
    {
        assert_is_function!(F);
        let _ = function;
        let encode = |item: I::Item| message::encode_to(&(item,), Vec::new());
        self.start::<F, _, _>(items.into_iter(), encode, is_ordered)
    }

    fn start<F: 'static, I: Iterator, R: DeserializeOwned>(
        &self,
        items: I,
        encode: Encode<I::Item>,
        is_ordered: bool,
    ) -> Result<Imap<'_, I, R>> {
        let function = Function::of::<F>();
        let place = self.guard.place_of(function)?;
        Imap::new(&self.scheduler, items, encode, function, place, is_ordered)
    }

    /// Hands a task over. Python's `apply_async`, and `submit`.
    ///
    /// `args` is a tuple, as for [`Process::spawn`](crate::Process::spawn). It does not wait. An
    /// error comes before anything begins: a function that the guard does not list, an argument
    /// that cannot be encoded, or [`Error::Broken`](crate::Error::Broken) when the pool's workers
    /// do not get ready.
    pub fn spawn<F, Args>(&self, function: F, args: Args) -> Result<Task<F::Output>>
    where
        F: Target<Args>,
        Args: Arguments,
    {
        assert_is_function!(F);
        let _ = function;
        let named = Function::of::<F>();
        let function = self.guard.place_of(named)?;
        let (body, ends) = message::encode_to(&args, Vec::new())?;
        let mut state = self.scheduler.lock();
        state.check()?;
        let number = state.add_sink(named);
        drop(state);
        let task = TaskId { job: ALONE, item: number };
        let state = self.scheduler.submit([(task, Load { function, body, ends })]);
        self.scheduler.hand_to_supervisor(&state);
        drop(state);
        Ok(Task::new(&self.scheduler, number))
    }

    /// Waits until every task is done, those that were detached too, and ends the workers. Python's
    /// `close(); join()`.
    ///
    /// [`Error::Broken`](crate::Error::Broken) when the pool's workers did not get ready.
    pub fn join(mut self) -> Result<()> {
        self.scheduler.wait(false, None, |state| state.plan.is_empty().then_some(()));
        let result = self.scheduler.lock().check();
        self.end(true);
        result
    }

    /// The numbers (PIDs) of the workers that run now.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        let state = self.scheduler.lock();
        let processes = state.members.iter().filter_map(|member| member.process.as_ref());
        processes.map(crate::Process::id).collect()
    }

    fn end(&mut self, is_done: bool) {
        if let Some(supervisor) = self.supervisor.take() {
            stop(&self.scheduler, is_done);
            // It does not panic; if it did, it has ended.
            let _ = supervisor.join();
        }
    }
}

impl Drop for Pool {
    /// Stops the workers; tasks that are not done are [`Error::Closed`](crate::Error::Closed).
    fn drop(&mut self) {
        self.end(false);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("ids", &self.ids()).finish_non_exhaustive()
    }
}
