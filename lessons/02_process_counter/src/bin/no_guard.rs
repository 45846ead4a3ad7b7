//! Without its guard the program starts nothing: it says what is missing, and where to write it.
//!
//! ```console
//! $ cargo run -p process_counter --bin no_guard
//! ```
//!
//! Python: the same mistake is a `RuntimeError` from every child, under spawn and forkserver.
//! The rest of this file is `main.rs`, less the line with the guard.

#![forbid(unsafe_code)]

use shared::Process;
use shared::lesson::{self, Text, say};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// Python: `counter = 0` at the top of the file. The very `static` of lesson 1; but each process
/// has its own memory, and so its own one of these.
static COUNTER: AtomicU32 = AtomicU32::new(0);

const FIRST: Text = Text::new("Первый рабочий", "First worker");
const SECOND: Text = Text::new("Второй рабочий", "Second worker");
const CHANGED: Text = Text::new("изменил значение счетчика на", "changed the counter to");

fn main() -> shared::Result<()> {
    let steps = lesson::counter_options(10, 15);

    let first = Process::spawn(first_worker, (steps.first,))?; // t1 = Process(…); t1.start()
    let second = Process::spawn(second_worker, (steps.second,))?;

    let live = lesson::live_counter(&COUNTER); // on a terminal: the counter, as this process sees it
    first.join()?;
    second.join()?;
    drop(live);

    lesson::in_main(|| COUNTER.load(SeqCst)); // shown with --show-steps
    Ok(())
}

fn first_worker(n: u32) {
    for _ in 0..n {
        lesson::step(FIRST, || COUNTER.fetch_add(1, SeqCst) + 1); // counter += 1
        lesson::tick(); // time.sleep(1)
    }
    say!("{FIRST} {CHANGED} {}", COUNTER.load(SeqCst));
}

fn second_worker(n: u32) {
    for _ in 0..n {
        lesson::step(SECOND, || COUNTER.fetch_add(1, SeqCst) + 1);
        lesson::tick();
    }
    say!("{SECOND} {CHANGED} {}", COUNTER.load(SeqCst));
}
