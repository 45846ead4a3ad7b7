//! Adaptive spinning: staying awake for a moment before a wait blocks.
//!
//! To block a thread and wake it again takes longer than most answers take. So a wait first polls
//! for a few microseconds, and yields the CPU between two polls. Where that is in vain, because the
//! other side is slow or the machine is busy, the next waits skip it: exponential backoff.

use std::cell::Cell;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long one wait spins.
const SPIN_TIME: Duration = Duration::from_micros(50);

/// The largest backoff, as a power of two: at most 4095 waits in a row do not spin.
const MAX_BACKOFF: u32 = 12;

/// How the last waits of one receiver went, and so whether the next one spins.
#[derive(Default)]
pub(crate) struct Backoff {
    /// How many spins were in vain, less the number of those that were not.
    failures: Cell<u32>,
    /// How many of the next waits do not spin.
    skip: Cell<u32>,
}

impl Backoff {
    /// Polls for [`SPIN_TIME`]; `None` means that it is time to block.
    pub(crate) fn spin<T>(&self, mut poll: impl FnMut() -> Option<T>) -> Option<T> {
        if has_one_cpu() {
            return None;
        }
        if let Some(skip) = self.skip.get().checked_sub(1) {
            self.skip.set(skip);
            return None;
        }
        let start = Instant::now();
        let mut found = poll();
        while found.is_none() && start.elapsed() < SPIN_TIME {
            thread::yield_now();
            found = poll();
        }
        let failures = match start.elapsed() {
            short if short < SPIN_TIME => self.failures.get().saturating_sub(1),
            // `yield_now` cost a whole time slice, so the machine is busy and blocking would have
            // been faster. Back off by four at once, so that one success does not undo it.
            long if long > 4 * SPIN_TIME => self.failures.get() + 4,
            _ => self.failures.get() + 1,
        };
        self.failures.set(MAX_BACKOFF.min(failures));
        self.skip.set((1 << self.failures.get()) - 1);
        found
    }
}

/// Whether there is a single CPU: then the other side can only run while this process blocks.
fn has_one_cpu() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1))
}
