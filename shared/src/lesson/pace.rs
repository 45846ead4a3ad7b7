//! The pace of the workers.

use super::{options, say};
use std::cell::Cell;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

thread_local! {
    static TICKS: Cell<u32> = const { Cell::new(0) };
}

static START: OnceLock<Instant> = OnceLock::new();

/// Waits for the next tick. Python: `time.sleep(1)`.
///
/// Ticks are counted from the first one of the process: a worker that was late for one is on time
/// for the next, so two workers stay in step however long they count. When nobody reads stdout any
/// more, there is nothing left to wait for.
pub fn tick() {
    let start = START.get_or_init(Instant::now);
    let ticks = TICKS.get() + 1;
    TICKS.set(ticks);

    let due = options::in_worker().tick.saturating_mul(ticks);
    if !say::wait_stdout_closed(due.saturating_sub(start.elapsed())) {
        // Nothing is left of the time, unless a signal ended the wait early.
        thread::sleep(due.saturating_sub(start.elapsed()));
    }
}
