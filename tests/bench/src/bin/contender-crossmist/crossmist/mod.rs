//! crossmist: processes from functions, and channels with one sender and one receiver each. It has
//! no queue.
//!
//! With Rust 1.95 it panics at its first start, in its own first example too: it tells plain values
//! from others by whether `clone` of an array in the standard library calls `clone` of the items,
//! and there this has changed. Where it runs, it is measured.

mod child;
mod creator;

use crate::measure::Result;
use crate::payload;
use crate::roles::Link;
use child::{echo_bytes, echo_numbers, echo_text};
use crossmist::{Duplex, Object, Receiver};

/// The name of a child's program.
pub const CHILD: &str = "_crossmist_";

/// In a child: runs its function and ends.
pub fn be_child() {
    crossmist::init();
}

pub fn run(work: &str, numbers: &[u32]) -> Result<Vec<f64>> {
    crossmist::init();
    match (work, numbers) {
        ("start", &[count]) => creator::one_after_another(count),
        ("at_once", &[count]) => creator::at_once(count),
        ("round_trip", &[count]) => {
            creator::round_trips(&payload::text(), count, |far, times| echo_text.spawn(far, times))
        }
        ("echo_bytes", &[size, count]) => {
            creator::round_trips(&payload::bytes(size), count, |far, times| {
                echo_bytes.spawn(far, times)
            })
        }
        ("echo_numbers", &[size, count]) => {
            creator::round_trips(&payload::numbers(size), count, |far, times| {
                echo_numbers.spawn(far, times)
            })
        }
        ("to_one", &[count]) => creator::to_child(count),
        ("between", &[count]) => creator::between_children(count),
        ("latency_to_child", &[count]) => creator::latency_to_child(count),
        ("latency_to_creator", &[count]) => creator::latency_to_creator(count),
        ("memory", []) => creator::memory(),
        ("idle_pipe", []) => creator::idle_in_recv(),
        _ => Err("not something that crossmist is measured at".into()),
    }
}

/// A link is a duplex channel.
struct Numbers(Duplex<u32, u32>);

impl Link for Numbers {
    fn send(&mut self, number: u32) -> Result<()> {
        Ok(self.0.send(&number)?)
    }

    fn recv(&mut self) -> Result<u32> {
        Ok(self.0.recv()?.ok_or("the other side is gone")?)
    }
}

fn get<T: Object>(receiver: &mut Receiver<T>) -> Result<T> {
    Ok(receiver.recv()?.ok_or("the sender is gone")?)
}
