//! The guard: where a child leaves `main`. Python's `if __name__ == "__main__":`.
//!
//! A child is this very program, run again from the top. The guard, first thing in `main`, knows
//! whether it is in a child. In the parent it notes which functions may be started and returns;
//! in a child it runs the one that was asked for, reports its value, and ends the process.

pub use super::target::{Argument, Arguments, Returned, Target};

use super::child::{self, Runner};
use super::target::{TargetId, assert_is_function};
use super::worker::{self, Call, Called};
use super::{launch, registry};
use crate::transport::channel;
use crate::transport::ipc::install_panic_hook;
use crate::transport::message::Endpoint;
use serde::de::DeserializeOwned;

/// Marks where a child leaves `main`, and lists what may be started. Python's
/// `if __name__ == "__main__":`.
///
/// Write it as the first line of `main`. What stands before it runs in every child too, with an
/// empty standard input; what stands after it runs in the parent only. It lists each function that a
/// process is started from, and for a type that implements [`Run`](crate::Run) its `run`.
///
/// Without it, [`Process::spawn`](crate::Process::spawn) fails with
/// [`Error::NoGuard`](crate::Error::NoGuard), and nothing is started; a function that it does not
/// list is [`Error::NotListed`](crate::Error::NotListed). Only function items can be listed, and
/// closures that capture nothing: both sides must know them by their type alone.
///
/// ```standalone_crate
/// use shared::{Process, main_guard};
///
/// fn double(n: u32) -> u32 {
///     n * 2
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(double);
///     let process = Process::spawn(double, (21,))?;
///     assert_eq!(process.join()?, 42);
///     Ok(())
/// }
/// ```
///
/// # In tests
///
/// A `#[test]` that starts processes begins with a guard of its own. The child runs that test alone,
/// up to the guard. Tests with guards run side by side, and each alone.
///
/// ```no_run
/// # fn double(n: u32) -> u32 { n * 2 }
/// #[test]
/// fn a_process_doubles() {
///     shared::main_guard!(double);
///     let process = shared::Process::spawn(double, (21,)).unwrap();
///     assert_eq!(process.join().unwrap(), 42);
/// }
/// ```
///
/// A test program with a `main` of its own (`harness = false` in its `[[test]]` table) begins with
/// the guard in that `main`, as any program does.
///
/// # Panics
///
/// When it is reached a second time in one process, or in one test.
#[macro_export]
macro_rules! main_guard {
    ($($target:expr),* $(,)?) => {
        $crate::process::guard::enter(
            ::std::vec![$($crate::process::guard::Entry::new($target)),*],
            ::std::cfg!(test),
        )
    };
}

/// One line of the guard's list.
#[doc(hidden)]
pub struct Entry {
    pub(super) id: TargetId,
    pub(super) run: Runner,
    call: Box<Call>,
}

impl Entry {
    #[doc(hidden)]
    pub fn new<F: Target<Args>, Args: DeserializeOwned + 'static>(target: F) -> Entry {
        assert_is_function!(F);
        Entry {
            id: TargetId::of::<F>(),
            run: Box::new(move |args| child::call(target, args)),
            call: Box::new(move |args, ends, room| worker::call(target, args, ends, room)),
        }
    }

    /// Calls the function, as often as one likes.
    pub(crate) fn call(&self, args: &[u8], ends: Vec<Endpoint>, room: Vec<u8>) -> Called {
        (self.call)(args, ends, room)
    }
}

/// What [`main_guard!`] calls.
#[doc(hidden)]
pub fn enter(entries: Vec<Entry>, in_test_program: bool) {
    install_panic_hook();
    let test = if in_test_program { registry::current_test() } else { None };
    registry::register(test, entries.iter().map(|entry| entry.id).collect());
    if launch::is_child() {
        child::run_child(|target| worker::find(entries, target));
    }
    // At the limit of open files this fails; then so does the start, which can say so.
    let _ = channel::warm_up();
}
