//! Exercise 5, solved: a killed holder leaves the map as it was before its change, so it is good.
//!
//! ```console
//! $ cargo run -p shared_counter --bin solution_5
//! ```

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::sync::{Event, Mutex};
use shared::{Error, Process, Result};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

const TOTAL: Text = Text::new("Слов всего", "Words in all");

type Words = Mutex<BTreeMap<String, u32>>; // words = Manager().dict()

fn main() -> Result<()> {
    shared::main_guard!(is_killed, counts);
    lesson::options();

    let (words, begun) = (Words::new(BTreeMap::new())?, Event::new()?);
    let victim = Process::spawn(is_killed, (words.clone(), begun.clone()))?;
    begun.wait();
    victim.kill()?;

    let first = Process::spawn(counts, ("one fish two fish".to_owned(), words.clone()))?;
    let second = Process::spawn(counts, ("red fish blue fish".to_owned(), words.clone()))?;
    let total = first.join()? + second.join()?;
    if let Ok(words) = words.lock() {
        for (word, count) in &*words {
            say!("{word}: {count}");
        }
    }
    say!("{TOTAL}: {total}");
    Ok(())
}

fn is_killed(words: Words, begun: Event) {
    let mut words = words.lock().expect("it is free");
    words.insert("half a word".to_owned(), 1);
    begun.set();
    thread::sleep(Duration::from_hours(1)); // here it is killed
}

/// Counts the words of a line, and says how many it could count.
fn counts(line: String, words: Words) -> u32 {
    let mut counted = 0;
    for word in line.split(' ') {
        let mut words = words.lock().or_else(|error| match error {
            Error::Poisoned => {
                words.clear_poison();
                words.lock()
            }
            error => Err(error),
        });
        if let Ok(words) = &mut words {
            *words.entry(word.to_owned()).or_default() += 1;
            counted += 1;
        }
    }
    counted
}
