//! Tests of the standard harness that start processes: each has a guard of its own.

use shared::{Error, Process, main_guard, pipe};
use std::process::Command;
use std::{env, thread};

fn double(n: u32) -> u32 {
    n * 2
}

fn who() -> String {
    format!("{} {:?}", shared::process::name(), thread::current().name())
}

#[test]
fn a_test_starts_processes() {
    main_guard!(double, who);
    assert_eq!(Process::spawn(double, (21,)).unwrap().join().unwrap(), 42);
    let process = Process::builder().name("worker").spawn(who, ()).unwrap();
    assert_eq!(process.join().unwrap(), "worker Some(\"a_test_starts_processes\")");
}

#[test]
fn another_test_starts_the_same_target_at_the_same_time() {
    main_guard!(double);
    let start = |n| Process::spawn(double, (n,)).unwrap();
    let processes: Vec<_> = (0..10).map(start).collect();
    for (n, process) in (0..).zip(processes) {
        assert_eq!(process.join().unwrap(), 2 * n);
    }
}

fn talks(connection: shared::Connection<u32, u32>) -> shared::Result<()> {
    let n = connection.recv()?;
    let deeper = Process::spawn(double, (n,))?;
    connection.send(deeper.join()?)
}

#[test]
fn a_process_of_a_test_starts_another_and_talks() {
    main_guard!(talks, double);
    let (ours, theirs) = pipe().unwrap();
    let process = Process::spawn(talks, (theirs,)).unwrap();
    ours.send(4).unwrap();
    assert_eq!(ours.recv().unwrap(), 8);
    process.join().unwrap().unwrap();
}

#[test]
fn a_thread_of_a_test_starts_a_process() {
    main_guard!(double);
    let started = thread::spawn(|| Process::spawn(double, (3,)).and_then(Process::join));
    assert_eq!(started.join().unwrap().unwrap(), 6);
}

mod inner {
    use super::{Process, double, main_guard};

    #[test]
    #[should_panic(expected = "as it should")]
    fn a_test_in_a_module_that_should_panic_starts_a_process() {
        main_guard!(double);
        assert_eq!(Process::spawn(double, (3,)).unwrap().join().unwrap(), 6);
        panic!("as it should");
    }

    #[test]
    #[ignore = "a test runs it"]
    fn an_ignored_test_starts_a_process() {
        main_guard!(double);
        assert_eq!(Process::spawn(double, (3,)).unwrap().join().unwrap(), 6);
    }
}

fn unlisted() {}

#[test]
fn a_test_without_a_guard_is_told_to_have_one() {
    let error = Process::spawn(unlisted, ()).unwrap_err();
    let place = "a_test_without_a_guard_is_told_to_have_one";
    assert!(matches!(&error, Error::NoGuard { place: told, .. } if told == place));
    assert!(error.to_string().contains(&format!("as the first line of `{place}`")), "{error}");
}

#[test]
fn a_target_that_the_guard_of_a_test_does_not_list_is_not_started() {
    main_guard!(double);
    assert!(matches!(Process::spawn(unlisted, ()), Err(Error::NotListed { .. })));
}

fn speaks() {
    println!("said by a process");
}

#[test]
#[ignore = "a test runs it"]
fn a_process_speaks() {
    main_guard!(speaks);
    Process::spawn(speaks, ()).unwrap().join().unwrap();
}

fn run(args: &[&str]) -> String {
    let output = Command::new(env::current_exe().unwrap()).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_test_runs_alone_and_its_child_says_only_what_its_target_says() {
    let said = run(&["--exact", "a_process_speaks", "--ignored", "--test-threads=1"]);
    assert_eq!(said.matches("said by a process").count(), 1, "{said}");
    assert_eq!(said.matches("running 1 test").count(), 1, "{said}");
    run(&["--exact", "inner::an_ignored_test_starts_a_process", "--ignored"]);
}
