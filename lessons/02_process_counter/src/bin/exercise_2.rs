//! Exercise 2: two processes make 10 and 15 steps, and the parent counts 0. It should count 25.
//!
//! ```console
//! $ cargo run -p process_counter --bin exercise_2
//! $ make exercise-2
//! ```
//!
//! Repair it, so that the parent prints the steps of both. It cannot read their counters; what
//! does it get from them?
//!
//! Python: what a target returns is thrown away, so there a queue has to carry it.

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
    first.join()?;
    second.join()?;

    say!("{TOTAL}: {}", COUNTER.load(SeqCst));
    Ok(())
}

fn worker(n: u32) {
    for _ in 0..n {
        COUNTER.fetch_add(1, SeqCst);
    }
}
