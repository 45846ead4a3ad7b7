//! A pipe has two ends, and each can send and receive: here a question and its answer.
//!
//! ```console
//! $ cargo run -p pipe
//! ```
//!
//! Python: `parent_conn, child_conn = Pipe()`, `conn.send(…)`, `conn.recv()`.

#![forbid(unsafe_code)]

use shared::lesson::{self, say};
use shared::{Connection, Process, pipe};

fn main() -> shared::Result<()> {
    shared::main_guard!(worker); // if __name__ == "__main__":
    lesson::options();

    // What goes to the worker, and what comes back; the worker's end is the other way round.
    let (parent_conn, child_conn) = pipe::<String, String>()?;
    let p = Process::spawn(worker, (child_conn,))?; // moved: the parent keeps no copy of this end

    parent_conn.send("Hello from main process".to_owned())?;
    say!("{}", parent_conn.recv()?);
    p.join()
}

fn worker(conn: Connection<String, String>) {
    let Ok(data) = conn.recv() else { return }; // an error only if main is gone
    say!("Process received: {data}");
    let _ = conn.send("Hello from worker".to_owned()); // then nobody waits for it
}
