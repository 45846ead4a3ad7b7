//! What a child does.

use super::{Numbers, get};
use crate::measure::Result;
use crate::roles::{Link, idle, latency, queue};
use crossmist::{Duplex, Object, Receiver, Sender, func};

/// What becomes of what went wrong: a panic, and whoever joins the child is told.
fn finish(result: Result<()>) {
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[func]
pub fn nothing(number: u32) {
    let _ = number;
}

fn echo<T: Object>(mut connection: Duplex<T, T>, times: u32) {
    finish((0..times).try_for_each(|_| {
        let message = connection.recv()?.ok_or("the creator is gone")?;
        Ok(connection.send(&message)?)
    }));
}

#[func]
pub fn echo_text(connection: Duplex<String, String>, times: u32) {
    echo(connection, times);
}

#[func]
pub fn echo_bytes(connection: Duplex<Vec<u8>, Vec<u8>>, times: u32) {
    echo(connection, times);
}

#[func]
pub fn echo_numbers(connection: Duplex<Vec<u64>, Vec<u64>>, times: u32) {
    echo(connection, times);
}

#[func]
pub fn waiter(connection: Receiver<u32>, link: Duplex<u32, u32>) {
    let (mut connection, mut link) = (connection, Numbers(link));
    finish(idle::child(|| get(&mut connection).map(drop), &mut link));
}

#[func]
pub fn consumer(items: Receiver<String>, link: Duplex<u32, u32>) {
    let (mut items, mut link) = (items, Numbers(link));
    finish(queue::consumer(|| get(&mut items), &mut link, || ()));
}

#[func]
pub fn producer(items: Sender<String>, link: Duplex<u32, u32>, count: u32) {
    let (mut items, mut link) = (items, Numbers(link));
    let mut put = |item| Ok(items.send(&item)?);
    let ready = queue::producer(&mut put, &mut link);
    finish(ready.and_then(|()| queue::items(count, true).try_for_each(put)));
}

#[func]
pub fn getter(items: Receiver<u64>, link: Duplex<u32, u32>, count: u32) {
    let (mut items, mut link) = (items, Numbers(link));
    let median = latency::get(|| get(&mut items), count);
    finish(median.and_then(|median| Link::send(&mut link, median)));
}

#[func]
pub fn putter(items: Sender<u64>, count: u32) {
    let mut items = items;
    finish(latency::put(|time| Ok(items.send(&time)?), count));
}
