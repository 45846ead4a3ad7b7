//! Who a process is: its name, its place in the tree of processes, its parent.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who a process is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(super) name: String,
    /// `1:2` for the second child of the first child of the main process.
    path: String,
    parent: Option<Parent>,
    #[serde(skip)]
    children: AtomicU32,
}

static IDENTITY: OnceLock<Identity> = OnceLock::new();

impl Identity {
    fn current() -> &'static Identity {
        IDENTITY.get_or_init(|| Identity {
            name: "MainProcess".to_owned(),
            path: String::new(),
            parent: None,
            children: AtomicU32::new(0),
        })
    }

    pub(super) fn of_child(name: Option<String>) -> Identity {
        let current = Identity::current();
        let count = current.children.fetch_add(1, Ordering::Relaxed) + 1;
        let path = match current.path.as_str() {
            "" => count.to_string(),
            path => format!("{path}:{count}"),
        };
        Identity {
            name: name.unwrap_or_else(|| format!("Process-{path}")),
            path,
            parent: Some(Parent { name: current.name.clone(), id: std::process::id() }),
            children: AtomicU32::new(0),
        }
    }

    /// Makes this process the child that its parent says it is.
    pub(crate) fn install(self) {
        // Code before the guard may have asked for the name, and had the main process's.
        let _ = IDENTITY.set(self);
    }
}

/// The process that started this one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Parent {
    name: String,
    id: u32,
}

impl Parent {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number in the operating system (PID).
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }
}

/// This process's name: `MainProcess` in the first one. Python's `current_process().name`.
///
/// ```
/// assert_eq!(shared::process::name(), "MainProcess");
/// ```
#[must_use]
pub fn name() -> &'static str {
    &Identity::current().name
}

/// The process that started this one, or `None` in the first one. Python's `parent_process()`.
///
/// ```
/// assert!(shared::process::parent().is_none());
/// ```
#[must_use]
pub fn parent() -> Option<&'static Parent> {
    Identity::current().parent.as_ref()
}
