//! Permits for so many at once.

use super::object::{Layout, Object, START};
use crate::memory::owner::{self, Life, Owner};
use crate::memory::wait::{Slices, Waiters};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where the permits lie, behind the words for those that wait: each the process that has it, or 0.
const PERMITS: usize = START + 64;

/// So many permits: that many may do something at once. Python's `Semaphore` and `BoundedSemaphore`.
///
/// A permit is given back when its [`Permit`] is dropped, so there can never be too many. **A process
/// that dies gives its permits back**: those that wait see it within half a second, a new `acquire` at
/// once. A permit that is forgotten (`std::mem::forget`) is its process's until that ends.
///
/// A clone, or a handle passed to another process, is the same semaphore.
///
/// ```
/// use shared::{Error, sync::Semaphore};
///
/// let semaphore = Semaphore::new(1)?;
/// let permit = semaphore.acquire()?;
/// assert!(matches!(semaphore.try_acquire(), Err(Error::Timeout)));
/// drop(permit);
/// let _permit = semaphore.acquire()?;
/// # Ok::<(), shared::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Semaphore(Object<Permits>);

struct Permits;

impl Layout for Permits {
    const KIND: u64 = 4;

    fn bytes(size: usize) -> Option<usize> {
        (size <= Semaphore::MAX_PERMITS).then(|| PERMITS - START + 8 * size)
    }
}

/// A permit of a [`Semaphore`], until it is dropped.
#[must_use = "it is given back when it is dropped"]
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    place: usize,
}

impl Semaphore {
    /// A semaphore has no more permits than this.
    pub const MAX_PERMITS: usize = 32_768;

    /// Makes a semaphore with that many permits.
    ///
    /// An error when there are more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS), when `/proc` cannot
    /// be read, or when the operating system has no room for a descriptor or for memory.
    pub fn new(permits: usize) -> Result<Semaphore> {
        owner::process()?; // where it cannot be told who is gone, it is said now
        Object::new(permits).map(Semaphore)
    }

    fn permit(&self, place: usize) -> &AtomicU64 {
        self.0.atomic(PERMITS + 8 * place)
    }

    fn waiters(&self) -> Waiters<'_> {
        Waiters::new(&self.0, START)
    }

    /// Waits for a permit. Python's `acquire`.
    pub fn acquire(&self) -> Result<Permit<'_>> {
        self.acquire_until(None)
    }

    /// Takes a permit if one is free; otherwise [`Error::Timeout`] at once. Python's
    /// `acquire(block=False)`.
    pub fn try_acquire(&self) -> Result<Permit<'_>> {
        self.acquire_until(Some(Instant::now()))
    }

    /// Waits for a permit for at most so long, and then is [`Error::Timeout`].
    pub fn acquire_timeout(&self, time: Duration) -> Result<Permit<'_>> {
        self.acquire_until(Instant::now().checked_add(time))
    }

    /// How many permits are free at this moment. Python's `get_value`. A permit of a process that is
    /// gone counts as free only when the next `acquire` has seen that.
    #[must_use]
    pub fn available(&self) -> usize {
        (0..self.0.size()).filter(|&place| self.permit(place).load(Ordering::SeqCst) == 0).count()
    }

    fn acquire_until(&self, deadline: Option<Instant>) -> Result<Permit<'_>> {
        let me = owner::process()?;
        let mut slices = Slices::until(deadline);
        loop {
            if let Some(permit) = self.take_free(me).or_else(|| self.take_from_dead(me)) {
                return Ok(permit);
            }
            let slice = slices.next().ok_or(Error::Timeout)?;
            let seen = self.waiters().prepare();
            if let Some(permit) = self.take_free(me) {
                return Ok(permit);
            }
            self.waiters().sleep(seen, slice);
        }
    }

    fn take_free(&self, me: Owner) -> Option<Permit<'_>> {
        (0..self.0.size()).find_map(|place| self.take(place, 0, me))
    }

    fn take_from_dead(&self, me: Owner) -> Option<Permit<'_>> {
        let mut alive = me;
        (0..self.0.size()).find_map(|place| {
            let holder = self.permit(place).load(Ordering::SeqCst);
            // One process may have many permits in a row.
            if holder == alive {
                return None;
            }
            if holder != 0 && owner::life(holder) != Life::Ended {
                alive = holder;
                return None;
            }
            self.take(place, holder, me)
        })
    }

    fn take(&self, place: usize, holder: Owner, me: Owner) -> Option<Permit<'_>> {
        let permit = self.permit(place);
        permit.compare_exchange(holder, me, Ordering::SeqCst, Ordering::Relaxed).ok()?;
        drill!();
        Some(Permit { semaphore: self, place })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.permit(self.place).store(0, Ordering::SeqCst);
        drill!();
        self.semaphore.waiters().notify_one();
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("permits", &self.0.size())
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}
