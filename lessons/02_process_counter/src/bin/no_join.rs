//! Nobody waits: `main` ends at once, and that stops both workers before they have printed a line.
//!
//! ```console
//! $ cargo run -p process_counter --bin no_join
//! ```
//!
//! Python: the source's own cells start two processes and do not join them, and both print their
//! line: at its end Python waits for every child that is not a daemon.
//! The rest of this file is `main.rs`, less the two joins and what shows the parent's counter.

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

    let _first = Process::spawn(first_worker, (steps.first,))?; // t1 = Process(…); t1.start()
    let _second = Process::spawn(second_worker, (steps.second,))?;
    Ok(()) // here the two handles are dropped, and a dropped handle stops its process
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
