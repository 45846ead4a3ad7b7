//! The least that waking somebody costs: a thread sleeps on a futex, and another one wakes it.

use crate::measure::{Result, seconds};
use crate::roles::latency;
use rustix::thread::futex::{self, Flags};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

static COUNT: AtomicU32 = AtomicU32::new(0);
static TIME: AtomicU64 = AtomicU64::new(0);

/// From just before the wake-up to when the sleeper runs.
pub fn wake(count: u32) -> Result<Vec<f64>> {
    let sleeper = thread::spawn(move || {
        let mut seen = 0;
        let next = || {
            while COUNT.load(Ordering::SeqCst) == seen {
                // Woken for whatever reason, it looks.
                let _ = futex::wait(&COUNT, Flags::PRIVATE, seen, None);
            }
            seen += 1;
            Ok(TIME.load(Ordering::SeqCst))
        };
        latency::get(next, count).map_err(|error| error.to_string())
    });
    let put = |time| {
        TIME.store(time, Ordering::SeqCst);
        COUNT.fetch_add(1, Ordering::SeqCst);
        futex::wake(&COUNT, Flags::PRIVATE, 1)?;
        Ok(())
    };
    latency::put(put, count)?;
    let median = sleeper.join().map_err(|_| "the sleeper panicked")??;
    Ok(vec![seconds(median)])
}
