//! Упражнение 4. Главный процесс спрашивает трижды, а рабочий отвечает один раз. Пусть он отвечает,
//! пока его спрашивают, и завершается, когда вопросов больше не будет: сколько их, он не знает. (Если
//! программа не завершается, её остановит Ctrl-C.)
//!
//! Exercise 4. Main asks three times, and the worker answers once. Make it answer as long as it is
//! asked, and end when there are no more questions: it does not know how many there are. (If the
//! program does not end, Ctrl-C ends it.)
//!
//! ```console
//! $ cargo run -p pipe --bin exercise_4
//! $ make exercise-4
//! ```
//!
//! Python: `EOFError` from `conn.recv()` is the end of such a conversation.

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
    // TODO: рабочий ждёт вопроса, а `join` ждёт рабочего. / The worker waits for a question, and
    // `join` waits for the worker.
    say!("{ANSWERED}: {}", p.join()?);
    Ok(())
}

fn worker(conn: Connection<u32, u32>) -> u32 {
    let mut answered = 0;
    // TODO: здесь рабочий отвечает один раз. / Here the worker answers once.
    if let Ok(n) = conn.recv() {
        conn.send(n * n).expect("main waits for the answer");
        answered += 1;
    }
    answered
}
