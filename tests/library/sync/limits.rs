//! The limit of open files, as an ordinary user.

use library_support::{SOON, Suite, fill_files, finish, limit_files, program, suite};
use shared::sync::{Atomic, Barrier, Condvar, Event, Memory, Mutex, Semaphore};
use shared::{Connection, Error, Process, pipe};
use std::os::unix::process::CommandExt;

pub fn suite() -> Suite {
    suite! {
        tests: [
            at_the_limit_of_open_files_it_is_an_error_that_names_it,
            a_value_beyond_the_limit_of_a_file_is_an_error_that_names_it,
            five_hundred_objects_reach_five_processes_of_an_ordinary_user,
        ],
        children: [
            counts_in_all,
        ],
        programs: [
            "opens all files" => opens_all_files,
            "has small files" => has_small_files,
            "is an ordinary user" => is_an_ordinary_user,
        ],
    }
}

fn at_the_limit_of_open_files_it_is_an_error_that_names_it() {
    finish(&mut program("opens all files")).well();
}

pub fn opens_all_files() {
    limit_files(64);
    let (left, right) = pipe::<Vec<Event>, Vec<Event>>().expect("a pipe");
    let objects = [Event::new().expect("an event"), Event::new().expect("an event")];
    let mut failures = [0; 3];
    for free in 0..=16 {
        let filled = fill_files(free);
        let made = (|| {
            Ok((Mutex::new(1)?, Barrier::new(1)?, Semaphore::new(1)?, Memory::new(1)?))
                .and_then(|_| Ok((Condvar::new()?, Atomic::<std::sync::atomic::AtomicU8>::new(1)?)))
        })();
        failures[0] += u32::from(names_the_limit(made));
        failures[1] += u32::from(names_the_limit(
            left.send(objects.to_vec()).and_then(|()| right.recv_timeout(SOON)),
        ));
        drop(filled);
        left.send(objects.to_vec()).expect("there is room");
        let filled = fill_files(free);
        failures[2] += u32::from(names_the_limit(right.recv_timeout(SOON)));
        drop(filled);
    }
    // With some room each succeeds, and with none it does not.
    assert!(failures.iter().all(|&failures| failures > 0), "{failures:?}");
    left.send(objects.to_vec()).expect("there is room");
    let arrived = right.recv_timeout(SOON).expect("there is room");
    arrived[1].set();
    assert!(objects[1].is_set());
}

/// Whether it is an error, which must then say what to do.
#[track_caller]
fn names_the_limit<T>(result: Result<T, Error>) -> bool {
    let error = result.err();
    if let Some(error) = &error {
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }
    error.is_some()
}

fn a_value_beyond_the_limit_of_a_file_is_an_error_that_names_it() {
    finish(&mut program("has small files")).well();
}

pub fn has_small_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let text = Mutex::new(String::new()).expect("a mutex");
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: Some(1 << 20), maximum }).expect("it may be less");
    let mut guard = text.lock().expect("it is free");
    *guard = "x".repeat(1 << 21);
    let error = guard.store().expect_err("there is no such file");
    assert!(error.to_string().contains("ulimit -f"), "{error}");
    drop(guard);
    assert_eq!(*text.lock().expect("it is not poisoned"), "");
    let error = Memory::new(1 << 21).expect_err("there is no such file");
    assert!(error.to_string().contains("ulimit -f"), "{error}");
    *text.lock().expect("it is free") = "x".repeat(1 << 18);
    assert_eq!(text.lock().expect("it is free").len(), 1 << 18);
}

const OBJECTS: usize = 500;
const PROCESSES: u32 = 5;

/// So many travel at once.
const BATCH: usize = 50;

pub fn counts_in_all(talk: Connection<(), Vec<Mutex<u32>>>) {
    let mut all = Vec::new();
    while all.len() < OBJECTS {
        all.extend(talk.recv().expect("more are to come"));
        talk.send(()).expect("the parent waits");
    }
    talk.recv().expect_err("the parent says when all have all");
    for counter in &all {
        *counter.lock().expect("nobody is killed") += 1;
    }
}

fn five_hundred_objects_reach_five_processes_of_an_ordinary_user() {
    let mut program = program("is an ordinary user");
    if rustix::process::geteuid().is_root() {
        program.uid(65534);
    }
    finish(&mut program).well();
}

pub fn is_an_ordinary_user() {
    assert!(!rustix::process::geteuid().is_root());
    limit_files(1024);
    let counters: Vec<_> = (0..OBJECTS).map(|_| Mutex::new(0).expect("a mutex")).collect();
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let (ours, theirs) = pipe().expect("a pipe");
            let child = Process::spawn(counts_in_all, (theirs,)).expect("a start");
            for batch in counters.chunks(BATCH) {
                ours.send(batch.to_vec()).expect("it is there");
                ours.recv_timeout(SOON).expect("it has them");
            }
            (child, ours)
        })
        .collect();
    for (child, talk) in children {
        drop(talk);
        child.join().expect("it counts");
    }
    for counter in &counters {
        assert_eq!(*counter.lock().expect("nobody was killed"), PROCESSES);
    }
}
