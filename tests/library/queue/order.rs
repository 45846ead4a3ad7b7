//! Putting, getting, bounds, time limits, closing.

use crate::handles::{Call, Child, Fault, Handle, Own, everywhere, passed};
use library_support::{MOMENT, SOON, Suite, bytes, suite, until, until_asleep};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, pipe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            items_come_in_the_order_in_which_they_were_put,
            a_queue_with_a_bound_is_full_when_as_many_wait,
            a_put_into_a_full_queue_fails_at_once_or_when_its_time_is_over,
            a_get_from_an_empty_queue_fails_at_once_or_when_its_time_is_over,
            times_of_any_length_may_be_given,
            the_length_follows_what_is_put_and_got,
            a_closed_queue_takes_nothing_and_gives_what_is_left,
            a_queue_may_be_closed_twice,
            extend_puts_many_in_order,
            a_put_waits_for_room,
            a_get_waits_for_an_item,
            each_of_those_who_wait_is_served,
            a_close_wakes_those_who_wait_for_items,
            a_close_wakes_those_who_wait_for_room,
            with_a_bound_of_0_an_item_passes_from_hand_to_hand,
            after_a_child_took_all_the_queue_is_empty_and_has_room,
            the_items_of_a_child_come_in_order_through_all_forms_of_get,
            items_put_before_and_after_the_start_of_a_child_come_in_order,
            a_child_sees_the_queue_empty_and_then_its_own_item,
            a_queue_may_be_passed_in_a_message,
            a_child_may_end_before_its_items_are_read,
            whoever_joined_a_child_sees_what_it_put,
            a_get_that_gives_up_loses_no_item,
            a_put_that_gives_up_puts_nothing,
        ],
        children: [
            gets_in_every_form,
            is_given_a_queue_in_a_message,
            puts_and_returns,
            puts_much_and_returns,
            sees_its_own_put,
        ],
    }
}

fn items_come_in_the_order_in_which_they_were_put() {
    everywhere(None, |queue| {
        for item in 0..500 {
            queue.put(item).expect("it is open");
        }
        for item in 0..500 {
            assert_eq!(queue.get(), Ok(item));
        }
        assert_eq!(queue.try_get(), Err(Fault::Empty));
    });
}

/// [35] `test_put`
fn a_queue_with_a_bound_is_full_when_as_many_wait() {
    everywhere(Some(6), |queue| {
        assert_eq!(queue.is_empty(), Ok(true));
        for item in [1, 2] {
            queue.put(item).expect("there is room");
        }
        queue.try_put(3).expect("there is room");
        queue.try_put(4).expect("there is room");
        queue.put_timeout(5, SOON).expect("there is room");
        queue.put_timeout(6, Duration::ZERO).expect("there is room");
        assert_eq!((queue.is_empty(), queue.len()), (Ok(false), Ok(6)));
        assert_eq!(queue.try_put(7), Err(Fault::Full));
        assert_eq!(queue.get(), Ok(1));
        queue.try_put(7).expect("there is room again");
        for item in 2..=7 {
            assert_eq!(queue.try_get(), Ok(item));
        }
    });
}

/// Sees that a call returns, and not before its time.
#[track_caller]
fn takes(time: Duration, call: impl FnOnce()) {
    let start = Instant::now();
    call();
    let took = start.elapsed();
    assert!(time <= took && took < time + Duration::from_secs(1), "{took:?}, not {time:?}");
}

/// [36] `test_put`
fn a_put_into_a_full_queue_fails_at_once_or_when_its_time_is_over() {
    everywhere(Some(2), |queue| {
        queue.extend(vec![1, 2]).expect("there is room");
        takes(Duration::ZERO, || assert_eq!(queue.try_put(3), Err(Fault::Full)));
        for time in [Duration::ZERO, Duration::from_micros(1500), MOMENT] {
            takes(time, || assert_eq!(queue.put_timeout(3, time), Err(Fault::Full)));
        }
        assert_eq!((queue.len(), queue.get(), queue.get()), (Ok(2), Ok(1), Ok(2)));
        assert_eq!(queue.try_get(), Err(Fault::Empty));
    });
}

/// [39] `test_get`, [43] `test_timeout`
fn a_get_from_an_empty_queue_fails_at_once_or_when_its_time_is_over() {
    for bound in [None, Some(1)] {
        everywhere(bound, |queue| {
            takes(Duration::ZERO, || assert_eq!(queue.try_get(), Err(Fault::Empty)));
            for time in [Duration::ZERO, Duration::from_micros(1500), MOMENT] {
                takes(time, || assert_eq!(queue.get_timeout(time), Err(Fault::Empty)));
            }
            queue.put(1).expect("there is room");
            assert_eq!(queue.get_timeout(SOON), Ok(1));
        });
    }
}

fn times_of_any_length_may_be_given() {
    everywhere(Some(1), |queue| {
        for time in [Duration::MAX, Duration::from_secs(u64::from(u32::MAX)), Duration::ZERO] {
            queue.put_timeout(1, time).expect("there is room");
            assert_eq!(queue.get_timeout(time), Ok(1));
        }
    });
    // And waited for.
    let queue = Queue::new().expect("a queue");
    let child = Child::with(&queue);
    for time in [Duration::MAX, Duration::from_secs(u64::from(u32::MAX))] {
        child.begin(Call::GetTimeout(time));
        queue.put(2).expect("it is open");
        assert_eq!(child.end(), Ok(Some(2)));
    }
    child.finish();
}

/// [41] `test_qsize`
fn the_length_follows_what_is_put_and_got() {
    for bound in [None, Some(2)] {
        everywhere(bound, |queue| {
            assert_eq!((queue.len(), queue.is_empty()), (Ok(0), Ok(true)));
            queue.put(1).expect("there is room");
            assert_eq!((queue.len(), queue.is_empty()), (Ok(1), Ok(false)));
            queue.put(2).expect("there is room");
            assert_eq!(queue.len(), Ok(2));
            queue.get().expect("an item");
            assert_eq!(queue.len(), Ok(1));
            queue.get().expect("an item");
            assert_eq!((queue.len(), queue.is_empty()), (Ok(0), Ok(true)));
        });
    }
}

/// [46] `test_closed_queue_put_get_exceptions`, `test_closed_queue_empty_exceptions`
fn a_closed_queue_takes_nothing_and_gives_what_is_left() {
    for bound in [None, Some(3)] {
        everywhere(bound, |queue| {
            queue.extend(vec![1, 2, 3]).expect("there is room");
            queue.close().expect("it is open");
            assert_eq!(queue.put(4), Err(Fault::Closed));
            assert_eq!(queue.try_put(4), Err(Fault::Closed));
            assert_eq!(queue.put_timeout(4, SOON), Err(Fault::Closed));
            assert_eq!(queue.extend(vec![4]), Err(Fault::Closed));
            assert_eq!(queue.len(), Ok(3));
            assert_eq!((queue.get(), queue.try_get()), (Ok(1), Ok(2)));
            assert_eq!(queue.get_timeout(SOON), Ok(3));
            for _ in 0..2 {
                assert_eq!(queue.get(), Err(Fault::Closed));
                assert_eq!(queue.try_get(), Err(Fault::Closed));
                assert_eq!(queue.get_timeout(SOON), Err(Fault::Closed));
            }
            assert_eq!((queue.len(), queue.is_empty()), (Ok(0), Ok(true)));
        });
    }
    // Closed by one, for all others, also for one who comes later.
    let queue = Queue::new().expect("a queue");
    let (mut early, mut late) = (Child::with(&queue), Own(passed(&queue)));
    assert_eq!(early.len(), Ok(0));
    queue.close().expect("it is open");
    for handle in [&mut early as &mut dyn Handle, &mut late] {
        assert_eq!((handle.put(1), handle.get()), (Err(Fault::Closed), Err(Fault::Closed)));
    }
    early.finish();
    assert!(matches!(queue.try_get(), Err(Error::Closed)));
}

/// [48] `TestSimpleQueue.test_close`
fn a_queue_may_be_closed_twice() {
    everywhere(None, |queue| {
        for _ in 0..3 {
            assert_eq!(queue.close(), Ok(()));
        }
    });
}

fn extend_puts_many_in_order() {
    everywhere(None, |queue| {
        queue.extend(vec![]).expect("it is open");
        assert_eq!(queue.len(), Ok(0));
        queue.put(0).expect("it is open");
        queue.extend((1..3000).collect()).expect("it is open");
        queue.put(3000).expect("it is open");
        assert_eq!(queue.len(), Ok(3001));
        for item in 0..=3000 {
            assert_eq!(queue.get(), Ok(item));
        }
    });
}

/// Does something with a clone of the queue on a thread, and sees it wait there.
fn waiting<R: Send + 'static>(
    queue: &Queue<u32>,
    call: fn(&Queue<u32>) -> R,
) -> thread::JoinHandle<R> {
    let queue = queue.clone();
    let (here, there) = mpsc::channel();
    let thread = thread::spawn(move || {
        here.send(rustix::thread::gettid()).expect("somebody wants to know");
        call(&queue)
    });
    until_asleep(there.recv().expect("a number").as_raw_pid().cast_unsigned());
    thread
}

fn a_put_waits_for_room() {
    for times in [0, 1] {
        let queue = Queue::bounded(1).expect("a queue");
        queue.put(1).expect("there is room");
        let putter = match times {
            0 => waiting(&queue, |queue| queue.put(2)),
            _ => waiting(&queue, |queue| queue.put_timeout(2, SOON)),
        };
        assert_eq!(queue.len().expect("it is here"), 1);
        assert_eq!(queue.get().expect("an item"), 1);
        putter.join().expect("no panic").expect("there was room");
        assert_eq!(queue.get().expect("an item"), 2);

        let child = Child::with(&queue);
        queue.put(3).expect("there is room");
        child.begin(if times == 0 { Call::Put(4) } else { Call::PutTimeout(4, SOON) });
        assert_eq!(queue.len().expect("it is here"), 1);
        assert_eq!(queue.get().expect("an item"), 3);
        assert_eq!(child.end(), Ok(None));
        assert_eq!(queue.get().expect("an item"), 4);
        child.finish();
    }
}

fn a_get_waits_for_an_item() {
    for bound in [None, Some(1)] {
        let queue = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
        let mut child = Child::with(&queue);
        // From the creator to a thread of it, and to a child, and back.
        let getter = waiting(&queue, Queue::get);
        queue.put(1).expect("there is room");
        assert_eq!(getter.join().expect("no panic").expect("an item"), 1);

        child.begin(Call::Get);
        queue.put(2).expect("there is room");
        assert_eq!(child.end(), Ok(Some(2)));
        child.begin(Call::GetTimeout(SOON));
        queue.put(3).expect("there is room");
        assert_eq!(child.end(), Ok(Some(3)));

        let getter = waiting(&queue, Queue::get);
        child.put(4).expect("there is room");
        assert_eq!(getter.join().expect("no panic").expect("an item"), 4);
        let getter = waiting(&queue, |queue| queue.get_timeout(SOON));
        child.put(5).expect("there is room");
        assert_eq!(getter.join().expect("no panic").expect("an item"), 5);
        child.finish();
    }
}

fn each_of_those_who_wait_is_served() {
    let queue = Queue::new().expect("a queue");
    let children = [(); 3].map(|()| Child::with(&queue));
    for child in &children {
        child.begin(Call::Get);
    }
    queue.extend(0..3).expect("it is open");
    let mut items = children.map(|child| {
        let item = child.end();
        child.finish();
        item.expect("an item")
    });
    items.sort_unstable();
    assert_eq!(items, [Some(0), Some(1), Some(2)]);
}

fn a_close_wakes_those_who_wait_for_items() {
    let queue = Queue::<u32>::new().expect("a queue");
    let children = [Child::with(&queue), Child::with(&queue)];
    children[0].begin(Call::Get);
    children[1].begin(Call::GetTimeout(SOON));
    let threads = [waiting(&queue, Queue::get), waiting(&passed(&queue), Queue::get)];
    queue.close().expect("it is open");
    for child in children {
        assert_eq!(child.end(), Err(Fault::Closed));
        child.finish();
    }
    for thread in threads {
        assert!(matches!(thread.join().expect("no panic"), Err(Error::Closed)));
    }
}

fn a_close_wakes_those_who_wait_for_room() {
    let queue = Queue::bounded(1).expect("a queue");
    queue.put(1).expect("there is room");
    let children = [Child::with(&queue), Child::with(&queue)];
    children[0].begin(Call::Put(2));
    children[1].begin(Call::PutTimeout(3, SOON));
    let thread = waiting(&queue, |queue| queue.put(4));
    passed(&queue).close().expect("it is open");
    for child in children {
        assert_eq!(child.end(), Err(Fault::Closed));
        child.finish();
    }
    assert!(matches!(thread.join().expect("no panic"), Err(Error::Closed)));
    assert_eq!(queue.get().expect("what was put stays"), 1);
    assert!(matches!(queue.get(), Err(Error::Closed)));
}

fn with_a_bound_of_0_an_item_passes_from_hand_to_hand() {
    everywhere(Some(0), |queue| {
        assert_eq!(queue.try_put(1), Err(Fault::Full));
        assert_eq!(queue.try_get(), Err(Fault::Empty));
        assert_eq!(queue.put_timeout(1, Duration::from_millis(2)), Err(Fault::Full));
    });
    let queue = Queue::bounded(0).expect("a queue");
    let mut child = Child::with(&queue);
    child.begin(Call::Put(1));
    assert_eq!(queue.len().expect("it is here"), 0);
    assert_eq!(queue.try_get().expect("somebody offers it"), 1);
    assert_eq!(child.end(), Ok(None));
    child.begin(Call::Get);
    queue.try_put(2).expect("somebody waits for it");
    assert_eq!(child.end(), Ok(Some(2)));
    let getter = waiting(&queue, Queue::get);
    child.try_put(3).expect("somebody waits for it");
    assert_eq!(getter.join().expect("no panic").expect("an item"), 3);
    child.finish();
}

/// [37] `test_put`
fn after_a_child_took_all_the_queue_is_empty_and_has_room() {
    let queue = Queue::bounded(6).expect("a queue");
    queue.extend(1..=6).expect("there is room");
    assert!(matches!(queue.try_put(7), Err(Error::Full)));
    let mut child = Child::with(&queue);
    for item in 1..=6 {
        assert_eq!(child.get(), Ok(item));
    }
    assert!(queue.is_empty().expect("it is here"));
    queue.try_put(7).expect("there is room");
    child.finish();
}

pub fn gets_in_every_form(queue: Queue<u32>) -> Vec<u32> {
    let mut items = vec![queue.get().expect("an item")];
    items.push(queue.get_timeout(SOON).expect("an item"));
    items.push(queue.try_get().expect("an item"));
    items.push(queue.get_timeout(Duration::ZERO).expect("an item"));
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
    items
}

/// [38] `test_get`
fn the_items_of_a_child_come_in_order_through_all_forms_of_get() {
    for bound in [None, Some(4)] {
        let queue = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
        let child = Process::spawn(puts_and_returns, (queue.clone(), 0..4)).expect("a start");
        child.join().expect("it ends");
        assert_eq!(gets_in_every_form(queue.clone()), [0, 1, 2, 3]);
        queue.extend(0..4).expect("there is room");
        let child = Process::spawn(gets_in_every_form, (queue,)).expect("a start");
        assert_eq!(child.join().expect("a value"), [0, 1, 2, 3]);
    }
}

pub fn puts_and_returns(queue: Queue<u32>, items: std::ops::Range<u32>) {
    for item in items {
        queue.put(item).expect("the creator is there");
    }
}

/// [40] `test_fork`
fn items_put_before_and_after_the_start_of_a_child_come_in_order() {
    let queue = Queue::new().expect("a queue");
    for item in 0..10 {
        queue.put(item).expect("it is open");
    }
    let child = Process::spawn(puts_and_returns, (queue.clone(), 10..20)).expect("a start");
    for item in 0..20 {
        assert_eq!(queue.get_timeout(SOON).expect("an item"), item);
    }
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
    child.join().expect("it ends");
}

pub fn sees_its_own_put(queue: Queue<bool>) {
    let before = queue.is_empty().expect("the creator is there");
    queue.put(before).expect("the creator is there");
    let after = queue.is_empty().expect("the creator is there");
    queue.put(after).expect("the creator is there");
}

/// [47] `TestSimpleQueue.test_empty`
fn a_child_sees_the_queue_empty_and_then_its_own_item() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(sees_its_own_put, (queue.clone(),)).expect("a start");
    child.join().expect("it ends");
    assert_eq!((queue.get().expect("an item"), queue.get().expect("an item")), (true, false));
}

pub fn is_given_a_queue_in_a_message(connection: Connection<(), Queue<String>>) {
    let queue = connection.recv().expect("a queue");
    queue.put("from the child".to_owned()).expect("the creator is there");
    assert_eq!(queue.get().expect("an item"), "from the child");
    queue.put("done".to_owned()).expect("the creator is there");
}

/// [49] `test_nested_queue`
fn a_queue_may_be_passed_in_a_message() {
    let (ours, theirs) = pipe().expect("a pipe");
    let child = Process::spawn(is_given_a_queue_in_a_message, (theirs,)).expect("a start");
    let queue = Queue::new().expect("a queue");
    ours.send(queue.clone()).expect("it listens");
    child.join().expect("it ends");
    assert_eq!(queue.try_get().expect("an item"), "done");
}

pub fn puts_much_and_returns(queue: Queue<ByteBuf>, length: usize) {
    queue.put(bytes(length)).expect("the creator is there");
    queue.put(bytes(1)).expect("the creator is there");
}

/// [50] "Joining processes that use queues": in Python this waits for ever.
fn a_child_may_end_before_its_items_are_read() {
    for length in [1 << 20, 64 << 20] {
        let queue = Queue::new().expect("a queue");
        let child = Process::spawn(puts_much_and_returns, (queue.clone(), length));
        child.and_then(Process::join).expect("it ends with nobody reading");
        assert!(queue.try_get().expect("an item") == bytes(length));
        assert!(queue.try_get().expect("an item") == bytes(1));
    }
}

fn whoever_joined_a_child_sees_what_it_put() {
    for round in 0..40 {
        let queue = Queue::new().expect("a queue");
        let child = Process::spawn(puts_and_returns, (queue.clone(), 0..round)).expect("a start");
        child.join().expect("it ends");
        assert_eq!(queue.len().expect("it is here"), round as usize);
        for item in 0..round {
            assert_eq!(queue.try_get().expect("it was put"), item);
        }
    }
}

/// Something happens a little later each time, before and after the time limit of the call that
/// waits for it; the last time, only after a call gave up.
fn later_each_time(gave_up: &Arc<AtomicU32>, happens: impl Fn(u32) + Send + 'static) -> Later {
    let (next, nexts) = mpsc::channel();
    let gave_up = Arc::clone(gave_up);
    let thread = thread::spawn(move || {
        for (n, ()) in (0..TIMES).zip(nexts) {
            thread::sleep(Duration::from_micros(u64::from(n) * 20));
            if n == TIMES - 1 {
                until("a call gave up", SOON, || gave_up.load(Ordering::SeqCst) > 0);
            }
            happens(n);
        }
    });
    Later { next, thread }
}

struct Later {
    /// It is waited for from now on.
    next: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
}

const TIMES: u32 = 100;
const LIMIT: Duration = Duration::from_millis(1);

/// Items that come just when the time is over.
fn a_get_that_gives_up_loses_no_item() {
    let queue = Queue::new().expect("a queue");
    let mut handles: [Box<dyn Handle>; 3] = [
        Box::new(Child::with(&queue)),
        Box::new(Own(passed(&queue))),
        Box::new(Own(queue.clone())),
    ];
    for handle in &mut handles {
        let (gave_up, putter) = (Arc::default(), queue.clone());
        let later = later_each_time(&gave_up, move |n| putter.put(n).expect("it is open"));
        for n in 0..TIMES {
            later.next.send(()).expect("it listens");
            let item = loop {
                match handle.get_timeout(LIMIT) {
                    Err(Fault::Empty) => drop(gave_up.fetch_add(1, Ordering::SeqCst)),
                    item => break item,
                }
            };
            assert_eq!(item, Ok(n));
        }
        later.thread.join().expect("no panic");
        assert_eq!(queue.len().expect("it is here"), 0);
    }
}

/// Room that comes just when the time is over.
fn a_put_that_gives_up_puts_nothing() {
    let queue = Queue::bounded(1).expect("a queue");
    let mut handles: [Box<dyn Handle>; 3] = [
        Box::new(Child::with(&queue)),
        Box::new(Own(passed(&queue))),
        Box::new(Own(queue.clone())),
    ];
    for handle in &mut handles {
        let (gave_up, getter) = (Arc::default(), queue.clone());
        let (got, items) = mpsc::channel();
        let later = later_each_time(&gave_up, move |_| {
            got.send(getter.get().expect("it is open")).expect("somebody compares");
        });
        // Each is another item, so that one that was put although its `put` gave up is seen.
        let mut numbers = 0..;
        let mut put = vec![numbers.next().expect("it is endless")];
        handle.put(0).expect("there is room");
        for _ in 0..TIMES {
            later.next.send(()).expect("it listens");
            for item in numbers.by_ref() {
                match handle.put_timeout(item, LIMIT) {
                    Err(Fault::Full) => drop(gave_up.fetch_add(1, Ordering::SeqCst)),
                    done => {
                        assert_eq!(done, Ok(()));
                        put.push(item);
                        break;
                    }
                }
            }
        }
        later.thread.join().expect("no panic");
        let mut all: Vec<u32> = items.iter().collect();
        all.push(queue.get().expect("the last one"));
        assert_eq!(all, put);
    }
}
