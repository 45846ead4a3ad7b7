//! One task that was spawned alone.

use super::job::{ALONE, TaskId};
use super::member::{Outcome, decode};
use super::scheduler::Scheduler;
use super::state::State;
use crate::process::worker::Function;
use crate::transport::message;
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A task of a [`Pool`](crate::Pool), and the value of type `R` that it will give. Python's
/// `AsyncResult`, and `Future`.
///
/// A task whose handle is dropped is cancelled, as a [`Process`](crate::Process) is stopped;
/// [`detach`](Task::detach) lets it go on. A task goes on while its pool lives: when the pool is
/// dropped, it ends, and [`join`](Task::join) is [`Error::Closed`].
///
/// ```standalone_crate
/// use shared::{Pool, main_guard};
///
/// fn add(a: u32, b: u32) -> u32 {
///     a + b
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(add);
///     let pool = Pool::new()?;
///     let task = pool.spawn(add, (2, 3))?;
///     assert_eq!(task.join()?, 5);
///     pool.join()
/// }
/// ```
#[must_use = "a task whose handle is dropped is cancelled; `join` waits for it, `detach` lets it go on"]
pub struct Task<R> {
    scheduler: Arc<Scheduler>,
    number: usize,
    value: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Task<R> {
    pub(super) fn new(scheduler: &Arc<Scheduler>, number: usize) -> Task<R> {
        Task { scheduler: Arc::clone(scheduler), number, value: PhantomData }
    }

    /// Waits until the task has ended, and takes its value. Python's `get`, and `result`.
    ///
    /// Errors are [`Error::Task`], with what was wrong inside: [`Error::Panicked`],
    /// [`Error::Killed`] or [`Error::Exited`] when its worker died in it, [`Error::TimedOut`],
    /// [`Error::Cancelled`], [`Error::NoValue`], [`Error::Broken`], or [`Error::Closed`] when the
    /// pool was dropped. What came and is not an `R` is [`Error::Decode`].
    pub fn join(self) -> Result<R> {
        let number = self.number;
        let (function, outcome, bytes) = self
            .scheduler
            .wait(true, None, |state| {
                let outcome = state.sinks.get_mut(&number)?.outcomes.pop()?.1;
                let sink = state.sinks.remove(&number)?;
                Some((sink.function, outcome, sink.bytes))
            })
            .ok_or(Error::Closed)?;
        value(outcome, &bytes, function, None)
    }
}

impl<R> Task<R> {
    /// Waits until the task has ended, but for no longer than `time`. Says whether it has;
    /// [`join`](Task::join) gives the value then at once.
    #[must_use]
    pub fn wait_timeout(&self, time: Duration) -> bool {
        let deadline = Instant::now().checked_add(time);
        let has_ended = |state: &mut State| self.has_ended(state).then_some(());
        self.scheduler.wait(true, deadline, has_ended).is_some()
    }

    /// Whether the task has ended; it does not wait. Python's `ready`, and `done`.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.wait_timeout(Duration::ZERO)
    }

    fn has_ended(&self, state: &State) -> bool {
        state.sinks.get(&self.number).is_none_or(|sink| !sink.outcomes.is_empty())
    }

    /// Cancels the task: one that waits never begins, one that runs is stopped, with its worker,
    /// which is replaced. Says whether the task was still to be done; then [`join`](Task::join) is
    /// [`Error::Cancelled`], unless the task ended in that very moment.
    ///
    /// ```standalone_crate
    /// use shared::{Pool, main_guard};
    /// use std::time::Duration;
    ///
    /// fn sleep(time: Duration) {
    ///     std::thread::sleep(time);
    /// }
    ///
    /// fn main() -> shared::Result<()> {
    ///     main_guard!(sleep);
    ///     let pool = Pool::new()?;
    ///     let task = pool.spawn(sleep, (Duration::from_secs(60),))?;
    ///     assert!(task.cancel());
    ///     assert_eq!(task.join().unwrap_err().to_string(), "`sleep`: it was cancelled");
    ///     pool.join()
    /// }
    /// ```
    #[allow(clippy::must_use_candidate, reason = "most want it stopped, whatever it was")]
    pub fn cancel(&self) -> bool {
        self.stop(true)
    }

    /// Lets the task go on without anyone waiting for it. What comes of it, an error too, is
    /// dropped.
    pub fn detach(self) {
        self.scheduler.lock().sinks.remove(&self.number);
    }

    fn stop(&self, is_wanted: bool) -> bool {
        let task = TaskId { job: ALONE, item: self.number };
        let mut state = self.scheduler.lock();
        if self.has_ended(&state) {
            if !is_wanted {
                state.sinks.remove(&self.number);
            }
            return false;
        }
        let was_there = state.cancel(task, Instant::now());
        if !is_wanted {
            state.sinks.remove(&self.number);
        } else if was_there && !state.is_in_hand(task) {
            state.settle(task, Error::Cancelled);
        }
        state.hand_out();
        self.scheduler.tell_all(&mut state);
        drop(state);
        self.scheduler.memory.supervisor().notify_all();
        was_there
    }
}

/// Makes a value of what came of a task.
pub(super) fn value<R: DeserializeOwned>(
    outcome: Outcome,
    bytes: &[u8],
    function: Function,
    item: Option<usize>,
) -> Result<R> {
    let value = match outcome {
        Outcome::Value(_) => decode(bytes),
        Outcome::Moved(message) => message::decode(message),
        Outcome::Error(error) => return Err(error),
    };
    value.map_err(|error| Error::Task { function: function.name(), item, error: Box::new(error) })
}

impl<R> Drop for Task<R> {
    fn drop(&mut self) {
        self.stop(false);
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}
