//! How time, processor time and memory are measured.

use rustix::time::{ClockId, clock_gettime};
use std::error::Error;
use std::fs;
use std::time::Instant;

/// What can go wrong is told to whoever runs the benchmark, and ends the contender.
pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// How many calls are made before those that are counted.
fn warm_up(count: u32) -> u32 {
    count.div_ceil(10)
}

/// How many calls [`mean`] makes in all.
pub fn calls(count: u32) -> u32 {
    warm_up(count) + count
}

/// The mean time of a call, in seconds, over `count` calls one after another.
pub fn mean(count: u32, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..warm_up(count) {
        call()?;
    }
    let start = Instant::now();
    for _ in 0..count {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(count))
}

/// The time of a call, in seconds.
pub fn time(call: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    call()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The middle one.
pub fn median(mut values: Vec<u32>) -> u32 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// Nanoseconds on a clock that all processes share.
pub fn now() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// Nanoseconds of processor time (user and system) that this process has used, all threads
/// together.
pub fn processor_time() -> u64 {
    nanoseconds(ClockId::ProcessCPUTime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or_default()
}

/// Nanoseconds as a number of 32 bits: up to four seconds.
pub fn short(nanoseconds: u64) -> u32 {
    u32::try_from(nanoseconds).unwrap_or(u32::MAX)
}

/// Nanoseconds in seconds.
pub fn seconds(nanoseconds: u32) -> f64 {
    f64::from(nanoseconds) / 1e9
}

/// The memory of a process in KiB, what it shares divided by the number of those who share it
/// (PSS).
pub fn memory(pid: u32) -> Result<f64> {
    let maps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = maps.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss")?;
    Ok(line.trim().trim_end_matches("kB").trim_end().parse()?)
}
