//! This crate.

mod idle;
mod latency;
mod pipe;
mod pool;
mod queue;
mod start;
mod state;

use crate::measure::Result;
use crate::payload;
use crate::roles::Link;
use serde_bytes::ByteBuf;
use shared::{Connection, Process};

pub fn run(work: &str, numbers: &[u32]) -> Result<Vec<f64>> {
    shared::main_guard!(
        start::nothing,
        pipe::echo::<String>,
        pipe::echo::<ByteBuf>,
        pipe::echo::<Vec<u64>>,
        queue::consumer,
        queue::worker,
        queue::producer,
        latency::getter,
        latency::putter,
        idle::receiver,
        idle::getter,
        state::adder,
        state::answerer,
        pool::add_one,
        pool::work,
    );
    let consumer = |items, link| Process::spawn(queue::consumer, (items, link));
    let worker = |items, link| Process::spawn(queue::worker, (items, link));
    match (work, numbers) {
        ("start", &[count]) => start::one_after_another(count),
        ("at_once", &[count]) => start::at_once(count),
        ("round_trip", &[count]) => pipe::round_trips(payload::text(), count),
        ("echo_bytes", &[size, count]) => {
            pipe::round_trips(ByteBuf::from(payload::bytes(size)), count)
        }
        ("echo_numbers", &[size, count]) => pipe::round_trips(payload::numbers(size), count),
        ("to_one", &[count]) => queue::to_children(1, consumer, count),
        ("to_two", &[count]) => queue::to_children(2, consumer, count),
        ("jobs", &[count]) => queue::to_children(2, worker, count),
        ("to_creator", &[count]) => queue::to_creator(count, false),
        ("to_creator_extend", &[count]) => queue::to_creator(count, true),
        ("between", &[count]) => queue::between_children(count, false),
        ("between_extend", &[count]) => queue::between_children(count, true),
        ("many", &[count]) => queue::many(count),
        ("latency_to_child", &[count]) => latency::to_child(count),
        ("latency_to_creator", &[count]) => latency::to_creator(count),
        ("lock", &[count]) => state::alone(count),
        ("lock_two", &[count]) => state::together(count),
        ("atomic", &[count]) => state::atomic(count),
        ("array", &[count]) => state::array(count),
        ("map", &[count]) => state::map(count),
        ("event", &[count]) => state::events(count),
        ("shared_memory", &[size, count]) => state::memory(size, count),
        ("pool_trip", &[count]) => pool::trips(count),
        ("pool_map", &[count]) => pool::map(count),
        ("pool_jobs", &[count, micros]) => pool::jobs(count, micros),
        ("pool_start", &[count]) => pool::start(count),
        ("memory", []) => pipe::memory(),
        ("idle_pipe", []) => idle::in_a_pipe(),
        ("idle_queue", []) => idle::in_a_queue(),
        _ => Err("not something that this crate is measured at".into()),
    }
}

/// What a child's target does with what went wrong: it ends with a panic, and whoever joins it is
/// told.
fn finish(result: Result<()>) {
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// A link is a pipe.
struct Pipe(Connection<u32, u32>);

impl Link for Pipe {
    fn send(&mut self, number: u32) -> Result<()> {
        Ok(self.0.send(number)?)
    }

    fn recv(&mut self) -> Result<u32> {
        Ok(self.0.recv()?)
    }
}
