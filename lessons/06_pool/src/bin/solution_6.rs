//! Exercise 6, solved: `imap` gives each number a result of its own, in the order of the numbers.
//!
//! ```console
//! $ cargo run -p pool --bin solution_6
//! ```

#![forbid(unsafe_code)]

use shared::Pool;
use shared::lesson::{self, Text, say};
use std::thread;
use std::time::Duration;

const ANSWERS: Text = Text::new("Ответы", "Answers");
const MISSING: Text = Text::new("Не хватает", "Missing");

fn main() -> shared::Result<()> {
    shared::main_guard!(double);
    lesson::options();

    let pool = Pool::builder().workers(2).timeout(Duration::from_millis(300)).build()?;
    let (mut answers, mut missing) = (Vec::new(), Vec::new());
    for (n, value) in (1..=10).zip(pool.imap(double, 1..=10)?) {
        match value {
            Ok(value) => answers.push(value),
            Err(_) => missing.push(n),
        }
    }
    say!("{ANSWERS}: {answers:?}");
    say!("{MISSING}: {missing:?}");
    Ok(())
}

fn double(n: u32) -> u32 {
    if n == 7 {
        thread::sleep(Duration::from_mins(1));
    }
    2 * n
}
