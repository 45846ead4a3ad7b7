//! What a builder sets: the environment, the directory, the outputs, the process group.

use library_support::{
    Lines, SOON, Suite, has_ended, program, sleeps, status, suite, until, until_asleep,
    until_orphans_end,
};
use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process};
use shared::{Connection, Error, Process, pipe};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io, mem};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_builder_sets_and_removes_variables,
            a_builder_sets_the_directory,
            a_builder_sets_the_outputs,
            a_group_of_its_own_is_not_reached_by_the_terminal_s_signals,
            stopping_a_process_stops_its_whole_group,
            without_a_group_of_its_own_what_a_worker_started_lives_on,
            a_group_of_its_own_ends_with_the_parent,
            a_dropped_group_leaves_nothing_that_refuses_to_stop,
        ],
        children: [
            directory,
            group,
            runs_a_program,
            speaks,
            variables,
        ],
        programs: [
            "has a group" => has_a_group,
        ],
    }
}

pub fn variables(names: Vec<String>) -> Vec<Option<String>> {
    names.into_iter().map(|name| env::var(name).ok()).collect()
}

fn a_builder_sets_and_removes_variables() {
    let names = ["TEST_SET", "PATH"].map(str::to_owned).to_vec();
    let builder = Process::builder().env("TEST_SET", "a=b").env_remove("PATH");
    let process = builder.spawn(variables, (names.clone(),)).expect("a start");
    assert_eq!(process.join().expect("a value"), [Some("a=b".to_owned()), None]);
    // And nobody else's.
    let process = Process::spawn(variables, (names,)).expect("a start");
    let values = process.join().expect("a value");
    assert!(values[0].is_none() && values[1].is_some(), "{values:?}");
}

pub fn directory() -> PathBuf {
    env::current_dir().expect("it is there")
}

fn a_builder_sets_the_directory() {
    let process = Process::builder().current_dir("/proc").spawn(directory, ()).expect("a start");
    assert_eq!(process.join().expect("a value"), Path::new("/proc"));
    let error = Process::builder().current_dir("/nowhere/at/all").spawn(directory, ());
    assert!(matches!(error, Err(Error::Start { .. })));
}

pub fn speaks() {
    println!("out");
    eprintln!("err");
}

fn a_builder_sets_the_outputs() {
    let builder = Process::builder().stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = builder.spawn(speaks, ()).expect("a start");
    let stdout = process.take_stdout().expect("a pipe");
    let stderr = process.take_stderr().expect("a pipe");
    assert!(process.take_stdout().is_none() && process.take_stderr().is_none());
    assert_eq!(io::read_to_string(stdout).expect("text"), "out\n");
    assert_eq!(io::read_to_string(stderr).expect("text"), "err\n");
    process.join().expect("it ends");
    let process = Process::builder().stdout(Stdio::null()).stderr(Stdio::null());
    let process = process.spawn(speaks, ()).expect("a start");
    assert!(process.take_stdout().is_none());
    process.join().expect("it ends");
}

pub fn group() -> (i32, i32) {
    (getpgrp().as_raw_pid(), rustix::process::getpid().as_raw_pid())
}

fn a_group_of_its_own_is_not_reached_by_the_terminal_s_signals() {
    let process = Process::builder().process_group(0).spawn(group, ()).expect("a start");
    let (group, number) = process.join().expect("a value");
    assert_eq!(group, number);
    let process = Process::spawn(self::group, ()).expect("a start");
    assert_eq!(process.join().expect("a value").0, getpgrp().as_raw_pid());
    let process = Process::builder().process_group(getpgrp().as_raw_pid());
    let process = process.spawn(self::group, ()).expect("a start");
    assert_eq!(process.join().expect("a value").0, getpgrp().as_raw_pid());
}

/// Starts a program that goes on until it is stopped, and tells its number.
pub fn runs_a_program(connection: Connection<u32, ()>, stubborn: bool) {
    let mut command = Command::new("sh");
    let script = if stubborn { "trap '' TERM; echo; exec sleep 60" } else { "echo; exec sleep 60" };
    let mut command =
        command.args(["-c", script]).stdout(Stdio::piped()).spawn().expect("it can be run");
    // It is there, with its trap.
    Lines::of(&mut command).next();
    connection.send(command.id()).expect("the parent waits");
    mem::forget(command);
    sleeps();
}

fn with_a_program(own_group: bool, stubborn: bool) -> (Process<()>, u32) {
    let (ours, theirs) = pipe().expect("a pipe");
    let mut builder = Process::builder();
    if own_group {
        builder = builder.process_group(0);
    }
    let process = builder.spawn(runs_a_program, (theirs, stubborn)).expect("a start");
    let number = ours.recv_timeout(SOON).expect("it tells");
    (process, number)
}

fn stopping_a_process_stops_its_whole_group() {
    for how in ["terminate", "kill", "drop", "stop_all"] {
        let (process, program) = with_a_program(true, false);
        assert_eq!(
            getpgid(Pid::from_raw(program.cast_signed())).ok(),
            Pid::from_raw(process.id().cast_signed())
        );
        match how {
            "terminate" => process.terminate().expect("it can be signalled"),
            "kill" => process.kill().expect("it can be signalled"),
            "drop" => drop(process),
            _ => shared::process::stop_all([process]),
        }
        until("the program is stopped", SOON, || has_ended(program));
        until_orphans_end(SOON);
    }
}

/// [20] What a worker starts by itself is its own.
fn without_a_group_of_its_own_what_a_worker_started_lives_on() {
    let (process, program) = with_a_program(false, false);
    drop(process);
    until_asleep(program);
    assert!(!has_ended(program));
    kill_process(Pid::from_raw(program.cast_signed()).expect("a number"), Signal::KILL)
        .expect("it lives");
    until_orphans_end(SOON);
}

fn a_dropped_group_leaves_nothing_that_refuses_to_stop() {
    let (process, program) = with_a_program(true, true);
    drop(process);
    until("it is killed", SOON, || has_ended(program));
    until_orphans_end(SOON);
}

pub fn has_a_group() {
    let (process, program) = with_a_program(true, false);
    println!("{} {program}", process.id());
    sleeps();
    drop(process);
}

fn a_group_of_its_own_ends_with_the_parent() {
    let mut parent = program("has a group");
    let mut parent = parent.stdout(Stdio::piped()).spawn().expect("it runs");
    let line = Lines::of(&mut parent).next();
    let numbers = line.split(' ').map(|number| number.parse().expect("a number"));
    let numbers: Vec<u32> = numbers.collect();
    assert!(numbers.iter().all(|number| !has_ended(*number)));
    parent.kill().expect("it can be signalled");
    parent.wait().expect("it ends");
    until("the group ends", SOON, || numbers.iter().all(|number| has_ended(*number)));
    until_orphans_end(SOON);
    assert!(numbers.iter().all(|number| status(*number).is_none()));
}
