//! Drills 2, 3 and 5: who uses a queue is killed or stopped.

use crate::drill::{AT_ONCE, Drill, Round, is_long, signal_pipe};
use library_support::{Suite, bytes, suite, until_asleep};
use rustix::process::{Pid, Signal, kill_process};
use serde_bytes::ByteBuf;
use shared::{Error, Process, Queue, Receiver, Sender};
use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 2. A consumer is killed.
            Drill::new("a_consumer_is_killed_while_it_waits", 10, 200, while_it_waits),
            Drill::new("a_consumer_is_killed_in_its_work", 10, 200, in_its_work),
            Drill::new("a_consumer_is_killed_between_two_gets", 10, 200, between_two_gets),
            // 3. A producer is killed.
            Drill::new("a_producer_is_killed_in_a_64_mib_put", 10, 100, in_a_long_put),
            Drill::new("a_producer_is_killed_in_an_extend", 10, 200, in_an_extend),
            // 5. A consumer is stopped.
            Drill::new("a_consumer_is_stopped", 10, 40, is_stopped),
        ],
        children: [
            consumes,
            consumes_long,
            extends,
            puts_long,
        ],
    }
}

/// What a consumer says: who it is, and what it got. First, that it is there.
type Seen = (u32, Option<u32>);

/// How many items the two of them have to work off.
fn items() -> u32 {
    if is_long() { 1000 } else { 300 }
}

/// How many items a killed consumer may have had in hand: it comes a second time.
const HELD: usize = 1;

/// Two consumers of one queue, and what they got.
struct Scene {
    items: Queue<u32>,
    seen: Queue<Seen>,
    consumers: [Process<()>; 2],
    got: [Vec<u32>; 2],
}

impl Scene {
    /// The second consumer takes its time, or does not go on at all after so many items.
    fn new(stays_with: Option<u32>) -> Scene {
        let (items, seen) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
        let consumer = |id, stays_with| {
            let args = (id, items.clone(), seen.clone(), stays_with);
            Process::spawn(consumes, args).expect("a child")
        };
        let consumers = [consumer(0, None), consumer(1, stays_with)];
        let mut scene = Scene { items, seen, consumers, got: Default::default() };
        for _ in 0..2 {
            scene.note();
        }
        scene
    }

    /// Takes in what a consumer says.
    fn note(&mut self) {
        let (id, item) = self.seen.get_timeout(10 * AT_ONCE).expect("the consumers work");
        self.got[usize::from(id == 1)].extend(item);
    }

    fn note_until(&mut self, what: impl Fn(&Scene) -> bool) {
        while !what(self) {
            self.note();
        }
    }

    fn different(&self) -> usize {
        self.got.iter().flatten().collect::<BTreeSet<_>>().len()
    }

    /// Waits until the victim is dead.
    fn until_dead(&self) {
        let end = self.consumers[1].wait_timeout(10 * AT_ONCE).expect("it can be waited for");
        assert_eq!(end, Some(-9), "the victim");
    }

    /// When everything was seen, the survivor ends; then nothing more may come.
    fn end(&mut self) {
        let count = items() as usize;
        self.note_until(|scene| scene.different() == count);
        self.until_dead();
        self.items.close().expect("a queue can be closed");
        let end = self.consumers[0].wait_timeout(10 * AT_ONCE).expect("it can be waited for");
        assert_eq!(end, Some(0), "the survivor");
        while let Ok((id, item)) = self.seen.try_get() {
            self.got[usize::from(id == 1)].extend(item);
        }
        assert_eq!(self.different(), count);
    }

    /// Each item was got once, but for the last ones of the victim, which it held when it died.
    fn is_as_promised(&self) {
        let [survivor, victim] = &self.got;
        let whole: BTreeSet<_> = survivor.iter().collect();
        assert_eq!(whole.len(), survivor.len(), "the survivor got an item twice: {survivor:?}");
        let first = victim.iter().position(|item| whole.contains(item)).unwrap_or(victim.len());
        let (done, held) = victim.split_at(first);
        assert!(held.len() <= HELD, "{} items came a second time", held.len());
        assert!(held.iter().all(|item| whole.contains(item)), "{done:?} {held:?} {survivor:?}");
    }
}

pub fn consumes(id: u32, items: Queue<u32>, seen: Queue<Seen>, stays_with: Option<u32>) {
    let _ = seen.put((id, None));
    let mut count = 0;
    while let Ok(item) = items.get() {
        if seen.put((id, Some(item))).is_err() {
            return;
        }
        count += 1;
        while stays_with == Some(count) {
            thread::park();
        }
    }
}

pub fn while_it_waits(round: &mut Round) {
    let mut scene = Scene::new(None);
    for consumer in &scene.consumers {
        until_asleep(consumer.id());
    }
    scene.consumers[1].kill().expect("a child can be killed");
    // It is dead when the items come, or just dying.
    if round.number.is_multiple_of(2) {
        scene.until_dead();
    }
    scene.items.extend(0..items()).expect("the queue is open");
    scene.end();
    scene.is_as_promised();
}

pub fn in_its_work(round: &mut Round) {
    let mut scene = Scene::new(None);
    scene.items.extend(0..items()).expect("the queue is open");
    let after = 1 + round.below(items() / 3) as usize;
    let all = items() as usize;
    let finished = |scene: &Scene| scene.got[1].len() >= after || scene.different() == all;
    scene.note_until(finished);
    scene.consumers[1].kill().expect("a child can be killed");
    scene.end();
    scene.is_as_promised();
}

pub fn between_two_gets(round: &mut Round) {
    let stays_with = 1 + round.below(3);
    let has_enough = |scene: &Scene| scene.got[1].len() == stays_with as usize;
    let mut scene = loop {
        let mut scene = Scene::new(Some(stays_with));
        scene.items.extend(0..items()).expect("the queue is open");
        scene.note_until(|scene| has_enough(scene) || scene.different() == items() as usize);
        if has_enough(&scene) {
            break scene;
        }
        // On a busy machine the other one may be done before the victim has its share: once more.
        drop(scene);
    };
    scene.consumers[1].kill().expect("a child can be killed");
    scene.end();
    scene.is_as_promised();
    let last = scene.got[1].last().expect("it got some");
    assert!(scene.got[0].contains(last), "it was not done with {last}");
}

const LONG: usize = 64 << 20;

fn long() -> &'static ByteBuf {
    static LONG_ITEM: OnceLock<ByteBuf> = OnceLock::new();
    LONG_ITEM.get_or_init(|| bytes(LONG))
}

pub fn puts_long(started: Sender<()>, items: Queue<ByteBuf>) {
    let item = bytes(LONG);
    let _ = started.send(());
    let _ = items.put(item);
}

/// How long a process takes to its end when nothing goes wrong.
fn measure(time: &'static OnceLock<Duration>, start: impl Fn() -> Process<()>) -> Duration {
    *time.get_or_init(|| {
        let process = start();
        let begun = Instant::now();
        process.join().expect("it ends");
        begun.elapsed()
    })
}

pub fn in_a_long_put(round: &mut Round) {
    static TIME: OnceLock<Duration> = OnceLock::new();
    let items = Queue::new().expect("a queue");
    let start = || {
        let (here, there) = signal_pipe();
        let process = Process::spawn(puts_long, (here, items.clone())).expect("a child");
        there.recv_timeout(10 * AT_ONCE).expect("it starts");
        process
    };
    let time = measure(&TIME, start);
    while items.try_get().is_ok() {}

    let process = start();
    round.let_pass(time);
    process.kill().expect("a child can be killed");
    let _ = process.join();
    items.put(ByteBuf::from([1, 2, 3])).expect("the queue lives on");
    let mut item = items.try_get().expect("at least the last one");
    if item.len() != 3 {
        assert!(item == *long(), "half an item: {}", item.len());
        item = items.try_get().expect("the last one");
    }
    assert_eq!(*item, [1, 2, 3]);
    assert!(matches!(items.try_get(), Err(Error::Empty)));
}

pub fn extends(started: Sender<()>, items: Queue<u32>) {
    let _ = started.send(());
    let _ = items.extend(0..10_000);
}

pub fn in_an_extend(round: &mut Round) {
    static TIME: OnceLock<Duration> = OnceLock::new();
    let items = Queue::new().expect("a queue");
    let start = || {
        let (here, there) = signal_pipe();
        let process = Process::spawn(extends, (here, items.clone())).expect("a child");
        there.recv_timeout(10 * AT_ONCE).expect("it starts");
        process
    };
    let drain = || std::iter::from_fn(|| items.try_get().ok());
    let time = measure(&TIME, start);
    drain().for_each(drop);

    let process = start();
    round.let_pass(time);
    process.kill().expect("a child can be killed");
    let _ = process.join();
    let arrived = u32::try_from(items.len().expect("it is here")).expect("at most 10 000");
    assert!(drain().eq(0..arrived), "not the first {arrived} items, in order");
    start().join().expect("the queue lives on");
    assert!(drain().eq(0..10_000));
}

/// What fills a socket in one packet, more or less; and what never fits in one.
const FILLING: [u32; 2] = [205_000, 1 << 20];

/// With its first item in hand it works until it is told that this is enough.
pub fn consumes_long(
    id: u32,
    items: Queue<(u32, ByteBuf)>,
    seen: Queue<Seen>,
    enough: Option<Receiver<()>>,
) {
    let _ = seen.put((id, None));
    let mut enough = enough;
    while let Ok((number, item)) = items.get() {
        assert!(item == bytes(item.len()));
        let _ = seen.put((id, Some(number)));
        if let Some(enough) = enough.take() {
            let _ = enough.recv();
        }
    }
}

/// A consumer is stopped, for two seconds in the long form, while it waits or works. The others go
/// on as if it were not there, the queue can be closed, and what the consumer has in hand is not lost.
pub fn is_stopped(round: &mut Round) {
    const ITEMS: u32 = 300;
    let (items, seen) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let consumer = |id, enough| {
        let process = Process::spawn(consumes_long, (id, items.clone(), seen.clone(), enough));
        assert_eq!(seen.get_timeout(10 * AT_ONCE).expect("it is there"), (id, None));
        process.expect("a child")
    };
    let turn = round.number / 2;
    let put = |number: u32| {
        let filling = FILLING[(turn + number / 100) as usize % 2];
        let length = if number.is_multiple_of(100) { filling } else { number };
        items.put((number, bytes(length as usize))).expect("the queue is open");
    };
    let mut all = BTreeSet::new();
    let mut note = |time| match seen.get_timeout(time) {
        Ok((_, Some(number))) => all.insert(number).then_some(all.len()).ok_or(number),
        _ => Err(0),
    };

    // It waits for an item, or it has one in hand.
    let (tells, enough) = signal_pipe();
    let works = !round.number.is_multiple_of(2);
    let stopped = consumer(0, works.then_some(enough));
    let mut first = 0;
    if works {
        first = 1;
        put(0);
        note(10 * AT_ONCE).expect("it works");
    }
    until_asleep(stopped.id());
    let other = consumer(1, None);
    let pid = Pid::from_raw(stopped.id().cast_signed()).expect("a process number");
    kill_process(pid, Signal::STOP).expect("a child can be stopped");
    let since = Instant::now();
    (first..first + ITEMS).for_each(put);
    // The other one gets everything but what the stopped one holds.
    let count = loop {
        let count = note(10 * AT_ONCE).expect("the other one works");
        if count + HELD >= (first + ITEMS) as usize && items.is_empty().expect("it is here") {
            break count;
        }
    };
    let waited = since.elapsed();
    assert!(waited < 2 * AT_ONCE, "the others waited for the stopped one: {waited:?}");
    items.close().expect("a queue can be closed");
    if is_long() {
        thread::sleep((2 * AT_ONCE).saturating_sub(waited));
    }

    kill_process(pid, Signal::CONT).expect("a child can go on");
    drop(tells);
    for _ in count..(first + ITEMS) as usize {
        note(10 * AT_ONCE).expect("nothing is lost, and nothing comes twice");
    }
    // While one has an item in hand, which may come back, the closed queue has not ended.
    for consumer in [&stopped, &other] {
        assert_eq!(consumer.wait_timeout(10 * AT_ONCE).expect("it can be waited for"), Some(0));
    }
    note(Duration::ZERO).expect_err("nothing comes twice");
    stopped.join().expect("it ends");
    other.join().expect("it ends");
}
