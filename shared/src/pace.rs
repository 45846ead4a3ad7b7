//! Staying awake for a moment before going to sleep.
//!
//! To put a thread to sleep and wake it again takes longer than most answers do. So whoever waits
//! first looks a few times, and lets others run in between. Where that was in vain, because the
//! other side is slow or the machine is busy, it is tried less and less often.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// How long it is worth staying awake.
const MOMENT: Duration = Duration::from_micros(50);

/// How many waits go by at most until it is tried again, as a power of two.
const MOST: u32 = 12;

/// What the last waits of one receiver were like.
#[derive(Default)]
pub(crate) struct Pace {
    /// How often it was in vain, one time after the other.
    failures: Cell<u32>,
    /// For how many more waits it is not tried.
    pause: Cell<u32>,
}

impl Pace {
    /// Looks for something for a moment; `None` when it is time to sleep.
    pub(crate) fn look<T>(&self, mut find: impl FnMut() -> Option<T>) -> Option<T> {
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
        // A yield may take a busy machine milliseconds; then to sleep is to be woken sooner.
        if start.elapsed() < MOMENT {
            self.failures.set(0);
        } else {
            self.failures.set(MOST.min(self.failures.get() + 1));
            self.pause.set(1 << self.failures.get());
        }
        found
    }
}
