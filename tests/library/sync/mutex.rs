//! A mutex: its value, its lock, and what it refuses.

use crate::ready;
use library_support::{MOMENT, RefusedThere, Refuses, SOON, Suite, soon, suite};
use serde::{Deserialize, Serialize};
use shared::sync::Mutex;
use shared::{Connection, Error, Process, Queue};
use std::collections::BTreeMap;
use std::time::Instant;

pub fn suite() -> Suite {
    suite! {
        tests: [
            processes_count_together,
            values_of_every_kind_are_changed_by_a_child,
            arrays_and_lists_are_changed_by_a_child,
            a_list_of_mixed_values_may_grow,
            a_map_has_room_for_whatever_comes,
            a_value_may_be_long_and_short_again,
            a_guard_that_was_only_read_writes_nothing,
            a_lock_that_is_taken_is_not_waited_for,
            a_second_lock_in_a_thread_is_an_error,
            threads_of_one_process_exclude_each_other,
            a_change_can_be_stored_before_the_lock_is_free,
            a_change_that_cannot_be_stored_is_an_error_and_the_value_is_as_it_was,
            a_change_that_cannot_be_stored_at_the_drop_poisons,
            what_cannot_be_shared_is_refused_by_new,
            what_a_mutex_is_is_shown,
        ],
        children: [
            adds,
            changes_values,
            doubles,
            grows_the_list,
            holds,
            works_on_a_map,
        ],
    }
}

pub fn adds(n: u64, counter: Mutex<u64>) {
    for _ in 0..n {
        *counter.lock().expect("nobody is killed") += 1;
    }
}

/// [83] `_TestLock.test_lock_context`
fn processes_count_together() {
    let counter = Mutex::new(0).expect("a mutex");
    let steps = [10, 15, 20_000, 20_000];
    let workers = steps.map(|n| Process::spawn(adds, (n, counter.clone())).expect("a start"));
    for worker in workers {
        worker.join().expect("it counts");
    }
    assert_eq!(*counter.lock().expect("it is free"), steps.iter().sum::<u64>());
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Mixed {
    Text(String),
    Number(f64),
    Nothing,
    Flags(Vec<bool>),
}

type Values = (Mutex<i8>, Mutex<f64>, Mutex<char>, Mutex<String>, Mutex<Option<Mixed>>);

pub fn changes_values(values: Values) {
    *values.0.lock().expect("it is free") = -100;
    *values.1.lock().expect("it is free") = 0.25;
    *values.2.lock().expect("it is free") = 'ж';
    values.3.lock().expect("it is free").push_str(" and its change");
    *values.4.lock().expect("it is free") = Some(Mixed::Flags(vec![true, false]));
}

/// [73] `_TestValue.test_value`
fn values_of_every_kind_are_changed_by_a_child() {
    let values: Values = (
        Mutex::new(7).expect("a mutex"),
        Mutex::new(1.5).expect("a mutex"),
        Mutex::new('x').expect("a mutex"),
        Mutex::new("a text".to_owned()).expect("a mutex"),
        Mutex::new(None).expect("a mutex"),
    );
    assert_eq!(*values.0.lock().expect("it is free"), 7);
    let process = Process::spawn(changes_values, (values.clone(),)).expect("a start");
    process.join().expect("it changes them");
    assert_eq!(*values.0.lock().expect("it is free"), -100);
    assert!((*values.1.lock().expect("it is free") - 0.25).abs() < f64::EPSILON);
    assert_eq!(*values.2.lock().expect("it is free"), 'ж');
    assert_eq!(*values.3.lock().expect("it is free"), "a text and its change");
    let flags = Some(Mixed::Flags(vec![true, false]));
    assert_eq!(*values.4.lock().expect("it is free"), flags);
}

pub fn doubles(array: Mutex<[i32; 10]>, list: Mutex<Vec<i32>>) {
    for number in array.lock().expect("it is free").iter_mut() {
        *number *= 2;
    }
    for number in list.lock().expect("it is free").iter_mut() {
        *number *= 2;
    }
}

/// [76] `_TestArray.test_array`, [77] `test_array_from_size`
fn arrays_and_lists_are_changed_by_a_child() {
    let array = Mutex::new([0; 10]).expect("a mutex");
    assert_eq!(*array.lock().expect("it is free"), [0; 10]);
    let numbers = [680, 626, 934, 821, 150, 233, 548, 982, 714, 831];
    array.lock().expect("it is free").copy_from_slice(&numbers);
    assert_eq!(array.lock().expect("it is free")[2..7], numbers[2..7]);
    let list = Mutex::new(numbers.to_vec()).expect("a mutex");
    Process::spawn(doubles, (array.clone(), list.clone())).expect("a start").join().expect("done");
    assert_eq!(*array.lock().expect("it is free"), numbers.map(|number| 2 * number));
    assert_eq!(*list.lock().expect("it is free"), numbers.map(|number| 2 * number));
}

pub fn grows_the_list(list: Mutex<Vec<Mixed>>) {
    let mut list = list.lock().expect("it is free");
    list.push(Mixed::Text("more".repeat(1000)));
    list[0] = Mixed::Number(1.0);
}

/// [120] `_TestSharedMemory.test_shared_memory_ShareableList_basics`
fn a_list_of_mixed_values_may_grow() {
    let list = vec![Mixed::Text("howdy".to_owned()), Mixed::Nothing, Mixed::Number(-273.154)];
    let list = Mutex::new(list).expect("a mutex");
    let process = Process::spawn(grows_the_list, (list.clone(),)).expect("a start");
    process.join().expect("it grows");
    let list = list.lock().expect("it is free");
    assert_eq!((list.len(), &list[0], &list[1]), (4, &Mixed::Number(1.0), &Mixed::Nothing));
    assert_eq!(list[3], Mixed::Text("more".repeat(1000)));
}

pub fn works_on_a_map(who: u32, map: Mutex<BTreeMap<String, Vec<u32>>>) {
    for n in 0..300 {
        let mut map = map.lock().expect("nobody is killed");
        map.entry(format!("key {}", n % 50)).or_default().push(who);
    }
}

fn a_map_has_room_for_whatever_comes() {
    let map = Mutex::new(BTreeMap::new()).expect("a mutex");
    let workers =
        [1, 2].map(|who| Process::spawn(works_on_a_map, (who, map.clone())).expect("a start"));
    for worker in workers {
        worker.join().expect("it works");
    }
    let map = map.lock().expect("it is free");
    assert_eq!((map.len(), map.values().map(Vec::len).sum::<usize>()), (50, 600));
}

/// How many KB of shared memory this process has mapped and touched.
fn shared_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find(|line| line.starts_with("RssShmem:")).expect("a line");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

fn a_value_may_be_long_and_short_again() {
    let text = Mutex::new(String::new()).expect("a mutex");
    let before = shared_kilobytes();
    for length in [0, 1, 63, 64, 65, 4000, 4096, 5000, 100_000, 3 << 20, 5 << 20, 10] {
        *text.lock().expect("it is free") = "x".repeat(length);
        let other = text.clone();
        assert_eq!(soon(move || other.lock().expect("it is free").len()), length);
    }
    let after = shared_kilobytes();
    assert!(after < before + 1024, "{before} KB were there, and now {after} KB");
}

fn a_guard_that_was_only_read_writes_nothing() {
    // It could be read, and not be written back.
    let (counts, value) = (Mutex::new(vec![1, 2]).expect("a mutex"), [1, 2]);
    for _ in 0..3 {
        assert_eq!(*counts.lock().expect("it is free"), value);
    }
    let mut guard = counts.lock().expect("it is free");
    guard.push(3);
    drop(guard);
    assert_eq!(*counts.lock().expect("it is free"), [1, 2, 3]);
}

pub fn holds(lock: Mutex<u32>, told: Connection<(), ()>) {
    let mut guard = lock.lock().expect("it is free");
    *guard += 1000;
    told.send(()).expect("the parent waits");
    let _ = told.recv();
}

/// [80] `_TestLock.test_lock`
fn a_lock_that_is_taken_is_not_waited_for() {
    let lock = Mutex::new(7).expect("a mutex");
    let (holder, talk) = ready(|talk| Process::spawn(holds, (lock.clone(), talk)));
    let start = Instant::now();
    assert!(matches!(lock.try_lock(), Err(Error::Timeout)));
    assert!(start.elapsed() < MOMENT, "{:?}", start.elapsed());
    let start = Instant::now();
    assert!(matches!(lock.lock_timeout(3 * MOMENT), Err(Error::Timeout)));
    assert!(start.elapsed() >= 3 * MOMENT && start.elapsed() < SOON, "{:?}", start.elapsed());
    talk.send(()).expect("it waits");
    assert_eq!(*lock.lock_timeout(SOON).expect("it is given back"), 1007);
    holder.join().expect("it ends");
}

/// [80] `_TestLock.test_lock`, [82] `test_rlock`
fn a_second_lock_in_a_thread_is_an_error() {
    let lock = Mutex::new(7).expect("a mutex");
    let guard = lock.lock().expect("it is free");
    assert!(matches!(lock.lock(), Err(Error::Deadlock)));
    assert!(matches!(lock.clone().try_lock(), Err(Error::Deadlock)));
    assert!(matches!(lock.lock_timeout(SOON), Err(Error::Deadlock)));
    drop(guard);
    assert_eq!(*lock.lock().expect("it is free"), 7);
}

fn threads_of_one_process_exclude_each_other() {
    let counter = Mutex::new(0).expect("a mutex");
    let threads = [(); 4].map(|()| {
        let counter = counter.clone();
        std::thread::spawn(move || adds(5_000, counter))
    });
    for thread in threads {
        thread.join().expect("it counts");
    }
    assert_eq!(*counter.lock().expect("it is free"), 20_000);
}

fn a_change_can_be_stored_before_the_lock_is_free() {
    let value = Mutex::new(1).expect("a mutex");
    let other = value.clone();
    let holder = std::thread::spawn(move || {
        let mut guard = other.lock().expect("it is free");
        *guard = 2;
        guard.store().expect("there is room");
        guard.store().expect("there is nothing to do");
        std::mem::forget(guard);
    });
    holder.join().expect("it forgets its guard");
    assert_eq!(*value.lock().expect("what was changed was stored"), 2);
}

/// A value that can be shared until it is told not to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Moody(u32, Option<Mood>);

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Mood;

impl Serialize for Mood {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Refuses.serialize(serializer)
    }
}

fn a_change_that_cannot_be_stored_is_an_error_and_the_value_is_as_it_was() {
    let value = Mutex::new(Moody::default()).expect("a mutex");
    let mut guard = value.lock().expect("it is free");
    *guard = Moody(1, Some(Mood));
    assert!(matches!(guard.store(), Err(Error::Encode { .. })));
    drop(guard);
    assert_eq!(*value.lock().expect("it is not poisoned"), Moody::default());
    let mut guard = value.lock().expect("it is free");
    *guard = Moody(1, Some(Mood));
    guard.store().expect_err("it cannot be encoded");
    *guard = Moody(2, None);
    drop(guard);
    assert_eq!(value.lock().expect("it is not poisoned").0, 2);
}

fn a_change_that_cannot_be_stored_at_the_drop_poisons() {
    let value = Mutex::new(Moody::default()).expect("a mutex");
    *value.lock().expect("it is free") = Moody(1, Some(Mood));
    assert!(value.is_poisoned());
    assert!(matches!(value.lock(), Err(Error::Poisoned)));
    value.clear_poison();
    assert_eq!(*value.lock().expect("it is cleared"), Moody::default());
}

fn what_cannot_be_shared_is_refused_by_new() {
    let queue = Mutex::new(Queue::<u32>::new().expect("a queue")).expect_err("it has ends");
    assert!(queue.to_string().contains("can only be passed"), "{queue}");
    let mutex = Mutex::new(Mutex::new(1).expect("a mutex")).expect_err("it has memory");
    assert!(mutex.to_string().contains("can only be passed"), "{mutex}");
    let (left, _right) = shared::pipe::<u32, u32>().expect("a pipe");
    let connection = Mutex::new(left).expect_err("it has ends");
    assert!(matches!(connection, Error::Encode { .. }), "{connection}");
    assert!(matches!(Mutex::new(Refuses), Err(Error::Encode { .. })));
    let unreadable = Mutex::new(RefusedThere).expect_err("it could never be read again");
    assert!(unreadable.to_string().contains("read it back"), "{unreadable}");
}

/// [96] `_TestEvent.test_repr`
fn what_a_mutex_is_is_shown() {
    let value = Mutex::new(7).expect("a mutex");
    assert_eq!(format!("{value:?}"), "Mutex { poisoned: false, .. }");
    assert_eq!(format!("{:?}", value.lock().expect("it is free")), "7");
}
