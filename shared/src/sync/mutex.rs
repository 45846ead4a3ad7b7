//! A value that one process at a time has.

use super::value::{Place, Value};
use crate::memory::lock::Lock;
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// A value that processes share, one at a time. Python's `Value` and `Array` with their lock, `Lock`,
/// and what a `Manager` gives: `Manager().dict()` is a `Mutex<HashMap<…>>`.
///
/// As [`std::sync::Mutex`]; but a clone, or a handle passed to another process, is the same mutex. The
/// value lies in memory that all of them have, and is gone with its last handle. No process needs to
/// live for it, not even the one that made it.
///
/// The guard holds a copy of the value. What is changed in it takes effect when the guard is dropped,
/// or at [`store`](MutexGuard::store), all at once.
///
/// **A holder that dies keeps nobody waiting**, whether it is killed, exits, panics or forgets its
/// guard: the lock is free at once (within a tenth of a second where its process number has a new
/// owner). If the holder had begun to change the value (the guard was used as `&mut`), the value is as
/// it was before, and the next `lock` is [`Error::Poisoned`] until [`clear_poison`](Mutex::clear_poison)
/// says that this is good. A holder that only read poisons nothing. The value of a `Mutex<()>` lies
/// elsewhere, in a [`Memory`](super::Memory) or a file, so each of its holders counts as one that changes.
///
/// A holder that is stopped and not dead is waited for. All that share a mutex must be in one PID
/// namespace (one container).
///
/// ```standalone_crate
/// use shared::{Process, main_guard, sync::Mutex};
///
/// fn worker(n: u32, counter: Mutex<u32>) {
///     for _ in 0..n {
///         *counter.lock().expect("nobody was killed") += 1;
///     }
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(worker);
///     let counter = Mutex::new(0)?;
///     let first = Process::spawn(worker, (10, counter.clone()))?;
///     let second = Process::spawn(worker, (15, counter.clone()))?;
///     first.join()?;
///     second.join()?;
///     assert_eq!(*counter.lock()?, 25);
///     Ok(())
/// }
/// ```
///
/// Locking costs about as much as the value takes to encode and decode. A long `Vec<u8>` is slow, since
/// serde sees numbers: use the `serde_bytes` crate, or a [`Memory`](super::Memory) beside a `Mutex<()>`.
#[derive(Serialize, Deserialize)]
#[serde(bound = "", transparent)]
pub struct Mutex<T> {
    shared: Value,
    #[serde(skip)]
    value: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> Mutex<T> {
    /// Makes a mutex with that value.
    ///
    /// [`Error::Encode`] when the value cannot be encoded, or holds a queue, a connection or another
    /// object of processes: those can be passed, not shared. Other errors are the operating system's: no
    /// room for a descriptor or for memory, or a system that refuses such locks.
    pub fn new(value: T) -> Result<Mutex<T>> {
        Ok(Mutex { shared: Value::new(&value)?, value: PhantomData })
    }

    /// Waits until nobody else has the lock, and takes it. Python's `acquire`, `get_lock`, `with lock:`.
    ///
    /// [`Error::Poisoned`] when the last holder died in a change; [`Error::Deadlock`] when this thread
    /// has the lock already; [`Error::Decode`] when the other handle is one of another type.
    pub fn lock(&self) -> Result<MutexGuard<'_, T>> {
        self.lock_until(None)
    }

    /// Takes the lock if nobody has it; otherwise [`Error::Timeout`] at once. Other errors are those of
    /// [`lock`](Mutex::lock). Python's `acquire(block=False)`.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>> {
        self.lock_until(Some(Instant::now()))
    }

    /// Waits for the lock for at most so long, and then is [`Error::Timeout`]. Other errors are those
    /// of [`lock`](Mutex::lock). Python's `acquire(timeout=…)`.
    pub fn lock_timeout(&self, time: Duration) -> Result<MutexGuard<'_, T>> {
        self.lock_until(Instant::now().checked_add(time))
    }

    pub(super) fn lock_until(&self, deadline: Option<Instant>) -> Result<MutexGuard<'_, T>> {
        let lock = self.shared.lock();
        lock.lock(deadline)?;
        let held = Held(lock);
        drill!();
        let place = self.shared.place();
        if place.is_changing() {
            // The last holder is gone, and did not end its change.
            self.shared.poison().store(1, Ordering::Release);
            drill!();
            self.shared.cancel(place);
        }
        if self.is_poisoned() {
            return Err(Error::Poisoned);
        }
        let value = self.shared.load(place)?;
        let mut guard = MutexGuard {
            mutex: self,
            value,
            place,
            has_changed: false,
            was_panicking: thread::panicking(),
            held,
            thread: PhantomData,
        };
        if size_of::<T>() == 0 {
            guard.begin();
        }
        Ok(guard)
    }
}

impl<T> Mutex<T> {
    /// Whether a holder is known to have died in a change, and nobody has cleared that. It is known
    /// from the next [`lock`](Mutex::lock) on.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.shared.poison().load(Ordering::Acquire) != 0
    }

    /// Says that the value is good as it is: as it was before the change that was lost.
    ///
    /// ```
    /// use shared::{Error, sync::Mutex};
    ///
    /// let account = Mutex::new(100)?;
    /// let other = account.clone();
    /// let holder = std::thread::spawn(move || {
    ///     let mut account = other.lock().expect("it is free");
    ///     *account -= 30;
    ///     panic!("in the middle of a change");
    /// });
    /// assert!(holder.join().is_err());
    ///
    /// assert!(matches!(account.lock(), Err(Error::Poisoned)));
    /// account.clear_poison();
    /// assert_eq!(*account.lock()?, 100);
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn clear_poison(&self) {
        self.shared.poison().store(0, Ordering::Release);
        drill!();
    }
}

impl<T> Clone for Mutex<T> {
    fn clone(&self) -> Self {
        Mutex { shared: self.shared.clone(), value: PhantomData }
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("poisoned", &self.is_poisoned()).finish_non_exhaustive()
    }
}

/// The lock, which is released last.
struct Held<'a>(Lock<'a>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// The lock of a [`Mutex`], and a copy of its value. What was changed takes effect when it is dropped.
///
/// It stays in the thread that took the lock, as std's does. Where the value cannot be encoded any more
/// when the guard is dropped, or there is no memory for it, the mutex is poisoned and the value is as
/// it was; [`store`](MutexGuard::store) says so instead.
#[must_use = "it unlocks when it is dropped"]
pub struct MutexGuard<'a, T: Serialize + DeserializeOwned> {
    pub(super) mutex: &'a Mutex<T>,
    value: T,
    /// Where the value lies in the memory.
    place: Place,
    has_changed: bool,
    was_panicking: bool,
    #[expect(dead_code, reason = "it is there to be dropped, after the value")]
    held: Held<'a>,
    /// Only the thread that took the lock can release it.
    thread: PhantomData<std::sync::MutexGuard<'static, ()>>,
}

impl<T: Serialize + DeserializeOwned> MutexGuard<'_, T> {
    /// Lets what was changed take effect now, while the lock is kept.
    ///
    /// On an error (the value cannot be encoded, or there is no memory for it) the value is as it was.
    /// The mutex is not poisoned then, and this change is not tried again.
    ///
    /// ```
    /// let list = shared::sync::Mutex::new(vec![1])?;
    /// let mut guard = list.lock()?;
    /// guard.push(2);
    /// guard.store()?;
    /// # drop(guard);
    /// # assert_eq!(*list.lock()?, [1, 2]);
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn store(&mut self) -> Result<()> {
        if !self.has_changed {
            return Ok(());
        }
        let stored = self.mutex.shared.store(self.place, &self.value);
        match &stored {
            Ok(place) => self.place = *place,
            Err(_) => self.mutex.shared.cancel(self.place),
        }
        self.has_changed = false;
        if size_of::<T>() == 0 {
            self.begin();
        }
        stored.map(drop)
    }

    fn begin(&mut self) {
        if !self.has_changed {
            self.has_changed = true;
            self.mutex.shared.begin(self.place);
        }
    }
}

impl<T: Serialize + DeserializeOwned> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize + DeserializeOwned> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.begin();
        &mut self.value
    }
}

impl<T: Serialize + DeserializeOwned> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        let panicked = !self.was_panicking && thread::panicking();
        // A change that is not ended here is seen, and poisons, at the next lock.
        let must_store = self.has_changed && !panicked;
        if must_store && self.mutex.shared.store(self.place, &self.value).is_ok() {
            self.has_changed = false;
        }
        if self.has_changed {
            self.mutex.shared.poison().store(1, Ordering::Release);
            drill!();
        }
    }
}

impl<T: Serialize + DeserializeOwned + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
