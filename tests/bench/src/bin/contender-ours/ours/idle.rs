//! Processes that wait.

use super::{Pipe, finish};
use crate::measure::Result;
use crate::roles::idle;
use shared::{Connection, Process, Queue, pipe};
use std::thread;

/// Waits in `recv`.
pub fn receiver(connection: Connection<(), ()>, link: Connection<u32, u32>) {
    finish(idle::child(|| Ok(connection.recv()?), &mut Pipe(link)));
}

/// Waits in `get`.
pub fn getter(items: Queue<()>, link: Connection<u32, u32>) {
    finish(idle::child(|| Ok(items.get()?), &mut Pipe(link)));
}

pub fn in_a_pipe() -> Result<Vec<f64>> {
    let (near, far) = pipe()?;
    let (link, far_link) = pipe()?;
    let process = Process::spawn(receiver, (far, far_link))?;
    let times = idle::creator(|| Ok(near.send(())?), &mut Pipe(link));
    process.join()?;
    times
}

/// The child waits in one queue, and a thread of the creator in another.
pub fn in_a_queue() -> Result<Vec<f64>> {
    let (items, own) = (Queue::new()?, Queue::new()?);
    let (link, far_link) = pipe()?;
    let process = Process::spawn(getter, (items.clone(), far_link))?;
    let handle = own.clone();
    let thread = thread::spawn(move || handle.get());
    let times = idle::creator(|| Ok(items.put(())?), &mut Pipe(link));
    process.join()?;
    own.put(())?;
    thread.join().map_err(|_| "the thread that waited panicked")??;
    times
}
