//! Items through a channel: it may have several senders, but only one receiver.

use super::Duplex;
use super::start::{join, start};
use crate::measure::{Result, seconds};
use crate::roles::{Link, latency, queue};
use ipc_channel::ipc;

pub fn to_child(count: u32) -> Result<Vec<f64>> {
    let (sender, receiver) = ipc::channel::<String>()?;
    let (link, far) = Duplex::<u32>::pair()?;
    let child = start("consumer", (receiver, far))?;
    let (time, _) = queue::feed(|item| Ok(sender.send(item)?), vec![link], count)?;
    join(child)?;
    Ok(vec![time / f64::from(count)])
}

pub fn to_creator(count: u32) -> Result<Vec<f64>> {
    let (sender, receiver) = ipc::channel::<String>()?;
    let (mut links, mut children) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (link, far) = Duplex::<u32>::pair()?;
        links.push(link);
        children.push(start("producer", (sender.clone(), far, count / 2, false))?);
    }
    let time = queue::gather(|| Ok(receiver.recv()?), links, count)?;
    children.into_iter().try_for_each(join)?;
    Ok(vec![time / f64::from(count)])
}

pub fn between_children(count: u32) -> Result<Vec<f64>> {
    let (sender, receiver) = ipc::channel::<String>()?;
    let (near_producer, far) = Duplex::<u32>::pair()?;
    let first = start("producer", (sender, far, count, true))?;
    let (near_consumer, far) = Duplex::<u32>::pair()?;
    let second = start("consumer", (receiver, far))?;
    let time = queue::watch(near_producer, near_consumer, count)?;
    join(first)?;
    join(second)?;
    Ok(vec![time / f64::from(count)])
}

pub fn latency_to_child(count: u32) -> Result<Vec<f64>> {
    let (sender, receiver) = ipc::channel::<u64>()?;
    let (mut link, far) = Duplex::<u32>::pair()?;
    let child = start("getter", (receiver, far, count))?;
    latency::put(|time| Ok(sender.send(time)?), count)?;
    let median = Link::recv(&mut link)?;
    join(child)?;
    Ok(vec![seconds(median)])
}

pub fn latency_to_creator(count: u32) -> Result<Vec<f64>> {
    let (sender, receiver) = ipc::channel::<u64>()?;
    let child = start("putter", (sender, count))?;
    let median = latency::get(|| Ok(receiver.recv()?), count)?;
    join(child)?;
    Ok(vec![seconds(median)])
}
