//! Which functions may be started: what the guards of this program list.
//!
//! A program has one guard, in `main`. A test program of the standard harness has no `main` of its
//! own, so each test has a guard, and a child comes to it by running that one test.

use super::target::TargetId;
use crate::{Error, Result};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// After a test's name: what makes the harness run that test alone, and print nothing of its own
/// between.
pub(super) const TEST_ARGS: [&str; 4] =
    ["--exact", "--include-ignored", "--nocapture", "--test-threads=1"];

struct Guard {
    /// The test that it stands in; `None` for `main`.
    test: Option<String>,
    targets: Vec<TargetId>,
}

static REGISTRY: Mutex<Vec<Guard>> = Mutex::new(Vec::new());

fn registry() -> MutexGuard<'static, Vec<Guard>> {
    // A guard is added whole or not at all.
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The test that this thread runs, by the name that the harness gives the thread.
pub(super) fn current_test() -> Option<String> {
    let thread = thread::current();
    thread.name().filter(|name| *name != "main").map(str::to_owned)
}

/// Notes what a guard lists. There can be one in `main`, and one in each test.
///
/// # Panics
///
/// When there is one already.
pub(super) fn register(test: Option<String>, targets: Vec<TargetId>) {
    let mut registry = registry();
    let is_first = registry.iter().all(|guard| guard.test != test);
    if is_first {
        registry.push(Guard { test, targets });
    }
    drop(registry);
    assert!(
        is_first,
        "`shared::main_guard!` was reached twice; a program has one, with every target in its list"
    );
}

/// Whether this process has passed a guard, and so may have children.
#[cfg(feature = "lesson")]
pub(crate) fn has_guard() -> bool {
    !registry().is_empty()
}

/// Whether a target may be started, which is asked before anything is; and by way of which test.
pub(super) fn check_registered(target: TargetId) -> Result<Option<String>> {
    let registry = registry();
    let test = current_test();
    let own = registry.iter().find(|guard| guard.test.is_some() && guard.test == test);
    let guard = own
        .into_iter()
        .chain(registry.iter())
        .find(|guard| guard.targets.iter().any(|listed| listed.hash == target.hash));
    let Some(guard) = guard else {
        let target = target.display_name();
        let is_in_main = registry.iter().any(|guard| guard.test.is_none());
        return Err(match test {
            _ if is_in_main || own.is_some() => Error::NotListed { target },
            Some(test) if !registry.is_empty() || is_test_program() => {
                Error::NoGuard { target, place: test }
            }
            _ => Error::NoGuard { target, place: "main".to_owned() },
        });
    };
    let is_target = |listed: &&TargetId| listed.hash == target.hash;
    match guard.targets.iter().filter(is_target).count() {
        1 => Ok(guard.test.clone()),
        _ => Err(Error::ListedTwice { target: target.display_name() }),
    }
}

/// Whether this thread seems to run a test: in a program, a thread with a name may as well be one
/// of the program's own.
fn is_test_program() -> bool {
    // Cargo puts test programs, and nothing else that it runs, into this folder.
    std::env::current_exe().is_ok_and(|program| {
        program.parent().and_then(|folder| folder.file_name()).is_some_and(|name| name == "deps")
    })
}
