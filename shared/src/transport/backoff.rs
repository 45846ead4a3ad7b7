//! Staying awake for a moment before going to sleep.
//!
//! To put a thread to sleep and wake it again takes longer than most answers do. So whoever waits
//! first looks a few times, and lets others run in between. Where that was in vain, because the
//! other side is slow or the machine is busy, it is tried less and less often.

use std::cell::Cell;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long it is worth staying awake.
const MOMENT: Duration = Duration::from_micros(50);

/// How many waits go by at most until it is tried again, as a power of two.
const MOST: u32 = 12;

/// What the last waits of one receiver were like.
#[derive(Default)]
pub(crate) struct Pace {
    /// How often it was in vain, less how often it was not.
    failures: Cell<u32>,
    /// For how many more waits it is not tried.
    pause: Cell<u32>,
}

impl Pace {
    /// Looks for something for a moment; `None` when it is time to sleep.
    pub(crate) fn look<T>(&self, mut find: impl FnMut() -> Option<T>) -> Option<T> {
        if has_one_cpu() {
            return None;
        }
        if let Some(pause) = self.pause.get().checked_sub(1) {
            self.pause.set(pause);
            return None;
        }
        let start = Instant::now();
        let mut found = find();
        while found.is_none() && start.elapsed() < MOMENT {
            thread::yield_now();
            found = find();
        }
        let failures = match start.elapsed() {
            short if short < MOMENT => self.failures.get().saturating_sub(1),
            // A busy machine was given the CPU, for as long as it wanted: to sleep is to be woken
            // sooner, and one success does not make up for it.
            long if long > 4 * MOMENT => self.failures.get() + 4,
            _ => self.failures.get() + 1,
        };
        self.failures.set(MOST.min(failures));
        self.pause.set((1 << self.failures.get()) - 1);
        found
    }
}

/// Whether whoever is waited for can only run while this process sleeps.
fn has_one_cpu() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1))
}
