//! Messages to a child and back.

use super::socket::{packets, pair};
use super::start::{command, join, start};
use crate::measure::{Result, calls, mean};
use crate::payload;
use crate::roles::idle;
use rustix::net::SocketType;
use std::fs::File;
use std::io::{Read, Write};

pub fn round_trips(message: &str, count: u32) -> Result<Vec<f64>> {
    let (near, far) = packets()?;
    let child = start("echo", calls(count), &far, packets()?.1)?;
    let time = mean(count, || {
        near.send(message.as_bytes())?;
        near.recv(&mut [0; 64])?;
        Ok(())
    });
    join(child)?;
    Ok(vec![time?])
}

pub fn echoes(mut message: Vec<u8>, count: u32) -> Result<Vec<f64>> {
    let (near, far) = pair(SocketType::STREAM)?;
    let size = u32::try_from(message.len())?;
    let mut command = command("stream", size);
    let child =
        command.arg(calls(count).to_string()).stdin(far.0).stdout(packets()?.1.0).spawn()?;
    drop(command);
    let mut stream = File::from(near.0);
    let time = mean(count, || {
        stream.write_all(&message)?;
        Ok(stream.read_exact(&mut message)?)
    });
    join(child)?;
    Ok(vec![time?])
}

pub fn memory() -> Result<Vec<f64>> {
    let (near, far) = packets()?;
    let child = start("echo", 2, &far, packets()?.1)?;
    let memory = idle::weigh(child.id(), || {
        near.put(&payload::text())?;
        near.get().map(drop)
    });
    join(child)?;
    memory
}

pub fn idle_in_recv() -> Result<Vec<f64>> {
    let (near, far) = packets()?;
    let (mut link, far_link) = packets()?;
    let child = start("receiver", 0, &far, far_link)?;
    let times = idle::creator(|| near.put("go on"), &mut link);
    join(child)?;
    times
}
