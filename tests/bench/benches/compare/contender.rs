//! Who is compared: a name, and how it does a work once.

use crate::run::{Result, figures};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One line of a table.
pub struct Contender {
    pub name: String,
    /// Which of those in `src/` it is, or `python`.
    pub which: &'static str,
    /// Does the work, and gives one figure or several.
    pub run: Box<dyn Fn() -> Result<Vec<f64>>>,
}

impl Contender {
    pub fn new(
        name: &str,
        which: &'static str,
        run: impl Fn() -> Result<Vec<f64>> + 'static,
    ) -> Contender {
        Contender { name: name.to_owned(), which, run: Box::new(run) }
    }

    /// One of those in `src/`, with its work and numbers as they stand on its command line.
    pub fn rust(name: &str, which: &'static str, work: &str) -> Contender {
        let line = format!("{which} {work}");
        Contender::new(name, which, move || figures(&mut rust(&line)))
    }

    /// One of those in `python/`: the program, the method of starting a process, and the work.
    pub fn python(name: &str, line: &str) -> Contender {
        let line = line.to_owned();
        Contender::new(name, "python", move || figures(&mut python(&line)))
    }
}

/// The command of a contender in Rust.
pub fn rust(line: &str) -> Command {
    let program = match line.split_whitespace().next() {
        Some("raw") => env!("CARGO_BIN_EXE_contender-raw"),
        Some("procspawn") => env!("CARGO_BIN_EXE_contender-procspawn"),
        Some("crossmist") => env!("CARGO_BIN_EXE_contender-crossmist"),
        _ => env!("CARGO_BIN_EXE_contender-ours"),
    };
    let mut command = Command::new(program);
    command.args(line.split_whitespace());
    command
}

/// The command of a contender in Python.
pub fn python(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new("python3");
    command.args(words.next().map(|program| folder().join("python").join(program)));
    command.args(words);
    command
}

/// Where this package is.
fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A place in the project.
pub fn in_project(path: &str) -> PathBuf {
    folder().join("../..").join(path)
}
