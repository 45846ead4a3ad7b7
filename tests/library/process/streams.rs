//! Whatever a program does with its standard streams, `join` answers.

use library_support::{
    Lines, SOON, Suite, finish, is_child, program, sleeps, soon, suite, until_orphans_end,
};
use shared::{Error, Process};
use std::io::{BufRead, Read, Write};
use std::process::{Command, Stdio};
use std::{env, fs, io, thread};

pub fn suite() -> Suite {
    suite! {
        tests: [
            an_input_that_is_read_before_the_guard_is_at_its_end,
            an_input_that_is_read_too_often_before_the_guard_is_an_error,
            an_input_that_is_replaced_before_the_guard_is_an_error,
            a_thread_that_holds_the_outputs_at_the_end_holds_nobody_up,
            a_thread_that_holds_the_outputs_does_not_hide_a_panic,
            a_thread_that_holds_standard_error_before_the_guard_holds_nobody_up,
            a_start_has_no_part_in_the_parent_s_input,
        ],
        children: [
            doubles,
            holds,
            holds_and_panics,
        ],
        programs: [
            "has a child with an input" => has_a_child_with_an_input,
            "reads after a start" => reads_after_a_start,
        ],
    }
}

const BEFORE: &str = "TEST_STREAMS_BEFORE_THE_GUARD";

/// What a child does with its input before the guard.
pub fn before_the_guard() {
    if !is_child() {
        return;
    }
    let mut text = String::new();
    match env::var(BEFORE).unwrap_or_default().as_str() {
        "line" => assert_eq!(io::stdin().read_line(&mut text).expect("an end"), 0),
        "all" => assert_eq!(io::stdin().read_to_string(&mut text).expect("an end"), 0),
        "lines" => assert_eq!(io::stdin().lock().lines().count(), 0),
        "thirty lines" => (0..30).for_each(|_| {
            assert_eq!(io::stdin().read_line(&mut text).expect("an end"), 0);
        }),
        "thread" => drop(thread::spawn(|| io::stdin().lines().count())),
        "waiting thread" => {
            thread::spawn(|| io::stdin().lines().count()).join().map(drop).expect("no panic");
        }
        "held" => drop(thread::spawn(|| {
            let _lock = io::stdin().lock();
            sleeps();
        })),
        "program" => {
            let status = Command::new("cat").status().expect("it can be run");
            assert!(status.success());
        }
        "program that stays" => {
            // It has the input open for longer than this process lives.
            let mut command = Command::new("sh");
            command.args(["-c", "sleep 0.3; cat"]).spawn().map(drop).expect("it can be run");
        }
        "often" => (0..100).for_each(|_| drop(io::stdin().read_line(&mut text))),
        "often, and standard error is held" => {
            let (held, is_held) = std::sync::mpsc::channel();
            thread::spawn(move || {
                let _lock = io::stderr().lock();
                held.send(()).expect("it waits");
                sleeps();
            });
            is_held.recv().expect("it is held");
            (0..100).for_each(|_| drop(io::stdin().read_line(&mut text)));
        }
        "replaced by a file" => {
            rustix::stdio::dup2_stdin(fs::File::open("/dev/zero").expect("a file"))
                .expect("an input");
        }
        "replaced by a pipe" => {
            let (reader, writer) = io::pipe().expect("a pipe");
            rustix::stdio::dup2_stdin(reader).expect("an input");
            std::mem::forget(writer);
        }
        "replaced by a socket" => {
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a socket");
            rustix::stdio::dup2_stdin(theirs).expect("an input");
            std::mem::forget(ours);
        }
        _ => {}
    }
}

pub fn doubles(n: u32) -> u32 {
    n * 2
}

/// Runs a program whose child does so before the guard, and gives what `join` said.
fn joined(before: &str) -> String {
    let ended = finish(program("has a child with an input").env(BEFORE, before));
    assert!(ended.status.success(), "{before}: {ended:?}");
    ended.stdout
}

pub fn has_a_child_with_an_input() {
    let process = Process::builder().name("child").spawn(doubles, (21,)).expect("a start");
    match process.join() {
        Ok(value) => println!("{value}"),
        Err(error) => println!("{error}"),
    }
}

fn an_input_that_is_read_before_the_guard_is_at_its_end() {
    for before in [
        "line",
        "all",
        "lines",
        "thirty lines",
        "thread",
        "waiting thread",
        "held",
        "program",
        "program that stays",
    ] {
        assert_eq!(joined(before), "42\n", "{before}");
    }
    until_orphans_end(SOON);
}

fn an_input_that_is_read_too_often_before_the_guard_is_an_error() {
    let text = joined("often");
    assert!(text.contains("read standard input there again and again?"), "{text}");
}

fn an_input_that_is_replaced_before_the_guard_is_an_error() {
    for by in ["a file", "a pipe", "a socket"] {
        let text = joined(&format!("replaced by {by}"));
        assert!(text.starts_with("process `child` exited with status 1 before"), "{by}: {text}");
    }
}

fn a_thread_that_holds_standard_error_before_the_guard_holds_nobody_up() {
    let text = joined("often, and standard error is held");
    assert!(text.starts_with("process `child` exited with status 1 before"), "{text}");
}

/// Takes a lock of the standard library's for as long as the process lives.
fn hold<L>(lock: impl FnOnce() -> L + Send + 'static) {
    let (held, is_held) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let _lock = lock();
        held.send(()).expect("it waits");
        sleeps();
    });
    is_held.recv().expect("it is held");
}

pub fn holds(output: u32) -> u32 {
    if output & 1 != 0 {
        hold(|| {
            let mut stdout = io::stdout().lock();
            // It waits in the buffer.
            stdout.write_all(b"half a line").expect("it is open");
            stdout
        });
    }
    if output & 2 != 0 {
        hold(|| io::stderr().lock());
    }
    if output & 4 != 0 {
        hold(|| io::stdin().lock());
    }
    output
}

fn a_thread_that_holds_the_outputs_at_the_end_holds_nobody_up() {
    for output in 0..8 {
        let builder = Process::builder().stdout(Stdio::null());
        let process = builder.spawn(holds, (output,)).expect("a start");
        assert_eq!(process.wait_timeout(SOON).expect("no error"), Some(0), "{output}");
        assert_eq!(process.join().expect("a value"), output);
    }
}

pub fn holds_and_panics() {
    holds(3);
    panic!("all the same");
}

fn a_thread_that_holds_the_outputs_does_not_hide_a_panic() {
    let builder = Process::builder().stdout(Stdio::null()).stderr(Stdio::null());
    let process = builder.spawn(holds_and_panics, ()).expect("a start");
    assert_eq!(process.wait_timeout(SOON).expect("no error"), Some(1));
    let error = process.join().expect_err("it panicked");
    assert!(matches!(error, Error::Panicked { message, .. } if message == "all the same"));
}

/// Two children, and then a line of the parent's input.
pub fn reads_after_a_start() {
    for n in [1, 2] {
        let process = Process::spawn(doubles, (n,)).expect("a start");
        assert_eq!(process.join().expect("a value"), 2 * n);
    }
    let mut text = String::new();
    io::stdin().read_line(&mut text).expect("a line");
    println!("{}", text.trim());
}

fn a_start_has_no_part_in_the_parent_s_input() {
    let mut parent = program("reads after a start");
    let mut parent = parent.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut stdin = parent.stdin.take().expect("a pipe");
    stdin.write_all(b"for the parent\n").expect("it reads");
    assert_eq!(Lines::of(&mut parent).next(), "for the parent");
    drop(stdin);
    soon(move || parent.wait()).expect("it ends");
}
