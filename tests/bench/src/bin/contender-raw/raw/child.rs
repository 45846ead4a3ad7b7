//! What a child does.

use super::Duplex;
use super::start::take;
use crate::measure::Result;
use crate::roles::{Link, idle, latency, queue};
use ipc_channel::ipc::{IpcReceiver, IpcSender};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

pub fn be_child(what: &str, args: &[&str]) -> Result<()> {
    let server = args.first().ok_or("whose child?")?;
    match what {
        "nothing" => take::<u32>(server).map(drop),
        "echo_text" => echo::<String>(server),
        "echo_bytes" => echo::<ByteBuf>(server),
        "echo_numbers" => echo::<Vec<u64>>(server),
        "consumer" => {
            let (items, mut link): (IpcReceiver<String>, _) = take(server)?;
            queue::consumer(|| Ok(items.recv()?), as_link(&mut link), || ())
        }
        "producer" => {
            let (items, mut link, count, stop): (IpcSender<String>, _, _, _) = take(server)?;
            let put = |item| Ok(items.send(item)?);
            queue::producer(put, as_link(&mut link))?;
            queue::items(count, stop).try_for_each(put)
        }
        "getter" => {
            let (items, mut link, count): (IpcReceiver<u64>, _, _) = take(server)?;
            Link::send(as_link(&mut link), latency::get(|| Ok(items.recv()?), count)?)
        }
        "putter" => {
            let (items, count): (IpcSender<u64>, _) = take(server)?;
            latency::put(|time| Ok(items.send(time)?), count)
        }
        "receiver" => {
            let (connection, mut link): (IpcReceiver<()>, _) = take(server)?;
            idle::child(|| Ok(connection.recv()?), as_link(&mut link))
        }
        _ => Err("no such child".into()),
    }
}

fn as_link(link: &mut Duplex<u32>) -> &mut Duplex<u32> {
    link
}

fn echo<T: Serialize + DeserializeOwned>(server: &str) -> Result<()> {
    let (connection, times): (Duplex<T>, u32) = take(server)?;
    (0..times).try_for_each(|_| connection.send(connection.recv()?))
}
