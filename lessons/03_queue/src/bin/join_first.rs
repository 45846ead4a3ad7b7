//! First wait for the worker, then read what it put: that ends, however much there is.
//!
//! ```console
//! $ cargo run -p queue --bin join_first
//! ```
//!
//! Python: the same order hangs. A worker ends there only when all it has put is in the pipe of the
//! queue, and a pipe that nobody reads is full after 64 KB.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Process, Queue};

/// A megabyte in all: many times what a pipe holds.
const MESSAGES: usize = 1000;
const LENGTH: usize = 1000;

const PARENT: Text = Text::new("Родитель", "Parent");
const WORKER: Text = Text::new("рабочий", "the worker");
const ENDED: Text = Text::new("завершился", "has ended");
const READ: Text = Text::new("прочитано сообщений", "messages read");

fn main() -> shared::Result<()> {
    shared::main_guard!(worker);
    lesson::options();

    let q = Queue::new()?;
    let p = Process::spawn(worker, (q.clone(),))?;

    // Nobody has read a message yet. But the queue lies in memory that grows with what is put, so the
    // worker waits for nobody.
    p.join()?;
    say!("{PARENT}: {WORKER} {ENDED}");

    let mut read = 0;
    while read < MESSAGES {
        let message = q.get()?;
        assert_eq!(message.len(), LENGTH);
        read += 1;
    }
    say!("{PARENT}: {READ}: {read}");
    Ok(())
}

fn worker(q: Queue<String>) {
    for _ in 0..MESSAGES {
        q.put("x".repeat(LENGTH)).expect("main keeps the queue");
    }
}
