//! One item at a time through a queue that was idle before: from the call of `put` in one process to
//! the return of `get` in the other, on a clock that both share.

use crate::measure::{Result, median, now, short};
use std::thread::sleep;
use std::time::Duration;

/// How long nothing happens before each item.
const PAUSE: Duration = Duration::from_millis(1);

/// Puts the time, so many times, with a pause before each.
pub fn put(mut put: impl FnMut(u64) -> Result<()>, count: u32) -> Result<()> {
    for _ in 0..count {
        sleep(PAUSE);
        put(now())?;
    }
    Ok(())
}

/// Gets as many times, and says how long ago each was put: the median, in nanoseconds.
pub fn get(mut get: impl FnMut() -> Result<u64>, count: u32) -> Result<u32> {
    let ages = (0..count).map(|_| get().map(|put| short(now().saturating_sub(put))));
    ages.collect::<Result<_>>().map(median)
}
