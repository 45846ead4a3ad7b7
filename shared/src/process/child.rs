//! A child from its guard to its end.

use super::launch::{self, Start};
use super::outcome;
use super::protocol::ChildReport;
use super::target::Target;
use crate::transport::channel;
use crate::transport::ipc::panic_message;
use crate::transport::message::{self, Message};
use crate::transport::plain::send_message;
use crate::transport::watch::{Watch, watch};
use crate::{Error, Result};
use rustix::fd::OwnedFd;
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use serde::de::DeserializeOwned;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use std::{mem, process, thread};

/// Calls a target with its encoded arguments.
pub(super) type Runner = Box<dyn FnOnce(Message) -> ChildReport>;

/// Runs the target that the parent asked for, tells its value, and ends the process.
pub(super) fn run_child(find_target: impl FnOnce(u64) -> Option<Runner>) -> ! {
    let exit_code = report_target(find_target).unwrap_or_else(|error| {
        // A child without a parent has nobody to tell.
        if !matches!(error, Error::Closed) {
            // Not through the standard library: another thread may have locked standard error.
            let text = format!("Error: {error}\n");
            let _ = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
        }
        1
    });
    // It writes what waits for standard output, unless another thread has locked that.
    process::exit(exit_code)
}

fn report_target(find_target: impl FnOnce(u64) -> Option<Runner>) -> Result<i32> {
    launch::restore_comm();
    let Start { request, args, socket } = launch::receive_start()?;
    request.identity.install();
    let socket = Arc::new(socket);
    let watched = watch_parent(&socket, request.own_group);
    // Here there is room for it. The target may come to the limit of open files.
    let _ = channel::warm_up();
    let report = match (watched.and(args), find_target(request.target)) {
        (Ok(args), Some(run)) => {
            // Without a parent nobody asks, and this process ends in a moment.
            let _ = send_report(&socket, &ChildReport::Started);
            run(args)
        }
        (Err(error), _) => ChildReport::Failed(error.to_string()),
        (_, None) => {
            ChildReport::Failed("the guard that it met does not list its target".to_owned())
        }
    };
    let exit_code = report.exit_code();
    match send_report(&socket, &report) {
        Ok(()) | Err(Error::Closed) => Ok(exit_code),
        Err(error) => send_report(&socket, &ChildReport::Failed(error.to_string())).map(|()| 1),
    }
}

fn send_report(socket: &OwnedFd, report: &ChildReport) -> Result<()> {
    send_message(socket, message::encode(report)?)
}

/// Calls the target; a panic in it, in its arguments or in its value becomes a report.
pub(super) fn call<F: Target<Args>, Args: DeserializeOwned>(
    target: F,
    args: Message,
) -> ChildReport {
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let value = target.call(message::decode::<Args>(args)?);
        Ok((message::encode_checked(&value)?, outcome::is_err(&value)))
    }));
    match result {
        Ok(Ok((value, failed))) => ChildReport::Returned { value, failed },
        Ok(Err::<_, Error>(error)) => ChildReport::Failed(error.to_string()),
        Err(panic) => {
            let message = panic_message(&*panic).to_owned();
            // To drop it could panic again.
            mem::forget(panic);
            ChildReport::Panicked(message)
        }
    }
}

/// Watches the parent. When it is gone, this process, or its whole group, is asked to end, and
/// killed 500 ms later.
fn watch_parent(socket: &Arc<OwnedFd>, own_group: bool) -> Result<()> {
    const WATCHDOG_GRACE: Duration = Duration::from_millis(500);
    /// It is watched for as long as this process lives.
    static PARENT: OnceLock<Watch> = OnceLock::new();
    let send = move |signal| {
        if own_group { kill_current_process_group(signal) } else { kill_process(getpid(), signal) }
    };
    let watched = watch(&**socket, move || {
        let _ = send(Signal::TERM);
        thread::sleep(WATCHDOG_GRACE);
        let _ = send(Signal::KILL);
    })?;
    let _ = PARENT.set(watched);
    Ok(())
}
