//! Exercise 2, solved: a value leaves a process as a message, and the one it returns comes by
//! `join`.
//!
//! ```console
//! $ cargo run -p process_counter --bin solution_2
//! ```

#![forbid(unsafe_code)]

use shared::Process;
use shared::lesson::{self, Text, say};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

static COUNTER: AtomicU32 = AtomicU32::new(0);

const TOTAL: Text = Text::new("Шагов всего", "Steps in all");

fn main() -> shared::Result<()> {
    shared::main_guard!(worker);
    lesson::options();

    let first = Process::spawn(worker, (10,))?;
    let second = Process::spawn(worker, (15,))?;
    let total = first.join()? + second.join()?; // the parent's COUNTER is still 0

    say!("{TOTAL}: {total}");
    Ok(())
}

/// Each child has a COUNTER of its own, and returns what is in it.
fn worker(n: u32) -> u32 {
    for _ in 0..n {
        COUNTER.fetch_add(1, SeqCst);
    }
    COUNTER.load(SeqCst)
}
