//! Queues: many processes put, many get, each item goes to one of them. Python's
//! `multiprocessing.Queue`.
//!
//! ```text
//! mod       what users see: Queue<T>           iter      for item in queue
//! handle    a handle, without its type: here, or in another process
//! server    the creator's side                 client    any other process's side
//! protocol  what the two tell each other
//! store     the queue in shared memory         hands     what each consumer has in hand
//! ```

mod client;
mod handle;
mod hands;
mod iter;
pub(crate) mod protocol;
mod server;
mod store;

pub use iter::{IntoIter, Iter};

use crate::Result;
use crate::transport::channel::Sender;
use crate::transport::message::{self, Endpoint, attach, detach, refuse_to_send};
use handle::{Handle, Received};
use protocol::QueueId;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// A queue of `T` between processes: many may put, many may get, and each item goes to one of them,
/// first in, first out. Python's `multiprocessing.Queue`.
///
/// A clone, or a handle passed to another process, is the same queue. It works as long as the process
/// that made it runs; after that every call is [`Error::Closed`](crate::Error::Closed), and what was
/// in it is gone. A handle is used by one thread at a time: give each thread a clone.
///
/// **The oldest item that nobody has begun goes to the next that asks**, in whatever process. When
/// `put` returns, the item is there for everyone, and stays there when its process dies.
///
/// **A process that dies takes nothing with it.** The one item that it had in hand comes back, from
/// the front. A consumer has an item in hand until it asks for the next, drops its handle, or closes
/// the queue. So after an end without a `Drop` (a kill, `terminate`, `exit`), and after a panic, that
/// one item may be worked on a second time. If its second consumer dies with it too, it does not come
/// again: it is among the [`dead_letters`](Queue::dead_letters). Items that hold a
/// [`Connection`](crate::Connection) or a queue move, and are lost with the process that got them.
/// (A queue that is put into itself, and stays there, keeps itself alive, as a cycle of `Rc`s does.)
///
/// ```standalone_crate
/// use shared::{Process, Queue, main_guard};
///
/// fn worker(queue: Queue<u32>, squares: Queue<u32>) {
///     for n in &queue {
///         let n = n.expect("both sides name the same type");
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
    handle: Handle,
    /// Room for encoding, kept from item to item.
    scratch: RefCell<Vec<u8>>,
    // `Cell` makes it `!Sync`: a handle has one item in hand, so each thread needs its own clone.
    item: PhantomData<Cell<T>>,
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    /// Makes a queue without a bound: `put` never waits for room. Python's `Queue()`.
    ///
    /// An error is the operating system's: no room for a descriptor or for memory, or a file-size
    /// limit (`ulimit -f`) under 256 KiB for each consumer.
    ///
    /// ```
    /// let queue = shared::Queue::new()?;
    /// queue.put("Hello".to_owned())?;
    /// assert_eq!(queue.get()?, "Hello");
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn new() -> Result<Queue<T>> {
        Ok(Queue::of(Handle::new(None)?))
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
        Ok(Queue::of(Handle::new(Some(bound))?))
    }

    /// Puts an item. Python's `put`.
    ///
    /// It waits while a queue with a bound is full. When it returns, the item is in the queue, even if
    /// this process is killed then. An item that holds a queue or a connection, or is longer than
    /// 64 KiB, is kept by the process that made the queue; in another process `put` waits for its
    /// answer.
    ///
    /// [`Error::Closed`](crate::Error::Closed) when the queue was closed or its creator is gone. A put
    /// that waits for room in the creator's process also ends with it when this is the only handle
    /// that is left in any process, and nobody iterates over the queue: then nobody can make room.
    /// The item is encoded first: one that cannot be, or that its own type cannot read back, is
    /// [`Error::Encode`](crate::Error::Encode), and takes no room. After an error nothing has been put.
    pub fn put(&self, item: T) -> Result<()> {
        self.put_until(&item, None)
    }

    /// [`put`](Queue::put), but a full queue is [`Error::Full`](crate::Error::Full) at once. The item
    /// is gone then; keep a clone to try again. Python's `put_nowait`.
    pub fn try_put(&self, item: T) -> Result<()> {
        self.put_until(&item, Some(Instant::now()))
    }

    /// [`put`](Queue::put), but a queue that stays full for `time` is
    /// [`Error::Full`](crate::Error::Full). Python's `put(item, timeout=…)`.
    pub fn put_timeout(&self, item: T, time: Duration) -> Result<()> {
        self.put_until(&item, Instant::now().checked_add(time))
    }

    fn put_until(&self, item: &T, deadline: Option<Instant>) -> Result<()> {
        let mut bytes = self.scratch.take();
        bytes.clear();
        let (mut body, ends) = message::encode_checked_to(item, bytes)?;
        let put = self.handle.put(&mut body, ends, deadline);
        if body.capacity() <= KEPT_CAPACITY {
            self.scratch.replace(body);
        }
        put
    }

    /// Puts many items, in order, each as soon as the iterator gives it.
    ///
    /// It waits like `put`. After an error or a panic of the iterator, those before it are in the
    /// queue.
    ///
    /// ```
    /// let queue = shared::Queue::new()?;
    /// queue.extend(1..=3)?;
    /// assert_eq!((queue.get()?, queue.get()?, queue.get()?), (1, 2, 3));
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn extend(&self, items: impl IntoIterator<Item = T>) -> Result<()> {
        items.into_iter().try_for_each(|item| self.put(item))
    }

    /// Takes an item, and waits for one. Python's `get`.
    ///
    /// [`Error::Closed`](crate::Error::Closed) when the queue was closed and is empty, or its creator
    /// is gone; then it stays so. While a consumer still has an item in hand, a closed queue is not
    /// empty, since the item may come back: so one that keeps its handle and never asks again makes
    /// the others wait. [`Error::Decode`](crate::Error::Decode) when what came is not a `T`.
    ///
    /// It waits for as long as any handle could put. In the process that made the queue it ends, with
    /// [`Error::Closed`](crate::Error::Closed), when this handle is the only one that is left in any
    /// process: nobody could put while it waits. To end like that anywhere, and in several processes
    /// at once, iterate over the queue by value.
    pub fn get(&self) -> Result<T> {
        self.get_until(None, false)
    }

    /// [`get`](Queue::get), but an empty queue is [`Error::Empty`](crate::Error::Empty) at once.
    /// Python's `get_nowait`.
    ///
    /// [`Error::Timeout`](crate::Error::Timeout) when a process that was stopped (SIGSTOP) in the
    /// middle of another call keeps the queue locked for 100 ms.
    pub fn try_get(&self) -> Result<T> {
        self.get_until(Some(Instant::now()), false)
    }

    /// [`get`](Queue::get), but a queue that stays empty for `time` is
    /// [`Error::Empty`](crate::Error::Empty). Python's `get(timeout=…)`.
    pub fn get_timeout(&self, time: Duration) -> Result<T> {
        self.get_until(Instant::now().checked_add(time), false)
    }

    fn get_until(&self, deadline: Option<Instant>, until_alone: bool) -> Result<T> {
        self.decode(self.handle.get(deadline, until_alone)?)
    }

    fn decode(&self, received: Received) -> Result<T> {
        match received {
            Received::Message(item) => message::decode(item),
            Received::Bytes(bytes) => {
                let item = message::decode_from(&bytes, Vec::new());
                self.handle.reuse(bytes);
                item
            }
        }
    }

    /// How many items wait; what consumers have in hand does not. It may be another number by the
    /// time it is read. Python's `qsize`.
    pub fn len(&self) -> Result<usize> {
        self.handle.store()?.len()
    }

    /// Whether no item waits. Python's `empty`.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Closes the queue, for everyone: `put` fails with [`Error::Closed`](crate::Error::Closed), and
    /// so does `get` as soon as all that was put before has been taken. To close it again is no error.
    ///
    /// What this thread has in hand of the queue is done by that.
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
        self.handle.store()?.close()
    }

    /// Takes out the items that were in hand when their consumer died, twice: each is given out here
    /// once, and never again by `get`. It does not wait.
    ///
    /// Only the process that made the queue keeps them; elsewhere it is
    /// [`Error::NotCreator`](crate::Error::NotCreator).
    ///
    /// ```
    /// let queue = shared::Queue::<u32>::new()?;
    /// assert!(queue.dead_letters()?.is_empty());
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn dead_letters(&self) -> Result<Vec<T>> {
        self.handle.take_dead()?.into_iter().map(|letter| self.decode(letter)).collect()
    }
}

/// Room for encoding that is kept from item to item, in bytes.
const KEPT_CAPACITY: usize = 64 * 1024;

impl<T> Queue<T> {
    fn of(handle: Handle) -> Queue<T> {
        Queue { handle, scratch: RefCell::default(), item: PhantomData }
    }
}

impl<T> Clone for Queue<T> {
    /// The same queue.
    fn clone(&self) -> Queue<T> {
        Queue::of(self.handle.clone())
    }
}

/// A queue can be passed to a process, and through a queue or a pipe; anywhere else it is an error.
impl<T> Serialize for Queue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut name = None;
        let place = attach(|| {
            let (id, token) = self.handle.token().map_err(refuse_to_send)?;
            name = Some(id);
            Ok(vec![token.endpoint()])
        })?;
        (name, place).serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Queue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, place) = <(Option<QueueId>, usize)>::deserialize(deserializer)?;
        match (id, detach(place)?) {
            (Some(id), Endpoint::Sender(token)) => {
                Ok(Queue::of(Handle::arrived(id, Sender::new(token))))
            }
            _ => Err(D::Error::custom("no handle of a queue")),
        }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}
