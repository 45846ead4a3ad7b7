//! The guard: where a child leaves `main`. Python's `if __name__ == "__main__":`.
//!
//! A child is this very program, run again from the top. The guard, first thing in `main`, knows
//! whether it is in a child. In the parent it notes which functions may be started and returns;
//! in a child it runs the one that was ordered, reports its value, and ends the process.

use super::launch::{self, Watch};
use super::protocol::{Order, Report};
use crate::transport::channel::{self, Sender};
use crate::transport::ipc::{install_panic_hook, panic_message};
use crate::transport::message::{self, Message};
use crate::{Error, Result};
use rustix::process::{Signal, getpid, kill_process};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::{TypeId, type_name};
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// Marks where a child leaves `main`, and lists what may be started. Python's
/// `if __name__ == "__main__":`.
///
/// Write it as the first line of `main`. What stands before it runs in every child too; what
/// stands after it runs in the parent only. It lists each function that a process is started
/// from, and for a type that implements [`Run`](crate::Run) its `run`.
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
/// # Panics
///
/// When it is reached a second time in one process: a program has one guard.
#[macro_export]
macro_rules! main_guard {
    ($($target:expr),* $(,)?) => {
        $crate::process::guard::enter(::std::vec![$($crate::process::guard::Entry::new($target)),*])
    };
}

/// A function that a process can be started from: of 0 to 6 arguments, all owned and serializable,
/// as is its result.
#[diagnostic::on_unimplemented(
    message = "no process can be started from `{Self}` with the arguments `{Args}`",
    label = "not a function of these arguments that a process can run",
    note = "the arguments are a tuple, as in Python: `(15,)` for one",
    note = "arguments and result must be owned types that implement `serde::Serialize` and `serde::Deserialize`"
)]
pub trait Target<Args>: Copy + 'static {
    /// What the function returns.
    type Output: Serialize + DeserializeOwned;

    #[doc(hidden)]
    fn call(self, args: Args) -> Self::Output;
}

macro_rules! target {
    ($($arg:ident),*) => {
        impl<F, R, $($arg),*> Target<($($arg,)*)> for F
        where
            F: Fn($($arg),*) -> R + Copy + 'static,
            R: Serialize + DeserializeOwned,
            $($arg: Serialize + DeserializeOwned,)*
        {
            type Output = R;

            #[allow(non_snake_case)]
            fn call(self, ($($arg,)*): ($($arg,)*)) -> R {
                self($($arg),*)
            }
        }
    };
}

target!();
target!(A);
target!(A, B);
target!(A, B, C);
target!(A, B, C, D);
target!(A, B, C, D, E);
target!(A, B, C, D, E, F1);

/// What identifies a function on both sides: its type, of which it is the only value.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) hash: u64,
    pub(crate) name: &'static str,
}

impl Key {
    pub(crate) fn of<F: 'static>() -> Key {
        const {
            assert!(
                size_of::<F>() == 0,
                "a process is started from a function by its name, not from a function pointer or a closure that captures"
            );
        }
        // The name alone is not unique: two local functions may share one.
        let mut hasher = DefaultHasher::new();
        TypeId::of::<F>().hash(&mut hasher);
        Key { hash: hasher.finish(), name: type_name::<F>() }
    }
}

/// One line of the guard's list.
#[doc(hidden)]
pub struct Entry {
    key: Key,
    run: Box<dyn FnOnce(Message) -> Report>,
}

impl Entry {
    #[doc(hidden)]
    pub fn new<F: Target<Args>, Args: DeserializeOwned + 'static>(target: F) -> Entry {
        Entry { key: Key::of::<F>(), run: Box::new(move |args| run(target, args)) }
    }
}

static LISTED: OnceLock<Vec<Key>> = OnceLock::new();

/// Whether a target may be started, which the parent asks before it starts anything.
pub(crate) fn check(key: Key) -> Result<()> {
    let target = || as_written(key.name);
    let listed = LISTED.get().ok_or_else(|| Error::NoGuard { target: target() })?;
    match listed.iter().filter(|entry| entry.hash == key.hash).count() {
        0 => Err(Error::NotListed { target: target() }),
        1 => Ok(()),
        _ => Err(Error::ListedTwice { target: target() }),
    }
}

/// A function's name as it would be written in `main`: `Counting::run`, and not
/// `<program::Counting as shared::process::Run>::run`.
fn as_written(name: &str) -> String {
    let plain = name.strip_prefix('<').and_then(|name| {
        let (implementor, name) = name.split_once(" as ")?;
        Some(format!("{implementor}{}", name.split_once('>')?.1))
    });
    let name = plain.unwrap_or_else(|| name.to_owned());
    let program = env::current_exe().unwrap_or_default();
    let program = program.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
    match name.split_once("::") {
        Some((package, name)) if program.starts_with(package) => name.to_owned(),
        _ => name,
    }
}

/// What [`main_guard!`] calls.
#[doc(hidden)]
pub fn enter(entries: Vec<Entry>) {
    install_panic_hook();
    if !launch::is_child() {
        // At the limit of open files this fails; then so does the start, which can say so. A child
        // begins with messages anyway.
        let _ = channel::warm_up();
    }
    let keys = entries.iter().map(|entry| entry.key).collect();
    assert!(
        LISTED.set(keys).is_ok(),
        "`shared::main_guard!` was reached twice; a program has one, with every target in its list"
    );
    if launch::is_child() {
        let exit_code = be_child(entries).unwrap_or_else(|error| {
            // Where the parent is gone, nobody needs to know.
            if !matches!(error, Error::Closed) {
                let _ = writeln!(io::stderr(), "Error: {error}");
            }
            1
        });
        // Whatever is wrong with standard output now, the value is already on its way.
        let _ = io::stdout().flush();
        process::exit(exit_code);
    }
}

fn be_child(entries: Vec<Entry>) -> Result<i32> {
    launch::restore_name();
    let (order, args, watch) = launch::take_orders()?;
    let order: Order = message::decode(order)?;
    order.identity.assume();
    let entry = entries.into_iter().find(|entry| entry.key.hash == order.target);
    let report = match (end_with_parent(watch).and(args), entry) {
        (Ok(args), Some(entry)) => {
            // Without a parent nobody asks, and this process ends in a moment.
            let _ = tell(&order.reports, &Report::Started);
            (entry.run)(args)
        }
        (Err(error), _) => Report::Failed(error.to_string()),
        (_, None) => Report::Failed("the guard that it met does not list its target".to_owned()),
    };
    let exit_code = i32::from(!matches!(report, Report::Returned(_)));
    match tell(&order.reports, &report) {
        Ok(()) | Err(Error::Closed) => Ok(exit_code),
        Err(error) => tell(&order.reports, &Report::Failed(error.to_string())).map(|()| 1),
    }
}

fn tell(reports: &Sender, report: &Report) -> Result<()> {
    reports.send_single(message::encode(report)?)
}

/// Runs the target; a panic in it, in its arguments or in its value becomes a report.
fn run<F: Target<Args>, Args: DeserializeOwned>(target: F, args: Message) -> Report {
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let value = target.call(message::decode::<Args>(args)?);
        message::encode(&value)
    }));
    match result {
        Ok(Ok(value)) => Report::Returned(value),
        Ok(Err(error)) => Report::Failed(error.to_string()),
        Err(panic) => {
            let message = panic_message(&*panic).to_owned();
            // To drop it could panic again.
            mem::forget(panic);
            Report::Panicked(message)
        }
    }
}

/// Ends this process when its parent is gone: it is asked, and then made to.
fn end_with_parent(watch: Watch) -> Result<()> {
    const GRACE: Duration = Duration::from_millis(500);
    let watcher = thread::Builder::new().name("parent-watch".to_owned());
    watcher
        .stack_size(64 * 1024)
        .spawn(move || {
            watch.wait();
            let _ = kill_process(getpid(), Signal::TERM);
            thread::sleep(GRACE);
            let _ = kill_process(getpid(), Signal::KILL);
        })
        .map(drop)
        .map_err(Error::io("a child could not watch over its parent"))
}
