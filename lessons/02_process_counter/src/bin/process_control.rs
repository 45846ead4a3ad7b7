//! A process can be asked whether it lives, waited for with a limit, and stopped by force.
//!
//! ```console
//! $ cargo run -p process_counter --bin process_control
//! ```
//!
//! Python: `is_alive()`, `join(timeout)`, `terminate()`, `exitcode`.

#![forbid(unsafe_code)]

use shared::Process;
use shared::lesson::{self, Text, say};
use std::process;
use std::thread;
use std::time::Duration;

const BEFORE: Text = Text::new("До запуска", "Before the start");
const DURING: Text = Text::new("Во время работы", "At work");
const AFTER: Text = Text::new("После остановки", "After the stop");
const ALIVE: Text = Text::new("жив", "alive");
const NOT_ALIVE: Text = Text::new("не жив", "not alive");

const WAITED: Text = Text::new("Через 100 мс", "After 100 ms");
const STOPPED: Text = Text::new("Остановлен принудительно", "Stopped by force");
const RETURNED: Text = Text::new("Завершился сам", "Returned by itself");
const EXITED: Text = Text::new("Вызвал exit(3)", "Called exit(3)");
const CODE: Text = Text::new("код завершения", "exit code");

fn main() -> shared::Result<()> {
    shared::main_guard!(endless, brief, exits);
    lesson::options();

    // Python has a Process before `start()`; here there is nothing to ask before `spawn`.
    say!("{BEFORE}: {}", life(None));
    let worker = Process::spawn(endless, ())?;
    say!("{DURING}: {}", life(Some(&worker)));

    // None: the time is over. Python's `join(0.1)` returns None either way.
    let ended = worker.wait_timeout(Duration::from_millis(100))?;
    say!("{WAITED}: {}", ended.map_or(ALIVE, |_| NOT_ALIVE));

    worker.terminate()?; // a request: right after it, the worker may still be alive
    let code = worker.wait()?; // the fact
    say!("{STOPPED}: {CODE} {code}"); // minus the number of the signal, as in Python
    say!("{AFTER}: {}", life(Some(&worker)));

    say!("{RETURNED}: {CODE} {}", Process::spawn(brief, ())?.wait()?);
    say!("{EXITED}: {CODE} {}", Process::spawn(exits, ())?.wait()?);
    Ok(())
}

fn life(worker: Option<&Process<()>>) -> Text {
    if worker.is_some_and(Process::is_alive) { ALIVE } else { NOT_ALIVE }
}

fn endless() {
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

fn brief() {}

fn exits() {
    process::exit(3);
}
