//! Something that has happened, or not yet.

use super::object::{Layout, Object, START};
use crate::Result;
use crate::memory::wait::{Slices, Waiters};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The lowest bit of the word: it has happened. The others count how often it has.
const SET: u32 = 1;
const ONCE: u32 = 2;

/// Something that has happened, or not yet. Python's `Event`.
///
/// A clone, or a handle passed to another process, is the same event. No process needs to live for it.
/// If the only process that could set it is gone, a waiter waits on: give it a time.
///
/// ```
/// use shared::sync::Event;
///
/// let event = Event::new()?;
/// let other = event.clone();
/// let waiter = std::thread::spawn(move || other.wait());
/// event.set();
/// waiter.join().expect("it goes on");
/// assert!(event.is_set());
/// # Ok::<(), shared::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Event(Object<Words>);

struct Words;

impl Layout for Words {
    const KIND: u64 = 3;

    fn bytes(size: usize) -> Option<usize> {
        (size == 0).then_some(16)
    }
}

impl Event {
    /// Makes an event that has not happened.
    ///
    /// An error is the operating system's: no room for a descriptor or for memory.
    pub fn new() -> Result<Event> {
        Object::new(0).map(Event)
    }

    fn word(&self) -> &AtomicU32 {
        self.0.atomic(START)
    }

    fn waiters(&self) -> Waiters<'_> {
        Waiters::new(&self.0, START + 8)
    }

    /// It has happened: all that wait go on, and nobody waits until it is cleared.
    pub fn set(&self) {
        let set = |word: u32| (word & SET == 0).then_some((word | SET).wrapping_add(ONCE));
        if self.word().fetch_update(Ordering::SeqCst, Ordering::SeqCst, set).is_ok() {
            drill!();
            self.waiters().notify_any();
        }
    }

    /// It has not happened. Those that were let go on by an earlier [`set`](Event::set) still do.
    pub fn clear(&self) {
        self.word().fetch_and(!SET, Ordering::SeqCst);
        drill!();
    }

    /// Whether it has happened.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.word().load(Ordering::SeqCst) & SET != 0
    }

    /// Waits until it has happened; if it has, not at all.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Waits for at most so long, and says whether it has happened. Python's `wait(timeout)`.
    #[must_use]
    pub fn wait_timeout(&self, time: Duration) -> bool {
        self.wait_until(Instant::now().checked_add(time))
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let first = self.word().load(Ordering::SeqCst);
        // Also if it was set and cleared again since the first look.
        let has_happened = || {
            let word = self.word().load(Ordering::SeqCst);
            word & SET != 0 || word & !SET != first & !SET
        };
        let mut slices = Slices::until(deadline);
        loop {
            if has_happened() {
                return true;
            }
            let Some(slice) = slices.next() else { return false };
            let seen = self.waiters().prepare();
            if !has_happened() {
                self.waiters().sleep(seen, slice);
            }
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.is_set()).finish_non_exhaustive()
    }
}
