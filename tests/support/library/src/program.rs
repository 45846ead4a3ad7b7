//! This test program, run again as another one, or as a child.

use crate::SOON;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{env, thread};

/// Whether this process is a child that has not met its guard yet.
pub fn is_child() -> bool {
    env::args().next().is_some_and(|first| first.starts_with("multiprocessing-child:"))
}

/// The name under which this test program was run by [`program`].
pub fn program_name() -> Option<String> {
    let mut arguments = env::args().skip(1);
    arguments.next().filter(|word| word == "program").and_then(|_| arguments.next())
}

/// This test program, to be run as the program of that name.
pub fn program(name: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg("program").arg(name).stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
    command
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or the signal that ended it.
    pub status: ExitStatus,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Ended {
    /// Sees that it ended well, and silently.
    #[track_caller]
    pub fn well(&self) {
        assert!(self.status.success() && self.stderr.is_empty(), "{self:#?}");
    }
}

/// Runs a program to its end, and to the end of everything that holds its standard error.
#[track_caller]
pub fn finish(command: &mut Command) -> Ended {
    finish_within(command, SOON)
}

/// The same, for a program that may take longer.
#[track_caller]
pub fn finish_within(command: &mut Command, time: Duration) -> Ended {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this test program can be run");
    let stdout = text(child.stdout.take().expect("a pipe"));
    let stderr = text(child.stderr.take().expect("a pipe"));
    let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(time), stderr.recv_timeout(time)) else {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{command:?} did not end within {time:?}");
    };
    Ended { status: child.wait().expect("the program ends"), stdout, stderr }
}

fn text(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = from.read_to_end(&mut text);
        sender.send(String::from_utf8_lossy(&text).into_owned())
    });
    receiver
}

/// The lines of a running program's standard output, each with a deadline.
pub struct Lines(mpsc::Receiver<String>);

impl Lines {
    /// Of a child whose standard output is a pipe.
    pub fn of(child: &mut Child) -> Lines {
        use std::io::{BufRead, BufReader};
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Lines(receiver)
    }

    /// Waits for the next line.
    #[track_caller]
    pub fn next(&self) -> String {
        self.0.recv_timeout(SOON).expect("the program says a line")
    }

    /// Waits until nobody can say anything any more.
    #[track_caller]
    pub fn end(&self) {
        match self.0.recv_timeout(SOON) {
            Err(RecvTimeoutError::Disconnected) => {}
            other => panic!("the program says more, or does not end: {other:?}"),
        }
    }
}
