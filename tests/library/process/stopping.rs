//! Ending a process by force, and by letting go of it.

use library_support::{
    SOON, Suite, handle_signals, nothing, sleeps, status, suite, until_asleep, waiting_child,
};
use shared::{Connection, Error, Process, pipe};
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_terminated_process_has_exit_code_minus_15,
            a_killed_process_has_exit_code_minus_9,
            a_process_that_has_ended_can_be_stopped_again,
            a_hundred_children_stopped_right_after_their_start_all_say_so,
            a_dropped_handle_stops_its_process,
            a_dropped_handle_stops_a_process_that_has_only_begun,
            a_dropped_handle_kills_a_process_that_will_not_stop,
            the_handle_of_a_process_that_has_ended_can_be_dropped,
            many_handles_dropped_one_after_another_share_a_second,
            processes_that_are_stopped_together_have_a_second_each,
            a_group_of_handles_that_is_dropped_after_another_has_its_own_second,
            a_process_can_be_killed_while_another_thread_waits_for_it,
            an_early_return_neither_hangs_nor_leaves_a_process,
            a_panic_of_the_parent_leaves_no_process,
        ],
        children: [
            ends_in_time,
            will_not_stop,
        ],
    }
}

/// [9] `test_terminate`
fn a_terminated_process_has_exit_code_minus_15() {
    let (process, _ours) = waiting_child();
    let name = process.name().to_owned();
    process.terminate().expect("it can be signalled");
    assert_eq!(process.wait().expect("it ends"), -15);
    assert_eq!(process.wait().expect("it has ended"), -15);
    assert_eq!((process.exit_code(), process.is_alive()), (Some(-15), false));
    let error = process.join().expect_err("it gave no value");
    assert!(matches!(&error, Error::Killed { process, signal: 15 } if *process == name));
    let text = format!("process `{name}` gave no value: it was ended by signal 15 (SIGTERM)");
    assert_eq!(error.to_string(), text);
}

/// [10] `test_kill`
fn a_killed_process_has_exit_code_minus_9() {
    let (process, _ours) = waiting_child();
    process.kill().expect("it can be signalled");
    assert_eq!(process.wait().expect("it ends"), -9);
    let error = process.join().expect_err("it gave no value");
    assert!(matches!(error, Error::Killed { signal: 9, .. }), "{error}");
}

/// [9] `test_terminate`
fn a_process_that_has_ended_can_be_stopped_again() {
    // Once it is known to have ended, and once before anybody asked.
    for asked in [true, false] {
        let (process, ours) = waiting_child();
        drop(ours);
        if asked {
            assert_eq!(process.wait().expect("it ends"), 0);
        } else {
            library_support::until("it ends", SOON, || library_support::has_ended(process.id()));
        }
        process.terminate().expect("no error");
        process.kill().expect("no error");
        assert_eq!(process.exit_code(), Some(0));
        process.join().expect("it had ended well");
    }
}

/// [18] `test_many_processes` (b)
fn a_hundred_children_stopped_right_after_their_start_all_say_so() {
    let start = |_| Process::spawn(sleeps, ()).expect("a start");
    let children: Vec<_> = (0..100).map(start).collect();
    for child in &children {
        child.terminate().expect("it can be signalled");
    }
    for child in children {
        assert_eq!(child.wait().expect("it ends"), -15);
    }
}

fn is_gone(pid: u32) -> bool {
    status(pid).is_none_or(|status| status.parent != std::process::id())
}

/// [16] `test_close`
fn a_dropped_handle_stops_its_process() {
    let (process, _ours) = waiting_child();
    let id = process.id();
    drop(process);
    assert!(is_gone(id));
}

fn a_dropped_handle_stops_a_process_that_has_only_begun() {
    for _ in 0..20 {
        let process = Process::spawn(sleeps, ()).expect("a start");
        let id = process.id();
        drop(process);
        assert!(is_gone(id));
    }
}

pub fn will_not_stop(connection: Connection<(), ()>) {
    let asked = Arc::new(AtomicBool::new(false));
    let sigterm = signal_hook::consts::SIGTERM;
    signal_hook::flag::register(sigterm, asked).expect("SIGTERM may be handled");
    let _also = handle_signals();
    connection.send(()).expect("the parent waits");
    sleeps();
}

fn a_dropped_handle_kills_a_process_that_will_not_stop() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(will_not_stop, (theirs,)).expect("a start");
    ours.recv_timeout(SOON).expect("it is there");
    process.terminate().expect("it can be signalled");
    until_asleep(process.id());
    assert!(process.is_alive());
    let (id, start) = (process.id(), Instant::now());
    drop(process);
    assert!(is_gone(id));
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

fn stubborn(count: usize) -> Vec<Process<()>> {
    let start = |_| {
        let (ours, theirs) = pipe().expect("a pipe");
        let process = Process::spawn(will_not_stop, (theirs,)).expect("a start");
        ours.recv_timeout(SOON).expect("it is there");
        process
    };
    (0..count).map(start).collect()
}

struct Team {
    by_name: BTreeMap<usize, Process<()>>,
    leader: Option<Process<()>>,
}

fn many_handles_dropped_one_after_another_share_a_second() {
    let mut workers = stubborn(8);
    let ids: Vec<_> = workers.iter().map(Process::id).collect();
    let leader = workers.pop();
    let team = Team { by_name: workers.into_iter().enumerate().collect(), leader };
    assert!(team.leader.is_some() && team.by_name.len() == 7);
    let start = Instant::now();
    drop(team);
    let time = start.elapsed();
    assert!(ids.iter().all(|id| is_gone(*id)));
    assert!((Duration::from_secs(1)..Duration::from_secs(3)).contains(&time), "{time:?}");
}

fn a_group_of_handles_that_is_dropped_after_another_has_its_own_second() {
    drop(stubborn(1));
    let process = stubborn(1);
    let start = Instant::now();
    drop(process);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

/// Ends well, but takes some time after it is asked to.
pub fn ends_in_time(connection: Connection<(), ()>) {
    let asked = Arc::new(AtomicBool::new(false));
    let sigterm = signal_hook::consts::SIGTERM;
    signal_hook::flag::register(sigterm, asked.clone()).expect("SIGTERM may be handled");
    connection.send(()).expect("the parent waits");
    while !asked.load(std::sync::atomic::Ordering::SeqCst) {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(200));
    let _ = connection.send(());
}

fn processes_that_are_stopped_together_have_a_second_each() {
    let start = |_| {
        let (ours, theirs) = pipe().expect("a pipe");
        let process = Process::spawn(ends_in_time, (theirs,)).expect("a start");
        ours.recv_timeout(SOON).expect("it is there");
        (process, ours)
    };
    let (workers, ends): (Vec<_>, Vec<_>) = (0..8).map(start).unzip();
    let ids: Vec<_> = workers.iter().map(Process::id).collect();
    shared::process::stop_all(workers);
    assert!(ids.iter().all(|id| is_gone(*id)));
    for end in ends {
        end.recv().expect("it had the time to say goodbye");
    }
}

fn is_shared<T: Send + Sync>() {}

fn a_process_can_be_killed_while_another_thread_waits_for_it() {
    for limit in [None, Some(SOON)] {
        let (process, _ours) = waiting_child();
        let waits = || match limit {
            Some(time) => process.wait_timeout(time).map(|end| end.expect("it was killed")),
            None => process.wait(),
        };
        std::thread::scope(|scope| {
            let waiters = [(); 3].map(|()| scope.spawn(waits));
            until_asleep(process.id());
            process.kill().expect("it can be signalled");
            for waiter in waiters {
                assert_eq!(waiter.join().expect("no panic").expect("it ends"), -9);
            }
        });
        assert!(matches!(process.join(), Err(Error::Killed { signal: 9, .. })));
    }
    is_shared::<Process<std::cell::Cell<u8>>>();
    is_shared::<shared::Builder>();
    is_shared::<Error>();
}

fn the_handle_of_a_process_that_has_ended_can_be_dropped() {
    let process = Process::spawn(nothing, ()).expect("a start");
    process.wait().expect("it ends");
    drop(process);
    let process = Process::spawn(nothing, ()).expect("a start");
    library_support::until("it ends", SOON, || library_support::has_ended(process.id()));
    drop(process);
}

/// The handle is dropped before the end that its process waits for.
fn an_early_return_neither_hangs_nor_leaves_a_process() {
    fn returns_early(id: &mut u32) -> Result<(), Error> {
        let (ours, theirs) = pipe()?;
        let process = Process::spawn(library_support::says_hello_and_waits, (theirs,))?;
        ours.recv()?;
        *id = process.id();
        Err(Error::Empty)?;
        drop(ours);
        process.join()
    }
    let mut id = 0;
    assert!(matches!(returns_early(&mut id), Err(Error::Empty)));
    assert!(is_gone(id));
}

fn a_panic_of_the_parent_leaves_no_process() {
    let (process, _ours) = waiting_child();
    let id = process.id();
    let panics = move || -> () {
        let _process = process;
        panic::resume_unwind(Box::new("in the parent"))
    };
    panic::catch_unwind(AssertUnwindSafe(panics)).expect_err("it panics");
    assert!(is_gone(id));
}
