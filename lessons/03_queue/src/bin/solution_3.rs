//! Exercise 3, solved: a queue that is closed gives what it still has, and then ends every worker.
//!
//! ```console
//! $ cargo run -p queue --bin solution_3
//! ```

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Process, Queue};

const SQUARES: Text = Text::new("Квадратов", "Squares");
const SUM: Text = Text::new("Их сумма", "Their sum");

fn main() -> shared::Result<()> {
    shared::main_guard!(worker);
    lesson::options();

    let (numbers, squares) = (Queue::new()?, Queue::new()?);
    let first = Process::spawn(worker, (numbers.clone(), squares.clone()))?;
    let second = Process::spawn(worker, (numbers.clone(), squares.clone()))?;
    numbers.extend(1..=10)?; // as ten times `put`
    numbers.close()?; // before the joins: the workers end only when they know that no more comes
    first.join()?;
    second.join()?;

    // All that will ever come is there: `get` now ends with an error, and does not wait.
    squares.close()?;
    let mut all = Vec::new();
    while let Ok(square) = squares.get() {
        all.push(square);
    }
    say!("{SQUARES}: {}", all.len());
    say!("{SUM}: {}", all.iter().sum::<u32>());
    Ok(())
}

fn worker(numbers: Queue<u32>, squares: Queue<u32>) {
    while let Ok(n) = numbers.get() {
        squares.put(n * n).expect("main keeps the queue");
    }
}
