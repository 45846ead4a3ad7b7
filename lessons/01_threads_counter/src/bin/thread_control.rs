//! A thread can be asked whether it lives; stopped by force it cannot be: it has to agree.
//!
//! ```console
//! $ cargo run -p threads_counter --bin thread_control
//! ```
//!
//! Python: `is_alive()`, `threading.Event`, `daemon=True`. Neither there nor here has a thread a
//! `terminate`: in the middle of what it does it may hold a lock, and those who wait for the lock
//! would wait for ever. A process can be stopped: lesson 2, `process_control`.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Python: `stop = threading.Event()`. All that one thread can do to another: ask.
static STOP: AtomicBool = AtomicBool::new(false);

const WILLING: Text = Text::new("Послушный рабочий", "Willing worker");
const DEAF: Text = Text::new("Глухой рабочий", "Deaf worker");
const DURING: Text = Text::new("во время работы", "at work");
const ASKED: Text = Text::new("после просьбы остановиться", "after being asked to stop");
const ALIVE: Text = Text::new("жив", "alive");
const NOT_ALIVE: Text = Text::new("не жив", "not alive");
const END: Text = Text::new(
    "Принудительно поток не остановить: глухой завершится вместе с процессом",
    "No thread can be stopped by force: the deaf one ends with the process",
);

fn main() -> thread::Result<()> {
    lesson::options();

    let willing = thread::spawn(willing);
    let deaf = thread::spawn(deaf);
    say!("{WILLING} {DURING}: {}", life(&willing));
    say!("{DEAF} {DURING}: {}", life(&deaf));

    STOP.store(true, SeqCst); // stop.set()
    while !willing.is_finished() {
        pause(); // `join` has no limit here; who does not want to wait asks again and again
    }
    say!("{WILLING} {ASKED}: {}", life(&willing));
    willing.join()?; // at once: it has finished

    pause();
    say!("{DEAF} {ASKED}: {}", life(&deaf)); // to join it would be to wait for ever
    say!("{END}");
    Ok(()) // the end of `main` is the end of the process, as with Python's daemon=True
}

fn life(worker: &JoinHandle<()>) -> Text {
    if worker.is_finished() { NOT_ALIVE } else { ALIVE }
}

/// Looks, between two steps, whether somebody wants it to stop.
fn willing() {
    while !STOP.load(SeqCst) {
        pause();
    }
}

/// Never looks.
fn deaf() {
    loop {
        pause();
    }
}

fn pause() {
    thread::sleep(Duration::from_millis(10));
}
