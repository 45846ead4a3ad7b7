//! Memory without a lock: atomics, and bytes.

use library_support::{Suite, bytes, suite};
use shared::sync::{Atomic, Memory};
use shared::{Error, Process};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{
    AtomicI8, AtomicI64, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst,
};

pub fn suite() -> Suite {
    suite! {
        tests: [
            processes_add_and_no_step_is_lost,
            numbers_of_every_width_are_changed_by_a_child,
            memory_is_shared_with_a_child,
            new_memory_is_zero,
            a_memory_has_exactly_its_length,
            an_empty_memory_is_a_memory,
            long_bytes_come_back_equal,
            a_memory_is_allocated_when_it_is_made,
            a_memory_that_cannot_be_had_is_an_error,
        ],
        children: [
            adds,
            changes_numbers,
            writes_words,
        ],
    }
}

pub fn adds(n: u64, counter: Atomic<AtomicU64>) {
    for _ in 0..n {
        counter.fetch_add(1, SeqCst);
    }
}

fn processes_add_and_no_step_is_lost() {
    let counter = Atomic::<AtomicU64>::new(5).expect("an atomic");
    let steps = [10, 15, 200_000, 200_000];
    let workers = steps.map(|n| Process::spawn(adds, (n, counter.clone())).expect("a start"));
    for worker in workers {
        worker.join().expect("it counts");
    }
    assert_eq!(counter.load(SeqCst), 5 + steps.iter().sum::<u64>());
    assert_eq!(format!("{counter:?}"), "400030");
}

type Numbers = (
    Atomic<AtomicI8>,
    Atomic<AtomicU16>,
    Atomic<AtomicU32>,
    Atomic<AtomicI64>,
    Atomic<AtomicUsize>,
);

pub fn changes_numbers(numbers: Numbers) {
    numbers.0.store(i8::MIN, SeqCst);
    numbers.1.store(u16::MAX, SeqCst);
    numbers.2.store(u32::MAX, SeqCst);
    numbers.3.store(i64::MIN, SeqCst);
    numbers.4.fetch_add(1, SeqCst);
}

/// [74] `_TestValue.test_rawvalue`
fn numbers_of_every_width_are_changed_by_a_child() {
    let numbers: Numbers = (
        Atomic::new(1).expect("an atomic"),
        Atomic::new(2).expect("an atomic"),
        Atomic::new(3).expect("an atomic"),
        Atomic::new(4).expect("an atomic"),
        Atomic::new(5).expect("an atomic"),
    );
    let values = |numbers: &Numbers| {
        let (byte, short, long) = (&numbers.0, &numbers.1, &numbers.2);
        let all = (byte.load(SeqCst), short.load(SeqCst), long.load(SeqCst));
        (all, numbers.3.load(SeqCst), numbers.4.load(SeqCst))
    };
    assert_eq!(values(&numbers), ((1, 2, 3), 4, 5));
    let child = Process::spawn(changes_numbers, (numbers.clone(),)).expect("a start");
    child.join().expect("it changes them");
    assert_eq!(values(&numbers), ((i8::MIN, u16::MAX, u32::MAX), i64::MIN, 6));
}

pub fn writes_words(memory: Memory) {
    memory.write(0, b"howdy").expect("it is within");
    memory.write(memory.len() - 5, b"HELLO").expect("it is within");
}

fn word(memory: &Memory, start: usize) -> [u8; 5] {
    let mut word = [0; 5];
    memory.read(start, &mut word).expect("it is within");
    word
}

/// [78] `_TestArray.test_rawarray`, [108] `_TestSharedMemory.test_shared_memory_basics`,
/// [116] `test_shared_memory_across_processes`
fn memory_is_shared_with_a_child() {
    let memory = Memory::new(1 << 20).expect("memory");
    memory.write(0, &[42]).expect("it is within");
    assert_eq!(word(&memory.clone(), 0), [42, 0, 0, 0, 0]);
    Process::spawn(writes_words, (memory.clone(),)).expect("a start").join().expect("it writes");
    assert_eq!(&word(&memory, 0), b"howdy");
    assert_eq!(&word(&memory, (1 << 20) - 5), b"HELLO");
}

/// [77] `_TestArray.test_array_from_size`
fn new_memory_is_zero() {
    for _ in 0..3 {
        let memory = Memory::new(10_000).expect("memory");
        let mut all = vec![1; 10_000];
        memory.read(0, &mut all).expect("it is within");
        assert!(all.iter().all(|&byte| byte == 0));
        memory.write(0, &[7; 10_000]).expect("it is within");
    }
}

/// [109] `_TestSharedMemory.test_shared_memory_basics`
fn a_memory_has_exactly_its_length() {
    let memory = Memory::new(512).expect("memory");
    assert_eq!((memory.len(), memory.is_empty()), (512, false));
    assert_eq!(format!("{memory:?}"), "Memory { length: 512, .. }");
    memory.write(507, b"HELLO").expect("it is within");
    for start in [508, 512, 513, usize::MAX] {
        let beyond = memory.write(start, b"HELLO");
        assert!(matches!(beyond, Err(Error::Io { .. })), "{start}: {beyond:?}");
        assert!(memory.read(start, &mut [0; 5]).is_err(), "{start}");
    }
    memory.write(512, &[]).expect("there is nothing beyond the end");
    assert_eq!(&word(&memory, 507), b"HELLO");
}

/// [113] `_TestSharedMemory.test_invalid_shared_memory_cration`
fn an_empty_memory_is_a_memory() {
    let memory = Memory::new(0).expect("memory");
    assert_eq!((memory.len(), memory.is_empty()), (0, true));
    memory.read(0, &mut []).expect("there is nothing to read");
    assert!(memory.write(0, &[1]).is_err());
}

fn long_bytes_come_back_equal() {
    let (memory, written) = (Memory::new(8 << 20).expect("memory"), bytes(8 << 20));
    memory.write(0, &written).expect("it is within");
    let mut read = vec![0; 8 << 20];
    memory.clone().read(0, &mut read).expect("it is within");
    assert!(read == *written);
}

fn a_memory_is_allocated_when_it_is_made() {
    let blocks = || {
        let files = fs::read_dir("/proc/self/fd").expect("/proc").flatten();
        let sizes =
            files.filter_map(|file| fs::metadata(file.path()).ok().map(|data| data.blocks()));
        512 * sizes.sum::<u64>()
    };
    let before = blocks();
    let _memory = Memory::new(1 << 20).expect("memory");
    assert!(blocks() >= before + (1 << 20), "what is touched later may not be there");
}

fn a_memory_that_cannot_be_had_is_an_error() {
    for length in [usize::MAX, usize::MAX / 2, isize::MAX as usize - 8192, 1 << 60] {
        let error = Memory::new(length).expect_err("there is no such memory");
        assert!(matches!(error, Error::Io { .. }), "{length}: {error}");
    }
}
