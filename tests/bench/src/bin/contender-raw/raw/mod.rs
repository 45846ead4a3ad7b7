//! Raw ipc-channel: its channels, and a process started as its documentation shows it, with a
//! one-shot server.

mod child;
mod messages;
mod queue;
mod start;

use crate::measure::Result;
use crate::payload;
use crate::roles::Link;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

pub use child::be_child;

/// The first argument of a child.
pub const CHILD: &str = "raw-child";

pub fn run(work: &str, numbers: &[u32]) -> Result<Vec<f64>> {
    match (work, numbers) {
        ("start", &[count]) => start::one_after_another(count),
        ("at_once", &[count]) => start::at_once(count),
        ("round_trip", &[count]) => messages::round_trips("echo_text", payload::text(), count),
        ("echo_bytes", &[size, count]) => {
            messages::round_trips("echo_bytes", ByteBuf::from(payload::bytes(size)), count)
        }
        ("echo_numbers", &[size, count]) => {
            messages::round_trips("echo_numbers", payload::numbers(size), count)
        }
        ("to_one", &[count]) => queue::to_child(count),
        ("to_creator", &[count]) => queue::to_creator(count),
        ("between", &[count]) => queue::between_children(count),
        ("latency_to_child", &[count]) => queue::latency_to_child(count),
        ("latency_to_creator", &[count]) => queue::latency_to_creator(count),
        ("memory", []) => messages::memory(),
        ("idle_pipe", []) => messages::idle_in_recv(),
        _ => Err("not something that raw ipc-channel is measured at".into()),
    }
}

/// One end of two crossed channels.
#[derive(Serialize, Deserialize)]
struct Duplex<T>(IpcSender<T>, IpcReceiver<T>);

impl<T: Serialize + for<'de> Deserialize<'de>> Duplex<T> {
    fn pair() -> Result<(Duplex<T>, Duplex<T>)> {
        let (to_second, from_first) = ipc::channel()?;
        let (to_first, from_second) = ipc::channel()?;
        Ok((Duplex(to_second, from_second), Duplex(to_first, from_first)))
    }

    fn send(&self, message: T) -> Result<()> {
        Ok(self.0.send(message)?)
    }

    fn recv(&self) -> Result<T> {
        Ok(self.1.recv()?)
    }
}

impl Link for Duplex<u32> {
    fn send(&mut self, number: u32) -> Result<()> {
        Duplex::send(self, number)
    }

    fn recv(&mut self) -> Result<u32> {
        Duplex::recv(self)
    }
}
