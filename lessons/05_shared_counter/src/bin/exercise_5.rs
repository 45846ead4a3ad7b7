//! Упражнение 5. Рабочего убивают, пока он считает слова, и двое других не могут посчитать ничего.
//! Исправьте программу так, чтобы свои слова они всё-таки посчитали. Что можно сказать о словаре, если
//! известно, что одно его изменение потеряно?
//!
//! Exercise 5. A worker is killed while it counts words, and the two others count nothing. Repair it, so
//! that they count their words all the same. What may they say of the map, once they know that a change
//! of it was lost?
//!
//! ```console
//! $ cargo run -p shared_counter --bin exercise_5
//! $ make exercise-5
//! ```
//!
//! Python: `words = Manager().dict()` and a lock beside it; the others would wait for that lock for ever.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::sync::{Event, Mutex};
use shared::{Process, Result};
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
        // TODO: здесь рабочий сдаётся, если блокировку унёс погибший. / Here the worker gives up, if one
        // that died had the lock.
        if let Ok(mut words) = words.lock() {
            *words.entry(word.to_owned()).or_default() += 1;
            counted += 1;
        }
    }
    counted
}
