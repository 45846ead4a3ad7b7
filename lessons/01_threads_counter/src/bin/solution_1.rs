//! Exercise 1, solved: to add is one operation, and nobody comes in between.
//!
//! ```console
//! $ cargo run -p threads_counter --bin solution_1
//! ```

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

static COUNTER: AtomicU32 = AtomicU32::new(0);

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

fn step() {
    // Reading and writing apart leaves room for the other thread, however short the time is; and
    // `load` and `store` are each atomic, so no rule of the language was broken.
    COUNTER.fetch_add(1, SeqCst);
}
