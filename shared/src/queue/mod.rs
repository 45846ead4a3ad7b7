//! Queues: many processes put, many get, each item goes to one of them. Python's
//! `multiprocessing.Queue`.

mod guest;
mod host;
mod line;
mod wire;

use crate::Result;
use crate::transport::channel::{self, Sender};
use crate::transport::message;
use guest::Guest;
use host::Host;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

// For the tests of the decoding.
#[cfg(test)]
pub(crate) use wire::{Answer, Hello, Request};

/// A queue of `T` between processes: many may put, many may get, and each item goes to one of them,
/// first come, first served. Python's `multiprocessing.Queue`.
///
/// It lives in the process that made it. A clone, or a handle passed to another process, is the
/// same queue; it works as long as that process does, and after that every call is
/// [`Error::Closed`](crate::Error::Closed). A handle is used by one thread at a time: give each
/// thread a clone.
///
/// **A process that dies takes nothing with it.** What it had put is in the queue. What it had been
/// given and was not yet done with goes to another consumer, from the front; it is done with an item
/// when it asks for the next, or drops its handle. So after any end without a `Drop` (a kill,
/// `terminate`, `exit`), or of a thread whose `thread_local!` holds the handle, an item may come a
/// second time: the last one, or if items are worked off in microseconds up to the last 64, which are
/// then handed out together. Only items that hold a [`Connection`](crate::Connection) or a queue move,
/// and are lost with whoever got them. (A queue that is put into itself, and stays there, keeps itself
/// alive, as a cycle of `Rc`s does.)
///
/// ```standalone_crate
/// use shared::{Process, Queue, main_guard};
///
/// fn worker(queue: Queue<u32>, squares: Queue<u32>) {
///     while let Ok(n) = queue.get() {
///         squares.put(n * n).expect("the creator is there");
///     }
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(worker);
///     let (queue, squares) = (Queue::new()?, Queue::new()?);
///     let workers = [
///         Process::spawn(worker, (queue.clone(), squares.clone()))?,
///         Process::spawn(worker, (queue.clone(), squares.clone()))?,
///     ];
///     queue.extend(1..=3)?;
///     let sum: u32 = (0..3).map(|_| squares.get()).sum::<shared::Result<u32>>()?;
///     assert_eq!(sum, 1 + 4 + 9);
///     queue.close()?;
///     workers.into_iter().try_for_each(Process::join)
/// }
/// ```
pub struct Queue<T> {
    place: Place,
    // A handle is used by one thread at a time; two would take items out of each other's hands.
    item: PhantomData<Cell<T>>,
}

enum Place {
    /// While a handle has the door, the thread behind it stays.
    Here {
        host: Arc<Host>,
        door: Sender,
        bounded: bool,
    },
    Elsewhere(Guest),
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Makes a queue without a bound: `put` never waits for room. Python's `Queue()`.
    ///
    /// An error is the operating system's: no room for a channel or a thread.
    ///
    /// ```
    /// let queue = shared::Queue::new()?;
    /// queue.put("Hello".to_owned())?;
    /// assert_eq!(queue.get()?, "Hello");
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn new() -> Result<Queue<T>> {
        Queue::make(None)
    }

    /// Makes a queue where at most `bound` items wait. Python's `Queue(maxsize)`. With a bound of 0
    /// an item passes from hand to hand: `put` waits until someone gets it.
    ///
    /// ```
    /// let queue = shared::Queue::bounded(1)?;
    /// queue.put(1)?;
    /// assert!(matches!(queue.try_put(2), Err(shared::Error::Full)));
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn bounded(bound: usize) -> Result<Queue<T>> {
        Queue::make(Some(bound))
    }

    fn make(bound: Option<usize>) -> Result<Queue<T>> {
        let (door, entrance) = channel::channel()?;
        Ok(Queue::at(Place::Here {
            host: Host::new(bound, entrance)?,
            door,
            bounded: bound.is_some(),
        }))
    }

    /// Puts an item. Python's `put`.
    ///
    /// It waits while a queue with a bound is full, and from another process for an answer if the item
    /// holds a queue or a connection. When it returns, the item is in the queue's keeping, even if this
    /// process is killed then.
    ///
    /// [`Error::Closed`](crate::Error::Closed) when the queue was closed or its creator is gone. The item is encoded
    /// first: one that cannot be is [`Error::Encode`](crate::Error::Encode), and takes no room.
    pub fn put(&self, item: T) -> Result<()> {
        self.put_until(&item, None)
    }

    /// [`put`](Queue::put), but a full queue is [`Error::Full`](crate::Error::Full) at once. The item is gone then; keep
    /// a clone to try again. Python's `put_nowait`.
    pub fn try_put(&self, item: T) -> Result<()> {
        self.put_until(&item, Some(Instant::now()))
    }

    /// [`put`](Queue::put), but a queue that stays full for `time` is [`Error::Full`](crate::Error::Full). Python's
    /// `put(item, timeout=…)`.
    pub fn put_timeout(&self, item: T, time: Duration) -> Result<()> {
        self.put_until(&item, Instant::now().checked_add(time))
    }

    fn put_until(&self, item: &T, deadline: Option<Instant>) -> Result<()> {
        match &self.place {
            Place::Here { host, .. } => host.put(message::encode(item)?, deadline),
            Place::Elsewhere(guest) => guest.put(message::encode(item)?, deadline),
        }
    }

    /// Puts many items, in order. From another process it is much faster than as many
    /// [`put`](Queue::put)s: they travel together, some 32 KB at a time.
    ///
    /// It waits like `put`. After an error, those before it are in the queue.
    ///
    /// ```
    /// let queue = shared::Queue::new()?;
    /// queue.extend(1..=3)?;
    /// assert_eq!((queue.get()?, queue.get()?, queue.get()?), (1, 2, 3));
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn extend(&self, items: impl IntoIterator<Item = T>) -> Result<()> {
        let mut items = items.into_iter();
        match &self.place {
            Place::Elsewhere(guest) if !guest.bounded => {
                guest.extend(items.map(|item| message::encode(&item)))
            }
            _ => items.try_for_each(|item| self.put(item)),
        }
    }

    /// Takes an item, and waits for one. Python's `get`.
    ///
    /// [`Error::Closed`](crate::Error::Closed) when the queue was closed and is empty, or its creator is gone.
    /// [`Error::Decode`](crate::Error::Decode) when what came is not a `T`.
    pub fn get(&self) -> Result<T> {
        self.get_until(None)
    }

    /// [`get`](Queue::get), but an empty queue is [`Error::Empty`](crate::Error::Empty) at once. Python's `get_nowait`.
    pub fn try_get(&self) -> Result<T> {
        self.get_until(Some(Instant::now()))
    }

    /// [`get`](Queue::get), but a queue that stays empty for `time` is [`Error::Empty`](crate::Error::Empty). Python's
    /// `get(timeout=…)`.
    pub fn get_timeout(&self, time: Duration) -> Result<T> {
        self.get_until(Instant::now().checked_add(time))
    }

    fn get_until(&self, deadline: Option<Instant>) -> Result<T> {
        message::decode(match &self.place {
            Place::Here { host, .. } => host.get(deadline)?,
            Place::Elsewhere(guest) => guest.get(deadline)?,
        })
    }

    /// How many items wait; what was handed out does not. It may be another number by the time it is
    /// read. Python's `qsize`.
    pub fn len(&self) -> Result<usize> {
        match &self.place {
            Place::Here { host, .. } => Ok(host.len()),
            Place::Elsewhere(guest) => guest.len(),
        }
    }

    /// Whether no item waits. Python's `empty`.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Closes the queue, for everyone: `put` fails with [`Error::Closed`](crate::Error::Closed), and so does `get` as soon
    /// as the queue is empty. To close it again is no error.
    ///
    /// What other consumers hold is not in the queue; if one of them is killed after that, its items
    /// come back and wait for whoever still calls `get` or `try_get`.
    ///
    /// ```
    /// let queue = shared::Queue::new()?;
    /// queue.put(1)?;
    /// queue.close()?;
    /// assert!(matches!(queue.put(2), Err(shared::Error::Closed)));
    /// assert_eq!(queue.get()?, 1);
    /// assert!(matches!(queue.get(), Err(shared::Error::Closed)));
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn close(&self) -> Result<()> {
        match &self.place {
            Place::Here { host, .. } => host.close(),
            Place::Elsewhere(guest) => guest.close()?,
        }
        Ok(())
    }
}

impl<T> Queue<T> {
    fn at(place: Place) -> Queue<T> {
        Queue { place, item: PhantomData }
    }

    /// What a handle is elsewhere: the door, and whether there is a bound.
    fn address(&self) -> (&Sender, bool) {
        match &self.place {
            Place::Here { door, bounded, .. } => (door, *bounded),
            Place::Elsewhere(guest) => (&guest.door, guest.bounded),
        }
    }
}

impl<T> Clone for Queue<T> {
    /// The same queue.
    fn clone(&self) -> Queue<T> {
        let (door, bounded) = self.address();
        let door = door.clone();
        Queue::at(match &self.place {
            Place::Here { host, .. } => Place::Here { host: Arc::clone(host), door, bounded },
            Place::Elsewhere(_) => Place::Elsewhere(Guest::new(door, bounded)),
        })
    }
}

/// A queue can be passed to a process, and through a queue or a pipe; elsewhere it is an error.
impl<T> Serialize for Queue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.address().serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Queue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (door, bounded) = Deserialize::deserialize(deserializer)?;
        Ok(Queue::at(Place::Elsewhere(Guest::new(door, bounded))))
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}
