//! Starting and joining processes.

use super::CHILD;
use super::socket::Socket;
use crate::measure::{Result, mean, time};
use std::process::{Child, Command};

pub fn command(what: &str, count: u32) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args([CHILD, what, &count.to_string()]);
    command
}

/// Starts a child with both its sockets.
pub fn start(what: &str, count: u32, messages: &Socket, link: Socket) -> Result<Child> {
    let messages = messages.0.try_clone()?;
    Ok(command(what, count).stdin(messages).stdout(link.0).spawn()?)
}

/// Waits for a child.
pub fn join(mut child: Child) -> Result<()> {
    if child.wait()?.success() { Ok(()) } else { Err("a child failed".into()) }
}

pub fn one_after_another(count: u32) -> Result<Vec<f64>> {
    Ok(vec![mean(count, || join(command("nothing", 0).spawn()?))?])
}

pub fn at_once(count: u32) -> Result<Vec<f64>> {
    one_after_another(2)?;
    let time = time(|| {
        let children = (0..count).map(|n| command("nothing", n).spawn());
        let children: Vec<_> = children.collect::<Result<_, _>>()?;
        children.into_iter().try_for_each(join)
    });
    Ok(vec![time?])
}
