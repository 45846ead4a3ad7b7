//! The second way to start a process: from a type of one's own, whose `run` is the work.
//!
//! ```console
//! $ cargo run -p process_counter --bin process_class
//! ```
//!
//! Python: `class Counting(multiprocessing.Process)` with its own `__init__` and `run`. There the
//! value of `run` is thrown away; here `join` gives it.

#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};
use shared::Run;
use shared::lesson::{self, Text, say};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

static COUNTER: AtomicU32 = AtomicU32::new(0);

const FIRST: Text = Text::new("Первый рабочий", "First worker");
const SECOND: Text = Text::new("Второй рабочий", "Second worker");
const CHANGED: Text = Text::new("изменил значение счетчика на", "changed the counter to");
const RETURNED: Text = Text::new("вернул", "returned");

/// What the process takes with it: the value is sent to the child, and `run` is called there.
#[derive(Serialize, Deserialize)]
struct Counting {
    name: String,
    n: u32,
}

impl Run for Counting {
    type Output = u32;

    fn run(self) -> u32 {
        for _ in 0..self.n {
            lesson::step(&self.name, || COUNTER.fetch_add(1, SeqCst) + 1);
            lesson::tick();
        }
        let counter = COUNTER.load(SeqCst);
        say!("{} {CHANGED} {counter}", self.name);
        counter
    }
}

fn main() -> shared::Result<()> {
    shared::main_guard!(Counting::run);
    let steps = lesson::counter_options(10, 15);

    let first = Counting { name: FIRST.to_string(), n: steps.first };
    let second = Counting { name: SECOND.to_string(), n: steps.second };
    let (first, second) = (first.spawn()?, second.spawn()?); // t1.start(); t2.start()

    let live = lesson::live_counter(&COUNTER);
    let (first, second) = (first.join()?, second.join()?);
    drop(live);

    say!("{FIRST} {RETURNED} {first}");
    say!("{SECOND} {RETURNED} {second}");
    lesson::in_main(|| COUNTER.load(SeqCst)); // still 0: the values came by message
    Ok(())
}
