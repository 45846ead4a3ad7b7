//! The Python that stands beside a program: its twin.

use crate::{root, run};
use assert_cmd::assert::Assert;
use std::io::{self, Write as _};
use std::panic::resume_unwind;
use std::process::{Command, Stdio};
use std::thread;

/// Runs a Python file, named from the top of the project; `None`, and a loud word, if there is no
/// Python here.
#[track_caller]
pub fn python(file: &str, args: &[&str]) -> Option<Assert> {
    let mut version = Command::new("python3");
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        // Not `eprintln!`, which a test that passes keeps to itself.
        let _ = writeln!(io::stderr(), "SKIPPED: python3 is missing, so {file} was not run");
        return None;
    }
    let path = root().join(file).display().to_string();
    // Without the variables of whoever runs the tests: with PYTHONUNBUFFERED, as containers set it,
    // `print` writes a line and its end apart, and another process may print in between.
    Some(run("python3", &[&["-E", "-X", "utf8", &path], args].concat()))
}

/// Runs a program, and at the same time its twin, if there is a Python here.
pub fn both(file: &str, program: &str, args: &[&str]) -> (Assert, Option<Assert>) {
    thread::scope(|scope| {
        let ours = scope.spawn(|| run(program, args).success().stderr(""));
        let theirs = python(file, args);
        let ours = ours.join().unwrap_or_else(|panic| resume_unwind(panic));
        (ours, theirs.map(|theirs| theirs.success()))
    })
}

/// Sees that a Python file and a program print the same, and end well.
#[track_caller]
pub fn assert_twins(file: &str, program: &str, args: &[&str]) {
    let (ours, theirs) = both(file, program, args);
    if let Some(theirs) = theirs {
        theirs.stderr("").stdout(ours.get_output().stdout.clone());
    }
}
