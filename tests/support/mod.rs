//! What the tests of the lessons share: runs with a deadline, and the proof that nothing is left.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod source;

use assert_cmd::assert::{Assert, OutputAssertExt as _};
use predicates::prelude::*;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Many times what the longest run takes; a run that does not end fails, and no test hangs.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What a program does that is given `--show-steps`, `--tick 1h` and nobody who reads: it ends.
pub const FOR_EVER: &[&str] = &["--show-steps", "--tick", "1h"];

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

/// A program that takes `--lang` and nothing else says so: on stderr, with exit code 2.
#[track_caller]
pub fn assert_takes_a_language_only(program: &str) {
    for case in [&["--first", "1"] as &[&str], &["--tick", "1s"], &["--lang", "fr"], &["1"]] {
        run(program, case).code(2).stdout("").stderr(predicate::str::starts_with("error: "));
    }
    run(program, &["--help"]).success().stdout(predicate::str::contains("--lang"));
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
    let mark = Mark::new();
    let mut command = Command::new(program);
    command.args(args).env(Mark::NAME, &mark.0);
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
    mark.assert_nothing_left();

    Output { status, stdout, stderr }.assert()
}

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
pub struct Mark(pub String);

impl Mark {
    pub const NAME: &'static str = "LESSON_TEST_RUN";

    pub fn new() -> Self {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, SeqCst);
        Self(format!("{}-{run}", std::process::id()))
    }

    /// Sees that no process of the run is left.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        let wanted = format!("{}={}", Self::NAME, self.0);
        let Ok(processes) = fs::read_dir("/proc") else {
            return; // not Linux
        };
        for process in processes.flatten() {
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
