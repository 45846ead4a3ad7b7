//! One item at a time through an idle queue.

use super::finish;
use crate::measure::{Result, seconds};
use crate::roles::latency;
use shared::{Connection, Process, Queue, pipe};

/// Gets, and tells the median.
pub fn getter(items: Queue<u64>, link: Connection<u32, ()>, count: u32) {
    finish(latency::get(|| Ok(items.get()?), count).and_then(|median| Ok(link.send(median)?)));
}

/// Puts.
pub fn putter(items: Queue<u64>, count: u32) {
    finish(latency::put(|time| Ok(items.put(time)?), count));
}

pub fn to_child(count: u32) -> Result<Vec<f64>> {
    let items = Queue::new()?;
    let (near, far) = pipe()?;
    let process = Process::spawn(getter, (items.clone(), far, count))?;
    latency::put(|time| Ok(items.put(time)?), count)?;
    let median = near.recv()?;
    process.join()?;
    Ok(vec![seconds(median)])
}

pub fn to_creator(count: u32) -> Result<Vec<f64>> {
    let items = Queue::new()?;
    let process = Process::spawn(putter, (items.clone(), count))?;
    let median = latency::get(|| Ok(items.get()?), count)?;
    process.join()?;
    Ok(vec![seconds(median)])
}
