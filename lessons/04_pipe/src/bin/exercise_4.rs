//! Exercise 4: main asks three times, and the worker answers once.
//!
//! ```console
//! $ cargo run -p pipe --bin exercise_4
//! $ make exercise-4
//! ```
//!
//! Repair it, so that the worker answers as long as it is asked, and ends when main has hung up:
//! the worker does not know how many questions there are. (If it does not end, Ctrl-C does it.)
//!
//! Python: `EOFError` from `conn.recv()` is the end of such a conversation.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Connection, Process, pipe};

const ANSWER: Text = Text::new("Ответ", "Answer");
const NOBODY: Text = Text::new("никто не ответил", "nobody answered");
const ANSWERED: Text = Text::new("Рабочий ответил раз", "Times the worker answered");

fn main() -> shared::Result<()> {
    shared::main_guard!(worker);
    lesson::options();

    let (parent_conn, child_conn) = pipe()?;
    let p = Process::spawn(worker, (child_conn,))?;

    for n in 1..=3 {
        let answer = parent_conn.send(n).and_then(|()| parent_conn.recv());
        match answer {
            Ok(square) => say!("{ANSWER} {n}: {square}"),
            Err(_) => say!("{ANSWER} {n}: {NOBODY}"), // the worker is gone: Error::Closed
        }
    }
    say!("{ANSWERED}: {}", p.join()?);
    Ok(())
}

fn worker(conn: Connection<u32, u32>) -> u32 {
    let mut answered = 0;
    if let Ok(n) = conn.recv() {
        conn.send(n * n).expect("main waits for the answer");
        answered += 1;
    }
    answered
}
