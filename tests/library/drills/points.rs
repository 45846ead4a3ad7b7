//! Every function that stores to the memory of a queue has a point where a drill can kill it.

use crate::drill::{Drill, Round};
use library_support::{Suite, suite};
use std::fs;
use std::path::Path;

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            Drill::new("whatever_stores_to_shared_memory_can_be_killed_there", 1, 1, have_points),
        ],
    }
}

/// What changes shared memory, as it is written.
const STORES: [&str; 6] =
    [".store(", ".write(", ".set(", "fetch_", "compare_exchange", "copy_to_volatile"];

/// Functions that have no point of their own, and why.
const EXCEPTIONS: [(&str, &str); 19] = [
    ("lock.rs try_word", "`lock` and `try_lock` have the point behind it"),
    ("lock.rs take_from", "`lock` has the point behind it"),
    ("lock.rs lock_pi", "what it stores is this process's own"),
    ("owner.rs thread", "what it stores is this process's own"),
    ("region.rs write", "those who call it have the points"),
    ("region.rs copy", "`grow` has the points around it"),
    ("ring.rs store", "those who call it have the points"),
    ("ring.rs take", "a step of `fill`, which has the points around it"),
    ("wait.rs until", "what it stores is this process's own"),
    ("client.rs new", "what it stores is this process's own"),
    ("hands.rs set", "those who call it have the points"),
    ("hands.rs oldest_returned", "it stores no item: the word says only that one may be there"),
    ("server.rs new", "what it stores is this process's own"),
    ("server.rs token", "what it stores is this process's own"),
    ("server.rs keep", "what it stores is this process's own"),
    ("store.rs new", "nobody else has the memory yet"),
    ("store.rs set_gone", "`set` has the points"),
    ("store.rs set_alone", "`set` has the points"),
    ("mod.rs close", "`Store::close` has the points"),
];

pub fn have_points(_: &mut Round) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut stores, mut without) = (0, Vec::new());
    for folder in ["memory", "queue"] {
        let files = fs::read_dir(source.join(folder)).expect("the library's source").flatten();
        for file in files.map(|file| file.path()) {
            let text = fs::read_to_string(&file).expect("a source file");
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let file = file.file_name().expect("it has a name").to_string_lossy().into_owned();
            for (name, body) in functions(text) {
                // `self.store()` is a queue's own.
                let body = body.replace(".store()", "");
                if STORES.iter().any(|store| body.contains(store)) {
                    stores += 1;
                    if !body.contains("drill!()") {
                        without.push(format!("{file} {name}"));
                    }
                }
            }
        }
    }
    assert!(stores > EXCEPTIONS.len(), "the source was not read: {stores} stores");
    without.retain(|name| EXCEPTIONS.iter().all(|(exception, _)| exception != name));
    assert!(without.is_empty(), "no `drill!()` in {without:#?}");
}

/// The functions of a source file, each with its name: from `fn` to the brace that stands below it.
fn functions(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some((before, rest)) = code.split_once("fn ") else { continue };
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        let name = rest.split(['(', '<']).next().unwrap_or_default();
        let end = format!("{}}}", " ".repeat(line.len() - code.len()));
        let body = lines[number..].iter().take_while(|line| **line != end);
        found.push((name.to_owned(), body.copied().collect::<Vec<_>>().join("\n")));
    }
    found
}
