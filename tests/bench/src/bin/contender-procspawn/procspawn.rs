//! procspawn: processes from functions. Messages go through the channels of the ipc-channel that it
//! is built on; it has none of its own, and no queue.

use crate::measure::{Result, calls, mean, time};
use crate::payload;
use crate::roles::idle::weigh;
use procspawn_channel::ipc::{self, IpcReceiver, IpcSender};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;
use std::time::{Duration, Instant};

pub fn run(work: &str, numbers: &[u32]) -> Result<Vec<f64>> {
    procspawn::init();
    match (work, numbers) {
        ("start", &[count]) => one_after_another(count),
        ("at_once", &[count]) => at_once(count),
        ("round_trip", &[count]) => round_trips(payload::text(), count),
        ("echo_bytes", &[size, count]) => round_trips(ByteBuf::from(payload::bytes(size)), count),
        ("echo_numbers", &[size, count]) => round_trips(payload::numbers(size), count),
        ("memory", []) => memory(),
        ("pool_trip", &[count]) => pool_trips(count),
        ("pool_map", &[count]) => pool_all(count, add_one),
        ("pool_jobs", &[count, micros]) => {
            pool_all(count, if micros == 10 { work_10 } else { work_1000 })
        }
        ("pool_start", &[count]) => pool_starts(count),
        _ => Err("not something that procspawn is measured at".into()),
    }
}

fn nothing(_number: u32) {}

fn one_after_another(count: u32) -> Result<Vec<f64>> {
    let mut numbers = 0..;
    let time =
        mean(count, || Ok(procspawn::spawn(numbers.next().unwrap_or_default(), nothing).join()?));
    Ok(vec![time?])
}

fn at_once(count: u32) -> Result<Vec<f64>> {
    one_after_another(2)?;
    let time = time(|| {
        let handles: Vec<_> = (0..count).map(|n| procspawn::spawn(n, nothing)).collect();
        handles.into_iter().try_for_each(|handle| Ok(handle.join()?))
    });
    Ok(vec![time?])
}

type Ends<T> = (IpcSender<T>, IpcReceiver<T>);

fn pair<T: Serialize + DeserializeOwned>() -> Result<(Ends<T>, Ends<T>)> {
    let (to_second, from_first) = ipc::channel()?;
    let (to_first, from_second) = ipc::channel()?;
    Ok(((to_second, from_second), (to_first, from_first)))
}

fn echo<T: Serialize + DeserializeOwned>(((sender, receiver), times): (Ends<T>, u32)) {
    for _ in 0..times {
        let message = receiver.recv().expect("the creator sends as often");
        sender.send(message).expect("the creator waits for it");
    }
}

fn round_trips<T: Serialize + DeserializeOwned>(message: T, count: u32) -> Result<Vec<f64>> {
    let ((sender, receiver), far) = pair()?;
    let handle = procspawn::spawn((far, calls(count)), echo::<T>);
    // What came back is what is sent next, so nothing is copied to be sent.
    let mut message = Some(message);
    let time = mean(count, || {
        sender.send(message.take().ok_or("nothing came back")?)?;
        message = Some(receiver.recv()?);
        Ok(())
    });
    handle.join()?;
    Ok(vec![time?])
}

fn memory() -> Result<Vec<f64>> {
    let ((sender, receiver), far) = pair()?;
    let handle = procspawn::spawn((far, 2), echo::<String>);
    let memory = weigh(handle.pid().ok_or("it has no PID")?, || {
        sender.send(payload::text())?;
        Ok(receiver.recv().map(drop)?)
    });
    handle.join()?;
    memory
}

fn add_one(n: u32) -> u32 {
    n.wrapping_add(1)
}

fn work(micros: u32) -> u32 {
    let end = Instant::now() + Duration::from_micros(micros.into());
    while Instant::now() < end {}
    micros
}

fn work_10(_: u32) -> u32 {
    work(10)
}

fn work_1000(_: u32) -> u32 {
    work(1000)
}

fn pool_trips(count: u32) -> Result<Vec<f64>> {
    let pool = procspawn::Pool::new(2)?;
    let time = mean(count, || Ok(pool.spawn(1, add_one).join().map(drop)?));
    pool.shutdown();
    Ok(vec![time?])
}

/// It has no map, and a channel for each task: so many wait at a time as there may be.
fn pool_all(count: u32, function: fn(u32) -> u32) -> Result<Vec<f64>> {
    const AT_A_TIME: u32 = 200;
    let pool = procspawn::Pool::new(2)?;
    pool.spawn(1, function).join()?;
    let time = time(|| {
        for first in (0..count).step_by(AT_A_TIME as usize) {
            let numbers = first..(first + AT_A_TIME).min(count);
            let handles: Vec<_> = numbers.map(|n| pool.spawn(n, function)).collect();
            handles.into_iter().try_for_each(|handle| handle.join().map(drop))?;
        }
        Ok(())
    });
    pool.shutdown();
    Ok(vec![time?])
}

fn pool_starts(count: u32) -> Result<Vec<f64>> {
    let once = || {
        let pool = procspawn::Pool::new(2)?;
        pool.spawn(1, add_one).join()?;
        pool.shutdown();
        Ok(())
    };
    Ok(vec![mean(count, once)?])
}
