//! Drill 4: the creator of a queue, or a parent, is killed.

use crate::drill::{AT_ONCE, Drill, Round, signal_pipe, until_all_have_ended};
use library_support::{Lines, Suite, program, suite, until_asleep};
use rustix::process::{Pid, Signal, kill_process};
use shared::{Connection, Error, Process, Queue, Sender, pipe};
use std::process::Stdio;
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 4. The creator or the parent is killed.
            Drill::new("a_creator_is_killed", 10, 200, a_creator_is_killed),
            Drill::new("a_parent_is_killed_five_deep", 10, 100, a_parent_is_killed),
        ],
        children: [
            blocks_in_get,
            blocks_in_put,
            blocks_in_recv,
            makes_what_others_use,
            starts_a_chain,
        ],
        programs: [
            "chain" => chain,
        ],
    }
}

/// An empty queue, a full one, and an end of a pipe on which nobody sends.
type Things = (Queue<u32>, Queue<u32>, Connection<(), u32>);

pub fn makes_what_others_use(to: Connection<Things, ()>) {
    let (empty, full) = (Queue::new().expect("a queue"), Queue::bounded(1).expect("a queue"));
    full.put(1).expect("there is room");
    let (_mine, theirs) = pipe().expect("a pipe");
    to.send((empty.clone(), full.clone(), theirs)).expect("the parent waits for them");
    let _ = to.recv();
}

pub fn blocks_in_get(here: Sender<()>, queue: Queue<u32>) -> bool {
    let _ = here.send(());
    matches!(queue.get(), Err(Error::Closed)) && matches!(queue.get(), Err(Error::Closed))
}

pub fn blocks_in_put(here: Sender<()>, queue: Queue<u32>) -> bool {
    let _ = here.send(());
    matches!(queue.put(2), Err(Error::Closed)) && matches!(queue.put(3), Err(Error::Closed))
}

pub fn blocks_in_recv(here: Sender<()>, connection: Connection<(), u32>) -> bool {
    let _ = here.send(());
    matches!(connection.recv(), Err(Error::Closed)) && connection.poll(Duration::ZERO).is_ok()
}

pub fn a_creator_is_killed(round: &mut Round) {
    let (to, from) = pipe::<Things, ()>().expect("a pipe");
    let creator = Process::spawn(makes_what_others_use, (to,)).expect("a child");
    let (empty, full, silent) = from.recv_timeout(10 * AT_ONCE).expect("it makes them");
    let pid = Pid::from_raw(creator.id().cast_signed()).expect("a process number");
    if round.number % 3 == 2 {
        // What they ask for is not even heard.
        kill_process(pid, Signal::STOP).expect("a child can be stopped");
    }

    let (in_get, waits_in_get) = signal_pipe();
    let (in_put, waits_in_put) = signal_pipe();
    let (in_recv, waits_in_recv) = signal_pipe();
    let others = [
        Process::spawn(blocks_in_get, (in_get, empty)),
        Process::spawn(blocks_in_put, (in_put, full)),
        Process::spawn(blocks_in_recv, (in_recv, silent)),
    ];
    let others = others.map(|other| other.expect("a child"));
    for there in [waits_in_get, waits_in_put, waits_in_recv] {
        there.recv_timeout(10 * AT_ONCE).expect("it gets there");
    }
    if round.number.is_multiple_of(3) {
        round.let_pass(Duration::from_millis(5));
    } else {
        for other in &others {
            until_asleep(other.id());
        }
    }
    creator.kill().expect("a child can be killed");
    let since = Instant::now();
    for other in others {
        let left = AT_ONCE.saturating_sub(since.elapsed());
        assert_eq!(other.wait_timeout(left).expect("it can be waited for"), Some(0));
        assert!(other.join().expect("it returns"), "something else than `Closed`");
    }
}

/// How deep.
const DEPTH: u32 = 5;

/// As a program of its own: a chain of processes, of which each says where it is.
pub fn chain() {
    println!("{}", std::process::id());
    let queue = Queue::new().expect("a queue");
    let first = Process::spawn(starts_a_chain, (DEPTH - 1, queue)).expect("a child");
    let _ = first.join();
}

pub fn starts_a_chain(deeper: u32, queue: Queue<u32>) {
    println!("{}", std::process::id());
    let next = (deeper > 0)
        .then(|| Process::spawn(starts_a_chain, (deeper - 1, queue.clone())).expect("a child"));
    // Each is in the middle of something else.
    match (next, deeper % 3) {
        (Some(next), 0) => drop(next.join()),
        (_, 1) => loop {
            std::hint::spin_loop();
        },
        _ => drop(queue.get()),
    }
}

pub fn a_parent_is_killed(round: &mut Round) {
    let mut root = program("chain").stdout(Stdio::piped()).spawn().expect("this program again");
    let lines = Lines::of(&mut root);
    // All are there, or the chain is still growing.
    let grown = round.number.is_multiple_of(2);
    let count = if grown { DEPTH } else { round.below(DEPTH) };
    let others: Vec<String> = (0..=count).map(|_| lines.next()).collect();
    let victim = if grown { round.number / 2 % DEPTH } else { count };
    if !grown {
        round.let_pass(Duration::from_millis(3));
    }
    let pid = others[victim as usize].parse().ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process number"), Signal::KILL).expect("it is there");
    if victim > 0 {
        // Those above it are not told by its end alone: it was in the middle that the chain broke.
        root.kill().expect("a child can be killed");
    }
    root.wait().expect("it ends");
    until_all_have_ended();
}
