//! Последнее задание. Посчитайте слова во всех файлах: имена файлов идут по очереди к двум рабочим,
//! а что каждый насчитал, возвращается к `main`. Всё, кроме работы с процессами, уже написано.
//!
//! The last project. Count the words of all files: the names of the files go through a queue to two
//! workers, and what each has counted comes back to `main`. All but the processes is written already.
//!
//! ```console
//! $ cargo run -p word_count
//! $ make project
//! ```
//!
//! Python: `multiprocessing.Queue` for the names, and `collections.Counter` for the words.

#![forbid(unsafe_code)]

use shared::lesson::{self, Text, say};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// How often each word is there. Python: `collections.Counter`.
type Counts = BTreeMap<String, u32>;

const FOLDER: Text = Text::new("ru", "en");
const FILES: Text = Text::new("Файлов", "Files");
const WORDS: Text = Text::new("Слов", "Words");

#[allow(clippy::unnecessary_wraps)] // until it starts processes
fn main() -> shared::Result<()> {
    // TODO: первой строкой должна быть проверка `main_guard!`. / The first line is the guard.
    lesson::options();

    let files = files();
    say!("{FILES}: {}", files.len());

    // TODO: очередь, двое рабочих, имена файлов в очередь, `close`, `join`; то, что вернули рабочие,
    // сложить в `total` с помощью `add`. / A queue, two workers, the names into the queue, `close`,
    // `join`; what the workers return goes into `total` by way of `add`.
    let total = Counts::new();

    say!("{WORDS}: {}", total.values().sum::<u32>());
    for (word, count) in most_frequent(&total) {
        say!("{word}: {count}");
    }
    Ok(())
}

// TODO: рабочий берёт имена из очереди, пока они есть, и возвращает всё, что насчитал. / A worker
// takes names from the queue as long as there are any, and returns all that it has counted.

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
#[allow(dead_code)] // until a worker calls it
fn count(file: &PathBuf) -> Counts {
    let text = fs::read_to_string(file).expect("the texts are part of the course");
    let mut counts = Counts::new();
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}

/// Adds some counts to others.
#[allow(dead_code)] // until `main` or a worker calls it
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
