//! The last project, solved: the names of files go out by a queue, and the counts come back by `join`.
//!
//! ```console
//! $ cargo run -p word_count --bin word_count_solution
//! ```

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use shared::{Process, Queue};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// How often each word is there. Python: `collections.Counter`.
type Counts = BTreeMap<String, u32>;

const FOLDER: Text = Text::new("ru", "en");
const FILES: Text = Text::new("Файлов", "Files");
const WORDS: Text = Text::new("Слов", "Words");

fn main() -> shared::Result<()> {
    shared::main_guard!(worker);
    lesson::options();

    let files = files();
    say!("{FILES}: {}", files.len());

    let names = Queue::new()?;
    let first = Process::spawn(worker, (names.clone(),))?;
    let second = Process::spawn(worker, (names.clone(),))?;
    for file in files {
        names.put(file)?;
    }
    names.close()?; // or the workers would wait for one more name
    let mut total = first.join()?;
    add(&mut total, second.join()?);

    say!("{WORDS}: {}", total.values().sum::<u32>());
    for (word, count) in most_frequent(&total) {
        say!("{word}: {count}");
    }
    Ok(())
}

/// Counts the words of the files that it gets, until there are no more.
fn worker(names: Queue<PathBuf>) -> Counts {
    let mut counts = Counts::new();
    while let Ok(file) = names.get() {
        add(&mut counts, count(&file));
    }
    counts
}

/// The files whose words are counted.
fn files() -> Vec<PathBuf> {
    let texts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("texts").join(FOLDER.to_string());
    let mut files: Vec<_> = fs::read_dir(texts)
        .expect("the texts are part of the course")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    files
}

/// Counts the words of one file.
fn count(file: &PathBuf) -> Counts {
    let text = fs::read_to_string(file).expect("the texts are part of the course");
    let mut counts = Counts::new();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}

/// Adds some counts to others.
fn add(total: &mut Counts, counts: Counts) {
    for (word, count) in counts {
        *total.entry(word).or_default() += count;
    }
}

/// The three words that are there most often; of equals, the first in the alphabet.
fn most_frequent(counts: &Counts) -> Vec<(&String, &u32)> {
    let mut words: Vec<_> = counts.iter().collect();
    words.sort_by_key(|&(word, count)| (std::cmp::Reverse(count), word));
    words.truncate(3);
    words
}
