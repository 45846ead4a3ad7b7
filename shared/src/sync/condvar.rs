//! Waiting until another process has changed a value.

use super::mutex::MutexGuard;
use super::object::{Layout, Object, START};
use crate::memory::wait::{Slices, Waiters};
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, Instant};

/// Waits until something holds that another process changes under a [`Mutex`](super::Mutex). Python's
/// `Condition`, and its `wait_for`.
///
/// It is always waited for a condition, since a waiter may also wake without a notification. A
/// notification that went to a process that was killed is made up for: a waiter looks by itself, after
/// half a second at the latest. If the only process that could notify is gone, a waiter waits on: give it
/// a time.
///
/// A clone, or a handle passed to another process, is the same condition variable.
///
/// ```standalone_crate
/// use shared::{Process, main_guard, sync::{Condvar, Mutex}};
///
/// fn opens(door: Mutex<bool>, changed: Condvar) {
///     *door.lock().expect("nobody was killed") = true;
///     changed.notify_all();
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(opens);
///     let (door, changed) = (Mutex::new(false)?, Condvar::new()?);
///     let process = Process::spawn(opens, (door.clone(), changed.clone()))?;
///     let is_open = *changed.wait_while(door.lock()?, |is_open| !*is_open)?;
///     assert!(is_open);
///     process.join()
/// }
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Condvar(Object<Words>);

struct Words;

impl Layout for Words {
    const KIND: u64 = 6;

    fn bytes(size: usize) -> Option<usize> {
        (size == 0).then_some(8)
    }
}

impl Condvar {
    /// Makes a condition variable.
    ///
    /// An error is the operating system's: no room for a descriptor or for memory.
    pub fn new() -> Result<Condvar> {
        Object::new(0).map(Condvar)
    }

    fn waiters(&self) -> Waiters<'_> {
        Waiters::new(&self.0, START)
    }

    /// Waits as long as the condition holds. While it sleeps, the lock is free. Python's `wait_for`,
    /// whose predicate is the opposite.
    ///
    /// Errors are those of [`Mutex::lock`](super::Mutex::lock); the lock is free then.
    pub fn wait_while<'a, T: Serialize + DeserializeOwned>(
        &self,
        guard: MutexGuard<'a, T>,
        condition: impl FnMut(&T) -> bool,
    ) -> Result<MutexGuard<'a, T>> {
        self.wait_until(guard, None, condition)
    }

    /// Waits as long as the condition holds, for at most so long, and then is [`Error::Timeout`].
    ///
    /// After an error the lock is free.
    pub fn wait_timeout_while<'a, T: Serialize + DeserializeOwned>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
        condition: impl FnMut(&T) -> bool,
    ) -> Result<MutexGuard<'a, T>> {
        self.wait_until(guard, Instant::now().checked_add(time), condition)
    }

    fn wait_until<'a, T: Serialize + DeserializeOwned>(
        &self,
        mut guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
        mut condition: impl FnMut(&T) -> bool,
    ) -> Result<MutexGuard<'a, T>> {
        let mut slices = Slices::until(deadline);
        while condition(&guard) {
            let slice = slices.next().ok_or(Error::Timeout)?;
            let mutex = guard.mutex;
            guard.store()?;
            // Before the lock is free: whoever changes the value then sees that somebody waits.
            let seen = self.waiters().prepare();
            drop(guard);
            self.waiters().sleep(seen, slice);
            guard = mutex.lock_until(None)?;
        }
        Ok(guard)
    }

    /// Wakes one that waits. Python's `notify`.
    pub fn notify_one(&self) {
        self.waiters().notify_one();
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.waiters().notify_any();
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
