//! A process is killed at every step of a queue's calls: between any two stores to shared memory.
//!
//! Built with `--cfg drill` only (`make drills`), since only then the library counts its steps. Each
//! drill first counts the steps of a call, then kills a process at each of them: once with nobody
//! else there, where the order and the length are exact, and once while others put and get.

use crate::drill::{AT_ONCE, Drill, is_long};
use library_support::{Suite, bytes, memfd_bytes, suite};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, drill_points, pipe};
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            Drill::new("a_process_is_killed_at_every_step_of_put", 1, 3, |_| every(Call::Put)),
            Drill::new("a_process_is_killed_at_every_step_of_the_first_put", 1, 3, |_| every(Call::FirstPut)),
            Drill::new("a_process_is_killed_at_every_step_of_extend", 1, 3, |_| every(Call::Extend)),
            Drill::new("a_process_is_killed_at_every_step_of_growth", 1, 3, |_| every(Call::Grow)),
            Drill::new("a_process_is_killed_at_every_step_of_a_wrap_around", 1, 3, |_| every(Call::Wrap)),
            Drill::new("a_process_is_killed_at_every_step_of_get", 1, 3, |_| every(Call::Get)),
            Drill::new("a_process_is_killed_at_every_step_of_the_next_get", 1, 3, |_| every(Call::Next)),
            Drill::new("a_process_is_killed_at_every_step_of_getting_what_came_back", 1, 3, |_| every(Call::Returned)),
            Drill::new("a_process_is_killed_at_every_step_of_the_last_get", 1, 3, |_| every(Call::Shrink)),
            Drill::new("a_process_is_killed_at_every_step_of_a_drop", 1, 3, |_| every(Call::Drop)),
            Drill::new("a_process_is_killed_at_every_step_of_a_panic", 1, 3, |_| every(Call::Panic)),
            Drill::new("a_process_is_killed_at_every_step_of_close", 1, 3, |_| every(Call::Close)),
            Drill::new("a_process_is_killed_at_every_step_of_a_bounded_put", 1, 3, |_| every(Call::BoundedPut)),
            Drill::new("a_process_is_killed_at_every_step_of_a_put_that_waits", 1, 3, |_| every(Call::FullPut)),
            Drill::new("a_process_is_killed_at_every_step_of_a_bounded_get", 1, 3, |_| every(Call::BoundedGet)),
            Drill::new("a_process_is_killed_at_every_step_of_a_rendezvous_put", 1, 3, |_| every(Call::HandOver)),
            Drill::new("a_process_is_killed_at_every_step_of_a_rendezvous_get", 1, 3, |_| every(Call::TakeOver)),
            Drill::new("a_process_is_killed_at_every_step_of_a_put_in_vain", 1, 3, |_| every(Call::TakeBack)),
        ],
        children: [
            victim,
            consumer,
        ],
    }
}

/// What the victim does when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Call {
    Put,
    /// Into a queue that never had an item.
    FirstPut,
    Extend,
    /// Puts what there is no room for.
    Grow,
    /// Puts where the memory ends, and begins again.
    Wrap,
    Get,
    /// The item before is done by it.
    Next,
    /// Gets what a dead consumer had.
    Returned,
    /// Gets the last of much.
    Shrink,
    /// Drops a handle with an item in hand.
    Drop,
    /// The same in a panic.
    Panic,
    Close,
    BoundedPut,
    FullPut,
    BoundedGet,
    HandOver,
    TakeOver,
    /// Nobody takes what it hands over.
    TakeBack,
}

/// The producer, which of its items it is, and a filling.
pub type Item = (u32, u32, ByteBuf);

/// Who put it.
const BEFORE: u32 = 0;
const VICTIM: u32 = 1;
const BESIDE: u32 = 2;

/// How many items the producer beside puts.
const COUNT: u32 = 60;

/// No call of the others waits longer for a dead one's locks; on an idle machine.
fn longest_wait() -> Duration {
    if is_long() { Duration::from_millis(100) } else { AT_ONCE }
}

impl Call {
    fn bound(self) -> Option<usize> {
        match self {
            Call::HandOver | Call::TakeOver | Call::TakeBack => Some(0),
            Call::BoundedPut | Call::BoundedGet => Some(5),
            Call::FullPut => Some(3),
            _ => None,
        }
    }

    /// Whether it needs nobody else.
    fn may_be_alone(self) -> bool {
        !matches!(self, Call::HandOver | Call::TakeOver | Call::FullPut)
    }

    /// The lengths of the items that lie there before.
    fn before(self) -> Vec<usize> {
        match self {
            Call::FirstPut | Call::HandOver | Call::TakeOver | Call::TakeBack => vec![],
            Call::Grow => vec![60_000; 8],
            Call::Shrink => vec![60_000; 40],
            _ => vec![100; 3],
        }
    }

    /// How long the victim's own items are.
    fn length(self) -> usize {
        match self {
            Call::Grow => 60_000,
            Call::Wrap => 2000,
            _ => 100,
        }
    }
}

/// What the victim says, while it still can.
#[derive(Debug, Serialize, Deserialize)]
pub enum Said {
    Ready,
    Put(u32),
    Got(u32, u32),
    /// It lives, and has passed so many steps.
    Passed(u64),
}

type Line = Connection<Said, ()>;

fn item(producer: u32, number: u32, length: usize) -> Item {
    (producer, number, bytes(length))
}

fn check(item: &Item) {
    assert!(item.2 == bytes(item.2.len()), "torn: {} {}", item.0, item.1);
}

pub fn victim(queue: Queue<Item>, call: Call, deadly: u64, line: Line) {
    let get = || {
        let got = queue.get().expect("an item");
        check(&got);
        line.send(Said::Got(got.0, got.1)).expect("the parent is there");
    };
    let other = queue.clone();
    queue.is_empty().expect("the creator is there");
    let gets = match call {
        Call::Next | Call::Drop | Call::Panic => 1,
        Call::Shrink => call.before().len() - 1,
        _ => 0,
    };
    (0..gets).for_each(|_| get());
    line.send(Said::Ready).expect("the parent is there");
    line.recv().expect("the parent says when");
    let before = drill_points::passed();
    if deadly > 0 {
        drill_points::arm(deadly);
    }
    match call {
        Call::Get
        | Call::Next
        | Call::Returned
        | Call::Shrink
        | Call::BoundedGet
        | Call::TakeOver => get(),
        Call::Close => queue.close().expect("the creator is there"),
        Call::Drop => drop(queue),
        Call::Panic => {
            let drops = AssertUnwindSafe(|| {
                let _queue = queue;
                panic::resume_unwind(Box::new("with an item in hand"));
            });
            let _ = panic::catch_unwind(drops);
        }
        Call::Extend => {
            let items = (0..3).map(|number| {
                if number > 0 {
                    line.send(Said::Put(number - 1)).expect("the parent is there");
                }
                item(VICTIM, number, call.length())
            });
            queue.extend(items).expect("it is open");
            line.send(Said::Put(2)).expect("the parent is there");
        }
        Call::TakeBack => {
            match queue.put_timeout(item(VICTIM, 0, call.length()), Duration::from_millis(2)) {
                Ok(()) => line.send(Said::Put(0)).expect("the parent is there"),
                Err(error) => assert!(matches!(error, Error::Full), "{error}"),
            }
        }
        _ => {
            queue.put(item(VICTIM, 0, call.length())).expect("it is open");
            line.send(Said::Put(0)).expect("the parent is there");
        }
    }
    let passed = drill_points::passed() - before;
    // From here on it is safe.
    drill_points::arm(u64::from(u32::MAX));
    line.send(Said::Passed(passed)).expect("the parent is there");
    drop(other);
}

/// Takes what comes until the queue ends.
pub fn consumer(queue: Queue<Item>) -> Vec<(u32, u32)> {
    let mut got = Vec::new();
    loop {
        match queue.get() {
            Ok(item) => {
                check(&item);
                got.push((item.0, item.1));
            }
            Err(Error::Closed) => return got,
            Err(error) => panic!("{error}"),
        }
    }
}

/// What the victim said.
#[derive(Debug, Default)]
struct Heard {
    put: Vec<(u32, u32)>,
    got: Vec<(u32, u32)>,
    passed: Option<u64>,
}

struct Victim {
    process: Process<()>,
    line: Connection<(), Said>,
    heard: Heard,
}

impl Victim {
    /// It is there, and about to begin.
    fn ready(queue: &Queue<Item>, call: Call, deadly: u64) -> Victim {
        let (line, theirs) = pipe().expect("a pipe");
        let process = Process::spawn(victim, (queue.clone(), call, deadly, theirs));
        let (process, heard) = (process.expect("a child"), Heard::default());
        let mut victim = Victim { process, line, heard };
        while victim.hear() {}
        victim
    }

    /// Hears one thing; false when there will be nothing for a while.
    fn hear(&mut self) -> bool {
        match self.line.recv_timeout(10 * AT_ONCE) {
            Ok(Said::Put(number)) => self.heard.put.push((VICTIM, number)),
            Ok(Said::Got(producer, number)) => self.heard.got.push((producer, number)),
            Ok(Said::Passed(passed)) => self.heard.passed = Some(passed),
            Ok(Said::Ready) | Err(Error::Closed) => return false,
            Err(error) => panic!("the victim waits: {error}"),
        }
        true
    }

    fn begin(&self) {
        self.line.send(()).expect("it is ready");
    }

    /// Waits until it is dead, or has returned.
    fn end(mut self) -> Heard {
        while self.hear() {}
        self.process.wait_timeout(10 * AT_ONCE).expect("no error").expect("it ends");
        match self.process.join() {
            Ok(()) => assert!(self.heard.passed.is_some()),
            Err(Error::Killed { .. }) => assert!(self.heard.passed.is_none()),
            Err(error) => panic!("{error}"),
        }
        self.heard
    }
}

/// Makes the queue, with what lies in it before.
fn prepare(call: Call) -> (Queue<Item>, Vec<(u32, u32)>) {
    let queue = call.bound().map_or_else(Queue::new, Queue::bounded).expect("a queue");
    if call == Call::Wrap {
        // 14 of the 16 KiB are behind us.
        for number in 0..14 {
            queue.put(item(BEFORE, number, 1000)).expect("it is open");
            queue.get().expect("an item");
        }
    }
    let mut put = Vec::new();
    for (number, length) in (100..).zip(call.before()) {
        queue.put(item(BEFORE, number, length)).expect("there is room");
        put.push((BEFORE, number));
    }
    if call == Call::Returned {
        let one = queue.clone();
        one.get().expect("an item");
        let dies = AssertUnwindSafe(|| {
            let _one = one;
            panic::resume_unwind(Box::new("with an item in hand"));
        });
        panic::catch_unwind(dies).expect_err("it panics");
    }
    (queue, put)
}

/// Sees that everything came that was put, and nothing twice but perhaps the last of the victim's.
fn is_whole(call: Call, put: &[(u32, u32)], heard: &Heard, got: &[(u32, u32)]) {
    let mut counts = BTreeMap::new();
    for item in got {
        *counts.entry(*item).or_insert(0) += 1;
    }
    let last = heard.got.last();
    for item in heard.got.iter().rev().skip(1) {
        assert!(!counts.contains_key(item), "{item:?} was done, and came again");
    }
    for item in put.iter().chain(&heard.put) {
        let count = counts.remove(item).unwrap_or(0);
        match heard.got.contains(item) {
            // It panics with this one.
            true if call == Call::Panic => assert_eq!(count, 1, "{item:?}"),
            // If it lives, it was done with it.
            true if Some(item) == last && heard.passed.is_none() => assert!(count <= 1, "{item:?}"),
            true => assert_eq!(count, 0, "{item:?} was done"),
            false => assert_eq!(count, 1, "{item:?} was put"),
        }
    }
    // Whole, but not yet returned from its put.
    let more: Vec<_> = counts.into_iter().collect();
    let begun = (VICTIM, u32::try_from(heard.put.len()).expect("few"));
    let is_begun = matches!(more[..], [(item, 1)] if item == begun && heard.passed.is_none());
    assert!(more.is_empty() || is_begun, "{more:?} came, and was not put");
}

/// Nobody else is there: all is exact.
fn alone(call: Call, deadly: u64) -> Heard {
    let (queue, put) = prepare(call);
    let victim = Victim::ready(&queue, call, deadly);
    victim.begin();
    let heard = victim.end();
    // Whoever has waited for it sees all, at once.
    let len = queue.len().expect("it is here");
    let mut got = Vec::new();
    let start = Instant::now();
    loop {
        match queue.try_get() {
            Ok(item) => {
                check(&item);
                got.push((item.0, item.1));
            }
            Err(Error::Empty | Error::Closed) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(start.elapsed() < longest_wait(), "it took {:?}", start.elapsed());
    // One that was handed over lies nowhere.
    if call.bound() != Some(0) {
        assert_eq!(len, got.len(), "the length, and what came");
    }
    assert!(got.is_sorted(), "out of order: {got:?}");
    got.extend(dead(&queue, call));
    is_whole(call, &put, &heard, &got);
    if call.bound() != Some(0) {
        match queue.put(item(BESIDE, 0, 1)) {
            Ok(()) => assert_eq!(queue.try_get().expect("it works").0, BESIDE),
            Err(error) => assert!(matches!(error, Error::Closed) && call == Call::Close, "{error}"),
        }
    }
    // With a lock that a dead one had, memory is given back after the next put.
    assert!(matches!(queue.try_get(), Err(Error::Empty | Error::Closed)));
    let left = memfd_bytes();
    assert!(left <= 256 << 10, "{left} bytes stay when all is drained; killed at step {deadly}");
    heard
}

/// Those that killed their consumers: one that came back may have been in two hands.
fn dead(queue: &Queue<Item>, call: Call) -> Vec<(u32, u32)> {
    let dead = queue.dead_letters().expect("it is here");
    assert!(dead.len() <= usize::from(call == Call::Returned), "{} died", dead.len());
    dead.iter().inspect(|item| check(item)).map(|item| (item.0, item.1)).collect()
}

/// Puts until it is told to stop, and measures; how many it has put.
fn produces(queue: &Queue<Item>, call: Call, stop: &AtomicBool) -> u32 {
    // With a bound it also waits for room.
    let limit = if call.bound().is_none() { longest_wait() } else { 10 * AT_ONCE };
    for number in 0.. {
        if number >= COUNT && stop.load(Ordering::SeqCst) {
            return number;
        }
        let start = Instant::now();
        match queue.put(item(BESIDE, number, call.length())) {
            Ok(()) => {}
            Err(Error::Closed) => return number,
            Err(error) => panic!("{error}"),
        }
        let took = start.elapsed();
        assert!(took < limit, "a put waited {took:?}");
        if number >= COUNT {
            thread::park_timeout(Duration::from_micros(100));
        }
    }
    unreachable!("it is endless")
}

/// Looks for items again and again, and measures.
fn looks(queue: &Queue<Item>) -> Vec<(u32, u32)> {
    let mut got = Vec::new();
    loop {
        let start = Instant::now();
        let result = queue.try_get();
        assert!(start.elapsed() < longest_wait(), "a get waited {:?}", start.elapsed());
        match result {
            Ok(item) => {
                check(&item);
                got.push((item.0, item.1));
            }
            Err(Error::Empty) => thread::park_timeout(Duration::from_micros(200)),
            Err(Error::Closed) => return got,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Others put and get all the time.
fn beside_others(call: Call, deadly: u64) -> Heard {
    let (queue, mut put) = prepare(call);
    let victim = Victim::ready(&queue, call, deadly);
    let child = Process::spawn(consumer, (queue.clone(),)).expect("a child");
    let (to_put, to_look) = (queue.clone(), queue.clone());
    let looking = thread::spawn(move || looks(&to_look));
    let stop = Arc::new(AtomicBool::new(false));
    let to_stop = Arc::clone(&stop);
    let producing = thread::spawn(move || produces(&to_put, call, &to_stop));
    victim.begin();
    let heard = victim.end();
    stop.store(true, Ordering::SeqCst);
    let count = producing.join().expect("no panic");
    put.extend((0..count).map(|number| (BESIDE, number)));
    queue.close().expect("it is open");
    let mut lists = vec![looking.join().expect("no panic")];
    assert_eq!(child.wait_timeout(10 * AT_ONCE).expect("no error"), Some(0));
    lists.push(child.join().expect("its items"));
    for list in &lists {
        for producer in [BEFORE, VICTIM, BESIDE] {
            // One may have been in the victim's hand meanwhile.
            let of_one: Vec<_> = list.iter().filter(|item| item.0 == producer).collect();
            let falls = of_one.windows(2).filter(|pair| pair[0] > pair[1]).count();
            assert!(falls <= 1, "out of order: {of_one:?}");
        }
    }
    lists.push(dead(&queue, call));
    is_whole(call, &put, &heard, &lists.concat());
    heard
}

fn every(call: Call) {
    let mut total = 0;
    if call.may_be_alone() {
        let steps = alone(call, 0).passed.expect("nobody killed it");
        assert!(steps > 0, "no step was passed");
        for nth in 1..=steps {
            assert!(alone(call, nth).passed.is_none(), "step {nth} was not reached");
        }
        total += steps;
    }
    // How many steps there are depends on the others.
    let steps = (0..2).filter_map(|_| beside_others(call, 0).passed).max().unwrap_or_default();
    assert!(steps > 0, "no step was passed");
    (1..=steps).for_each(|nth| drop(beside_others(call, nth)));
    print!("{} steps; ", total + steps);
}
