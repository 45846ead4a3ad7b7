//! Items through a queue: who puts, who gets, and when the clock runs.
//!
//! Before it starts, each child has used the queue once and said so over its link. It stops when
//! the last item was received, told by those who received it.

use super::Link;
use crate::measure::Result;
use crate::payload::{STOP, item};
use std::time::{Duration, Instant};

/// A child that gets items until it is told to stop, works on each, and tells how many there were.
pub fn consumer(
    mut get: impl FnMut() -> Result<String>,
    link: &mut impl Link,
    mut work: impl FnMut(),
) -> Result<()> {
    get()?;
    link.send(0)?;
    link.recv()?;
    let mut count = 0;
    while get()? != STOP {
        count += 1;
        work();
    }
    link.send(count)
}

/// A child that puts, until it is told to put all the rest.
pub fn producer(put: impl FnOnce(String) -> Result<()>, link: &mut impl Link) -> Result<()> {
    put(item(0))?;
    link.send(0)?;
    link.recv().map(drop)
}

/// What it then puts: so many items, and if nobody counts them, one that stops the consumer.
pub fn items(count: u32, stop: bool) -> impl Iterator<Item = String> {
    (0..count).map(item).chain(stop.then(|| STOP.to_owned()))
}

/// The creator, when it puts and children get: the time in seconds, and the smaller share.
pub fn feed(
    mut put: impl FnMut(String) -> Result<()>,
    mut links: Vec<impl Link>,
    count: u32,
) -> Result<(f64, f64)> {
    for _ in &links {
        put(item(0))?;
    }
    for link in &mut links {
        link.recv()?;
    }
    let start = Instant::now();
    for link in &mut links {
        link.send(0)?;
    }
    for n in 0..count {
        put(item(n))?;
    }
    for _ in &links {
        put(STOP.to_owned())?;
    }
    let counts: Vec<u32> = links.iter_mut().map(Link::recv).collect::<Result<_>>()?;
    let time = start.elapsed().as_secs_f64();
    if counts.iter().sum::<u32>() != count {
        return Err(format!("{counts:?} items arrived of {count}").into());
    }
    let least = counts.into_iter().min().unwrap_or_default();
    Ok((time, f64::from(least) / f64::from(count)))
}

/// The creator, when children put and it gets: the time in seconds.
pub fn gather(
    mut get: impl FnMut() -> Result<String>,
    mut links: Vec<impl Link>,
    count: u32,
) -> Result<f64> {
    for link in &mut links {
        get()?;
        link.recv()?;
    }
    let start = Instant::now();
    for link in &mut links {
        link.send(0)?;
    }
    for _ in 0..count {
        get()?;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// The creator, when one child puts and another gets: the time in seconds.
pub fn watch(mut producer: impl Link, mut consumer: impl Link, count: u32) -> Result<f64> {
    consumer.recv()?;
    producer.recv()?;
    let start = Instant::now();
    consumer.send(0)?;
    producer.send(0)?;
    let arrived = consumer.recv()?;
    let time = start.elapsed().as_secs_f64();
    if arrived == count { Ok(time) } else { Err(format!("{arrived} of {count}").into()) }
}

/// The creator, when some children put and others get: the time in seconds. `end` puts what stops one
/// of those that get.
pub fn cross(
    mut producers: Vec<impl Link>,
    mut consumers: Vec<impl Link>,
    mut end: impl FnMut() -> Result<()>,
    count: u32,
) -> Result<f64> {
    for link in &mut consumers {
        link.recv()?;
    }
    for link in &mut producers {
        link.recv()?;
    }
    let start = Instant::now();
    for link in &mut consumers {
        link.send(0)?;
    }
    for link in &mut producers {
        link.send(0)?;
    }
    for link in &mut producers {
        link.recv()?;
    }
    for _ in &consumers {
        end()?;
    }
    let counts: Vec<u32> = consumers.iter_mut().map(Link::recv).collect::<Result<_>>()?;
    let time = start.elapsed().as_secs_f64();
    let arrived = counts.iter().sum::<u32>();
    if arrived == count { Ok(time) } else { Err(format!("{arrived} of {count}").into()) }
}

/// A job: it keeps a CPU busy for a millisecond.
pub fn job() {
    let start = Instant::now();
    while start.elapsed() < JOB {}
}

const JOB: Duration = Duration::from_millis(1);
