//! What the creator of a pool tells its workers when they start.

use crate::transport::channel::{Receiver, Sender};
use crate::transport::descriptor::Passed;
use crate::transport::message::Message;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What a worker is given.
#[derive(Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) memory: Passed,
    pub(super) lane: usize,
    pub(super) workers: usize,
    /// How many workers share the CPUs, those of the creator's own pool included.
    pub(super) siblings: usize,
    /// Whether it notes when each task begins.
    pub(super) timed: bool,
    /// The initializer, and its arguments.
    pub(super) init: Option<(u32, Message)>,
    /// Arguments, and values, that hold channel ends.
    pub(super) requests: Receiver,
    pub(super) replies: Sender,
}

/// How a task went: what a result's tag says.
pub(super) mod outcome {
    pub(crate) const VALUE: u32 = 0;
    pub(crate) const PANICKED: u32 = 1;
    pub(crate) const FAILED: u32 = 2;
}

/// The system's steady clock, which is the same in all processes, in nanoseconds.
pub(super) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or_default()
}
