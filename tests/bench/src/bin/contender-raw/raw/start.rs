//! Starting and joining processes.

use super::CHILD;
use crate::measure::{Result, mean, time};
use ipc_channel::ipc::{self, IpcOneShotServer, IpcSender};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::process::{Child, Command};

/// A child that was started and did not get its arguments yet.
pub struct Starting<T> {
    child: Child,
    server: IpcOneShotServer<IpcSender<T>>,
}

impl<T: Serialize + for<'de> Deserialize<'de>> Starting<T> {
    pub fn new(what: &str) -> Result<Starting<T>> {
        let (server, name) = IpcOneShotServer::new()?;
        let child = Command::new("/proc/self/exe").args([CHILD, what, &name]).spawn()?;
        Ok(Starting { child, server })
    }

    pub fn give(self, args: T) -> Result<Child> {
        let (_, sender) = self.server.accept()?;
        sender.send(args)?;
        Ok(self.child)
    }
}

/// In a child: takes the arguments.
pub fn take<T: Serialize + DeserializeOwned>(name: &str) -> Result<T> {
    let (sender, receiver) = ipc::channel()?;
    IpcSender::connect(name.to_owned())?.send(sender)?;
    Ok(receiver.recv()?)
}

/// Starts a child with its arguments.
pub fn start<T: Serialize + for<'de> Deserialize<'de>>(what: &str, args: T) -> Result<Child> {
    Starting::new(what)?.give(args)
}

/// Waits for a child.
pub fn join(mut child: Child) -> Result<()> {
    if child.wait()?.success() { Ok(()) } else { Err("a child failed".into()) }
}

pub fn one_after_another(count: u32) -> Result<Vec<f64>> {
    Ok(vec![mean(count, || join(start("nothing", 0)?))?])
}

/// All are started first and get their arguments then, which is faster than one by one.
pub fn at_once(count: u32) -> Result<Vec<f64>> {
    one_after_another(2)?;
    let time = time(|| {
        let starting = (0..count).map(|_| Starting::new("nothing"));
        let starting: Vec<_> = starting.collect::<Result<_>>()?;
        let children = (0..count).zip(starting).map(|(n, starting)| starting.give(n));
        let children: Vec<_> = children.collect::<Result<_>>()?;
        children.into_iter().try_for_each(join)
    });
    Ok(vec![time?])
}
