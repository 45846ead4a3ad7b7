//! Exercise 4, solved: an end that is dropped is the end of the conversation.
//!
//! ```console
//! $ cargo run -p pipe --bin solution_4
//! ```

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Connection, Process, pipe};

const ANSWER: Text = Text::new("Ответ", "Answer");
const NOBODY: Text = Text::new("никто не ответил", "nobody answered");
const ANSWERED: Text = Text::new("Сколько раз ответил рабочий", "Times the worker answered");

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
    drop(parent_conn); // before the join: or each of the two would wait for the other
    say!("{ANSWERED}: {}", p.join()?);
    Ok(())
}

fn worker(conn: Connection<u32, u32>) -> u32 {
    let mut answered = 0;
    while let Ok(n) = conn.recv() {
        conn.send(n * n).expect("main waits for the answer");
        answered += 1;
    }
    answered
}
