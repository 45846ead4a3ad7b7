//! If a process is killed with the lock, the next one is told so at once, and nothing is half done.
//!
//! ```console
//! $ cargo run -p shared_counter --bin killed_holder
//! ```
//!
//! Python: whoever asks for the lock of a killed process waits for ever.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::sync::{Event, Mutex};
use shared::{Error, Process};
use std::thread;
use std::time::Duration;

const KILLED: Text = Text::new("Процесс убит с блокировкой", "Killed with the lock");
const ACCOUNT: Text = Text::new("На счете", "The account");

fn main() -> shared::Result<()> {
    shared::main_guard!(takes_30);
    lesson::options();

    let (account, taken) = (Mutex::new(100)?, Event::new()?); // Value("i", 100), Event()
    let process = Process::spawn(takes_30, (account.clone(), taken.clone()))?;
    taken.wait();
    process.kill()?;

    match account.lock() {
        Err(Error::Poisoned) => say!("{KILLED}: lock: Poisoned"), // a change was begun, and is lost
        other => say!("{KILLED}: lock: {other:?}"),
    }
    account.clear_poison(); // "I have looked: the account is good as it is."
    say!("{ACCOUNT}: {}", *account.lock()?);
    Ok(())
}

fn takes_30(account: Mutex<i32>, taken: Event) {
    let mut account = account.lock().expect("it is free");
    *account -= 30; // in a copy, until the lock is given back
    taken.set();
    thread::sleep(Duration::from_hours(1)); // here it is killed
}
