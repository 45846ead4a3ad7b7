//! `imap` takes only the numbers that it soon needs, so they may be endless.
//!
//! ```console
//! $ cargo run -p pool --bin endless
//! ```
//!
//! Python: `imap` of a `Pool` reads on and on, whether anybody wants the values or not.

#![forbid(unsafe_code)]

use shared::Pool;
use shared::lesson::{self, Text, say};
use std::cell::Cell;

const FIRST: Text = Text::new("Первые квадраты", "The first squares");
const TAKEN: Text = Text::new("Взято чисел: меньше 1000", "Numbers taken: fewer than 1000");

fn main() -> shared::Result<()> {
    shared::main_guard!(square);
    lesson::options();

    let pool = Pool::builder().workers(2).build()?;
    let taken = Cell::new(0);
    let numbers = (0..).inspect(|_| taken.set(taken.get() + 1));
    let first: Vec<u64> = pool.imap(square, numbers)?.take(5).collect::<Result<_, _>>()?;
    say!("{FIRST}: {first:?}");
    assert!(taken.get() < 1000, "{taken:?}");
    say!("{TAKEN}");
    pool.join()
}

fn square(n: u64) -> u64 {
    n * n
}
