//! What a child does.

use super::socket::Socket;
use crate::measure::Result;
use crate::roles::{Link, idle, latency, queue};
use std::fs::File;
use std::io::{Read, Write};

pub fn be_child(what: &str, numbers: &[&str]) -> Result<()> {
    let count = numbers.first().ok_or("how often?")?.parse()?;
    if what == "nothing" {
        return Ok(());
    }
    let messages = Socket::standard(rustix::stdio::stdin())?;
    let mut link = Socket::standard(rustix::stdio::stdout())?;
    match what {
        "echo" => (0..count).try_for_each(|_| messages.send(messages.recv(&mut [0; 64])?)),
        "consumer" => queue::consumer(|| messages.get(), &mut link, || ()),
        "worker" => queue::consumer(|| messages.get(), &mut link, queue::job),
        "producer" | "last_producer" => {
            queue::producer(|item| messages.put(&item), &mut link)?;
            let mut items = queue::items(count, what == "last_producer");
            items.try_for_each(|item| messages.put(&item))
        }
        "getter" => Link::send(&mut link, latency::get(|| messages.get_number(), count)?),
        "putter" => latency::put(|time| messages.send(&time.to_le_bytes()), count),
        "receiver" => idle::child(|| messages.get().map(drop), &mut link),
        // The size of each, and how often.
        "stream" => {
            let times: u32 = numbers.get(1).ok_or("how often?")?.parse()?;
            let mut stream = File::from(messages.0);
            let mut message = vec![0; usize::try_from(count)?];
            (0..times).try_for_each(|_| {
                stream.read_exact(&mut message)?;
                Ok(stream.write_all(&message)?)
            })
        }
        _ => Err("no such child".into()),
    }
}
