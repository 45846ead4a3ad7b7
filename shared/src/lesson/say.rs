//! Printing: the only way to stdout.

use super::{Text, live, options};
use crate::process::has_guard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// To the first column, and everything in this row away.
const CLEAR_ROW: &str = "\r\x1b[2K";

/// Who runs `main` where there are child processes, and where there are only threads.
/// What the process of `main` is called.
pub const PARENT: Text = Text::new("Родитель", "Parent");
const MAIN_THREAD: Text = Text::new("Главный поток", "Main thread");

const CANNOT_WRITE: Text =
    Text::new("Ошибка: не удалось записать в stdout", "Error: cannot write to stdout");

/// Set when the reader of stdout has closed it, as in `queue | head -1`. That is no error: the rest
/// of the work is done without waiting and printing, so every process ends as it would have, with
/// its value and status 0.
static STDOUT_CLOSED: AtomicBool = AtomicBool::new(false);

/// Prints a line to stdout. Python: `print(f"…")`.
///
/// A stdout that nobody reads is not an error; one that is full ends the process with exit code 1.
#[doc(hidden)] // here; its documentation is that of `lesson::say!`
#[macro_export]
macro_rules! say {
    ($($line:tt)*) => { $crate::lesson::say(::std::format_args!($($line)*)) };
}

/// What [`say!`](macro@crate::lesson::say) calls.
pub fn say(line: fmt::Arguments<'_>) {
    print(|| line.to_string());
}

/// Prints the line that the closure makes while stdout is locked.
fn print(line: impl FnOnce() -> String) {
    let mut stdout = io::stdout().lock();
    let mut line = line();
    line.push('\n');
    if STDOUT_CLOSED.load(SeqCst) {
        return;
    }

    if live::is_possible() {
        // The live line may stand in this row. It is the parent's, so a child cannot ask for it
        // to be put aside; but whoever clears the row may write there, and the next drawing of
        // the live line goes to the row that the cursor is in then.
        if stdout.is_terminal() {
            line.insert_str(0, CLEAR_ROW);
        } else {
            let _ = io::stderr().write_all(CLEAR_ROW.as_bytes());
        }
    }

    // One write for the whole line: those of other processes come before it or after it.
    match stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            STDOUT_CLOSED.store(true, SeqCst);
        }
        Err(error) => fail(&error),
    }
}

/// Takes a step and, with `--show-steps`, prints what the counter was after it.
///
/// Both happen while stdout is locked, so the lines of one process show a series that rises.
pub fn step(worker: impl fmt::Display, count: impl FnOnce() -> u32) {
    if options::in_worker().show_steps {
        print(|| format!("{worker} (PID {}): {}", process::id(), count()));
    } else {
        count();
    }
}

/// With `--show-steps`, prints what the counter is in the process of `main`, after the workers.
pub fn in_main(count: impl FnOnce() -> u32) {
    if options::in_worker().show_steps {
        step(if has_guard() { PARENT } else { MAIN_THREAD }, count);
    }
}

/// Waits for at most `time` until the reader of stdout has closed it; returns whether it has.
pub(super) fn wait_stdout_closed(time: Duration) -> bool {
    if !STDOUT_CLOSED.load(SeqCst) {
        let stdout = io::stdout();
        // "Error" and "hung up" come unasked; nothing else is waited for.
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        let _ = poll(&mut watched, Timespec::try_from(time).ok().as_ref());
        if watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
            STDOUT_CLOSED.store(true, SeqCst);
        }
    }
    STDOUT_CLOSED.load(SeqCst)
}

fn fail(error: &io::Error) -> ! {
    let row = if live::is_possible() { CLEAR_ROW } else { "" };
    // Not `eprintln!`, which would panic where stderr cannot be written either.
    let text = format!("{row}{CANNOT_WRITE}: {error}\n");
    let _ = io::stderr().write_all(text.as_bytes());
    process::exit(1)
}
