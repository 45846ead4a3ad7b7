//! What is not started, and what dies before it begins.

use library_support::{
    Disguised, RefusedThere, Refuses, Suite, Untagged, as_sender, disguised, finish, is_child,
    nothing, program, program_name, suite,
};
use serde::{Deserialize, Serialize, Serializer};
use shared::{Connection, Error, Process, Queue, main_guard, pipe};
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};
use std::{env, process};

pub fn suite() -> Suite {
    suite! {
        tests: [
            without_the_guard_nothing_is_started,
            a_target_that_the_guard_does_not_list_is_not_started,
            a_target_that_the_guard_lists_twice_is_not_started,
            a_guard_that_is_reached_twice_says_so,
            arguments_that_cannot_be_encoded_start_nothing,
            a_child_that_exits_before_the_guard_is_an_error_with_its_status_at_once,
            a_child_that_dies_before_the_guard_is_an_error_with_its_signal,
            a_child_that_does_not_come_to_the_guard_is_an_error,
            a_child_whose_guard_lists_other_targets_is_an_error,
            arguments_that_cannot_be_decoded_are_an_error,
            arguments_and_values_that_their_type_cannot_read_back_are_errors_of_their_sender,
        ],
        children: [
            gives_untagged,
            takes_untagged,
            listed,
            reads_another_type,
            reads_what_refuses,
            takes_ends,
            takes_what_panics,
            takes_what_refuses,
        ],
        programs: [
            "nothing is started" => nothing_is_started,
            "reaches the guard twice" => reaches_the_guard_twice,
            "has a child that dies early" => has_a_child_that_dies_early,
        ],
    }
}

/// What a child of "has a child that dies early" does instead of coming to the guard.
const DEATH: &str = "TEST_DEATH";

/// Here stands what is to happen before the guard, or instead of it.
pub fn before_the_guard() {
    if is_child() {
        match env::var(DEATH).unwrap_or_default().as_str() {
            "exit" => process::exit(7),
            "abort" => process::abort(),
            "other guard" => main_guard!(unlisted),
            "no guard" => {
                // As at the end of `main`.
                process::exit(0)
            }
            _ => {}
        }
    }
    let program = program_name().unwrap_or_default();
    if ["no guard", "not listed", "listed twice", "nothing is started"].contains(&&*program) {
        println!("{program}"); // whoever is started says so
    }
    let result = match program.as_str() {
        "no guard" => Process::spawn(listed, ()),
        "not listed" => {
            main_guard!(nothing);
            Process::spawn(listed, ())
        }
        "listed twice" => {
            main_guard!(listed, nothing, listed);
            Process::spawn(nothing, ()).and_then(Process::join).expect("it is listed once");
            Process::spawn(listed, ())
        }
        _ => return,
    };
    let error = result.expect_err("the guard is wrong");
    eprintln!("Error: {error:?}");
    process::exit(1);
}

pub fn listed() {}

fn unlisted() {}

/// [30] `TestNoForkBomb.test_noforkbomb`
fn without_the_guard_nothing_is_started() {
    let ended = finish(&mut program("no guard"));
    let expected = "Error: no process was started: a child runs this program again from the top, \
                    and nothing tells it where to leave `main`; \
                    write `shared::main_guard!(refusals::listed);` \
                    as the first line of `main`\n";
    assert_eq!(ended.stderr, expected);
    assert_eq!(ended.stdout, "no guard\n"); // from one process
    assert_eq!(ended.status.code(), Some(1));
}

fn a_target_that_the_guard_does_not_list_is_not_started() {
    let ended = finish(&mut program("not listed"));
    let expected = "Error: no process was started: `refusals::listed` \
                    is not in the list of the guard; \
                    add it to `shared::main_guard!(…)` in `main`\n";
    assert_eq!(ended.stderr, expected);
    assert_eq!((ended.stdout.as_str(), ended.status.code()), ("not listed\n", Some(1)));
}

fn a_target_that_the_guard_lists_twice_is_not_started() {
    let ended = finish(&mut program("listed twice"));
    let expected = "Error: no process was started: `shared::main_guard!` lists \
                    `refusals::listed` twice; remove one of the two\n";
    assert_eq!(ended.stderr, expected);
    // The second is the child that may be started.
    assert_eq!(ended.stdout, "listed twice\nlisted twice\n");
    assert_eq!(ended.status.code(), Some(1));
}

fn reaches_the_guard_twice() {
    main_guard!();
}

fn a_guard_that_is_reached_twice_says_so() {
    let ended = finish(&mut program("reaches the guard twice"));
    assert!(ended.stderr.contains("`shared::main_guard!` was reached twice"), "{ended:?}");
    assert_eq!(ended.status.code(), Some(101));
}

pub fn takes_what_refuses(_: Connection<(), ()>, _: Refuses) {}

#[derive(Deserialize)]
pub struct Panics;

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic::resume_unwind(Box::new("while it was encoded"))
    }
}

pub fn takes_what_panics(_: Connection<(), ()>, _: Panics) {}

pub fn takes_ends(ends: Vec<Connection<(), ()>>) {
    for end in ends {
        end.send(()).expect("the parent is there");
    }
}

fn arguments_that_cannot_be_encoded_start_nothing() {
    let ended = finish(&mut program("nothing is started"));
    ended.well();
    // From one process, and from the child at its end.
    assert_eq!(ended.stdout, "nothing is started\nnothing is started\n");
}

pub fn nothing_is_started() {
    let (ours, theirs) = pipe().expect("a pipe");
    let error = Process::spawn(takes_what_refuses, (theirs, Refuses)).expect_err("it refuses");
    assert!(matches!(&error, Error::Encode { reason, .. } if reason.contains("refused")));
    // The end that was encoded before is not on its way to anybody.
    assert!(matches!(ours.recv(), Err(Error::Closed)));

    let (ours, theirs) = pipe().expect("a pipe");
    let start = || Process::spawn(takes_what_panics, (theirs, Panics));
    panic::catch_unwind(AssertUnwindSafe(start)).map(drop).expect_err("it panics");
    assert!(matches!(ours.recv(), Err(Error::Closed)));

    let (ours, theirs): (Vec<_>, Vec<_>) = (0..33).map(|_| pipe().expect("a pipe")).unzip();
    let error = Process::spawn(takes_ends, (theirs,)).expect_err("they are too many");
    assert!(matches!(error, Error::TooManyEnds { .. }), "{error}");
    assert!(ours.iter().all(|ours| matches!(ours.recv(), Err(Error::Closed))));

    let (ours, theirs): (Vec<_>, Vec<_>) = (0..32).map(|_| pipe().expect("a pipe")).unzip();
    Process::spawn(takes_ends, (theirs,)).and_then(Process::join).expect("as many may be");
    assert!(ours.iter().all(|ours| ours.recv().is_ok()));
}

/// Runs a program whose child dies so, and gives what `join` said.
fn early_death(death: &str) -> String {
    let ended = finish(program("has a child that dies early").env(DEATH, death));
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    ended.stdout
}

pub fn has_a_child_that_dies_early() {
    let mut times: Vec<Duration> = (0..7)
        .map(|_| {
            let start = Instant::now();
            let process = Process::builder().name("early").spawn(listed, ()).expect("a start");
            let error = process.join().expect_err("it did not come to the guard");
            match error {
                Error::NotReady { exit_code, .. } => println!("NotReady {exit_code}: {error}"),
                Error::Killed { signal, .. } => println!("Killed {signal}: {error}"),
                Error::NoValue { .. } => println!("NoValue: {error}"),
                error => panic!("{error}"),
            }
            start.elapsed()
        })
        .collect();
    times.sort();
    assert!(times[3] < Duration::from_millis(100), "{times:?}");
}

fn a_child_that_exits_before_the_guard_is_an_error_with_its_status_at_once() {
    let line = "NotReady 7: process `early` exited with status 7 before its target began; \
                does `main` leave, or fail, before `shared::main_guard!`, \
                or read standard input there again and again?\n";
    assert_eq!(early_death("exit"), line.repeat(7));
}

fn a_child_that_dies_before_the_guard_is_an_error_with_its_signal() {
    let said = early_death("abort");
    let line = "Killed 6: process `early` gave no value: it was ended by signal 6 (SIGABRT";
    assert_eq!(said.matches(line).count(), 7, "{said}");
}

fn a_child_that_does_not_come_to_the_guard_is_an_error() {
    let said = early_death("no guard");
    let line = "NotReady 0: process `early` exited with status 0 before its target began";
    assert_eq!(said.matches(line).count(), 7, "{said}");
}

fn a_child_whose_guard_lists_other_targets_is_an_error() {
    let said = early_death("other guard");
    let line = "NoValue: process `early` gave no value: \
                the guard that it met does not list its target\n";
    assert_eq!(said, line.repeat(7));
}

pub fn reads_what_refuses(_: Queue<()>, _: RefusedThere) {}

pub fn reads_another_type(_: Disguised<u8, String>, _: Queue<()>) {}

fn arguments_that_cannot_be_decoded_are_an_error() {
    let queue = Queue::new().expect("a queue");
    let process = Process::builder().name("reader");
    let start = || process.spawn(reads_what_refuses, (queue.clone(), RefusedThere));
    let process = as_sender(start);
    let error = process.and_then(Process::join).expect_err("the child cannot read it");
    let Error::NoValue { process, reason } = error else { panic!("{error}") };
    assert_eq!(process, "reader");
    assert!(reason.contains("its `Deserialize` refused it"), "{reason}");

    let process = disguised(200, |number| Process::spawn(reads_another_type, (number, queue)));
    let process = process.expect("a start");
    assert_eq!(process.wait().expect("it ends"), 1);
    let error = process.join().expect_err("a text of 200 bytes is not there");
    assert!(matches!(error, Error::NoValue { .. }), "{error}");
}

pub fn takes_untagged(_: Untagged) {}

pub fn gives_untagged(give: bool) -> Option<Untagged> {
    give.then(|| Untagged::Text("x".to_owned()))
}

fn arguments_and_values_that_their_type_cannot_read_back_are_errors_of_their_sender() {
    let error =
        Process::spawn(takes_untagged, (Untagged::Number(1),)).expect_err("it is unreadable");
    assert!(matches!(&error, Error::Encode { .. }), "{error}");
    let process = Process::spawn(gives_untagged, (false,)).expect("a start");
    assert_eq!(process.join().expect("there is nothing in it"), None);
    let process = Process::spawn(gives_untagged, (true,)).expect("a start");
    assert_eq!(process.wait().expect("it ends"), 1);
    let error = process.join().expect_err("it is unreadable");
    let Error::NoValue { reason, .. } = error else { panic!("{error}") };
    assert!(reason.contains("its own type cannot read it back"), "{reason}");
}
