//! A pool: processes that stay, and do one task after another.
//!
//! ```console
//! $ cargo run -p pool
//! ```
//!
//! Python: `Pool()`, `pool.map(square, range(1, 11))`, `pool.imap(…)`, `pool.apply_async(…)`.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Pool, main_guard};
use std::panic;

const SQUARES: Text = Text::new("Квадраты", "Squares");
const FAILED: Text = Text::new("ошибка", "an error");
const SUM: Text = Text::new("Сумма", "Sum");

fn main() -> shared::Result<()> {
    main_guard!(square, divide, add, be_quiet); // what a pool may run
    lesson::options();

    let pool = Pool::builder().init(be_quiet, ()).build()?;

    // All values, in the order of the numbers.
    say!("{SQUARES}: {:?}", pool.map(square, 1..=10)?);

    // One after another; each is a value or an error of its own.
    let divisors = [1, 0, 3];
    for (n, value) in divisors.iter().zip(pool.imap(divide, divisors)?) {
        match value {
            Ok(value) => say!("12 / {n} = {value}"),
            Err(_) => say!("12 / {n}: {FAILED}"),
        }
    }

    // A single task; main goes on meanwhile.
    let task = pool.spawn(add, (2, 3))?;
    say!("{SUM}: {}", task.join()?);
    pool.join()
}

fn square(n: u64) -> u64 {
    n * n
}

fn divide(n: u32) -> u32 {
    12 / n // panics at 0; Python: `ZeroDivisionError`
}

fn add(a: u32, b: u32) -> u32 {
    a + b
}

/// Each worker does this first: main is told of a panic anyway, so it need not be printed as well.
fn be_quiet() {
    panic::set_hook(Box::new(|_| {}));
}
