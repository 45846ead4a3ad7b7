//! The live line: the counter as the process that draws it sees it.

use super::{Text, options};
use crate::process::has_guard;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use rustix::termios::tcgetwinsize;
use std::env;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

/// The counter of a program of threads is the only one; that of a parent is one of several.
const COUNTER: Text = Text::new("Счётчик", "Counter");
const PARENT_COUNTER: Text = Text::new("Счётчик родителя", "Parent's counter");

/// What the whole line needs. One that wraps would take two rows, and its next drawing would clear
/// the row above, where by then a child may have printed.
const COLUMNS: u16 = 36;

/// The live line, for as long as this value lives.
#[derive(Debug)]
#[must_use = "dropping it ends the line"]
pub struct Live(ProgressBar);

/// Shows a counter as *this* process sees it on stderr, where that is a terminal, until dropped.
///
/// The workers of the thread lesson count on it; those of the process lesson have their own; those of
/// the lesson on shared memory count on it again.
pub fn live_counter<C>(counter: C) -> Live
where
    C: Deref<Target = AtomicU32> + Send + Sync + Clone + 'static,
{
    if !is_possible() {
        return Live(ProgressBar::hidden());
    }
    let value = move |_: &ProgressState, out: &mut dyn fmt::Write| {
        let _ = write!(out, "{}", counter.load(SeqCst));
    };
    let style = ProgressStyle::with_template("{spinner} {msg}: {counter} ({elapsed})")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("counter", value);
    let label = if has_guard() { PARENT_COUNTER } else { COUNTER };
    let line = ProgressBar::new_spinner().with_style(style).with_message(label.to_string());
    line.enable_steady_tick(Duration::from_millis(100));
    Live(line)
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Whether this process, or the parent that it shares a terminal with, may be drawing a live line.
pub(super) fn is_possible() -> bool {
    options::is_counter()
        && env::var_os("TERM").is_some_and(|term| term != "dumb")
        // No size: not a terminal. No columns: one that does not know its size.
        && tcgetwinsize(io::stderr()).is_ok_and(|size| size.ws_col == 0 || size.ws_col >= COLUMNS)
}
