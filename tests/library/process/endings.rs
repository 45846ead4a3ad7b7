//! How a process ended, as its parent is told.

use library_support::{SOON, Suite, finish, program, sleeps, suite};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::{Error, Process, Queue, Run, Sender, pipe};
use std::io::Write;
use std::{io, panic, process, thread};

pub fn suite() -> Suite {
    suite! {
        tests: [
            an_error_that_a_target_returns_is_a_value,
            an_error_of_ours_that_a_target_returns_keeps_its_sentence_and_variant,
            a_panic_is_an_error_with_its_message_and_the_name,
            a_panic_without_a_text_is_an_error_all_the_same,
            a_panic_with_a_long_text_arrives_whole,
            a_panic_in_run_is_an_error,
            a_panic_of_an_argument_is_an_error,
            a_panic_of_the_value_is_an_error,
            the_message_of_a_panic_is_on_standard_error,
            an_exit_is_an_error_with_its_number,
            a_value_that_cannot_be_sent_is_an_error,
            an_abort_is_an_error_that_names_the_signal,
            a_stack_overflow_is_an_error_that_names_the_signal,
            a_child_whose_outputs_are_closed_ends_with_0,
            a_thread_that_is_not_joined_holds_nobody_up,
            what_the_target_has_is_dropped_before_its_value_is_there,
        ],
        children: [
            uses_the_question_mark,
            aborts,
            exits,
            exits_beside_threads,
            gives_a_result,
            is_given_what_panics_when_dropped,
            is_given_what_panics_when_read,
            keeps_what_tells_its_end,
            leaves_a_thread,
            overflows_its_stack,
            panics,
            panics_aloud,
            panics_with_a_number,
            returns_many_ends,
            returns_what_is_refused,
            returns_what_panics_when_dropped,
            returns_what_panics_when_written,
            Unlucky::run,
            writes_to_closed_outputs,
        ],
        programs: [
            "has a child that panics" => has_a_child_that_panics,
            "has a child that overflows its stack" => has_a_child_that_overflows_its_stack,
        ],
    }
}

/// A panic in a child that says nothing on standard error, so that the tests' own is legible.
fn quiet() {
    panic::set_hook(Box::new(|_| {}));
}

pub fn gives_a_result(n: i32) -> Result<i32, String> {
    if n < 0 { Err(format!("{n} is less than nothing")) } else { Ok(n) }
}

fn an_error_that_a_target_returns_is_a_value() {
    for (n, exit_code) in [(1, 0), (-1, 1)] {
        let process = Process::spawn(gives_a_result, (n,)).expect("a start");
        assert_eq!(process.wait().expect("it ends"), exit_code);
        assert_eq!(process.join().expect("a value"), gives_a_result(n));
    }
}

/// Works as a `main` does.
pub fn uses_the_question_mark(queue: Queue<u32>) -> shared::Result<u32> {
    Ok(queue.try_get()? + queue.try_get()?)
}

fn an_error_of_ours_that_a_target_returns_keeps_its_sentence_and_variant() {
    let queue = Queue::new().expect("a queue");
    queue.extend([1, 2, 3]).expect("it is open");
    let process = Process::spawn(uses_the_question_mark, (queue.clone(),)).expect("a start");
    assert_eq!(process.join().flatten().expect("a value"), 3);
    let process = Process::spawn(uses_the_question_mark, (queue.clone(),)).expect("a start");
    assert_eq!(process.wait().expect("it ends"), 1);
    let error = process.join().expect("it returned").expect_err("there was one only");
    assert!(matches!(error, Error::Empty), "{error}");
    assert_eq!(error.to_string(), Error::Empty.to_string());
}

pub fn panics(message: String) {
    quiet();
    panic!("{message}");
}

/// [24] `test_stderr_flush`
fn a_panic_is_an_error_with_its_message_and_the_name() {
    for message in ["no more ink", "", "two\nlines, and `Привет`"] {
        let process = Process::builder().name("painter").spawn(panics, (message.to_owned(),));
        let process = process.expect("a start");
        assert_eq!(process.wait().expect("it ends"), 1);
        let error = process.join().expect_err("it panicked");
        assert!(matches!(error, Error::Panicked { .. }));
        assert_eq!(error.to_string(), format!("process `painter` panicked: {message}"));
    }
}

pub fn panics_with_a_number() {
    quiet();
    panic::panic_any(7);
}

fn a_panic_without_a_text_is_an_error_all_the_same() {
    let process = Process::spawn(panics_with_a_number, ()).expect("a start");
    assert_eq!(process.wait().expect("it ends"), 1);
    let error = process.join().expect_err("it panicked");
    let Error::Panicked { message, .. } = error else { panic!("{error}") };
    assert_eq!(message, "with a value that is not text");
}

fn a_panic_with_a_long_text_arrives_whole() {
    let long = "abc".repeat(500_000);
    let process = Process::spawn(panics, (long.clone(),)).expect("a start");
    let error = process.join().expect_err("it panicked");
    assert!(matches!(error, Error::Panicked { message, .. } if message == long));
}

#[derive(Serialize, Deserialize)]
pub struct Unlucky(u32);

impl Run for Unlucky {
    type Output = u32;

    fn run(self) -> u32 {
        quiet();
        assert!(self.0 != 13, "it is {}", self.0);
        self.0
    }
}

fn a_panic_in_run_is_an_error() {
    assert_eq!(Unlucky(12).spawn().and_then(Process::join).expect("a value"), 12);
    let error = Unlucky(13).spawn().and_then(Process::join).expect_err("it panicked");
    assert!(matches!(error, Error::Panicked { message, .. } if message == "it is 13"));
}

/// Panics when it is dropped, in a child only.
#[derive(Serialize, Deserialize)]
pub struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        if shared::process::parent().is_some() && !thread::panicking() {
            quiet();
            panic!("in Drop");
        }
    }
}

pub fn is_given_what_panics_when_dropped(_: PanicsWhenDropped) {}

/// Panics when a child reads it.
#[derive(Serialize)]
pub struct PanicsWhenRead;

impl<'de> Deserialize<'de> for PanicsWhenRead {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        if shared::process::parent().is_none() {
            return Ok(PanicsWhenRead);
        }
        quiet();
        panic!("in Deserialize");
    }
}

pub fn is_given_what_panics_when_read(_: PanicsWhenRead) {}

#[track_caller]
fn panicked<T: Serialize + for<'de> Deserialize<'de>>(
    process: Result<Process<T>, Error>,
) -> String {
    let process = process.expect("a start");
    assert_eq!(process.wait().expect("it ends"), 1);
    match process.join() {
        Err(Error::Panicked { message, .. }) => message,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it gave a value"),
    }
}

fn a_panic_of_an_argument_is_an_error() {
    let process = Process::spawn(is_given_what_panics_when_dropped, (PanicsWhenDropped,));
    assert_eq!(panicked(process), "in Drop");
    let process = Process::spawn(is_given_what_panics_when_read, (PanicsWhenRead,));
    assert_eq!(panicked(process), "in Deserialize");
}

#[derive(Deserialize)]
pub struct PanicsWhenWritten;

impl Serialize for PanicsWhenWritten {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        quiet();
        panic!("in Serialize");
    }
}

pub fn returns_what_panics_when_written() -> PanicsWhenWritten {
    PanicsWhenWritten
}

pub fn returns_what_panics_when_dropped() -> PanicsWhenDropped {
    PanicsWhenDropped
}

fn a_panic_of_the_value_is_an_error() {
    assert_eq!(panicked(Process::spawn(returns_what_panics_when_written, ())), "in Serialize");
    assert_eq!(panicked(Process::spawn(returns_what_panics_when_dropped, ())), "in Drop");
}

pub fn panics_aloud() {
    panic!("the child has something to say");
}

/// [24] `test_stderr_flush`
fn the_message_of_a_panic_is_on_standard_error() {
    let ended = finish(&mut program("has a child that panics"));
    assert!(ended.status.success(), "{ended:?}");
    for part in ["panicked at", "library/process/endings.rs:", "the child has something to say"] {
        assert_eq!(ended.stderr.matches(part).count(), 1, "{part}: {ended:?}");
    }
}

pub fn has_a_child_that_panics() {
    let process = Process::spawn(panics_aloud, ()).expect("a start");
    assert_eq!(process.wait().expect("it ends"), 1);
}

pub fn exits(code: i32) -> u32 {
    process::exit(code)
}

pub fn exits_beside_threads(code: i32) {
    thread::spawn(sleeps);
    thread::spawn(move || process::exit(code));
    sleeps();
}

/// [25] `test_sys_exit`
fn an_exit_is_an_error_with_its_number() {
    for code in [0, 1, 3, 8, 255] {
        let process = Process::builder().name("leaver").spawn(exits, (code,)).expect("a start");
        assert_eq!(process.wait().expect("it ends"), code);
        let error = process.join().expect_err("it gave no value");
        assert!(matches!(error, Error::Exited { exit_code, .. } if exit_code == code));
        let text = format!("process `leaver` called exit({code}) and gave no value");
        assert!(error.to_string().starts_with(&text), "{error}");
    }
    let process = Process::spawn(exits_beside_threads, (4,)).expect("a start");
    assert!(matches!(process.join(), Err(Error::Exited { exit_code: 4, .. })));
}

pub fn returns_what_is_refused() -> library_support::Refuses {
    library_support::Refuses
}

pub fn returns_many_ends(count: usize) -> Vec<Queue<()>> {
    let queue = Queue::new().expect("a queue");
    vec![queue; count]
}

fn a_value_that_cannot_be_sent_is_an_error() {
    let process = Process::spawn(returns_what_is_refused, ()).expect("a start");
    assert_eq!(process.wait().expect("it ends"), 1);
    let error = process.join().map(drop).expect_err("it cannot be encoded");
    let Error::NoValue { reason, .. } = error else { panic!("{error}") };
    assert!(reason.contains("its `Serialize` refused it"), "{reason}");

    let process = Process::spawn(returns_many_ends, (64,)).expect("a start");
    assert_eq!(process.join().expect("one message may carry as many").len(), 64);
    let process = Process::spawn(returns_many_ends, (65,)).expect("a start");
    let error = process.join().expect_err("they are too many");
    let Error::NoValue { reason, .. } = error else { panic!("{error}") };
    assert!(reason.contains("a message holds 65 channel ends"), "{reason}");
}

pub fn aborts() {
    process::abort();
}

fn an_abort_is_an_error_that_names_the_signal() {
    let process = Process::builder().name("quitter").spawn(aborts, ()).expect("a start");
    assert_eq!(process.wait().expect("it ends"), -6);
    let error = process.join().expect_err("it gave no value");
    let text = "process `quitter` gave no value: it was ended by signal 6 (SIGABRT: an abort, \
                a stack overflow or a failed allocation; its stderr says which)";
    assert_eq!(error.to_string(), text);
}

pub fn overflows_its_stack(n: u64) -> u64 {
    let deeper = std::hint::black_box(n + 1);
    if deeper == 0 { 0 } else { overflows_its_stack(deeper) + std::hint::black_box(1) }
}

fn a_stack_overflow_is_an_error_that_names_the_signal() {
    let ended = finish(&mut program("has a child that overflows its stack"));
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.contains("has overflowed its stack"), "{ended:?}");
}

pub fn has_a_child_that_overflows_its_stack() {
    let process = Process::spawn(overflows_its_stack, (0,)).expect("a start");
    let error = process.join().expect_err("it gave no value");
    assert!(matches!(error, Error::Killed { signal: 6, .. }), "{error}");
}

pub fn writes_to_closed_outputs() -> bool {
    let (reader, writer) = io::pipe().expect("a pipe");
    rustix::stdio::dup2_stdout(&writer).expect("stdout may be replaced");
    rustix::stdio::dup2_stderr(&writer).expect("stderr may be replaced");
    drop((reader, writer));
    // It waits in a buffer for the end of the process, where it cannot be written.
    io::stdout().write_all(b"half a line").is_ok()
}

/// [22] `test_error_on_stdio_flush_1`, `test_error_on_stdio_flush_2`
fn a_child_whose_outputs_are_closed_ends_with_0() {
    let process = Process::spawn(writes_to_closed_outputs, ()).expect("a start");
    assert_eq!(process.wait().expect("it ends"), 0);
    assert!(process.join().expect("a value"));
}

pub fn leaves_a_thread(sender: Sender<u32>) -> u32 {
    thread::spawn(sleeps);
    // Different from Python: only a thread that the target waits for is waited for.
    thread::scope(|scope| {
        scope.spawn(move || sender.send(1));
    });
    2
}

/// [21] `test_wait_for_threads`
fn a_thread_that_is_not_joined_holds_nobody_up() {
    let (ours, theirs) = pipe::<(), u32>().expect("a pipe");
    let (sender, _) = theirs.split();
    let process = Process::spawn(leaves_a_thread, (sender,)).expect("a start");
    assert_eq!(process.wait_timeout(SOON).expect("no error"), Some(0));
    assert_eq!(process.join().expect("a value"), 2);
    assert_eq!(ours.recv().expect("the thread that was joined had sent it"), 1);
}

pub struct Tells(Sender<String>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.send("dropped".to_owned()).expect("the parent is there");
    }
}

pub fn keeps_what_tells_its_end(sender: Sender<String>) {
    let tells = Tells(sender);
    tells.0.send("running".to_owned()).expect("the parent is there");
}

/// [33] `test_atexit`
fn what_the_target_has_is_dropped_before_its_value_is_there() {
    let (ours, theirs) = pipe::<(), String>().expect("a pipe");
    let (sender, _) = theirs.split();
    let process = Process::spawn(keeps_what_tells_its_end, (sender,)).expect("a start");
    process.join().expect("it ends");
    assert_eq!(ours.recv().expect("a message"), "running");
    assert_eq!(ours.recv().expect("a message"), "dropped");
    assert!(matches!(ours.recv(), Err(Error::Closed)));
}
