//! At the limit of open files.

use library_support::{
    SOON, Suite, fill_files, finish, is_child, limit_files, nothing, open_files, program, status,
    suite, waiting_child,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shared::{Error, Process, Queue, pipe};
use std::env;
use std::fs::File;
use std::time::Duration;

pub fn suite() -> Suite {
    suite! {
        tests: [
            at_the_limit_of_open_files_a_start_is_an_error_and_works_again_later,
            at_the_limit_of_open_files_a_process_can_be_waited_for_and_stopped,
            whatever_was_free_at_the_guard_everything_works_when_there_is_room,
            a_long_value_over_the_limit_of_a_file_is_an_error_that_names_it,
            with_32_open_files_processes_queues_and_pipes_work,
        ],
        children: [
            gives_bytes,
        ],
        programs: [
            "has small files" => has_small_files,
            "opens all files" => opens_all_files,
            "has few files free at its guard" => has_few_files_free_at_its_guard,
            "waits with all files open" => waits_with_all_files_open,
            "has few files" => has_few_files,
        ],
    }
}

fn at_the_limit_of_open_files_a_start_is_an_error_and_works_again_later() {
    finish(&mut program("opens all files")).well();
}

pub fn opens_all_files() {
    // Once with the first start at the limit, when nothing is there yet, and then again and again.
    limit_files(64);
    let mut worked = Vec::new();
    for free in (0..=16).chain(0..=16) {
        let before = open_files("self").len();
        let filled = fill_files(free);
        match Process::spawn(nothing, ()) {
            Ok(process) => match process.join() {
                Ok(()) => worked.push(free),
                Err(error) => panic!("with {free} files free: {error}"),
            },
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("(ulimit -n)"), "with {free} files free: {text}");
                assert!(!matches!(error, Error::Closed), "with {free} files free: {text}");
            }
        }
        drop(filled);
        for _ in 0..2 {
            let again = Process::spawn(nothing, ()).and_then(Process::join);
            again.unwrap_or_else(|error| panic!("after {free} files were free: {error}"));
        }
        assert!(open_files("self").len() <= before + 2, "{:?}", open_files("self"));
    }
    assert!(!worked.contains(&0) && worked.contains(&16), "{worked:?}");
}

fn at_the_limit_of_open_files_a_process_can_be_waited_for_and_stopped() {
    finish(&mut program("waits with all files open")).well();
}

pub fn waits_with_all_files_open() {
    limit_files(64);
    let waiting = [(); 4].map(|()| waiting_child());
    let filled = fill_files(0);
    let [(first, first_end), (second, _second_end), (third, _third_end), (fourth, fourth_end)] =
        waiting;
    assert!(first.is_alive());
    assert_eq!(first.wait_timeout(Duration::from_millis(5)).expect("no error"), None);
    drop(first_end);
    assert_eq!(first.wait_timeout(SOON).expect("no error"), Some(0));
    first.join().expect("it ends");
    second.terminate().expect("it can be signalled");
    assert_eq!(second.wait().expect("it ends"), -15);
    let id = third.id();
    drop(third);
    drop(fourth_end);
    assert_eq!(fourth.wait().expect("it ends"), 0);
    drop(filled);
    assert!(status(id).is_none_or(|status| status.parent != std::process::id()));
    assert_eq!(fourth.wait_timeout(Duration::ZERO).expect("it has ended"), Some(0));
}

const FREE: &str = "TEST_FREE_FILES";

/// Here all files but a few are opened before the guard is met.
pub fn before_the_guard() -> Vec<File> {
    match env::var(FREE) {
        Ok(free) if !is_child() => {
            limit_files(64);
            fill_files(free.parse().expect("a number"))
        }
        _ => Vec::new(),
    }
}

fn whatever_was_free_at_the_guard_everything_works_when_there_is_room() {
    for free in 0..8 {
        let mut program = program("has few files free at its guard");
        finish(program.env(FREE, free.to_string())).well();
    }
}

pub fn has_few_files_free_at_its_guard() {
    let (ours, theirs) = pipe::<u32, ()>().expect("a pipe");
    ours.send(1).expect("it is open");
    assert_eq!(theirs.recv().expect("a message"), 1);
    Process::spawn(nothing, ()).and_then(Process::join).expect("it works");
}

fn with_32_open_files_processes_queues_and_pipes_work() {
    finish(&mut program("has few files")).well();
}

pub fn has_few_files() {
    limit_files(32);
    for _ in 0..50 {
        let process = Process::spawn(nothing, ()).expect("a start");
        let queue = Queue::new().expect("a queue");
        queue.put(1).expect("it is open");
        let (left, right) = pipe::<u32, ()>().expect("a pipe");
        left.send(queue.get().expect("an item")).expect("it is open");
        assert_eq!(right.recv().expect("a message"), 1);
        process.join().expect("it ends");
        // The queue's thread gives back what it has when the queue is gone.
        drop(queue);
        library_support::until("the files are closed", library_support::SOON, || {
            open_files("self").len() < 16
        });
    }
}

pub fn gives_bytes(length: usize) -> serde_bytes::ByteBuf {
    library_support::bytes(length)
}

fn a_long_value_over_the_limit_of_a_file_is_an_error_that_names_it() {
    finish(&mut program("has small files")).well();
}

pub fn has_small_files() {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let small = Rlimit { current: Some(100_000), maximum };
    setrlimit(Resource::Fsize, small).expect("it may be less");
    for length in [0, 1000, 99_000, 101_000, 10 << 20] {
        let limit = |text: &str| {
            assert!(length > 100_000 && text.contains("(ulimit -f)"), "{length}: {text}");
        };
        match Process::spawn(crate::starting::echo, (library_support::bytes(length),)) {
            Ok(process) => assert_eq!(process.join().expect("a value").len(), length),
            Err(error) => limit(&error.to_string()),
        }
        match Process::spawn(gives_bytes, (length,)).expect("a start").join() {
            Ok(bytes) => assert_eq!(bytes.len(), length),
            Err(error) => limit(&error.to_string()),
        }
    }
}
