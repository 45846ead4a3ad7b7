//! Упражнение 6. Над одним из десяти чисел рабочий просидит целую минуту. Выведите девять ответов за
//! секунду и скажите, какого не хватает.
//!
//! Exercise 6. One of ten numbers keeps its worker busy for a whole minute. Print the nine answers
//! within a second, and say which one is missing.
//!
//! ```console
//! $ cargo run -p pool --bin exercise_6
//! $ make exercise-6
//! ```
//!
//! Python: no pool of the standard library can stop a task that takes too long.

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
    // TODO: `map` отдаёт только первую ошибку, и девять ответов пропадают. / `map` gives the first
    // error only, and nine answers are lost.
    let answers = pool.map(double, 1..=10).unwrap_or_default();
    // TODO: какие числа остались без ответа? / Which numbers have no answer?
    let missing: Vec<u32> = Vec::new();
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
