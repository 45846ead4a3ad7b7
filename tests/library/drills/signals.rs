//! Drill 9: a handled signal, every millisecond, during every call that waits. Nobody notices.

use crate::drill::{AT_ONCE, Drill, Round, signal_pipe};
use library_support::{SignalStorm, Suite, bytes, handle_signals, nothing, suite};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, Receiver, Sender, pipe};
use std::fs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 9. Signals.
            Drill::new("signals_come_every_millisecond", 10, 100, every_millisecond),
        ],
        children: [
            is_disturbed,
            opposite,
        ],
    }
}

/// What a process is about to wait for. Signals meet the main thread, so it is a child that waits.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Call {
    Start,
    Join,
    Recv,
    Poll,
    Send,
    Get,
    Put,
    GetHere,
    End,
}

/// What the parent has in its hands while the child waits.
#[derive(Serialize, Deserialize)]
pub struct Ends {
    connection: Connection<ByteBuf, u32>,
    there: Queue<u32>,
    full: Queue<u32>,
}

/// Longer than many signals.
const WHILE: Duration = Duration::from_millis(10);

/// So many signals take about as long.
const MANY: u32 = 10;

const LONG: usize = 4 << 20;

pub fn every_millisecond(_: &mut Round) {
    let (connection, theirs) = pipe().expect("a pipe");
    let there = Queue::new().expect("a queue");
    let full = Queue::bounded(1).expect("a queue");
    full.put(1).expect("there is room");
    let (says, hears) = pipe::<(Call, Option<Queue<u32>>), ()>().expect("a pipe");
    let ends = Ends { connection: theirs, there: there.clone(), full: full.clone() };
    let args = (says.split().0, ends);
    let process = Process::spawn(is_disturbed, args).expect("a child");
    let next = || hears.recv_timeout(10 * AT_ONCE).expect("the child goes on");
    assert_eq!(next().0, Call::Start);
    let storm = SignalStorm::over(process.id());
    loop {
        let (call, here) = next();
        // It waits meanwhile, with the signals.
        storm.wait_for(MANY);
        match call {
            Call::Start | Call::Join => {}
            Call::Recv | Call::Poll => connection.send(7).expect("it is there"),
            Call::Send => {
                assert!(connection.recv_timeout(10 * AT_ONCE).expect("it comes") == bytes(LONG));
            }
            Call::Get => there.put(7).expect("it is open"),
            Call::Put => assert_eq!(full.get().expect("it is full"), 1),
            Call::GetHere => here.expect("it sends it").put(7).expect("it is open"),
            Call::End => break,
        }
    }
    drop(storm);
    process.join().expect("nothing was disturbed");
}

pub fn is_disturbed(says: Sender<(Call, Option<Queue<u32>>)>, ends: Ends) {
    let came = handle_signals();
    let Ends { connection, there, full } = ends;
    let about = |call| {
        make_interruptible();
        came.store(false, Ordering::SeqCst);
        says.send((call, None)).expect("the parent is there");
    };
    let disturbed = || assert!(came.load(Ordering::SeqCst), "no signal came");
    let in_vain = |wait: &dyn Fn() -> bool| {
        // On a busy machine no signal may come in one wait, which then has proved nothing.
        let deadline = Instant::now() + AT_ONCE;
        loop {
            came.store(false, Ordering::SeqCst);
            let start = Instant::now();
            assert!(wait());
            assert!(start.elapsed() >= WHILE, "{:?}", start.elapsed());
            if came.load(Ordering::SeqCst) || Instant::now() > deadline {
                break;
            }
        }
        disturbed();
    };

    about(Call::Start);
    for _ in 0..5 {
        Process::spawn(nothing, ()).and_then(Process::join).expect("it starts, and ends");
    }
    about(Call::Join);
    let (sender, until) = signal_pipe();
    let other = Process::spawn(opposite, (until,)).expect("a child");
    in_vain(&|| other.wait_timeout(WHILE).is_ok_and(|end| end.is_none()));
    drop(sender);
    other.join().expect("it ends");

    in_vain(&|| matches!(connection.recv_timeout(WHILE), Err(Error::Timeout)));
    in_vain(&|| matches!(connection.poll(WHILE), Ok(false)));
    about(Call::Recv);
    assert_eq!(connection.recv().expect("a message"), 7);
    disturbed();
    about(Call::Poll);
    assert!(connection.poll(10 * AT_ONCE).expect("it is open"));
    disturbed();
    assert_eq!(connection.recv_timeout(AT_ONCE).expect("a message"), 7);
    about(Call::Send);
    connection.send(bytes(LONG)).expect("the parent is there");
    disturbed();

    in_vain(&|| matches!(there.get_timeout(WHILE), Err(Error::Empty)));
    in_vain(&|| matches!(full.put_timeout(2, WHILE), Err(Error::Full)));
    about(Call::Get);
    assert_eq!(there.get().expect("an item"), 7);
    disturbed();
    about(Call::Put);
    full.put(3).expect("there will be room");
    disturbed();

    let here = Queue::new().expect("a queue");
    in_vain(&|| matches!(here.get_timeout(WHILE), Err(Error::Empty)));
    make_interruptible();
    came.store(false, Ordering::SeqCst);
    says.send((Call::GetHere, Some(here.clone()))).expect("the parent is there");
    assert_eq!(here.get().expect("an item"), 7);
    disturbed();
    about(Call::End);
}

/// Lets a signal interrupt what waits for a socket. The handler asks the system to go on instead
/// (`SA_RESTART`), and it does, but not for a socket with a time limit, however far off.
fn make_interruptible() {
    let this = pidfd_open(getpid(), PidfdFlags::empty()).expect("this process");
    for file in fs::read_dir("/proc/self/fd").expect("/proc").flatten() {
        let number = file.file_name().to_string_lossy().parse().expect("a number");
        if let Ok(file) = pidfd_getfd(&this, number, PidfdGetfdFlags::empty()) {
            for direction in [Timeout::Send, Timeout::Recv] {
                // Where it fails, it is no socket.
                let _ = set_socket_timeout(&file, direction, Some(1000 * AT_ONCE));
            }
        }
    }
}

pub fn opposite(until: Receiver<()>) {
    let _ = until.recv();
}
