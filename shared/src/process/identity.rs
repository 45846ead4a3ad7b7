//! Who a process is: its name, its number among its siblings, its parent.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who a process is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(super) name: String,
    /// `1:2` for the second child of the first child of the main process.
    number: String,
    parent: Option<Parent>,
    #[serde(skip)]
    children: AtomicU32,
}

static IDENTITY: OnceLock<Identity> = OnceLock::new();

impl Identity {
    fn own() -> &'static Identity {
        IDENTITY.get_or_init(|| Identity {
            name: "MainProcess".to_owned(),
            number: String::new(),
            parent: None,
            children: AtomicU32::new(0),
        })
    }

    pub(super) fn of_child(name: Option<String>) -> Identity {
        let own = Identity::own();
        let count = own.children.fetch_add(1, Ordering::Relaxed) + 1;
        let number = match own.number.as_str() {
            "" => count.to_string(),
            number => format!("{number}:{count}"),
        };
        Identity {
            name: name.unwrap_or_else(|| format!("Process-{number}")),
            number,
            parent: Some(Parent { name: own.name.clone(), id: std::process::id() }),
            children: AtomicU32::new(0),
        }
    }

    /// Makes this process the child that its parent says it is.
    pub(crate) fn assume(self) {
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
    &Identity::own().name
}

/// The process that started this one, or `None` in the first one. Python's `parent_process()`.
///
/// ```
/// assert!(shared::process::parent().is_none());
/// ```
#[must_use]
pub fn parent() -> Option<&'static Parent> {
    Identity::own().parent.as_ref()
}
