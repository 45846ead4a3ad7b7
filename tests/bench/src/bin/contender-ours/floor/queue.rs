//! Items through a socketpair, whose ends may have several readers and writers.

use super::socket::packets;
use super::start::{join, start};
use crate::measure::{Result, seconds};
use crate::roles::{Link, latency, queue};

pub fn to_children(children: u32, what: &str, count: u32) -> Result<Vec<f64>> {
    let (near, far) = packets()?;
    let (mut links, mut processes) = (Vec::new(), Vec::new());
    for _ in 0..children {
        let (link, far_link) = packets()?;
        links.push(link);
        processes.push(start(what, 0, &far, far_link)?);
    }
    let (time, share) = queue::feed(|item| near.put(&item), links, count)?;
    processes.into_iter().try_for_each(join)?;
    Ok(vec![time / f64::from(count), share])
}

pub fn to_creator(count: u32) -> Result<Vec<f64>> {
    let (near, far) = packets()?;
    let (mut links, mut processes) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (link, far_link) = packets()?;
        links.push(link);
        processes.push(start("producer", count / 2, &far, far_link)?);
    }
    let time = queue::gather(|| near.get(), links, count)?;
    processes.into_iter().try_for_each(join)?;
    Ok(vec![time / f64::from(count)])
}

pub fn between_children(count: u32) -> Result<Vec<f64>> {
    let (left, right) = packets()?;
    let (near_producer, far) = packets()?;
    let first = start("last_producer", count, &left, far)?;
    let (near_consumer, far) = packets()?;
    let second = start("consumer", 0, &right, far)?;
    let time = queue::watch(near_producer, near_consumer, count)?;
    join(first)?;
    join(second)?;
    Ok(vec![time / f64::from(count)])
}

pub fn latency_to_child(count: u32) -> Result<Vec<f64>> {
    let (near, far) = packets()?;
    let (mut link, far_link) = packets()?;
    let child = start("getter", count, &far, far_link)?;
    latency::put(|time| near.send(&time.to_le_bytes()), count)?;
    let median = Link::recv(&mut link)?;
    join(child)?;
    Ok(vec![seconds(median)])
}

pub fn latency_to_creator(count: u32) -> Result<Vec<f64>> {
    let (near, far) = packets()?;
    let child = start("putter", count, &far, packets()?.1)?;
    let median = latency::get(|| near.get_number(), count)?;
    join(child)?;
    Ok(vec![seconds(median)])
}
