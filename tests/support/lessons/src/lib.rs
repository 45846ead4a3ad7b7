//! What the tests of the lessons share: runs with a deadline, and the proof that nothing is left.

#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, reason = "a helper of tests panics where a test fails")]
#![allow(clippy::must_use_candidate, reason = "an assertion may be all that a test wants of a run")]

pub mod exercise;
pub mod python;
pub mod source;
pub mod terminal;

use assert_cmd::assert::{Assert, OutputAssertExt as _};
use predicates::prelude::*;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Many times what the longest run takes; a run that does not end fails, and no test hangs.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What a program does that is given `--show-steps`, `--tick 1h` and nobody who reads: it ends.
pub const FOR_EVER: &[&str] = &["--show-steps", "--tick", "1h"];

/// The folder that holds the whole project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Runs a program to its end.
#[track_caller]
pub fn run(program: &str, args: &[&str]) -> Assert {
    let (mut reader, stdout) = std::io::pipe().expect("a pipe");
    finish(program, args, stdout.into(), move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("stdout can be read");
        all
    })
}

/// Runs a program whose reader leaves after so many lines, as `head` does.
#[track_caller]
pub fn run_head(program: &str, args: &[&str], lines: usize) -> Assert {
    let (reader, stdout) = std::io::pipe().expect("a pipe");
    finish(program, args, stdout.into(), move || {
        let mut reader = BufReader::new(reader);
        let mut head = Vec::new();
        for _ in 0..lines {
            reader.read_until(b'\n', &mut head).expect("stdout can be read");
        }
        head
    })
}

/// Runs a program with a stdout that takes nothing, as a full disk does.
#[track_caller]
pub fn run_full(program: &str, args: &[&str]) -> Assert {
    let full = fs::File::create("/dev/full").expect("/dev/full");
    finish(program, args, full.into(), Vec::new)
}

/// A program refuses each of these command lines: with an error on stderr, exit code 2, and nothing
/// on stdout.
#[track_caller]
pub fn assert_refuses(program: &str, cases: &[&[&str]]) {
    for case in cases {
        let error = predicate::str::starts_with("error: ").and(predicate::str::contains("--help"));
        run(program, case).code(2).stdout("").stderr(error);
    }
}

/// A program takes `--lang` and nothing else.
#[track_caller]
pub fn assert_takes_a_language_only(program: &str) {
    assert_refuses(program, &[&["--first", "1"], &["--tick", "1s"], &["--lang", "fr"], &["1"]]);
    run(program, &["--help"]).success().stdout(predicate::str::contains("--lang"));
}

/// A program whose reader leaves, after each of these numbers of lines, ends well and quietly.
#[track_caller]
pub fn assert_ends_quietly_without_a_reader(program: &str, args: &[&str], lines: &[usize]) {
    for &lines in lines {
        run_head(program, args, lines).success().stderr("");
    }
}

/// A program whose stdout is full says so on stderr and ends with exit code 1; no panic is seen.
/// Gives the run, for what else its stderr must say.
#[track_caller]
pub fn assert_says_that_stdout_is_full(program: &str, args: &[&str]) -> Assert {
    let error = predicate::str::contains("Error: cannot write to stdout: No space left")
        .and(predicate::str::contains("panic").not());
    run_full(program, args).code(1).stderr(error)
}

/// The lines of a run on stdout.
pub fn lines(assert: &Assert) -> Vec<&str> {
    let stdout = str::from_utf8(&assert.get_output().stdout).expect("stdout is UTF-8");
    stdout.lines().collect()
}

#[track_caller]
fn finish(
    program: &str,
    args: &[&str],
    stdout: Stdio,
    read: impl FnOnce() -> Vec<u8> + Send + 'static,
) -> Assert {
    let (mut errors, stderr) = std::io::pipe().expect("a pipe");
    let run_id = RunId::new();
    let mut command = Command::new(program);
    command.args(args).env(RunId::VARIABLE, &run_id.0);
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    let mut child = command.spawn().expect("the program starts");
    drop(command); // it holds an end of each pipe

    let stdout = in_background(read);
    let stderr = in_background(move || {
        let mut all = Vec::new();
        errors.read_to_end(&mut all).expect("stderr can be read");
        all
    });
    // stderr is at its end when every process that holds it has ended.
    let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(DEADLINE), stderr.recv_timeout(DEADLINE))
    else {
        let _ = child.kill();
        panic!("{program} {args:?} did not end within {DEADLINE:?}");
    };
    let status = child.wait().expect("the program ends");
    run_id.assert_nothing_left();

    Output { status, stdout, stderr }.assert()
}

/// Starts some work on a thread of its own; what it returns can be waited for.
pub fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver
}

/// Does the same with each of several things, at the same time: a test waits more than it works.
pub fn with_each<T: Send>(things: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    let work = &work;
    thread::scope(|scope| {
        for thing in things {
            scope.spawn(move || work(thing));
        }
    });
}

/// A variable that every process of one run inherits, and no other process has.
pub struct RunId(pub String);

impl RunId {
    /// The name of the variable.
    pub const VARIABLE: &'static str = "LESSON_TEST_RUN";

    /// Another one each time, in whatever process.
    #[allow(clippy::new_without_default, reason = "no two are equal")]
    pub fn new() -> Self {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, SeqCst);
        Self(format!("{}-{run}", std::process::id()))
    }

    /// Sees that no process of the run is left.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        let wanted = format!("{}={}", Self::VARIABLE, self.0);
        for process in fs::read_dir("/proc").expect("/proc").flatten() {
            // What cannot be read is gone meanwhile, or another user's.
            let environ = fs::read(process.path().join("environ")).unwrap_or_default();
            let mut variables = environ.split(|&byte| byte == 0);
            assert!(
                !variables.any(|variable| variable == wanted.as_bytes()),
                "a process is left: {}",
                process.path().display()
            );
        }
    }
}
