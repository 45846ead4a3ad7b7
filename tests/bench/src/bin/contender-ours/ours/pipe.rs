//! Messages to a child and back.

use super::finish;
use crate::measure::{Result, calls, mean};
use crate::payload;
use crate::roles::idle::weigh;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::{Connection, Process, pipe};

/// Sends back what it receives, so many times.
pub fn echo<T: Serialize + DeserializeOwned>(connection: Connection<T, T>, times: u32) {
    finish((0..times).try_for_each(|_| Ok(connection.send(connection.recv()?)?)));
}

pub fn round_trips<T: Serialize + DeserializeOwned + 'static>(
    message: T,
    count: u32,
) -> Result<Vec<f64>> {
    let (near, far) = pipe()?;
    let process = Process::spawn(echo::<T>, (far, calls(count)))?;
    // What came back is what is sent next, so nothing is copied to be sent.
    let mut message = Some(message);
    let time = mean(count, || {
        near.send(message.take().ok_or("nothing came back")?)?;
        message = Some(near.recv()?);
        Ok(())
    });
    process.join()?;
    Ok(vec![time?])
}

pub fn memory() -> Result<Vec<f64>> {
    let (near, far) = pipe()?;
    let process = Process::spawn(echo::<String>, (far, 2))?;
    let memory = weigh(process.id(), || {
        near.send(payload::text())?;
        near.recv()?;
        Ok(())
    });
    process.join()?;
    memory
}
