//! One number without a lock.

use super::object::{Layout, Object, START};
use crate::Result;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;
use std::sync::atomic as std_atomic;

mod sealed {
    /// What may lie in shared memory, since any bits of it are a value.
    pub trait Bits: vm_memory::AtomicInteger {}
}

/// The atomics of [`std::sync::atomic`] that processes can share: those of whole numbers.
pub trait Number: sealed::Bits {
    /// What the atomic holds: `u32` for `AtomicU32`.
    type Value;

    #[doc(hidden)]
    fn set(&self, value: Self::Value);
}

macro_rules! numbers {
    ($($atomic:ident: $value:ty),* $(,)?) => {$(
        impl sealed::Bits for std_atomic::$atomic {}

        impl Number for std_atomic::$atomic {
            type Value = $value;

            fn set(&self, value: $value) {
                self.store(value, std_atomic::Ordering::SeqCst);
            }
        }
    )*};
}

numbers! {
    AtomicI8: i8, AtomicI16: i16, AtomicI32: i32, AtomicI64: i64, AtomicIsize: isize,
    AtomicU8: u8, AtomicU16: u16, AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize,
}

/// An atomic number that processes share. Python's `RawValue`, with additions that lose no step.
///
/// It derefs to the atomic of [`std::sync::atomic`], and has all its methods. None of them waits, and
/// none fails. A clone, or a handle passed to another process, is the same number. The number is there
/// as long as any process has a handle; the process that made it may be gone.
///
/// ```standalone_crate
/// use shared::{Process, main_guard, sync::Atomic};
/// use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
///
/// fn worker(n: u32, counter: Atomic<AtomicU32>) {
///     for _ in 0..n {
///         counter.fetch_add(1, SeqCst);
///     }
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(worker);
///     let counter = Atomic::<AtomicU32>::new(0)?;
///     let first = Process::spawn(worker, (10, counter.clone()))?;
///     let second = Process::spawn(worker, (15, counter.clone()))?;
///     first.join()?;
///     second.join()?;
///     assert_eq!(counter.load(SeqCst), 25);
///     Ok(())
/// }
/// ```
#[derive(Serialize, Deserialize)]
#[serde(bound = "A: Number", transparent)]
pub struct Atomic<A>(Object<Word<A>>);

struct Word<A>(A);

impl<A: Number> Layout for Word<A> {
    const KIND: u64 = 1;

    fn bytes(size: usize) -> Option<usize> {
        (size == size_of::<A>()).then_some(8)
    }
}

impl<A: Number> Atomic<A> {
    /// Makes an atomic with that value.
    ///
    /// An error is the operating system's: no room for a descriptor or for memory.
    pub fn new(value: A::Value) -> Result<Atomic<A>> {
        let object = Object::new(size_of::<A>())?;
        object.atomic::<A>(START).set(value);
        Ok(Atomic(object))
    }
}

impl<A: Number> Deref for Atomic<A> {
    type Target = A;

    fn deref(&self) -> &A {
        self.0.atomic(START)
    }
}

impl<A> Clone for Atomic<A> {
    fn clone(&self) -> Self {
        Atomic(self.0.clone())
    }
}

impl<A: Number + fmt::Debug> fmt::Debug for Atomic<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
