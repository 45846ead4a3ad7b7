//! When one side is gone, the other is told: after all that was sent before, and however it went.
//!
//! ```console
//! $ cargo run -p pipe --bin closed_end
//! ```
//!
//! Python: `EOFError` from `recv()`, `BrokenPipeError` from `send()`; but only if the parent has
//! closed its own copy of the child's end. Here there is no copy: the end has moved to the child.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Connection, Error, Process, Result, pipe};
use std::thread;
use std::time::Duration;

const RETURNED: Text = Text::new("Рабочий завершился", "The worker has ended");
const KILLED: Text = Text::new("Рабочий убит", "The worker was killed");
const DROPPED: Text = Text::new("Родитель закрыл свой конец", "The parent has closed its end");

fn main() -> Result<()> {
    shared::main_guard!(brief, endless, listener);
    lesson::options();

    let (parent_conn, child_conn) = pipe::<String, String>()?;
    Process::spawn(brief, (child_conn,))?.join()?;
    say!("{RETURNED}: recv: {}", seen(parent_conn.recv())); // sent before the end, so it arrives
    say!("{RETURNED}: recv: {}", seen(parent_conn.recv()));
    say!("{RETURNED}: send: {}", seen(parent_conn.send("Hello".to_owned())));

    let (parent_conn, child_conn) = pipe::<String, String>()?;
    let worker = Process::spawn(endless, (child_conn,))?;
    worker.kill()?;
    say!("{KILLED}: recv: {}", seen(parent_conn.recv())); // waits no longer than the worker lives

    let (parent_conn, child_conn) = pipe::<String, String>()?;
    let worker = Process::spawn(listener, (child_conn,))?;
    drop(parent_conn); // parent_conn.close()
    worker.join() // it ends because it was told
}

/// What a call gave: the value, or why there is none.
fn seen<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(Error::Closed) => "Closed".to_owned(), // EOFError, BrokenPipeError
        Err(error) => error.to_string(),
    }
}

fn brief(conn: Connection<String, String>) {
    conn.send("Hello from worker".to_owned()).expect("main keeps its end");
} // here `conn` is dropped

fn endless(_conn: Connection<String, String>) {
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

fn listener(conn: Connection<String, String>) {
    say!("{DROPPED}: recv: {}", seen(conn.recv()));
}
