//! Signals, and the limit of open files.

use library_support::{
    SOON, SignalStorm, Suite, bytes, fill_files, finish, handle_signals, limit_files, open_files,
    program, suite, threads_named, until, until_threads_sleep,
};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, pipe};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            handled_signals_are_invisible_to_whoever_sends_and_receives,
            at_the_limit_of_open_files_a_pipe_is_an_error_and_works_again_later,
            at_the_limit_of_open_files_even_the_first_message_is_sent,
            a_child_at_the_limit_receives_ends_again_later,
            a_message_that_was_broken_off_does_not_get_into_the_next,
        ],
        children: [
            receives_at_the_limit,
            talks_under_signals,
        ],
        programs: [
            "opens all files" => opens_all_files,
            "breaks off a message" => breaks_off_a_message,
            "sends with all files open" => sends_with_all_files_open,
        ],
    }
}

const LONG: usize = 4 << 20;

/// How often each of the calls met a signal.
pub fn talks_under_signals(connection: Connection<ByteBuf, ByteBuf>) -> [u32; 6] {
    let signalled = handle_signals();
    connection.send(bytes(0)).expect("the parent waits");
    let (moment, long) = (Duration::from_millis(10), bytes(LONG));
    let mut hits = [0; 6];
    let end = Instant::now() + SOON;
    while hits.iter().any(|&hits| hits < 3) && Instant::now() < end {
        for (call, hits) in hits.iter_mut().enumerate() {
            signalled.store(false, Ordering::SeqCst);
            match call {
                0 => assert!(connection.recv().expect("a message") == bytes(1)),
                1 => assert!(connection.recv_timeout(SOON).expect("a message") == long),
                2 => {
                    assert!(connection.poll(SOON).expect("no error"));
                    assert!(connection.recv().expect("a message") == bytes(1));
                }
                3 => {
                    let start = Instant::now();
                    assert!(matches!(connection.recv_timeout(moment), Err(Error::Timeout)));
                    assert!(start.elapsed() >= moment, "{:?}", start.elapsed());
                }
                4 => {
                    let start = Instant::now();
                    assert!(!connection.poll(moment).expect("no error"));
                    assert!(start.elapsed() >= moment, "{:?}", start.elapsed());
                }
                // Longer than the pipe, and read late.
                _ => connection.send(long.clone()).expect("the parent is there"),
            }
            *hits += u32::from(signalled.load(Ordering::SeqCst));
        }
    }
    hits
}

/// [70] `TestIgnoreEINTR.test_ignore`
fn handled_signals_are_invisible_to_whoever_sends_and_receives() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(talks_under_signals, (theirs,)).expect("a start");
    assert!(ours.recv_timeout(SOON).expect("it handles signals now") == bytes(0));
    let storm = SignalStorm::over(process.id());
    let late = Duration::from_millis(4);
    let (mut rounds, long) = (0, bytes(LONG));
    // Everything comes late, so that the child has to wait for it.
    'rounds: loop {
        for message in [bytes(1), long.clone(), bytes(1)] {
            if process.wait_timeout(late).expect("no error").is_some() {
                break 'rounds;
            }
            match ours.send(message) {
                Ok(()) => {}
                Err(Error::Closed) => break 'rounds,
                Err(error) => panic!("{error}"),
            }
        }
        // Two waits in vain, and a send that has to wait; then the child begins again, or ends.
        if process.wait_timeout(10 * late).expect("no error").is_some() {
            break;
        }
        match ours.recv_timeout(SOON) {
            Ok(message) => assert!(message == long),
            Err(Error::Closed) => break,
            Err(error) => panic!("{error}"),
        }
        rounds += 1;
    }
    drop(storm);
    let hits = process.join().expect("a value");
    assert!(rounds >= 3 && hits.iter().all(|&hits| hits >= 3), "signals met: {hits:?}");
}

fn at_the_limit_of_open_files_a_pipe_is_an_error_and_works_again_later() {
    finish(&mut program("opens all files")).well();
}

pub fn opens_all_files() {
    limit_files(64);
    let (ours, theirs) = pipe::<(u32, Option<Connection<(), ()>>), ()>().expect("a pipe");
    let before = open_files("self").len();
    let (mut made, mut received) = (Vec::new(), Vec::new());
    for free in 0..=8 {
        let filled = fill_files(free);
        match pipe::<usize, ()>() {
            Ok((left, right)) => {
                left.send(free).expect("it is open");
                assert_eq!(right.recv().expect("a message"), free);
                made.push(free);
            }
            Err(error) => assert!(error.to_string().contains("(ulimit -n)"), "{error}"),
        }
        drop(filled);
        pipe::<(), ()>().expect("it works again");

        // An end that there is no room for when it comes.
        let (inner, inners) = pipe().expect("a pipe");
        ours.send((1, None)).expect("it is open");
        ours.send((2, Some(inners))).expect("it is open");
        ours.send((3, None)).expect("it is open");
        let filled = fill_files(free);
        assert!(matches!(theirs.recv(), Ok((1, None))), "with {free} files free");
        match theirs.recv() {
            Ok((2, Some(_))) => received.push(free),
            Ok(other) => panic!("with {free} files free: {other:?}"),
            Err(error) => assert!(error.to_string().contains("(ulimit -n)"), "{error}"),
        }
        assert!(matches!(theirs.recv(), Ok((3, None))), "with {free} files free");
        drop(filled);
        assert!(matches!(inner.recv_timeout(SOON), Err(Error::Closed)));
        drop(inner);
        assert_eq!(open_files("self").len(), before, "with {free} files free");
    }
    assert!(!made.contains(&3) && made.contains(&4), "{made:?}");
    assert!(!received.contains(&1) && received.contains(&2), "{received:?}");
}

fn at_the_limit_of_open_files_even_the_first_message_is_sent() {
    finish(&mut program("sends with all files open")).well();
}

/// What ipc-channel finds out with its first message, it would never recover from failing at.
pub fn sends_with_all_files_open() {
    limit_files(64);
    let (ours, theirs) = pipe().expect("a pipe");
    let filled = fill_files(0);
    ours.send(1).expect("it needs no file");
    assert_eq!(theirs.recv().expect("a message"), 1);
    theirs.send(bytes(100_000)).expect("it needs no file");
    assert!(ours.recv().expect("a message") == bytes(100_000));
    drop(filled);
}

fn a_message_that_was_broken_off_does_not_get_into_the_next() {
    finish(&mut program("breaks off a message")).well();
}

/// In the middle of a long message, whose sender takes in what comes meanwhile, comes an end for
/// which there is no room.
pub fn breaks_off_a_message() {
    limit_files(64);
    let (ours, theirs) = pipe::<ByteBuf, Connection<(), ()>>().expect("a pipe");
    let (_inner, end) = pipe().expect("a pipe");
    let sends = thread::Builder::new().name("sends".to_owned());
    let sends = sends.spawn(move || (ours.send(bytes(3 << 20)), ours)).expect("a thread");
    until("it has begun", SOON, || threads_named("sends") == 1);
    // The first part fills the pipe.
    until_threads_sleep(std::process::id(), "sends");
    theirs.send(end).expect("it is open");
    let filled = fill_files(0);
    let received = theirs.recv_timeout(Duration::from_millis(100));
    assert!(matches!(received, Err(Error::Timeout)), "{:?}", received.map(|bytes| bytes.len()));
    let (sent, ours) = sends.join().expect("no panic");
    let error = sent.expect_err("there is no room for the end");
    assert!(error.to_string().contains("(ulimit -n)"), "{error}");
    drop(filled);
    ours.send(bytes(5)).expect("it is open");
    assert!(theirs.recv_timeout(SOON).expect("a message") == bytes(5));
}

/// Fills its files, receives two messages, and the second again with room.
pub fn receives_at_the_limit(connection: Connection<Vec<bool>, Connection<u32, u32>>) {
    limit_files(64);
    let filled = fill_files(1);
    connection.send(vec![]).expect("the parent waits");
    let first = connection.recv().is_ok();
    drop(filled);
    let second = connection.recv().expect("it works again");
    second.send(second.recv().expect("a number") + 1).expect("somebody waits");
    connection.send(vec![first]).expect("the parent waits");
}

fn a_child_at_the_limit_receives_ends_again_later() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(receives_at_the_limit, (theirs,)).expect("a start");
    assert_eq!(ours.recv_timeout(SOON).expect("it is there"), [false; 0]);
    let [(first, firsts), (second, seconds)] = [(); 2].map(|()| pipe().expect("a pipe"));
    second.send(1).expect("it waits in there");
    ours.send(firsts).expect("it listens");
    ours.send(seconds).expect("it listens");
    assert_eq!(second.recv_timeout(SOON).expect("an answer"), 2);
    assert_eq!(ours.recv_timeout(SOON).expect("an answer"), [false]);
    assert!(matches!(first.recv_timeout(SOON), Err(Error::Closed)));
    process.join().expect("it ends");
}
