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
    let guard = own.into_iter().chain(registry.iter()).find(|guard| guard.lists(target));
    let Some(guard) = guard else {
        let is_in_main = registry.iter().any(|guard| guard.test.is_none());
        return Err(if is_in_main || own.is_some() {
            Error::NotListed { target: target.display_name() }
        } else {
            no_guard(target, test, registry.is_empty())
        });
    };
    guard.place_of(target)?;
    Ok(guard.test.clone())
}

/// The guard that a child of this thread comes to, whatever it is to run there: the test's own, or
/// that of `main`.
pub(super) fn guard_here(target: TargetId) -> Result<Option<String>> {
    let registry = registry();
    let test = current_test();
    let own = registry.iter().find(|guard| guard.test.is_some() && guard.test == test);
    let guard = own.or_else(|| registry.iter().find(|guard| guard.test.is_none()));
    match guard {
        Some(guard) => Ok(guard.test.clone()),
        None => Err(no_guard(target, test, registry.is_empty())),
    }
}

/// The place of a target in the list of a guard.
pub(super) fn place_of(test: Option<&String>, target: TargetId) -> Result<u32> {
    let registry = registry();
    let guard = registry.iter().find(|guard| guard.test.as_ref() == test);
    let not_listed = || Error::NotListed { target: target.display_name() };
    let place = guard.filter(|guard| guard.lists(target)).ok_or_else(not_listed)?;
    place.place_of(target)
}

impl Guard {
    fn lists(&self, target: TargetId) -> bool {
        self.targets.iter().any(|listed| listed.hash == target.hash)
    }

    /// The place of a target that is listed.
    fn place_of(&self, target: TargetId) -> Result<u32> {
        let mut places = (0..).zip(&self.targets).filter(|(_, it)| it.hash == target.hash);
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Ok(place),
            _ => Err(Error::ListedTwice { target: target.display_name() }),
        }
    }
}

/// Where a guard is to be written.
fn no_guard(target: TargetId, test: Option<String>, has_none: bool) -> Error {
    let target = target.display_name();
    let place = test.filter(|_| !has_none || is_test_program());
    Error::NoGuard { target, place: place.unwrap_or_else(|| "main".to_owned()) }
}

/// Whether this thread seems to run a test: in a program, a thread with a name may as well be one
/// of the program's own.
fn is_test_program() -> bool {
    // Cargo puts test programs, and nothing else that it runs, into this folder.
    std::env::current_exe().is_ok_and(|program| {
        program.parent().and_then(|folder| folder.file_name()).is_some_and(|name| name == "deps")
    })
}
