//! Which works there are, and who does them.

mod messages;
mod pools;
mod processes;
mod queues;
mod state;

pub use state::THREADS;

use crate::workload::Workload;
use crate::{lessons, polite};
use std::time::Duration;

/// Those who start processes.
const PEERS: &[&str] = &["procspawn", "crossmist", "raw", "floor"];
/// Those who have channels of their own.
const CHANNELS: &[&str] = &["crossmist", "raw", "floor"];

/// Every work, in the order of the report. `idle` is how long the waiting ones wait.
pub fn works(idle: Duration) -> Vec<Workload> {
    let mut works = vec![processes::start(), processes::at_once()];
    works.extend(messages::round_trips());
    works.extend(messages::echoes());
    works.extend(queues::flows());
    works.extend(queues::latencies());
    works.extend(state::states());
    works.extend(pools::pools());
    works.extend([queues::jobs(), processes::memory()]);
    works.extend([polite::idle(idle), polite::slowdown()]);
    works.extend(lessons::lessons());
    works
}
