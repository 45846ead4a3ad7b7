//! Упражнение 3. В очереди десять чисел, а квадратов получается только два. Пусть двое рабочих
//! сделают все десять и завершатся; сколько чисел в очереди, ни один из них не знает. (Если программа
//! не завершается, её остановит Ctrl-C.)
//!
//! Exercise 3. Ten numbers are in the queue, and only two squares come out. Make the two workers do
//! all ten between them, and end; neither knows how many numbers there are. (If the program does not
//! end, Ctrl-C ends it.)
//!
//! ```console
//! $ cargo run -p queue --bin exercise_3
//! $ make exercise-3
//! ```
//!
//! Python: `None` in the queue, once for each worker, says that no more comes.

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
    // TODO: кто скажет рабочим, что чисел больше не будет? / Who tells the workers that there will
    // be no more numbers?
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
    // TODO: этого рабочего хватает на одно число. / This worker does one number only.
    let n = numbers.get().expect("main keeps the queue");
    squares.put(n * n).expect("main keeps the queue");
}
