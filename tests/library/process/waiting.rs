//! Seeing whether a process has ended, and waiting for it.

use library_support::{
    DEADLINE, MOMENT, SOON, SignalStorm, Suite, children_of, fill_files, finish, handle_signals,
    limit_files, nothing, program, sleeps, soon, status, suite, until, until_asleep, waiting_child,
};
use shared::{Connection, Error, Process, pipe};
use std::env;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_process_lives_from_its_start_to_its_end,
            the_end_of_a_process_is_seen_without_waiting,
            a_process_can_be_waited_for_again_and_joined_after,
            a_wait_of_no_time_returns_at_once_and_leaves_the_process_alive,
            a_wait_ends_when_its_time_is_over,
            a_wait_with_a_time_limit_ends_when_the_process_does,
            a_wait_without_a_time_limit_ends_when_the_process_does,
            a_hundred_short_children_all_end_with_0,
            a_process_may_be_joined_on_another_thread,
            where_the_end_of_children_is_ignored_they_are_joined_all_the_same,
            handled_signals_are_invisible_to_whoever_starts_and_waits,
        ],
        children: [
            sleeps_for,
            waits_under_signals,
        ],
        programs: [
            "ignores the end of its children" => ignores_the_end_of_its_children,
        ],
    }
}

/// [7], [8] `test_process`
fn a_process_lives_from_its_start_to_its_end() {
    let (process, ours) = waiting_child();
    assert!(process.is_alive());
    assert_eq!(process.exit_code(), None);
    assert!(children_of(std::process::id()).iter().any(|child| child.pid == process.id()));
    drop(ours);
    assert_eq!(process.wait().expect("it ends"), 0);
    assert!(!process.is_alive());
    assert_eq!(process.exit_code(), Some(0));
    assert!(children_of(std::process::id()).is_empty());
    process.join().expect("it ended well");
}

/// [15] `test_sentinel`
fn the_end_of_a_process_is_seen_without_waiting() {
    let (process, ours) = waiting_child();
    assert_eq!(process.wait_timeout(Duration::ZERO).expect("no error"), None);
    drop(ours);
    until("the process has ended", SOON, || !process.is_alive());
    assert_eq!(process.exit_code(), Some(0));
    assert_eq!(process.wait_timeout(Duration::ZERO).expect("no error"), Some(0));
}

fn a_process_can_be_waited_for_again_and_joined_after() {
    let process = Process::spawn(crate::starting::one, (7,)).expect("a start");
    for _ in 0..3 {
        assert_eq!(process.wait().expect("it ends"), 0);
        assert_eq!(process.wait_timeout(MOMENT).expect("it has ended"), Some(0));
        assert_eq!(process.exit_code(), Some(0));
    }
    assert_eq!(process.join().expect("the value is still there"), "7");
}

/// [11] `_kill_process`
fn a_wait_of_no_time_returns_at_once_and_leaves_the_process_alive() {
    let (process, _ours) = waiting_child();
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(process.wait_timeout(Duration::ZERO).expect("no error"), None);
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(process.is_alive());
}

fn a_wait_ends_when_its_time_is_over() {
    let (process, _ours) = waiting_child();
    for time in [Duration::from_micros(100), Duration::from_micros(1500), MOMENT] {
        let start = Instant::now();
        assert_eq!(process.wait_timeout(time).expect("no error"), None);
        assert!(start.elapsed() >= time, "{:?} instead of {time:?}", start.elapsed());
    }
    assert!(process.is_alive());
}

/// Drops something when this thread has gone to sleep.
fn drop_when_we_sleep(end: Connection<(), ()>) -> thread::JoinHandle<()> {
    let waiter = rustix::thread::gettid().as_raw_pid().cast_unsigned();
    thread::spawn(move || {
        until_asleep(waiter);
        drop(end);
    })
}

/// [15] `test_sentinel`
fn a_wait_with_a_time_limit_ends_when_the_process_does() {
    for time in [DEADLINE * 2, Duration::MAX] {
        let (process, ours) = waiting_child();
        let dropped = drop_when_we_sleep(ours);
        assert_eq!(process.wait_timeout(time).expect("no error"), Some(0));
        dropped.join().expect("no panic");
    }
}

fn a_wait_without_a_time_limit_ends_when_the_process_does() {
    let (process, ours) = waiting_child();
    let dropped = drop_when_we_sleep(ours);
    assert_eq!(process.wait().expect("no error"), 0);
    dropped.join().expect("no panic");

    let (process, ours) = waiting_child();
    let dropped = drop_when_we_sleep(ours);
    process.join().expect("no error");
    dropped.join().expect("no panic");
}

pub fn sleeps_for(time: Duration) {
    thread::sleep(time);
}

/// [17] `test_many_processes` (a)
fn a_hundred_short_children_all_end_with_0() {
    let time = Duration::from_millis(10);
    let start = |_| Process::spawn(sleeps_for, (time,)).expect("a start");
    let children: Vec<_> = (0..100).map(start).collect();
    for child in children {
        assert_eq!(child.wait().expect("it ends"), 0);
    }
}

fn a_process_may_be_joined_on_another_thread() {
    let process = Process::spawn(crate::starting::one, (7,)).expect("a start");
    assert_eq!(soon(move || process.join()).expect("a value"), "7");
}

/// The parent sends SIGUSR1 every millisecond from when it hears of us.
pub fn waits_under_signals(connection: Connection<(), ()>) -> [u32; 4] {
    let signalled = handle_signals();
    connection.send(()).expect("the parent waits");
    let mut hits = [0; 4];
    let end = Instant::now() + SOON;
    // Each call is to meet a signal, several times.
    while hits.iter().any(|&hits| hits < 3) && Instant::now() < end {
        let mut calls: [&mut dyn FnMut(); 4] = [
            &mut || {
                let child = Process::spawn(sleeps_for, (Duration::from_millis(10),));
                assert_eq!(child.expect("a start").wait().expect("it ends"), 0);
            },
            &mut || {
                let child = Process::spawn(sleeps_for, (Duration::from_millis(10),));
                assert_eq!(child.expect("a start").wait_timeout(SOON).expect("it ends"), Some(0));
            },
            &mut || {
                let child = Process::spawn(sleeps_for, (Duration::from_millis(10),));
                child.expect("a start").join().expect("it ends");
            },
            &mut || {
                let child = Process::spawn(sleeps, ()).expect("a start");
                let start = Instant::now();
                let time = Duration::from_millis(10);
                assert_eq!(child.wait_timeout(time).expect("no error"), None);
                assert!(start.elapsed() >= time, "{:?}", start.elapsed());
            },
        ];
        for (call, hits) in calls.iter_mut().zip(&mut hits) {
            signalled.store(false, Ordering::SeqCst);
            call();
            *hits += u32::from(signalled.load(Ordering::SeqCst));
        }
    }
    hits
}

/// [28] `test_poll_eintr`
fn handled_signals_are_invisible_to_whoever_starts_and_waits() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(waits_under_signals, (theirs,)).expect("a start");
    ours.recv_timeout(SOON).expect("it handles signals now");
    let storm = SignalStorm::over(process.id());
    assert_eq!(process.wait_timeout(SOON).expect("it ends"), Some(0));
    drop(storm);
    let hits = process.join().expect("a value");
    assert!(hits.iter().all(|&hits| hits >= 3), "signals met: {hits:?}");
    Process::spawn(nothing, ()).and_then(Process::join).expect("all is well");
}

fn where_the_end_of_children_is_ignored_they_are_joined_all_the_same() {
    let program = program("ignores the end of its children");
    let this = env::current_exe().expect("this program has a file");
    let mut command = Command::new("env");
    command.arg("--ignore-signal=CHLD").arg(this).args(program.get_args());
    finish(command.stdin(Stdio::null())).well();
}

pub fn ignores_the_end_of_its_children() {
    // While it is waited for, and after it has ended.
    let (process, end) = waiting_child();
    let waits = thread::spawn(move || process.join());
    drop(end);
    waits.join().expect("no panic").expect("it ends");
    let (process, end) = waiting_child();
    drop(end);
    let id = process.id();
    until("it is gone", SOON, || status(id).is_none());
    assert!(process.wait_timeout(SOON).expect("no error").is_some());
    process.join().expect("it has ended");
    let (process, end) = waiting_child();
    assert_eq!(process.wait_timeout(Duration::ZERO).expect("no error"), None);
    drop(end);
    assert!(process.wait_timeout(SOON).expect("no error").is_some());
    process.join().expect("it has ended");
    // Without a file for it, it is asked again and again.
    let (process, end) = waiting_child();
    limit_files(64);
    drop(end);
    let filled = fill_files(0);
    assert!(process.wait_timeout(SOON).expect("no error").is_some());
    drop(filled);
    // How it ended, the system has thrown away.
    let (process, _end) = waiting_child();
    process.kill().expect("it lives");
    process.join().expect_err("it gave nothing");
    let (process, _end) = waiting_child();
    process.kill().expect("it lives");
    assert!(matches!(process.wait(), Err(Error::UnknownEnd { .. })));
    assert!(matches!(process.wait_timeout(SOON), Err(Error::UnknownEnd { .. })));
    assert_eq!((process.is_alive(), process.exit_code()), (false, None));
    assert!(matches!(process.join(), Err(Error::UnknownEnd { .. })));
    // What it told before it ended is known.
    let process = Process::spawn(crate::endings::gives_a_result, (-1,)).expect("a start");
    assert_eq!(process.wait().expect("it told how it ended"), 1);
    assert_eq!(process.exit_code(), Some(1));
}
