//! Tasks on a pool of two workers.

use crate::measure::{Result, mean, time};
use shared::Pool;
use std::time::{Duration, Instant};

pub fn add_one(n: u32) -> u32 {
    n.wrapping_add(1)
}

/// Keeps a CPU busy for so many microseconds.
pub fn work(micros: u32) -> u32 {
    let end = Instant::now() + Duration::from_micros(micros.into());
    while Instant::now() < end {}
    micros
}

fn pool() -> Result<Pool> {
    let pool = Pool::builder().workers(2).build()?;
    // Both are there, and warm.
    pool.map(work, [1000; 20])?;
    pool.map(add_one, 0..1000)?;
    Ok(pool)
}

/// A task is handed over, and its value waited for; then the next.
pub fn trips(count: u32) -> Result<Vec<f64>> {
    let pool = pool()?;
    Ok(vec![mean(count, || Ok(pool.spawn(add_one, (1,))?.join().map(drop)?))?])
}

/// So many tasks that do nothing.
pub fn map(count: u32) -> Result<Vec<f64>> {
    let pool = pool()?;
    pool.map(add_one, 0..count)?;
    Ok(vec![time(|| Ok(pool.map(add_one, 0..count).map(drop)?))?])
}

/// So many tasks that take so long each.
pub fn jobs(count: u32, micros: u32) -> Result<Vec<f64>> {
    let pool = pool()?;
    let items = || std::iter::repeat_n(micros, count as usize);
    Ok(vec![time(|| Ok(pool.map(work, items()).map(drop)?))?])
}

/// A pool is started, does a task, and is stopped.
pub fn start(count: u32) -> Result<Vec<f64>> {
    let once = || {
        let pool = Pool::builder().workers(2).build()?;
        pool.spawn(add_one, (1,))?.join()?;
        Ok(pool.join()?)
    };
    Ok(vec![mean(count, once)?])
}
