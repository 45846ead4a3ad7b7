//! Sleeping until another process says that something has changed.
//!
//! Two words: a count that every change raises, and a flag that somebody may be asleep. A waiter raises
//! the flag, reads the count, looks once more, and sleeps only while the count is what it read. The
//! other side changes what is looked at, then reads the flag. So one of the two sees the other.
//!
//! A flag and not a number of sleepers, since a sleeper that is killed would be counted for ever. A
//! wake-up that dies with its sleeper, or with its sender, costs the others one slice of their wait.

use super::region::Region;
use rustix::event::Timespec;
use rustix::thread::futex::{self, Flags};
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::hint;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::thread;
use std::time::{Duration, Instant};

/// After how long a sleeper looks by itself, the first time.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// After how long it looks by itself when nothing has come for long.
const LONGEST_SLICE: Duration = Duration::from_millis(500);

/// The two words, at a place of a region's header.
#[derive(Clone, Copy)]
pub(crate) struct Waiters<'a> {
    changes: &'a AtomicU32,
    asleep: &'a AtomicU32,
}

impl<'a> Waiters<'a> {
    pub(crate) fn new(region: &'a Region, place: usize) -> Waiters<'a> {
        Waiters { changes: region.atomic(place), asleep: region.atomic(place + 4) }
    }

    /// Says that this thread is about to sleep. It must look once more before it does.
    pub(crate) fn prepare(self) -> u32 {
        self.asleep.fetch_add(1, Ordering::SeqCst);
        drill!();
        let seen = self.changes.load(Ordering::SeqCst);
        // The last look must not come before the flag is set.
        fence(Ordering::SeqCst);
        seen
    }

    /// Sleeps until something changes, but for no longer than `time`.
    pub(crate) fn sleep(self, seen: u32, time: Duration) {
        let time = Timespec::try_from(time).ok();
        // For whatever reason it wakes, the caller looks.
        let _ = futex::wait(self.changes, Flags::empty(), seen, time.as_ref());
    }

    /// Wakes one sleeper, if there may be one. Says whether it did.
    pub(crate) fn notify_one(self) -> bool {
        // The change must be seen before the flag is read.
        fence(Ordering::SeqCst);
        let asleep = self.asleep.load(Ordering::SeqCst);
        if asleep == 0 {
            return false;
        }
        self.changes.fetch_add(1, Ordering::SeqCst);
        drill!();
        let woken = futex::wake(self.changes, Flags::empty(), 1).is_ok_and(|woken| woken > 0);
        if !woken {
            // Nobody sleeps. One that is about to, and came since, has raised the flag, and it stays.
            let (new, order) = (0, Ordering::SeqCst);
            let _ = self.asleep.compare_exchange(asleep, new, order, Ordering::Relaxed);
        }
        woken
    }

    /// Wakes all, if there may be any.
    pub(crate) fn notify_any(self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) != 0 {
            self.notify_all();
        }
    }

    /// Wakes all, also one that is just about to sleep.
    pub(crate) fn notify_all(self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        drill!();
        let _ = futex::wake(self.changes, Flags::empty(), i32::MAX.cast_unsigned());
    }
}

/// How long each sleep of one wait may be: longer and longer, and never beyond the deadline.
pub(crate) struct Slices {
    deadline: Option<Instant>,
    next: Duration,
}

impl Slices {
    pub(crate) fn until(deadline: Option<Instant>) -> Slices {
        Slices { deadline, next: SLICE }
    }

    /// The next time to sleep; `None` when the deadline has passed.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        let slice = self.next;
        self.next = (2 * slice).min(LONGEST_SLICE);
        match self.deadline.map(|deadline| deadline.checked_duration_since(Instant::now())) {
            None => Some(slice),
            Some(Some(left)) if !left.is_zero() => Some(slice.min(left)),
            Some(_) => None,
        }
    }
}

/// Looking for a moment before going to sleep, since most answers come sooner than a wake-up takes.
/// Where looking was in vain, it is tried less and less often.
#[derive(Default)]
pub(crate) struct Spin {
    /// How often it was in vain, less how often it was not.
    failures: Cell<u32>,
    /// For how many more waits it is not tried.
    skip: Cell<u32>,
}

impl Spin {
    /// How long looking is worth while: about what a sleep and a wake-up take.
    const TIME: Duration = Duration::from_micros(50);

    /// How many waits in a row are skipped at most, as a power of two.
    const MAX_BACKOFF: u32 = 10;

    /// Looks until there is something, or it is time to sleep. Says whether there was.
    pub(crate) fn until(&self, mut is_there: impl FnMut() -> bool) -> bool {
        if is_there() {
            return true;
        }
        if has_one_cpu() {
            return false;
        }
        if let Some(skip) = self.skip.get().checked_sub(1) {
            self.skip.set(skip);
            return false;
        }
        let start = Instant::now();
        let mut found = is_there();
        while !found && start.elapsed() < Spin::TIME {
            for _ in 0..20 {
                hint::spin_loop();
            }
            found = is_there();
        }
        let failures = if found {
            self.failures.get().saturating_sub(1)
        } else {
            (self.failures.get() + 1).min(Spin::MAX_BACKOFF)
        };
        self.failures.set(failures);
        self.skip.set((1 << failures) - 1);
        found
    }
}

/// Whether the other side can only run while this thread sleeps.
fn has_one_cpu() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1))
}

/// A moment on one of the kernel's clocks.
pub(crate) fn until_clock(clock: ClockId, end: Instant) -> Timespec {
    let now = clock_gettime(clock);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    let left = end.saturating_duration_since(Instant::now());
    let end = Duration::new(seconds, nanos).saturating_add(left);
    Timespec::try_from(end).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
}
