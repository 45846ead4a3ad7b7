//! Runs the tests: each on a thread that is watched, and each held to leave nothing behind.

use crate::process::{Resources, Status, children_of};
use crate::suite::Test;
use crate::{DEADLINE, SOON, isolated, warm_up};
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::sync::mpsc;
use std::time::Instant;
use std::{panic, thread};

/// Runs the tests, so that each can be held to leave nothing behind, and exits.
pub fn run(tests: Vec<Test>) -> ! {
    let mut arguments = Arguments::from_args();
    if isolated::is_wanted(&mut arguments) {
        let trials = tests.into_iter().map(|(name, _)| isolated::trial(name, 3 * DEADLINE));
        libtest_mimic::run(&arguments, trials.collect()).exit()
    }
    arguments.test_threads = Some(1);
    // An orphaned grandchild becomes ours instead of vanishing, so that we see if one is left.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .expect("a process may adopt its grandchildren");
    if !arguments.list {
        warm_up();
    }
    let trials = tests.into_iter().map(|(name, body)| Trial::test(name, move || watch(name, body)));
    libtest_mimic::run(&arguments, trials.collect()).exit()
}

fn watch(name: &str, body: fn()) -> Result<(), Failed> {
    let before = Resources::now();
    let (done, end) = mpsc::channel();
    let test = thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || done.send(panic::catch_unwind(body)))
        .expect("a thread for the test");
    let result = end.recv_timeout(DEADLINE);
    // A process is gone when its handle is.
    let children = children_of(std::process::id());
    reap(&children);
    match result {
        Ok(Ok(())) => drop(test.join()),
        Ok(Err(_)) => return Err("it panicked; its message stands above".into()),
        Err(_) => return Err(format!("it did not end within {DEADLINE:?}").into()),
    }
    if !children.is_empty() {
        return Err(format!("processes are left: {children:#?}").into());
    }
    // The threads of a queue end, and close what they held, soon after its last handle is gone.
    let patience = Instant::now() + SOON;
    loop {
        let after = Resources::now();
        if after.threads.len() <= before.threads.len() && after.files.len() <= before.files.len() {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(format!("something is left\nbefore: {before:#?}\nafter: {after:#?}").into());
        }
        thread::yield_now();
    }
}

/// Ends what a failed test has left, for the sake of the next.
fn reap(children: &[Status]) {
    for child in children {
        let pid = Pid::from_raw(child.pid.cast_signed()).expect("a process number");
        let _ = kill_process(pid, Signal::KILL);
        let _ = waitpid(Some(pid), WaitOptions::empty());
    }
}
