//! Children of children, and what a child is without its parent.

use library_support::{
    Lines, SOON, Suite, children_of, has_ended, open_files, program, sleeps, suite, until,
    until_orphans_end, waiting_child,
};
use rustix::process::{Pid, Signal, kill_process};
use shared::{Connection, Error, Process, Queue, pipe};
use std::mem;
use std::process::Stdio;
use std::time::Duration;

pub fn suite() -> Suite {
    suite! {
        tests: [
            what_is_passed_to_a_child_is_its_alone,
            a_child_makes_a_queue_and_ends,
            children_may_have_children,
            processes_may_be_nested_five_deep_and_nothing_grows,
            a_family_ends_when_its_head_is_killed,
            a_family_ends_when_its_head_exits,
            a_family_ends_when_the_handle_of_its_head_is_dropped,
            a_child_that_will_not_stop_ends_with_its_parent_all_the_same,
        ],
        children: [
            cannot_be_stopped,
            has_no_end_of_children,
            makes_a_queue,
            marks_its_place,
            starts_a_chain,
        ],
        programs: [
            "has a family" => has_a_family,
            "has a stubborn child" => has_a_stubborn_child,
        ],
    }
}

/// [19] `test_lose_target_ref`, [60] `test_spawn_close`, [72]
fn what_is_passed_to_a_child_is_its_alone() {
    let (process, ours) = waiting_child();
    ours.send(()).expect("it listens");
    process.kill().expect("it can be signalled");
    // The only other end was the child's.
    assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    assert!(matches!(ours.send(()), Err(Error::Closed)));
    process.wait().expect("it ends");
}

pub fn makes_a_queue(text: String) -> String {
    let queue = Queue::new().expect("a queue");
    queue.put(text).expect("it is open");
    queue.get().expect("one item")
}

/// [32] `TestStdinBadfiledescriptor.test_queue_in_process`
fn a_child_makes_a_queue_and_ends() {
    let process = Process::spawn(makes_a_queue, ("kept".to_owned(),)).expect("a start");
    assert_eq!(process.join().expect("a value"), "kept");
}

pub fn marks_its_place(places: Queue<Vec<u32>>, place: Vec<u32>) {
    places.put(place.clone()).expect("the first process is there");
    if place.len() < 2 {
        for n in 0..2 {
            let place = [place.as_slice(), &[n]].concat();
            let child = Process::spawn(marks_its_place, (places.clone(), place));
            child.and_then(Process::join).expect("it ends");
        }
    }
}

/// [14] `test_recursion`
fn children_may_have_children() {
    let places = Queue::new().expect("a queue");
    marks_its_place(places.clone(), vec![]);
    let expected: [&[u32]; 7] = [&[], &[0], &[0, 0], &[0, 1], &[1], &[1, 0], &[1, 1]];
    for place in expected {
        assert_eq!(places.try_get().expect("it was put before its process ended"), place);
    }
    assert!(matches!(places.try_get(), Err(Error::Empty)));
}

/// Name, and how many files and threads it has, of each process from here on down.
pub fn starts_a_chain(deeper: u32) -> Vec<(String, usize, usize)> {
    let threads = std::fs::read_dir("/proc/self/task").expect("/proc").count();
    let mut all = vec![(shared::process::name().to_owned(), open_files("self").len(), threads)];
    if deeper > 0 {
        let child = Process::spawn(starts_a_chain, (deeper - 1,)).expect("a start");
        all.extend(child.join().expect("a value"));
    }
    all
}

/// [34] `TestForkAwareThreadLock`
fn processes_may_be_nested_five_deep_and_nothing_grows() {
    let process = Process::spawn(starts_a_chain, (4,)).expect("a start");
    let mut name = process.name().to_owned();
    let all = process.join().expect("a value");
    assert_eq!(all.len(), 5);
    for (theirs, files, threads) in &all {
        assert_eq!((theirs, files, threads), (&name, &all[0].1, &all[0].2));
        name.push_str(":1");
    }
}

/// Tells the numbers of the processes from here on down, and then sleeps.
pub fn has_no_end_of_children(numbers: Connection<Vec<u32>, ()>, deeper: u32) {
    let mut all = vec![std::process::id()];
    let (ours, theirs) = pipe().expect("a pipe");
    let child = (deeper > 0).then(|| {
        let child = Process::spawn(has_no_end_of_children, (theirs, deeper - 1));
        all.extend(ours.recv().expect("it tells its numbers"));
        child.expect("a start")
    });
    numbers.send(all).expect("the parent waits");
    sleeps();
    drop(child);
}

/// A program with five generations below it.
pub fn has_a_family() {
    let (ours, theirs) = pipe::<(), Vec<u32>>().expect("a pipe");
    let child = Process::spawn(has_no_end_of_children, (theirs, 4)).expect("a start");
    let numbers = ours.recv().expect("it tells its numbers");
    println!("{numbers:?}");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line says how to end");
    if line == "exit\n" {
        std::process::exit(3); // without any `Drop`
    }
    mem::forget(child);
}

fn family() -> (std::process::Child, Vec<u32>) {
    let mut head = program("has a family");
    let mut head = head.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let line = Lines::of(&mut head).next();
    let numbers = line.trim_matches(['[', ']']).split(", ").map(|n| n.parse().expect("a number"));
    let numbers: Vec<u32> = numbers.collect();
    assert_eq!(numbers.len(), 5);
    assert!(!numbers.iter().any(|&number| has_ended(number)));
    (head, numbers)
}

#[track_caller]
fn until_all_end(numbers: &[u32]) {
    until("the family ends", Duration::from_secs(1), || numbers.iter().all(|&n| has_ended(n)));
    until_orphans_end(SOON);
}

/// [5] `test_parent_process`, [54]. In Python, a grandchild may see that its parent is gone; here it
/// ends with it.
fn a_family_ends_when_its_head_is_killed() {
    let (mut head, numbers) = family();
    head.kill().expect("it can be signalled");
    head.wait().expect("it ends");
    until_all_end(&numbers);
}

/// [3] `test_daemon_argument`: every child is what Python calls a daemon.
fn a_family_ends_when_its_head_exits() {
    use std::io::Write;
    for end in ["exit\n", "return\n"] {
        let (mut head, numbers) = family();
        let mut stdin = head.stdin.take().expect("a pipe");
        stdin.write_all(end.as_bytes()).expect("it listens");
        let code = head.wait().expect("it ends").code();
        assert_eq!(code, Some(if end == "exit\n" { 3 } else { 0 }));
        until_all_end(&numbers);
    }
}

fn a_family_ends_when_the_handle_of_its_head_is_dropped() {
    let (ours, theirs) = pipe::<(), Vec<u32>>().expect("a pipe");
    let child = Process::spawn(has_no_end_of_children, (theirs, 4)).expect("a start");
    let numbers = ours.recv_timeout(SOON).expect("it tells its numbers");
    drop(child);
    assert!(children_of(std::process::id()).iter().all(|child| child.pid != numbers[0]));
    until_all_end(&numbers);
}

pub fn cannot_be_stopped(connection: Connection<u32, ()>) {
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        let asked = std::sync::Arc::default();
        signal_hook::flag::register(signal, asked).expect("it may be handled");
    }
    connection.send(std::process::id()).expect("the parent waits");
    sleeps();
}

pub fn has_a_stubborn_child() {
    let (ours, theirs) = pipe::<(), u32>().expect("a pipe");
    let child = Process::spawn(cannot_be_stopped, (theirs,)).expect("a start");
    println!("{}", ours.recv().expect("it tells its number"));
    sleeps();
    drop(child);
}

fn a_child_that_will_not_stop_ends_with_its_parent_all_the_same() {
    let mut parent = program("has a stubborn child");
    let mut parent = parent.stdout(Stdio::piped()).spawn().expect("it runs");
    let number: u32 = Lines::of(&mut parent).next().parse().expect("a number");
    let pid = Pid::from_raw(number.cast_signed()).expect("a number");
    kill_process(pid, Signal::TERM).expect("it lives");
    parent.kill().expect("it can be signalled");
    parent.wait().expect("it ends");
    until_all_end(&[number]);
}
