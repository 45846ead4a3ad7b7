//! An iterator over a pool's values knows how many there will be, so a progress bar is one word.
//!
//! ```console
//! $ cargo run -p pool --bin progress
//! ```
//!
//! Python: `for value in tqdm(pool.imap_unordered(work, tasks), total=len(tasks))`.

#![forbid(unsafe_code)]

use indicatif::ProgressIterator;
use shared::Pool;
use shared::lesson::{self, Text, say};
use std::thread;
use std::time::Duration;

const DONE: Text = Text::new("Сделано", "Done");

fn main() -> shared::Result<()> {
    shared::main_guard!(work);
    lesson::options();

    let pool = Pool::builder().workers(2).build()?;
    let mut done = 0;
    let tasks: Vec<u64> = (0..40).collect();
    for value in pool.imap_unordered(work, tasks)?.progress() {
        value?;
        done += 1;
    }
    say!("{DONE}: {done}");
    pool.join()
}

fn work(n: u64) -> u64 {
    thread::sleep(Duration::from_millis(10)); // it takes a while
    n
}
