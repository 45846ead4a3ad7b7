//! What a parent and its child tell each other.

use super::identity::Identity;
use crate::transport::message::Message;
use serde::{Deserialize, Serialize};

/// What a child is told first. Its arguments follow, and then the standard output that it is to
/// have, if that is not the one that it was started with.
#[derive(Serialize, Deserialize)]
pub(crate) struct StartRequest {
    pub(crate) target: u64,
    pub(crate) identity: Identity,
    /// Whether the child leads a process group of its own, and ends with all of it.
    pub(crate) own_group: bool,
    /// Whether the standard output of the child was chosen for it.
    pub(crate) has_stdout: bool,
    /// The test whose guard the child comes to.
    pub(crate) test: Option<String>,
}

/// What a child tells.
#[derive(Serialize, Deserialize)]
pub(crate) enum ChildReport {
    /// The guard was reached and the request read; the target runs.
    Started,
    /// The target returned.
    Returned {
        value: Message,
        /// Whether the value is an `Err`.
        failed: bool,
    },
    /// The target, or something it was given, panicked.
    Panicked(String),
    /// The arguments or the value could not be read or written.
    Failed(String),
}

impl StartRequest {
    /// Whether the child's standard output follows: its test harness is not to write there.
    pub(crate) fn stdout_follows(&self) -> bool {
        self.test.is_some() && !self.has_stdout
    }
}

impl ChildReport {
    /// The exit code of a child that has told this last.
    pub(crate) fn exit_code(&self) -> i32 {
        match self {
            ChildReport::Started | ChildReport::Returned { failed: false, .. } => 0,
            ChildReport::Returned { failed: true, .. }
            | ChildReport::Panicked(_)
            | ChildReport::Failed(_) => 1,
        }
    }
}
