//! What the creator does.

use super::child::{consumer, echo_text, getter, nothing, producer, putter, waiter};
use super::{Numbers, get};
use crate::measure::{Result, calls, mean, seconds, time};
use crate::payload;
use crate::roles::{Link, idle, latency, queue};
use crossmist::{Child, Duplex, Object, channel, duplex};
use std::io;

pub fn one_after_another(count: u32) -> Result<Vec<f64>> {
    let mut numbers = 0..;
    let time = mean(count, || Ok(nothing.run(numbers.next().unwrap_or_default())?));
    Ok(vec![time?])
}

pub fn at_once(count: u32) -> Result<Vec<f64>> {
    one_after_another(2)?;
    let time = time(|| {
        let children = (0..count).map(|n| nothing.spawn(n));
        let children: Vec<_> = children.collect::<io::Result<_>>()?;
        Ok(children.into_iter().try_for_each(Child::join)?)
    });
    Ok(vec![time?])
}

pub fn round_trips<T: Object>(
    message: &T,
    count: u32,
    start: impl FnOnce(Duplex<T, T>, u32) -> io::Result<Child<()>>,
) -> Result<Vec<f64>> {
    let (mut near, far) = duplex()?;
    let child = start(far, calls(count))?;
    let time = mean(count, || Ok(near.request(message).map(drop)?));
    child.join()?;
    Ok(vec![time?])
}

pub fn memory() -> Result<Vec<f64>> {
    let (mut near, far) = duplex()?;
    let child = echo_text.spawn(far, 2)?;
    let memory =
        idle::weigh(child.id().unsigned_abs(), || Ok(near.request(&payload::text()).map(drop)?));
    child.join()?;
    memory
}

pub fn idle_in_recv() -> Result<Vec<f64>> {
    let (mut near, far) = channel()?;
    let (link, far_link) = duplex()?;
    let mut link = Numbers(link);
    let child = waiter.spawn(far, far_link)?;
    let times = idle::creator(|| Ok(near.send(&0)?), &mut link);
    child.join()?;
    times
}

pub fn to_child(count: u32) -> Result<Vec<f64>> {
    let (mut sender, receiver) = channel()?;
    let (link, far) = duplex()?;
    let child = consumer.spawn(receiver, far)?;
    let (time, _) = queue::feed(|item| Ok(sender.send(&item)?), vec![Numbers(link)], count)?;
    child.join()?;
    Ok(vec![time / f64::from(count)])
}

pub fn between_children(count: u32) -> Result<Vec<f64>> {
    let (sender, receiver) = channel()?;
    let (near_producer, far) = duplex()?;
    let first = producer.spawn(sender, far, count)?;
    let (near_consumer, far) = duplex()?;
    let second = consumer.spawn(receiver, far)?;
    let time = queue::watch(Numbers(near_producer), Numbers(near_consumer), count)?;
    first.join()?;
    second.join()?;
    Ok(vec![time / f64::from(count)])
}

pub fn latency_to_child(count: u32) -> Result<Vec<f64>> {
    let (mut sender, receiver) = channel()?;
    let (link, far) = duplex()?;
    let mut link = Numbers(link);
    let child = getter.spawn(receiver, far, count)?;
    latency::put(|time| Ok(sender.send(&time)?), count)?;
    let median = Link::recv(&mut link)?;
    child.join()?;
    Ok(vec![seconds(median)])
}

pub fn latency_to_creator(count: u32) -> Result<Vec<f64>> {
    let (sender, mut receiver) = channel()?;
    let child = putter.spawn(sender, count)?;
    let median = latency::get(|| get(&mut receiver), count)?;
    child.join()?;
    Ok(vec![seconds(median)])
}
