//! Items through a queue.

use super::{Pipe, finish};
use crate::measure::Result;
use crate::payload::STOP;
use crate::roles::{Link as _, queue};
use shared::{Connection, Process, Queue, pipe};

type Link = Connection<u32, u32>;

/// A child that only gets.
pub fn consumer(items: Queue<String>, link: Link) {
    finish(queue::consumer(|| Ok(items.get()?), &mut Pipe(link), || ()));
}

/// A child that works on each item.
pub fn worker(items: Queue<String>, link: Link) {
    finish(queue::consumer(|| Ok(items.get()?), &mut Pipe(link), queue::job));
}

/// A child that puts, with a call for each item or with one for all.
pub fn producer(items: Queue<String>, link: Link, count: u32, stop: bool, extend: bool) {
    let put = |item| Ok(items.put(item)?);
    let mut link = Pipe(link);
    finish(queue::producer(put, &mut link).and_then(|()| {
        let mut all = queue::items(count, stop);
        if extend {
            items.extend(all)?;
        } else {
            all.try_for_each(put)?;
        }
        // Only one that must tell when the last was put is listened to.
        let _ = link.send(count);
        Ok(())
    }));
}

/// From the creator to so many children.
pub fn to_children(
    children: u32,
    start: impl Fn(Queue<String>, Link) -> shared::Result<Process<()>>,
    count: u32,
) -> Result<Vec<f64>> {
    let items = Queue::new()?;
    let mut links = Vec::new();
    let mut processes = Vec::new();
    for _ in 0..children {
        let (near, far) = pipe()?;
        links.push(Pipe(near));
        processes.push(start(items.clone(), far)?);
    }
    let (time, share) = queue::feed(|item| Ok(items.put(item)?), links, count)?;
    processes.into_iter().try_for_each(Process::join)?;
    Ok(vec![time / f64::from(count), share])
}

/// From two children to the creator.
pub fn to_creator(count: u32, extend: bool) -> Result<Vec<f64>> {
    let items = Queue::new()?;
    let mut links = Vec::new();
    let mut processes = Vec::new();
    for _ in 0..2 {
        let (near, far) = pipe()?;
        links.push(Pipe(near));
        let args = (items.clone(), far, count / 2, false, extend);
        processes.push(Process::spawn(producer, args)?);
    }
    let time = queue::gather(|| Ok(items.get()?), links, count)?;
    processes.into_iter().try_for_each(Process::join)?;
    Ok(vec![time / f64::from(count)])
}

/// From one child to another.
pub fn between_children(count: u32, extend: bool) -> Result<Vec<f64>> {
    let items = Queue::new()?;
    let (near_producer, far) = pipe()?;
    let first = Process::spawn(producer, (items.clone(), far, count, true, extend))?;
    let (near_consumer, far) = pipe()?;
    let second = Process::spawn(consumer, (items.clone(), far))?;
    let time = queue::watch(Pipe(near_producer), Pipe(near_consumer), count)?;
    first.join()?;
    second.join()?;
    Ok(vec![time / f64::from(count)])
}

/// From two children to two others.
pub fn many(count: u32) -> Result<Vec<f64>> {
    let items = Queue::new()?;
    let (mut producers, mut consumers, mut processes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..2 {
        let (near, far) = pipe()?;
        consumers.push(Pipe(near));
        processes.push(Process::spawn(consumer, (items.clone(), far))?);
        let (near, far) = pipe()?;
        producers.push(Pipe(near));
        let args = (items.clone(), far, count / 2, false, false);
        processes.push(Process::spawn(producer, args)?);
    }
    let end = || Ok(items.put(STOP.to_owned())?);
    let time = queue::cross(producers, consumers, end, count)?;
    processes.into_iter().try_for_each(Process::join)?;
    Ok(vec![time / f64::from(count)])
}
