//! Other systems: ipc-channel's one-shot server, whose name the child finds in its first argument.
//!
//! The server's `accept` knows no time limit, so it runs on a thread of its own while the child is
//! watched; if the child dies first, a connection of our own ends the wait.

pub(crate) use super::ended_by_asking as ended_within;
use super::{MARK, PAUSE, first_argument, in_temp_dir};

use crate::channel::{self, Receiver, Sender, Server};
use crate::message::{self, Message};
use crate::{Error, Result};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, io, thread};

/// This program's file.
pub(crate) fn program() -> io::Result<PathBuf> {
    env::current_exe()
}

/// Starts a child with its orders. While the sender that is returned lives, the child may.
pub(crate) fn launch(
    process: &str,
    command: &mut Command,
    orders: [Message; 2],
) -> Result<(Child, Sender)> {
    let failed = |source| Error::Start { process: process.to_owned(), source };
    let (server, name) = Server::new().map_err(in_temp_dir)?;
    let (accepted, acceptance) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("accept".to_owned())
        .spawn(move || accepted.send(server.accept()))
        .map_err(failed)?;
    command.stdin(Stdio::null());
    command.arg0(first_argument(&format!("{name}|"), process));
    let started = command.spawn();
    if started.is_err() {
        wake(&name);
    }
    let child = started.map_err(failed)?;
    let hello = loop {
        match acceptance.recv_timeout(PAUSE) {
            Ok(hello) => break hello,
            // It died first, and whoever joins it will be told how.
            Err(_) if ended_within(&child, Duration::ZERO).map_err(failed)? => {
                wake(&name);
                return Ok((child, channel::channel()?.0));
            }
            Err(_) => {}
        }
    };
    let lifeline: Sender = message::decode(hello?)?;
    match orders.into_iter().try_for_each(|order| lifeline.send_whole(order)) {
        Ok(()) | Err(Error::Closed) => Ok((child, lifeline)),
        Err(error) => Err(error),
    }
}

/// Ends the wait of a server whose child will not come.
fn wake(name: &str) {
    if let Ok(sender) = Sender::connect(name) {
        // It fails only if the server is no longer waiting.
        let _ = sender.send_whole(Message::default());
    }
}

/// In a child: its channel, from which nothing more comes but the end.
pub(crate) struct Watch(Receiver);

impl Watch {
    /// Waits until the parent is gone.
    pub(crate) fn wait(&self) {
        while let Ok(Some(_)) = self.0.recv(None) {}
    }
}

/// In a child: asks the parent for the order, and the arguments.
pub(crate) fn take_orders() -> Result<(Message, Result<Message>, Watch)> {
    let missing = || Error::io("a child found no parent")(io::Error::from(io::ErrorKind::NotFound));
    let first = env::args().next().unwrap_or_default();
    let name = first.strip_prefix(MARK).and_then(|rest| rest.split('|').next());
    // It waits there, or it is gone.
    let parent = Sender::connect(name.ok_or_else(missing)?).or(Err(Error::Closed))?;
    let (sender, orders) = channel::channel()?;
    parent.send_whole(message::encode(&sender)?)?;
    drop(sender);
    let order = || orders.recv(None)?.ok_or_else(missing);
    Ok((order()?, order(), Watch(orders)))
}

/// The program's name is not lost here.
pub(crate) fn restore_name() {}
