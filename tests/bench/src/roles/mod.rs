//! Who does what in a work, whatever carries the messages: so every contender does the same, in the
//! same number of processes.

pub mod idle;
pub mod latency;
pub mod queue;

use crate::measure::Result;

/// A way for a child and its creator to tell each other a number, beside what is measured.
pub trait Link {
    /// Tells the other side a number.
    fn send(&mut self, number: u32) -> Result<()>;
    /// Waits for a number of the other side.
    fn recv(&mut self) -> Result<u32>;
}
