//! Processes share what is shared on purpose: both count on one counter, and it ends at 25.
//!
//! ```console
//! $ cargo run -p shared_counter
//! ```
//!
//! Python: `counter = multiprocessing.Value("i", 0)`, which each process gets by its `args`.

#![forbid(unsafe_code)]

use shared::Process;
use shared::lesson::{self, Text, say};
use shared::sync::Atomic;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

const FIRST: Text = Text::new("Первый рабочий", "First worker");
const SECOND: Text = Text::new("Второй рабочий", "Second worker");
const CHANGED: Text = Text::new("изменил значение счетчика на", "changed the counter to");

fn main() -> shared::Result<()> {
    shared::main_guard!(first_worker, second_worker); // if __name__ == "__main__":
    let steps = lesson::counter_options(10, 15);

    let counter = Atomic::<AtomicU32>::new(0)?; // counter = Value("i", 0)
    let first = Process::spawn(first_worker, (steps.first, counter.clone()))?;
    let second = Process::spawn(second_worker, (steps.second, counter.clone()))?;

    let live = lesson::live_counter(counter.clone()); // on a terminal: the counter, which rises now
    first.join()?;
    second.join()?;
    drop(live);

    say!("{}: {}", lesson::PARENT, counter.load(SeqCst));
    Ok(())
}

fn first_worker(n: u32, counter: Atomic<AtomicU32>) {
    for _ in 0..n {
        lesson::step(FIRST, || counter.fetch_add(1, SeqCst) + 1); // counter.value += 1, under its lock
        lesson::tick(); // time.sleep(1)
    }
    say!("{FIRST} {CHANGED} {}", counter.load(SeqCst));
}

fn second_worker(n: u32, counter: Atomic<AtomicU32>) {
    for _ in 0..n {
        lesson::step(SECOND, || counter.fetch_add(1, SeqCst) + 1);
        lesson::tick();
    }
    say!("{SECOND} {CHANGED} {}", counter.load(SeqCst));
}
