//! The source's cell without `if __name__ == "__main__":`.

use assert_cmd::assert::Assert;
use lesson_support::run;
use lesson_support::source::differences;
use predicates::prelude::*;
use std::sync::{Mutex, PoisonError};

const PROGRAM: &str = env!("CARGO_BIN_EXE_no_guard");

const SOURCE: &str = include_str!("../../../lessons/02_process_counter/src/bin/no_guard.rs");
const GUARDED: &str = include_str!("../../../lessons/02_process_counter/src/main.rs");

#[test]
fn it_is_the_lesson_less_the_line_with_the_guard() {
    let (guarded, unguarded) = differences(GUARDED, SOURCE);
    assert_eq!(guarded, ["    shared::main_guard!(first_worker, second_worker);"]);
    assert!(unguarded.is_empty());
}

#[test]
fn it_says_what_is_missing_and_where_to_write_it_and_starts_nothing() {
    let (run, started) = starts(PROGRAM, &[]);
    run.code(1).stdout("").stderr(
        predicate::str::starts_with("Error: no process was started")
            .and(predicate::str::contains("shared::main_guard!"))
            .and(predicate::str::contains("first_worker"))
            .and(predicate::str::contains("first line of `main`")),
    );
    assert_eq!(started, 1, "the program itself, and no other");

    // The count does see children where there are some. (Two at the same moment may count as one.)
    let (run, started) = starts(env!("CARGO_BIN_EXE_process_counter"), &["--tick", "0s"]);
    run.success();
    assert!(started > 1, "{started}");
}

/// The numbers of steps are read before anything is started.
#[test]
fn bad_input_comes_first_as_in_the_lesson() {
    let (run, _) = starts(PROGRAM, &["--first", "abc"]);
    run.code(2).stdout("").stderr(predicate::str::contains("abc"));
}

/// Runs a program, and counts how often its file was opened to be started.
fn starts(program: &str, args: &[&str]) -> (Assert, usize) {
    use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};

    // One at a time: what another test starts would be counted here.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);

    let watch = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).expect("inotify");
    // Two equal events in a row are told as one; but between two starts the file was read.
    let events = WatchFlags::OPEN | WatchFlags::ACCESS;
    add_watch(&watch, program, events).expect("the program can be watched");
    let run = run(program, args);

    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = Reader::new(watch, &mut buffer);
    let mut opened = 0;
    while let Ok(event) = events.next() {
        opened += usize::from(event.events().contains(ReadFlags::OPEN));
    }
    (run, opened)
}
