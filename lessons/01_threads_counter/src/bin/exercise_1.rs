//! Exercise 1: two threads make 10 steps each, and the counter ends at 10. Where are the others?
//!
//! ```console
//! $ cargo run -p threads_counter --bin exercise_1
//! $ make exercise-1
//! ```
//!
//! Repair `step`, so that the counter is 20. Everything else is as it should be.
//!
//! Python: `counter += 1` reads, adds and writes too, and a thread may be stopped in between.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Holds each thread until the other is here too: what chance does rarely, it does every time.
static MEET: Barrier = Barrier::new(2);

const STEPS: u32 = 10;

const MADE: Text = Text::new("Шагов сделано", "Steps made");
const COUNTED: Text = Text::new("Счетчик", "Counter");

fn main() -> thread::Result<()> {
    lesson::options();

    let first = thread::spawn(worker);
    let second = thread::spawn(worker);
    let made = first.join()? + second.join()?;

    say!("{MADE}: {made}");
    say!("{COUNTED}: {}", COUNTER.load(SeqCst));
    Ok(())
}

fn worker() -> u32 {
    for _ in 0..STEPS {
        step();
    }
    STEPS
}

fn step() {
    let seen = COUNTER.load(SeqCst);
    MEET.wait();
    COUNTER.store(seen + 1, SeqCst);
}
