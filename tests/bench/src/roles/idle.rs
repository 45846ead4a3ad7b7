//! A child that waits: the memory that it takes, and the processor time that it uses.

use super::Link;
use crate::measure::{Result, memory, processor_time, seconds, short};
use std::io::{Read, stdin};
use std::thread::sleep;
use std::time::Duration;

/// A child that has waited once, waits for long, and tells the processor time that it used.
pub fn child(mut wait: impl FnMut() -> Result<()>, link: &mut impl Link) -> Result<()> {
    wait()?;
    link.send(0)?;
    let before = processor_time();
    wait()?;
    link.send(short(processor_time() - before))
}

/// The creator of such a child: it lets it wait until standard input ends. The processor time of
/// the child, and its own, in seconds.
pub fn creator(mut wake: impl FnMut() -> Result<()>, link: &mut impl Link) -> Result<Vec<f64>> {
    wake()?;
    link.recv()?;
    let before = processor_time();
    println!("ready");
    stdin().read_to_end(&mut Vec::new())?;
    let own = short(processor_time() - before);
    wake()?;
    let childs = link.recv()?;
    Ok(vec![seconds(childs), seconds(own)])
}

/// The memory in KiB of a child that has made one round trip and waits for the next.
pub fn weigh(pid: u32, mut round_trip: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    round_trip()?;
    sleep(Duration::from_millis(50));
    let memory = memory(pid)?;
    round_trip()?;
    Ok(vec![memory])
}
