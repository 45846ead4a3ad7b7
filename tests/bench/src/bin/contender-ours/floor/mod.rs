//! The floor: the same work with nothing on top. A bare `Command` that runs this program again, and
//! a bare socketpair: each message a packet, and an echo through a stream.
//!
//! A child has the socket with the messages as its standard input, and its link to the creator as
//! its standard output.

mod child;
mod futex;
mod messages;
mod queue;
mod socket;
mod start;
mod state;

use crate::measure::Result;
use crate::payload;

pub use child::be_child;

/// The first argument of a child.
pub const CHILD: &str = "floor-child";

pub fn run(work: &str, numbers: &[u32]) -> Result<Vec<f64>> {
    match (work, numbers) {
        ("start", &[count]) => start::one_after_another(count),
        ("at_once", &[count]) => start::at_once(count),
        ("round_trip", &[count]) => messages::round_trips(&payload::text(), count),
        ("echo_bytes" | "echo_numbers", &[size, count]) => {
            messages::echoes(payload::bytes(size), count)
        }
        ("to_one", &[count]) => queue::to_children(1, "consumer", count),
        ("to_two", &[count]) => queue::to_children(2, "consumer", count),
        ("jobs", &[count]) => queue::to_children(2, "worker", count),
        ("to_creator", &[count]) => queue::to_creator(count),
        ("between", &[count]) => queue::between_children(count),
        ("wake", &[count]) => futex::wake(count),
        ("latency_to_child", &[count]) => queue::latency_to_child(count),
        ("latency_to_creator", &[count]) => queue::latency_to_creator(count),
        ("lock", &[count]) => state::alone(count),
        ("lock_two", &[count]) => state::together(count),
        ("shared_memory", &[size, count]) => state::memory(size, count),
        ("memory", []) => messages::memory(),
        ("idle_pipe", []) => messages::idle_in_recv(),
        _ => Err("not something that the floor is measured at".into()),
    }
}
