//! Упражнение 1. Два потока делают по 10 000 шагов, а в счётчике в конце 10 000. Где остальные?
//! Почините `step`, чтобы в счётчике было 20 000. `MEET` может остаться, а может и уйти.
//!
//! Exercise 1. Two threads make 10,000 steps each, and the counter ends at 10,000. Where are the
//! others? Repair `step`, so that the counter is 20,000. `MEET` may stay or go.
//!
//! ```console
//! $ cargo run -p threads_counter --bin exercise_1
//! $ make exercise-1
//! ```
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

const STEPS: u32 = 10_000;

const MADE: Text = Text::new("Шагов сделано", "Steps made");
const COUNTED: Text = Text::new("Счётчик", "Counter");

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

// TODO: почините эту функцию. / Repair this function.
fn step() {
    let seen = COUNTER.load(SeqCst);
    MEET.wait();
    COUNTER.store(seen + 1, SeqCst);
}
