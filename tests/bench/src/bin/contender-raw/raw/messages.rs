//! Messages to a child and back.

use super::Duplex;
use super::start::{join, start};
use crate::measure::{Result, calls, mean};
use crate::payload;
use crate::roles::idle;
use ipc_channel::ipc;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub fn round_trips<T: Serialize + DeserializeOwned>(
    child: &str,
    message: T,
    count: u32,
) -> Result<Vec<f64>> {
    let (near, far) = Duplex::pair()?;
    let child = start(child, (far, calls(count)))?;
    // What came back is what is sent next, so nothing is copied to be sent.
    let mut message = Some(message);
    let time = mean(count, || {
        near.send(message.take().ok_or("nothing came back")?)?;
        message = Some(near.recv()?);
        Ok(())
    });
    join(child)?;
    Ok(vec![time?])
}

pub fn memory() -> Result<Vec<f64>> {
    let (near, far) = Duplex::pair()?;
    let child = start("echo_text", (far, 2_u32))?;
    let memory = idle::weigh(child.id(), || {
        near.send(payload::text())?;
        near.recv().map(drop)
    });
    join(child)?;
    memory
}

pub fn idle_in_recv() -> Result<Vec<f64>> {
    let (near, far) = ipc::channel::<()>()?;
    let (mut link, far_link) = Duplex::<u32>::pair()?;
    let child = start("receiver", (far, far_link))?;
    let times = idle::creator(|| Ok(near.send(())?), &mut link);
    join(child)?;
    times
}
