//! Many handles, many queues, many that wait; and what a queue does for nobody.

use library_support::{
    Ended, SOON, Suite, finish_within, suite, until_asleep, until_threads_sleep,
};
use rustix::process::{getpid, test_kill_process};
use rustix::time::{ClockId, clock_gettime};
use shared::{Connection, Error, Process, Queue, pipe};
use std::process::Command;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_thousand_handles_each_get_an_item,
            ten_thousand_queues_one_after_another_leave_nothing,
            after_a_hundred_killed_sleepers_a_put_wakes_nobody_in_vain,
            two_items_put_at_once_wake_two_who_wait,
            an_extend_in_the_creator_passes_each_item_on_at_once,
            an_extend_in_a_child_whose_iterator_panics_has_put_what_came_before,
            a_creator_that_is_killed_closes_its_queue_within_600_ms,
            a_try_put_between_hands_succeeds_while_somebody_waits,
        ],
        children: [
            waits,
            answers,
            panics_in_its_iterator,
            makes_a_queue,
            says_when_it_ends,
            takes_what_comes,
        ],
        programs: [
            "puts after a hundred deaths" => puts_after_a_hundred_deaths,
        ],
    }
}

fn a_thousand_handles_each_get_an_item() {
    const COUNT: u32 = 1000;
    let queue = Queue::new().expect("a queue");
    let handles: Vec<Queue<u32>> = (0..COUNT).map(|_| queue.clone()).collect();
    queue.extend(0..COUNT).expect("it is open");
    for (number, handle) in (0..).zip(&handles) {
        assert_eq!(handle.get().expect("an item"), number);
    }
    queue.extend(0..COUNT).expect("it is open");
    drop(handles);
    // What they had in hand was done when they went.
    assert_eq!(queue.iter().take(COUNT as usize).filter_map(Result::ok).sum::<u32>(), 499_500);
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
}

fn ten_thousand_queues_one_after_another_leave_nothing() {
    library_support::limit_files(64);
    for number in 0..10_000 {
        let queue = Queue::new().expect("there is room for one");
        queue.put(number).expect("it is open");
        assert_eq!(queue.get().expect("an item"), number);
    }
}

/// How much processor time this process has used, in microseconds.
fn used() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1000).expect("it does not run back")
}

/// Waits until the queue is closed; how much processor time that took.
pub fn waits(queue: Queue<u32>, line: Connection<(), ()>) -> u64 {
    queue.len().expect("the creator is there");
    line.send(()).expect("the parent waits");
    let start = used();
    assert!(matches!(queue.get(), Err(Error::Closed)));
    used() - start
}

/// A hundred processes that wait for an item.
fn hundred(queue: &Queue<u32>) -> Vec<Process<u64>> {
    let start = |_| {
        let (line, theirs) = pipe().expect("a pipe");
        let child = Process::spawn(waits, (queue.clone(), theirs)).expect("a start");
        line.recv_timeout(SOON).expect("it is there");
        until_asleep(child.id());
        child
    };
    (0..100).map(start).collect()
}

fn after_a_hundred_killed_sleepers_a_put_wakes_nobody_in_vain() {
    let file = std::env::temp_dir().join(format!("wakes-{}", std::process::id()));
    let mut command = Command::new("strace");
    command.args(["-e", "trace=futex,kill", "-o"]).arg(&file);
    command.arg(std::env::current_exe().expect("this program has a file"));
    command.args(["program", "puts after a hundred deaths"]).env("RUST_BACKTRACE", "0");
    if Command::new("strace").arg("-V").output().is_err() {
        print!("(skipped: there is no strace) ");
        return;
    }
    let ended: Ended = finish_within(&mut command, 2 * SOON);
    let trace = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    if ended.stderr.contains("ptrace") {
        print!("(skipped: {}) ", ended.stderr.trim());
        return;
    }
    ended.well();
    // Between the two marks.
    let is_mark = |line: &&str| line.starts_with("kill(") && line.contains(", 0)");
    let mut parts = trace.lines();
    assert!(parts.any(|line| is_mark(&line)), "no mark: {trace}");
    let calls: Vec<&str> = parts.by_ref().take_while(|line| !is_mark(line)).collect();
    assert!(parts.next().is_some(), "no second mark: {trace}");
    // The locks of the standard library are private ones.
    let wakes = calls.iter().filter(|line| line.contains("FUTEX_WAKE,")).count();
    assert!(wakes <= 1, "{wakes} of 10 puts woke somebody: {calls:#?}");
}

pub fn puts_after_a_hundred_deaths() {
    let queue = Queue::new().expect("a queue");
    for child in hundred(&queue) {
        child.kill().expect("it can be signalled");
        assert_eq!(child.wait().expect("it ends"), -9);
    }
    let mark = || test_kill_process(getpid()).expect("this process");
    mark();
    for number in 0..10 {
        queue.put(number).expect("it is open");
    }
    mark();
    assert_eq!(queue.len().expect("it is here"), 10);
}

/// Each of two who wait gets one of two items at once, and works on it; nobody sleeps beside one.
fn two_items_put_at_once_wake_two_who_wait() {
    const LATE: Duration = Duration::from_millis(20);
    let queue = Queue::new().expect("a queue");
    let (got, gets) = mpsc::channel();
    let (starts, barrier) = (Arc::new(Barrier::new(3)), Arc::new(Barrier::new(2)));
    let consumers = [(); 2].map(|()| {
        let (queue, got, starts) = (queue.clone(), got.clone(), Arc::clone(&starts));
        let consumer = move || {
            starts.wait();
            while let Ok(item) = queue.get() {
                got.send((item, Instant::now())).expect("somebody compares");
                // It works until both have come.
                starts.wait();
            }
        };
        thread::Builder::new().name("consumer".to_owned()).spawn(consumer).expect("a thread")
    });
    let producer = queue.clone();
    let (next, nexts) = mpsc::channel();
    let second = Arc::clone(&barrier);
    let other = thread::spawn(move || {
        for number in nexts {
            second.wait();
            producer.put(number).expect("it is open");
        }
    });
    starts.wait();
    let mut late = Vec::new();
    for round in 0..300 {
        until_threads_sleep(std::process::id(), "consumer");
        next.send(2 * round).expect("it listens");
        barrier.wait();
        let start = Instant::now();
        queue.put(2 * round + 1).expect("it is open");
        for _ in 0..2 {
            let (_, when) = gets.recv_timeout(SOON).expect("both come");
            late.extend(Some(when.saturating_duration_since(start)).filter(|time| *time > LATE));
        }
        starts.wait();
    }
    drop(next);
    other.join().expect("no panic");
    queue.close().expect("it is open");
    for consumer in consumers {
        consumer.join().expect("no panic");
    }
    // A busy machine may hold up one of them, but not again and again.
    assert!(late.len() < 3, "so many lay there for {late:?}");
}

pub fn answers(from: Queue<u32>, to: Queue<u32>) {
    for number in &from {
        to.put(number.expect("a number") + 1).expect("the creator is there");
    }
}

fn an_extend_in_the_creator_passes_each_item_on_at_once() {
    let (to, from) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let child = Process::spawn(answers, (to.clone(), from.clone())).expect("a start");
    to.put(0).expect("it is open");
    // Each item is the answer to the one before.
    to.extend(from.iter().map_while(Result::ok).take(100)).expect("it is open");
    assert_eq!(from.get_timeout(SOON).expect("the last answer"), 101);
    to.close().expect("it is open");
    child.join().expect("it ends");
}

pub fn panics_in_its_iterator(queue: Queue<u32>) {
    let items = (0..).inspect(|number| assert!(*number < 3, "on purpose"));
    queue.extend(items).expect("the creator is there");
}

fn an_extend_in_a_child_whose_iterator_panics_has_put_what_came_before() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(panics_in_its_iterator, (queue.clone(),)).expect("a start");
    child.join().expect_err("it panics");
    assert_eq!(queue.len().expect("it is here"), 3);
    assert!((0..3).all(|number| queue.try_get().is_ok_and(|item| item == number)));
}

type Made = (Queue<u32>, Queue<u32>);

pub fn makes_a_queue(to: Connection<Made, ()>) {
    let made = (Queue::new().expect("a queue"), Queue::bounded(1).expect("a queue"));
    made.1.put(1).expect("there is room");
    to.send(made.clone()).expect("the parent waits");
    let _ = to.recv();
}

/// Gets, puts, or asks again and again, until it is told that the queue is closed.
pub fn says_when_it_ends(made: Made, what: u32, line: Connection<(), ()>) {
    made.0.len().expect("the creator is there");
    made.1.len().expect("the creator is there");
    line.send(()).expect("the parent waits");
    let result = match what {
        0 => made.0.get().map(drop),
        1 => made.1.put(2),
        _ => loop {
            match made.0.try_get() {
                Err(Error::Empty) => thread::yield_now(),
                other => break other.map(drop),
            }
        },
    };
    assert!(matches!(result, Err(Error::Closed)), "{result:?}");
}

fn a_creator_that_is_killed_closes_its_queue_within_600_ms() {
    let (from, to) = pipe::<(), Made>().expect("a pipe");
    let creator = Process::spawn(makes_a_queue, (to,)).expect("a start");
    let made = from.recv_timeout(SOON).expect("the queues");
    let children = [0, 1, 2].map(|what| {
        let (line, theirs) = pipe().expect("a pipe");
        let args = (made.clone(), what, theirs);
        let child = Process::spawn(says_when_it_ends, args).expect("a start");
        line.recv_timeout(SOON).expect("it is there");
        child
    });
    children[..2].iter().for_each(|child| until_asleep(child.id()));
    creator.kill().expect("it can be signalled");
    let start = Instant::now();
    for child in children {
        let left = Duration::from_millis(600).saturating_sub(start.elapsed());
        assert_eq!(child.wait_timeout(left).expect("no error"), Some(0));
        child.join().expect("it returns");
    }
}

pub fn takes_what_comes(queue: Queue<u32>) -> u32 {
    queue.iter().filter_map(Result::ok).sum()
}

/// Whoever waits for an item of a queue with a bound of 0 is handed one, busy as the machine may be.
fn a_try_put_between_hands_succeeds_while_somebody_waits() {
    let queue = Queue::bounded(0).expect("a queue");
    let child = Process::spawn(takes_what_comes, (queue.clone(),)).expect("a start");
    // More threads than CPUs that never wait.
    let busy: Arc<()> = Arc::new(());
    let hogs: Vec<_> = (0..8)
        .map(|_| {
            let busy = Arc::downgrade(&busy);
            thread::spawn(move || while busy.strong_count() > 0 {})
        })
        .collect();
    queue.put(1).expect("it takes it");
    let mut refused = 0;
    for _ in 0..50 {
        until_asleep(child.id());
        refused += u32::from(queue.try_put(1).is_err());
    }
    drop(busy);
    for hog in hogs {
        hog.join().expect("no panic");
    }
    queue.close().expect("it is open");
    assert_eq!(child.join().expect("a sum") + refused, 51);
    assert_eq!(refused, 0, "of 50 were refused");
}
