//! Objects on their way to other processes, and what is left of them.

use library_support::{Disguised, SOON, Suite, disguised, open_files, suite, waiting_child};
use serde::{Deserialize, Serialize};
use shared::sync::{Atomic, Barrier, Condvar, Event, Memory, Mutex, Semaphore};
use shared::{Connection, Error, Process, Queue, pipe};
use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

pub fn suite() -> Suite {
    suite! {
        tests: [
            objects_go_through_queues_and_pipes_and_back,
            an_object_outlives_its_creator,
            an_object_that_arrives_as_another_is_an_error,
            a_message_may_hold_64_objects,
            nothing_is_left_in_dev_shm,
            memory_and_descriptors_go_with_the_last_handle,
        ],
        children: [
            gives_its_object_away,
            has_objects_and_a_child,
            sends_them_back,
        ],
    }
}

/// One of each.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct All {
    mutex: Mutex<Vec<u32>>,
    atomic: Atomic<AtomicU32>,
    memory: Memory,
    condvar: Condvar,
    event: Event,
    barrier: Barrier,
    semaphore: Semaphore,
}

impl All {
    fn new() -> All {
        All {
            mutex: Mutex::new(vec![1]).expect("a mutex"),
            atomic: Atomic::new(1).expect("an atomic"),
            memory: Memory::new(1).expect("memory"),
            condvar: Condvar::new().expect("a condvar"),
            event: Event::new().expect("an event"),
            barrier: Barrier::new(1).expect("a barrier"),
            semaphore: Semaphore::new(1).expect("a semaphore"),
        }
    }

    fn change(&self) {
        self.mutex.lock().expect("it is free").push(2);
        self.condvar.notify_all();
        self.atomic.fetch_add(1, SeqCst);
        let mut byte = [0];
        self.memory.read(0, &mut byte).expect("it is within");
        self.memory.write(0, &[byte[0] + 1]).expect("it is within");
        self.event.set();
        self.barrier.abort().expect("its lock is free");
        std::mem::forget(self.semaphore.try_acquire());
    }

    #[track_caller]
    fn is_changed(&self, times: u8) {
        assert_eq!(self.mutex.lock().expect("it is free").len(), 1 + usize::from(times));
        assert_eq!(self.atomic.load(SeqCst), 1 + u32::from(times));
        let mut byte = [0];
        self.memory.read(0, &mut byte).expect("it is within");
        assert_eq!(byte[0], times);
        assert!(self.event.is_set() && self.barrier.is_broken());
        assert_eq!(self.semaphore.available(), 0);
    }
}

pub fn sends_them_back(there: Queue<All>, back: Connection<All, ()>) {
    let all = there.get().expect("one is there");
    all.change();
    back.send(all).expect("the parent waits");
}

/// [114] `_TestSharedMemory.test_shared_memory_pickle_unpickle`,
/// [121] `test_shared_memory_ShareableList_pickling`
fn objects_go_through_queues_and_pipes_and_back() {
    let (there, (ours, theirs)) = (Queue::new().expect("a queue"), pipe().expect("a pipe"));
    let child = Process::spawn(sends_them_back, (there.clone(), theirs)).expect("a start");
    let all = All::new();
    there.put(all.clone()).expect("it is open");
    let same = ours.recv_timeout(SOON).expect("they come back");
    child.join().expect("it ends");
    all.is_changed(1);
    same.change();
    all.is_changed(2);
}

pub fn gives_its_object_away(to: Queue<All>) {
    let all = All::new();
    to.put(all.clone()).expect("it is open");
    all.change();
}

/// [115] `_TestSharedMemory.test_shared_memory_pickle_unpickle_dead_object`,
/// [122] `test_shared_memory_ShareableList_pickling_dead_object`
fn an_object_outlives_its_creator() {
    let queue = Queue::new().expect("a queue");
    let creator = Process::spawn(gives_its_object_away, (queue.clone(),)).expect("a start");
    creator.join().expect("it gives them away");
    // Nobody has a handle now but the item.
    let all = queue.get().expect("they are there");
    all.is_changed(1);
    all.change();
    all.is_changed(2);
}

fn arrives<A: Serialize + Send, B: Serialize + serde::de::DeserializeOwned>(
    sent: A,
) -> Result<B, Error> {
    let (left, right) = pipe::<Disguised<A, B>, Disguised<A, B>>().expect("a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || disguised(sent, |sent| left.send(sent)).expect("it is open"));
    });
    right.recv_timeout(SOON).map(Disguised::received)
}

fn an_object_that_arrives_as_another_is_an_error() {
    let all = All::new();
    let of_another_type: [Error; 4] = [
        arrives::<_, Semaphore>(all.event.clone()).expect_err("no semaphore"),
        arrives::<_, Mutex<u32>>(all.memory.clone()).expect_err("no mutex"),
        arrives::<_, Atomic<AtomicU64>>(all.atomic.clone()).expect_err("of another width"),
        arrives::<_, Barrier>(all.mutex.clone()).expect_err("no barrier"),
    ];
    for error in of_another_type {
        assert!(matches!(error, Error::Decode { .. }), "{error}");
        assert!(error.to_string().contains("another type"), "{error}");
    }
    // What a mutex holds is known when it is read.
    let texts = arrives::<_, Mutex<Vec<String>>>(Mutex::new(7_u8).expect("a mutex"));
    let texts = texts.expect("a mutex is a mutex");
    assert!(matches!(texts.lock(), Err(Error::Decode { .. })));
    assert!(matches!(texts.lock(), Err(Error::Decode { .. })), "the lock is free again");
    // And outside of a message it does not travel at all.
    assert!(postcard::to_stdvec(&all.event).is_err());
}

fn a_message_may_hold_64_objects() {
    let (left, right) = pipe::<Vec<Event>, Vec<Event>>().expect("a pipe");
    let events: Vec<_> = (0..65).map(|_| Event::new().expect("an event")).collect();
    let error = left.send(events.clone()).expect_err("too many");
    assert!(matches!(error, Error::TooManyEnds { count: 65, limit: 64 }), "{error}");
    left.send(events[..64].to_vec()).expect("it is open");
    let arrived = right.recv_timeout(SOON).expect("they arrive");
    arrived[63].set();
    assert!(events[63].is_set() && !events[62].is_set());
}

fn in_dev_shm() -> BTreeSet<String> {
    let entries = fs::read_dir("/dev/shm").expect("the folder is there").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    // Those of Python's programs, which other tests run beside this one.
    names.filter(|name| !["psm_", "sem.", "pym-"].iter().any(|own| name.starts_with(own))).collect()
}

pub fn has_objects_and_a_child(talk: Connection<(), ()>) {
    let all = All::new();
    let (_child, _its) = waiting_child();
    all.change();
    talk.send(()).expect("the parent waits");
    let _ = talk.recv();
}

/// [110] `_TestSharedMemory.test_shared_memory_basics`,
/// [118] `test_shared_memory_SharedMemoryManager_reuses_resource_tracker`,
/// [123] `test_shared_memory_cleaned_after_process_termination`
fn nothing_is_left_in_dev_shm() {
    let before = in_dev_shm();
    let all = All::new();
    let (family, _talk) = crate::ready(|talk| Process::spawn(has_objects_and_a_child, (talk,)));
    assert_eq!(in_dev_shm(), before, "it is there without a name");
    family.kill().expect("it can be killed");
    family.wait().expect("it ends");
    drop(all);
    assert_eq!(in_dev_shm(), before);
    library_support::until_orphans_end(SOON);
}

/// [119] `_TestSharedMemory.test_shared_memory_SharedMemoryManager_basics`
fn memory_and_descriptors_go_with_the_last_handle() {
    let mapped = || {
        let maps = fs::read_to_string("/proc/self/maps").expect("/proc");
        maps.lines().filter(|line| line.contains("memfd:shared")).count()
    };
    assert_eq!(mapped(), 0);
    let files = open_files("self").len();
    for _ in 0..3 {
        let all = All::new();
        *all.mutex.lock().expect("it is free") = vec![7; 100_000];
        let other = all.clone();
        assert_eq!(other.mutex.lock().expect("it is free").len(), 100_000);
        assert_eq!(open_files("self").len(), files + 7, "one descriptor each");
        drop(all);
        assert!(mapped() >= 7);
        drop(other);
        assert_eq!((mapped(), open_files("self").len()), (0, files));
    }
}
