//! What a pool needs of processes: a process that may run any function of a guard's list, one after
//! another.

use super::builder::Builder;
use super::child::Runner;
use super::guard::{Entry, Target};
use super::registry;
use super::target::TargetId;
use crate::transport::ipc::panic_message;
use crate::transport::message::{self, Endpoint, Message};
use crate::{Process, Result};
use serde::de::DeserializeOwned;
use std::mem;
use std::panic::{self, AssertUnwindSafe};

/// Names a function that a worker may run.
#[derive(Clone, Copy)]
pub(crate) struct Function(TargetId);

impl Function {
    pub(crate) fn of<F: 'static>() -> Function {
        Function(TargetId::of::<F>())
    }

    pub(crate) fn name(self) -> String {
        self.0.display_name()
    }
}

/// How a call of a listed function went.
pub(crate) enum Called {
    /// It returned this value, encoded, with the channel ends that it holds.
    Value(Vec<u8>, Vec<Endpoint>),
    /// It, or something it was given, panicked.
    Panicked(String),
    /// The arguments or the value could not be read or written.
    Failed(String),
}

/// Calls a function with its encoded arguments; its value is encoded into `room`.
pub(super) type Call = dyn Fn(&[u8], Vec<Endpoint>, Vec<u8>) -> Called;

/// What identifies the worker of a pool, which no guard lists.
const POOL_WORKER: TargetId = TargetId::unlisted("…");

/// The guard to which the workers of a pool come: the test that it stands in, `None` for `main`.
#[derive(Clone)]
pub(crate) struct Guard(Option<String>);

impl Guard {
    /// The guard of the test that this thread runs, or that of `main`.
    pub(crate) fn here() -> Result<Guard> {
        registry::guard_here(POOL_WORKER).map(Guard)
    }

    /// The place of a function in this guard's list, by which a worker knows it.
    pub(crate) fn place_of(&self, function: Function) -> Result<u32> {
        registry::place_of(self.0.as_ref(), function.0)
    }

    /// Starts a worker.
    pub(crate) fn start_worker(&self, name: String, args: Message) -> Result<Process<()>> {
        Builder::default().name(name).start(POOL_WORKER, self.0.clone(), args)
    }
}

/// What a child runs that was asked for this target.
pub(super) fn find(entries: Vec<Entry>, target: u64) -> Option<Runner> {
    if target == POOL_WORKER.hash {
        return Some(Box::new(move |args| crate::pool::run_worker(&entries, args)));
    }
    entries.into_iter().find(|entry| entry.id.hash == target).map(|entry| entry.run)
}

/// Calls a function; a panic in it, in its arguments or in its value is told.
pub(super) fn call<F: Target<Args>, Args: DeserializeOwned>(
    target: F,
    args: &[u8],
    ends: Vec<Endpoint>,
    room: Vec<u8>,
) -> Called {
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let value = target.call(message::decode_from::<Args>(args, ends)?);
        message::encode_to(&value, room)
    }));
    match result {
        Ok(Ok((body, ends))) => Called::Value(body, ends),
        Ok(Err(error)) => Called::Failed(error.to_string()),
        Err(panic) => {
            let message = panic_message(&*panic).to_owned();
            // To drop it could panic again.
            mem::forget(panic);
            Called::Panicked(message)
        }
    }
}
