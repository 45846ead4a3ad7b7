//! Two threads share the memory of their process: both add to the same counter.
//!
//! ```console
//! $ cargo run -p threads_counter
//! ```
//!
//! Python: `threading.Thread(target=first_worker, args=(15,))`, and `global counter`.
//! The Python lesson that this follows has 15 and 10 in its code, as here: the second worker prints
//! 20 or 21, then the first 25. The output saved in it, 11 and 15, is that of 5 and 10.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

/// Python: `counter = 0` at the top of the file. Atomic, because a `static` that several threads
/// write has to say how: `counter += 1` would not compile.
static COUNTER: AtomicU32 = AtomicU32::new(0);

const FIRST: Text = Text::new("Первый рабочий", "First worker");
const SECOND: Text = Text::new("Второй рабочий", "Second worker");
const CHANGED: Text = Text::new("изменил значение счетчика на", "changed the counter to");

fn main() -> thread::Result<()> {
    let steps = lesson::counter_options(15, 10);

    let first = thread::spawn(|| first_worker(steps.first)); // t1 = Thread(…); t1.start()
    let second = thread::spawn(|| second_worker(steps.second));

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
