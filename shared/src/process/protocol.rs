//! What a parent and its child tell each other.

use super::identity::Identity;
use crate::transport::channel::Sender;
use crate::transport::message::Message;
use serde::{Deserialize, Serialize};

/// What a child is told, before its arguments.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) target: u64,
    pub(crate) identity: Identity,
    pub(crate) reports: Sender,
}

/// What a child tells.
#[derive(Serialize, Deserialize)]
pub(crate) enum Report {
    /// The guard was reached and the order read; the target runs.
    Started,
    /// The target returned.
    Returned(Message),
    /// The target, or something it was given, panicked.
    Panicked(String),
    /// The arguments or the value could not be read or written.
    Failed(String),
}
