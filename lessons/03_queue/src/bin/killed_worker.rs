//! A worker that is killed takes no message with it: another worker gets it.
//!
//! ```console
//! $ cargo run -p queue --bin killed_worker
//! ```
//!
//! Python: after `get()` the message is the worker's, and is lost with it; who waits for it waits
//! for ever.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Connection, Process, Queue, pipe};
use std::thread;
use std::time::Duration;

const FIRST: Text = Text::new("Первый рабочий", "First worker");
const SECOND: Text = Text::new("Второй рабочий", "Second worker");
const RECEIVED: Text = Text::new("получил", "received");
const KILLED: Text = Text::new("убит: код завершения", "was killed: exit code");

fn main() -> shared::Result<()> {
    shared::main_guard!(first_worker, second_worker);
    lesson::options();

    let q = Queue::new()?;
    q.put("Hello".to_owned())?;

    let (parent_conn, child_conn) = pipe()?;
    let first = Process::spawn(first_worker, (q.clone(), child_conn))?;
    parent_conn.recv()?; // it has the message now
    first.kill()?;
    say!("{FIRST} {KILLED} {}", first.wait()?);

    // A worker has one message in hand, until it asks for the next or is done with the queue. The first
    // worker came to neither, so its message comes again, before all others.
    Process::spawn(second_worker, (q,))?.join()
}

fn first_worker(q: Queue<String>, conn: Connection<(), ()>) {
    let data = q.get().expect("main put a message before");
    say!("{FIRST} {RECEIVED}: {data}");
    conn.send(()).expect("main waits for it");
    loop {
        thread::sleep(Duration::from_secs(1)); // at work, for longer than it will live
    }
}

fn second_worker(q: Queue<String>) {
    // Python: `q.get(timeout=1)`, or it would wait for ever.
    let data = q.get().expect("the message is in the queue again");
    say!("{SECOND} {RECEIVED}: {data}");
}
