//! Processes share no memory: each counts on a counter of its own, and the parent's stays 0.
//!
//! ```console
//! $ cargo run -p process_counter
//! ```
//!
//! Python: `multiprocessing.Process(target=first_worker, args=(10,))` under
//! `if __name__ == "__main__":`. The Python lesson that this follows says 10 and 15 in its text, as
//! here, and 15 and 10 in its code: for those, `-- --first 15 --second 10`.

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
    shared::main_guard!(first_worker, second_worker); // if __name__ == "__main__":
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
