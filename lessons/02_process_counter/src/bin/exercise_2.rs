//! Упражнение 2. Два процесса делают 10 и 15 шагов, а родитель насчитал 0. Пусть он напечатает,
//! сколько шагов сделали оба. Прочитать их счётчики он не может; что же он от них получает?
//!
//! Exercise 2. Two processes make 10 and 15 steps, and the parent counts 0. Make it print the steps
//! of both. It cannot read their counters; what does it get from them?
//!
//! ```console
//! $ cargo run -p process_counter --bin exercise_2
//! $ make exercise-2
//! ```
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
    // TODO: рабочий должен что-то вернуть, а `main` это взять. / A worker is to return something,
    // and `main` to take it.
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
