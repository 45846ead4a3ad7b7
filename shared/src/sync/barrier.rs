//! Where so many wait until all are there.
//!
//! The rounds are numbered. Each of those that have come noted itself and the round, in a place of its
//! own. Three words say how rounds ended: the last that was passed, the last that was reset, and the
//! last that was broken. Each only rises, and one store of one of them is all that ends a round. So a
//! process that is killed in between leaves nothing to repair.

use super::object::{Layout, Object, START};
use crate::memory::lock::{self, Lock};
use crate::memory::owner::{self, Life};
use crate::memory::wait::{Slices, Waiters};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where the words lie, and then the places of those that come, 16 bytes each.
mod place {
    use super::START;
    pub(super) const LOCK: usize = START;
    pub(super) const WAITERS: usize = START + 16;
    pub(super) const PASSED: usize = START + 24;
    pub(super) const RESET: usize = START + 32;
    pub(super) const BROKEN: usize = START + 40;
    pub(super) const COMERS: usize = START + 64;
}

/// Where so many wait until all are there. Python's `Barrier`.
///
/// A round that cannot be completed is broken, for all that wait and for all that come, until
/// [`reset`](Barrier::reset): when one of those that wait is killed (seen within half a second), when
/// the time of one is over, or at [`abort`](Barrier::abort). That a process died *before* it came is not
/// known here: where that can happen, use [`wait_timeout`](Barrier::wait_timeout).
///
/// A clone, or a handle passed to another process, is the same barrier.
///
/// ```standalone_crate
/// use shared::{Process, main_guard, sync::Barrier};
///
/// fn worker(start: Barrier) {
///     start.wait().expect("all come");
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(worker);
///     let start = Barrier::new(3)?;
///     let workers = [
///         Process::spawn(worker, (start.clone(),))?,
///         Process::spawn(worker, (start.clone(),))?,
///     ];
///     start.wait()?; // now all three are there
///     workers.into_iter().try_for_each(Process::join)
/// }
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Barrier(Object<Words>);

struct Words;

impl Layout for Words {
    const KIND: u64 = 7;

    fn bytes(size: usize) -> Option<usize> {
        let is_allowed = (1..=Barrier::MAX_COUNT).contains(&size);
        is_allowed.then(|| place::COMERS - START + 16 * size)
    }
}

/// The number of a round; the first is 1.
type Round = u64;

impl Barrier {
    /// No more can wait at one barrier than this.
    pub const MAX_COUNT: usize = 32_768;

    /// Makes a barrier for that many.
    ///
    /// An error for 0, for more than [`MAX_COUNT`](Barrier::MAX_COUNT), and when the operating system has
    /// no room for a descriptor or for memory, or refuses locks that processes share.
    pub fn new(count: usize) -> Result<Barrier> {
        lock::check_support()?;
        Object::new(count).map(Barrier)
    }

    /// Waits until all are there. One of them, the last to come, is told `true`.
    ///
    /// [`Error::BrokenBarrier`] when the barrier is broken, or breaks meanwhile.
    pub fn wait(&self) -> Result<bool> {
        self.wait_until(None)
    }

    /// Waits until all are there, for at most so long; then the barrier is broken, for all.
    pub fn wait_timeout(&self, time: Duration) -> Result<bool> {
        self.wait_until(Instant::now().checked_add(time))
    }

    /// Breaks the barrier: all that wait, and all that come, are told [`Error::BrokenBarrier`].
    ///
    /// An error is one of the lock inside.
    pub fn abort(&self) -> Result<()> {
        self.break_round(self.round())
    }

    /// Makes the barrier whole, and empty. Those that wait are told [`Error::BrokenBarrier`].
    ///
    /// An error is one of the lock inside.
    pub fn reset(&self) -> Result<()> {
        let _held = self.lock(None)?;
        self.word(place::RESET).store(self.round(), Ordering::SeqCst);
        drill!();
        self.waiters().notify_all();
        Ok(())
    }

    /// Whether the barrier is broken. Python's `broken`.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.word(place::BROKEN).load(Ordering::SeqCst) == self.round()
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Result<bool> {
        let Some(round) = self.come(deadline)? else { return Ok(true) };
        let mut slices = Slices::until(deadline);
        loop {
            let seen = self.waiters().prepare();
            if let Some(end) = self.end_of(round) {
                return end.map(|()| false);
            }
            match slices.next() {
                Some(slice) => {
                    self.waiters().sleep(seen, slice);
                    if self.end_of(round).is_none() && self.has_lost_one(round) {
                        self.break_round(round)?;
                    }
                }
                None => self.break_round(round)?,
            }
        }
    }

    /// Notes that this thread has come to a round, which is given; `None` when that completed it.
    fn come(&self, deadline: Option<Instant>) -> Result<Option<Round>> {
        let _held = self.lock(deadline)?;
        if self.is_broken() {
            return Err(Error::BrokenBarrier);
        }
        let round = self.round();
        let mut free = (0..self.0.size())
            .map(|place| self.comer(place))
            .filter(|[_, its_round]| its_round.load(Ordering::SeqCst) != round);
        // Others than the last to come need a place.
        let (Some([owner, its_round]), true) = (free.next(), free.next().is_some()) else {
            self.word(place::PASSED).store(round, Ordering::SeqCst);
            drill!();
            self.waiters().notify_all();
            return Ok(None);
        };
        owner.store(owner::thread(), Ordering::SeqCst);
        drill!();
        its_round.store(round, Ordering::SeqCst);
        drill!();
        Ok(Some(round))
    }

    /// The round that is not over yet, or is broken.
    fn round(&self) -> Round {
        let [passed, reset] =
            [place::PASSED, place::RESET].map(|place| self.word(place).load(Ordering::SeqCst));
        passed.max(reset).wrapping_add(1)
    }

    /// How a round has ended; `None` while it has not.
    fn end_of(&self, round: Round) -> Option<Result<()>> {
        loop {
            let [passed, reset, broken, passed_still] =
                [place::PASSED, place::RESET, place::BROKEN, place::PASSED]
                    .map(|place| self.word(place).load(Ordering::SeqCst));
            if passed != passed_still {
                continue;
            }
            // If later rounds were passed and others reset, it is not known which this one was.
            let was_passed = passed == round || (passed > round && reset < round);
            let has_ended = was_passed || passed > round || reset >= round || broken == round;
            return has_ended.then(|| was_passed.then_some(()).ok_or(Error::BrokenBarrier));
        }
    }

    /// Whether one that has come to a round is gone.
    fn has_lost_one(&self, round: Round) -> bool {
        (0..self.0.size()).map(|place| self.comer(place)).any(|[owner, its_round]| {
            its_round.load(Ordering::SeqCst) == round
                && owner::life(owner.load(Ordering::SeqCst)) == Life::Ended
        })
    }

    /// Breaks a round, unless it has ended.
    fn break_round(&self, round: Round) -> Result<()> {
        let _held = self.lock(None)?;
        if self.end_of(round).is_none() {
            self.word(place::BROKEN).store(round, Ordering::SeqCst);
            drill!();
            self.waiters().notify_all();
        }
        Ok(())
    }

    /// Takes the lock inside. What a dead holder of it has stored is whole.
    fn lock(&self, deadline: Option<Instant>) -> Result<Held<'_>> {
        let lock = Lock::new(&self.0, place::LOCK);
        lock.lock(deadline)?;
        Ok(Held(lock))
    }

    fn waiters(&self) -> Waiters<'_> {
        Waiters::new(&self.0, place::WAITERS)
    }

    fn word(&self, place: usize) -> &AtomicU64 {
        self.0.atomic(place)
    }

    /// One that has come: its thread, and the round to which it came.
    fn comer(&self, number: usize) -> [&AtomicU64; 2] {
        let place = place::COMERS + 16 * number;
        [self.word(place), self.word(place + 8)]
    }
}

struct Held<'a>(Lock<'a>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("count", &self.0.size())
            .field("broken", &self.is_broken())
            .finish_non_exhaustive()
    }
}
