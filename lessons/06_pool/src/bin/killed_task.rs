//! A worker that dies takes one task with it: the one that it was in.
//!
//! ```console
//! $ cargo run -p pool --bin killed_task
//! ```
//!
//! Python: `map` of a `Pool` waits for the lost task for ever; a `ProcessPoolExecutor` gives up all
//! tasks, and itself.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Error, Pool};
use std::process;

const TASK: Text = Text::new("Задание", "Task");
const ENDED: Text =
    Text::new("не сделано, рабочий завершён сигналом", "not done, its worker was ended by signal");
const DONE: Text = Text::new("Сделано", "Done");
const GOES_ON: Text = Text::new("Пул работает дальше", "The pool goes on");

fn main() -> shared::Result<()> {
    shared::main_guard!(work);
    lesson::options();

    let pool = Pool::builder().workers(2).build()?;
    let mut done = 0;
    for value in pool.imap(work, 0..10)? {
        match value {
            Ok(_) => done += 1,
            Err(Error::Task { item: Some(item), error, .. }) => {
                if let Error::Killed { signal, .. } = *error {
                    say!("{TASK} {item}: {ENDED} {signal}");
                }
            }
            Err(error) => return Err(error),
        }
    }
    say!("{DONE}: {done}");
    say!("{GOES_ON}: {:?}", pool.map(work, 0..3)?);
    pool.join()
}

fn work(n: u32) -> u32 {
    if n == 5 {
        process::abort(); // a crash: no panic, no `Drop`
    }
    10 * n
}
