//! If the lock is forgotten, counts are lost: both read one number, and both write the next.
//!
//! ```console
//! $ cargo run -p shared_counter --bin forgotten_lock
//! ```
//!
//! Python: `counter.value += 1` without `with counter.get_lock():`.

#![forbid(unsafe_code)]

use shared::Process;
use shared::lesson::{self, Text, say};
use shared::sync::{Atomic, Barrier, Mutex};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// What each of the two workers adds.
const STEPS: u32 = 100_000;

const WITHOUT: Text = Text::new("Без блокировки", "Without a lock");
const WITH: Text = Text::new("С блокировкой", "With a lock");
const OF: Text = Text::new("из", "of");

fn main() -> shared::Result<()> {
    shared::main_guard!(forgets, locks);
    lesson::options();
    let start = Barrier::new(2)?; // nobody counts before both are there

    let counter = Atomic::<AtomicU32>::new(0)?; // RawValue("i", 0)
    let first = Process::spawn(forgets, (counter.clone(), start.clone()))?;
    let second = Process::spawn(forgets, (counter.clone(), start.clone()))?;
    first.join()?;
    second.join()?;
    say!("{WITHOUT}: {} {OF} {}", counter.load(SeqCst), 2 * STEPS);

    let counter = Mutex::new(0)?; // Value("i", 0)
    let first = Process::spawn(locks, (counter.clone(), start.clone()))?;
    let second = Process::spawn(locks, (counter.clone(), start.clone()))?;
    first.join()?;
    second.join()?;
    say!("{WITH}: {} {OF} {}", *counter.lock()?, 2 * STEPS);
    Ok(())
}

fn forgets(counter: Atomic<AtomicU32>, start: Barrier) {
    start.wait().expect("both come");
    for _ in 0..STEPS {
        let n = counter.load(SeqCst); // counter.value += 1 is a look …
        counter.store(n + 1, SeqCst); // … and a write, and the other may come in between
    }
}

fn locks(counter: Mutex<u32>, start: Barrier) {
    start.wait().expect("both come");
    for _ in 0..STEPS {
        let mut n = counter.lock().expect("nobody is killed"); // with counter.get_lock():
        *n += 1;
    } // here `n` is dropped, and with it the lock
}
