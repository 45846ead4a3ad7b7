//! Who a process is.

use library_support::{
    Suite, finish, nothing, program, says_hello_and_waits, suite, waiting_child,
};
use shared::{Error, Process, pipe};

pub fn suite() -> Suite {
    suite! {
        tests: [
            the_main_process_has_its_name_and_no_parent,
            a_child_knows_its_name_and_its_number_and_its_parent,
            processes_are_numbered_as_in_python,
            a_process_may_be_given_a_name,
            a_name_may_hold_anything,
            a_name_that_the_system_does_not_take_is_an_error,
        ],
        children: [
            says_who_it_is,
            starts_two,
        ],
        programs: [
            "has numbered children" => has_numbered_children,
        ],
    }
}

/// What a process says of itself: name, number, and the name and number of its parent.
type Self_ = (String, u32, Option<(String, u32)>);

pub fn says_who_it_is() -> Self_ {
    let parent = shared::process::parent().map(|parent| (parent.name().to_owned(), parent.id()));
    (shared::process::name().to_owned(), std::process::id(), parent)
}

/// [1] `test_current`, [4] `test_parent_process_attributes`
fn the_main_process_has_its_name_and_no_parent() {
    let (name, _, parent) = says_who_it_is();
    assert_eq!((name.as_str(), parent), ("MainProcess", None));
}

/// [4] `test_parent_process_attributes`, [7] `test_process`
fn a_child_knows_its_name_and_its_number_and_its_parent() {
    let process = Process::spawn(says_who_it_is, ()).expect("a start");
    let (name, id) = (process.name().to_owned(), process.id());
    let parent = ("MainProcess".to_owned(), std::process::id());
    assert_eq!(process.join().expect("a value"), (name, id, Some(parent)));
}

pub fn starts_two() -> Vec<Self_> {
    let mut all = vec![says_who_it_is()];
    for _ in 0..2 {
        let child = Process::spawn(says_who_it_is, ()).expect("a start");
        all.push(child.join().expect("a value"));
    }
    all
}

/// [27] process.py:93
fn processes_are_numbered_as_in_python() {
    finish(&mut program("has numbered children")).well();
}

pub fn has_numbered_children() {
    let first = Process::spawn(nothing, ()).expect("a start");
    assert_eq!(first.name(), "Process-1");
    first.join().expect("it ends");

    let second = Process::spawn(starts_two, ()).expect("a start");
    let id = second.id();
    let all = second.join().expect("a value");
    let names: Vec<_> = all.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["Process-2", "Process-2:1", "Process-2:2"]);
    for (_, _, parent) in &all[1..] {
        assert_eq!(*parent, Some(("Process-2".to_owned(), id)));
    }

    // A name changes nobody's number, and its bearer's children are numbered all the same.
    let third = Process::builder().name("third").spawn(starts_two, ()).expect("a start");
    let all = third.join().expect("a value");
    let names: Vec<_> = all.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["third", "Process-3:1", "Process-3:2"]);
    assert_eq!(all[1].2.as_ref().map(|(name, _)| name.as_str()), Some("third"));

    let fourth = Process::spawn(nothing, ()).expect("a start");
    assert_eq!(fourth.name(), "Process-4");
    fourth.join().expect("it ends");
}

/// [27] process.py:93
fn a_process_may_be_given_a_name() {
    let process = Process::builder().name("worker").spawn(says_who_it_is, ()).expect("a start");
    assert_eq!(process.name(), "worker");
    assert_eq!(process.join().expect("a value").0, "worker");
}

fn a_name_may_hold_anything() {
    let long = "x".repeat(1000);
    for name in ["", "/", "a/b", "a\0b", "|", "Рабочий 1", "-x", "multiprocessing-child:", &long]
    {
        let process = Process::builder().name(name).spawn(says_who_it_is, ()).expect("a start");
        assert_eq!(process.name(), name);
        assert_eq!(process.join().expect("a value").0, name);
    }
}

fn a_name_that_the_system_does_not_take_is_an_error() {
    let (_ours, theirs) = pipe().expect("a pipe");
    let name = "x".repeat(1 << 20);
    let error = Process::builder().name(&name).spawn(says_hello_and_waits, (theirs,));
    let error = error.expect_err("it is longer than an argument may be");
    assert!(matches!(&error, Error::Start { process, .. } if *process == name));
    assert!(
        error.to_string().ends_with("could not be started: Argument list too long (os error 7)")
    );
    // And the next start is not disturbed by the order that nobody took.
    let (process, ours) = waiting_child();
    drop(ours);
    process.join().expect("it ends");
}
