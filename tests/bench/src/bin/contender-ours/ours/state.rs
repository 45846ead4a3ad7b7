//! State that processes share.

use super::finish;
use crate::measure::{Result, mean, time};
use shared::sync::{Atomic, Barrier, Event, Memory, Mutex};
use shared::{Process, Result as Shared};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Adds under the lock, as often.
fn add(counter: &Mutex<u64>, count: u32) -> Result<()> {
    for _ in 0..count {
        *counter.lock()? += 1;
    }
    Ok(())
}

pub fn alone(count: u32) -> Result<Vec<f64>> {
    let counter = Mutex::new(0)?;
    Ok(vec![time(|| add(&counter, count))? / f64::from(count)])
}

pub fn atomic(count: u32) -> Result<Vec<f64>> {
    let counter = Atomic::<AtomicU64>::new(0)?;
    let add = || {
        for _ in 0..count {
            black_box(&counter).fetch_add(1, SeqCst);
        }
        Ok(())
    };
    Ok(vec![time(add)? / f64::from(count)])
}

/// Adds when all are there, and says so.
pub fn adder(counter: Mutex<u64>, together: Barrier, count: u32) {
    let work = || {
        together.wait()?;
        add(&counter, count)?;
        together.wait()?;
        Ok(())
    };
    finish(work());
}

pub fn together(count: u32) -> Result<Vec<f64>> {
    let (counter, together) = (Mutex::new(0)?, Barrier::new(3)?);
    let start = |_| Process::spawn(adder, (counter.clone(), together.clone(), count / 2));
    let children = (0..2).map(start).collect::<Shared<Vec<_>>>()?;
    together.wait()?;
    let time = time(|| Ok(together.wait().map(drop)?))?;
    children.into_iter().try_for_each(Process::join)?;
    Ok(vec![time / f64::from(count)])
}

/// Changes one of 1000 numbers.
pub fn array(count: u32) -> Result<Vec<f64>> {
    let array = Mutex::new(vec![0_u32; 1000])?;
    let mut next = (0..1000).cycle();
    let change = || {
        array.lock()?[next.next().unwrap_or_default()] += 1;
        Ok(())
    };
    Ok(vec![mean(count, change)?])
}

/// Changes one of 100 entries.
pub fn map(count: u32) -> Result<Vec<f64>> {
    let entries = (0..100).map(|n| (format!("key {n}"), 0));
    let map = Mutex::new(entries.collect::<BTreeMap<String, u32>>())?;
    let mut next = (0..100).cycle();
    let change = || {
        *map.lock()?.entry(format!("key {}", next.next().unwrap_or_default())).or_default() += 1;
        Ok(())
    };
    Ok(vec![mean(count, change)?])
}

/// Answers each event by another.
pub fn answerer(asked: Event, answered: Event, count: u32) {
    for _ in 0..count {
        asked.wait();
        asked.clear();
        answered.set();
    }
}

pub fn events(count: u32) -> Result<Vec<f64>> {
    let (asked, answered) = (Event::new()?, Event::new()?);
    let calls = crate::measure::calls(count);
    let child = Process::spawn(answerer, (asked.clone(), answered.clone(), calls))?;
    let time = mean(count, || {
        asked.set();
        answered.wait();
        answered.clear();
        Ok(())
    })?;
    child.join()?;
    Ok(vec![time])
}

/// The time to write so many bytes, and to read them.
pub fn memory(size: u32, count: u32) -> Result<Vec<f64>> {
    let size = usize::try_from(size)?;
    let (memory, mut bytes) = (Memory::new(size)?, vec![7; size]);
    let write = mean(count, || Ok(memory.write(0, &bytes)?))?;
    Ok(vec![write, mean(count, || Ok(memory.read(0, &mut bytes)?))?])
}
