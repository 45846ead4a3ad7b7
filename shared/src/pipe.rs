//! Pipes: two processes talk to each other, both ways. Python's `multiprocessing.Pipe`.
//!
//! A pipe is two channels, crossed. Each channel has one writer and one reader, and the types say
//! what goes which way.

use crate::transport::channel;
use crate::transport::limits::{memory_cost, packet_size};
use crate::transport::message::{self, Message};
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// Makes a pipe: two connected ends, of which one is usually given to a process. Python's `Pipe()`.
///
/// What the first end sends is an `A`, what it receives is a `B`; for the second it is the other
/// way round. An end that is passed to a process moves there, so when that process is gone, the
/// other end knows it.
///
/// ```standalone_crate
/// use shared::{Connection, Process, main_guard, pipe};
///
/// fn double(connection: Connection<u32, u32>) -> shared::Result<()> {
///     let n = connection.recv()?;
///     connection.send(n * 2)
/// }
///
/// fn worker(connection: Connection<u32, u32>) {
///     double(connection).expect("the parent waits for the answer");
/// }
///
/// fn main() -> shared::Result<()> {
///     main_guard!(worker);
///     let (parent, child) = pipe()?;
///     let process = Process::spawn(worker, (child,))?;
///     parent.send(21)?;
///     assert_eq!(parent.recv()?, 42);
///     process.join()
/// }
/// ```
pub fn pipe<A, B>() -> Result<(Connection<A, B>, Connection<B, A>)> {
    let (to_second, from_first) = channel::channel()?;
    let (to_first, from_second) = channel::channel()?;
    Ok((
        Connection::new(Sender::new(to_second), Receiver::new(from_second)),
        Connection::new(Sender::new(to_first), Receiver::new(from_first)),
    ))
}

/// One end of a pipe: it sends `S` and receives `R`. Python's `Connection`.
///
/// The other side sees [`Error::Closed`] when this end is dropped, or its process has ended: each
/// time, after it has received all that was sent before.
///
/// It can be passed to a process, and through a queue or another pipe; it moves, together with what
/// has arrived and was not taken yet. It can be sent to another thread; for two threads at once,
/// [`split`](Connection::split) it.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Connection<S, R> {
    sender: Sender<S>,
    receiver: Receiver<R>,
    /// How much of the system's memory could be taken by what was sent since the receiver was last
    /// emptied.
    unanswered: Cell<usize>,
}

impl<S, R> Connection<S, R> {
    fn new(sender: Sender<S>, receiver: Receiver<R>) -> Connection<S, R> {
        Connection { sender, receiver, unanswered: Cell::default() }
    }

    /// Takes the end apart into its two directions, for two threads, or to keep one and pass on the
    /// other. Python's `Pipe(duplex=False)`.
    ///
    /// ```
    /// let (left, right) = shared::pipe::<u32, ()>()?;
    /// let (sender, _) = left.split();
    /// let (_, receiver) = right.split();
    /// sender.send(1)?;
    /// drop(sender);
    /// assert_eq!(receiver.recv()?, 1);
    /// assert!(matches!(receiver.recv(), Err(shared::Error::Closed)));
    /// # Ok::<(), shared::Error>(())
    /// ```
    #[must_use]
    pub fn split(self) -> (Sender<S>, Receiver<R>) {
        (self.sender, self.receiver)
    }
}

impl<S: Serialize + DeserializeOwned, R: DeserializeOwned> Connection<S, R> {
    /// Sends a value. Python's `send`.
    ///
    /// It waits while the other side has more unread than the system keeps (about 200 messages, or
    /// 200 KB). Meanwhile it takes in what the other side sends, so two sides that both send
    /// before they receive do not wait for each other for ever.
    ///
    /// [`Error::Closed`] when the other side is gone. Whether it was received, only an answer tells.
    ///
    /// ```
    /// let (left, right) = shared::pipe::<String, u32>()?;
    /// left.send("how many?".to_owned())?;
    /// right.send(3)?;
    /// assert_eq!((right.recv()?, left.recv()?), ("how many?".to_owned(), 3));
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn send(&self, value: S) -> Result<()> {
        let message = message::encode_checked(&value)?;
        self.sender.channel.send_chunked(message, |length| self.make_room(length))
    }

    /// Empties the receiver often enough: as soon as what went out since the last time could fill
    /// the system's memory for one direction.
    ///
    /// Two sides wait for each other only if both directions are full. Whoever emptied one last has
    /// since sent too little to fill the other, so that cannot be.
    fn make_room(&self, length: usize) -> Result<()> {
        let unanswered = self.unanswered.get() + memory_cost(length);
        if unanswered < packet_size()? {
            self.unanswered.set(unanswered);
            return Ok(());
        }
        self.unanswered.set(memory_cost(length));
        self.receiver.take_in()
    }

    /// Waits for a value. Python's `recv`.
    ///
    /// [`Error::Closed`] when the other side is gone and all that it sent was received: now, and
    /// each time after. [`Error::Decode`] when what came is not an `R`.
    pub fn recv(&self) -> Result<R> {
        self.receiver.recv()
    }

    /// Waits for a value for no longer than `time`, then fails with [`Error::Timeout`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (left, _right) = shared::pipe::<(), ()>()?;
    /// let error = left.recv_timeout(Duration::from_millis(10)).unwrap_err();
    /// assert!(matches!(error, shared::Error::Timeout));
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn recv_timeout(&self, time: Duration) -> Result<R> {
        self.receiver.recv_timeout(time)
    }

    /// Whether a value waits to be received, or comes within `time`; it is not taken. Python's
    /// `poll`.
    ///
    /// Also `true` when the other side is gone: then [`recv`](Connection::recv) does not wait
    /// either. A long message is taken in whole first, so `poll` returns later than `time` while its
    /// parts keep coming.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (left, right) = shared::pipe::<u32, ()>()?;
    /// assert!(!right.poll(Duration::ZERO)?);
    /// left.send(1)?;
    /// assert!(right.poll(Duration::ZERO)?);
    /// assert_eq!(right.recv()?, 1);
    /// # Ok::<(), shared::Error>(())
    /// ```
    pub fn poll(&self, time: Duration) -> Result<bool> {
        self.receiver.poll(time)
    }
}

/// The sending direction of a [`Connection`]. It is used by one thread at a time.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Sender<S> {
    channel: channel::Sender,
    value: PhantomData<fn(S)>,
    /// A long message is several packets, which must not mix with another's. `Cell` makes it `!Sync`,
    /// so one thread sends at a time.
    not_sync: PhantomData<Cell<()>>,
}

impl<S> Sender<S> {
    fn new(channel: channel::Sender) -> Sender<S> {
        Sender { channel, value: PhantomData, not_sync: PhantomData }
    }
}

impl<S: Serialize + DeserializeOwned> Sender<S> {
    /// Sends a value; it waits while the other side has more unread than the system keeps (about
    /// 200 messages, or 200 KB). [`Error::Closed`] when the receiving end is gone.
    pub fn send(&self, value: S) -> Result<()> {
        self.channel.send_chunked(message::encode_checked(&value)?, |_| Ok(()))
    }
}

/// The receiving direction of a [`Connection`].
#[derive(Deserialize)]
#[serde(bound = "")]
pub struct Receiver<R> {
    channel: channel::Receiver,
    /// Channels that hold what had arrived before this end moved here; the first is the oldest.
    moved: RefCell<VecDeque<channel::Receiver>>,
    /// What arrived and was not taken yet; older than what is in `moved`.
    arrived: RefCell<VecDeque<Message>>,
    value: PhantomData<fn() -> R>,
}

impl<R> Receiver<R> {
    fn new(channel: channel::Receiver) -> Receiver<R> {
        let (moved, arrived) = (RefCell::default(), RefCell::default());
        Receiver { channel, moved, arrived, value: PhantomData }
    }

    /// The next message that has been taken in, here or before this end moved.
    fn next_taken_in(&self) -> Result<Option<Message>> {
        if let Some(message) = self.arrived.borrow_mut().pop_front() {
            return Ok(Some(message));
        }
        let mut moved = self.moved.borrow_mut();
        while let Some(channel) = moved.front() {
            match channel.recv(Some(Instant::now())) {
                Ok(None) | Err(Error::Closed) => drop(moved.pop_front()),
                received => return received,
            }
        }
        Ok(None)
    }

    /// The next message, or `None` when the deadline has passed.
    fn next_until(&self, deadline: Option<Instant>) -> Result<Option<Message>> {
        match self.next_taken_in()? {
            None => self.channel.recv(deadline),
            message => Ok(message),
        }
    }

    /// The next message; it waits for ever.
    fn next(&self) -> Result<Message> {
        loop {
            if let Some(message) = self.next_until(None)? {
                return Ok(message);
            }
        }
    }

    /// Puts what has arrived into channels, if it holds more ends than can move beside others in one
    /// message: each such channel is one end, however many it holds.
    fn pack(&self) -> Result<()> {
        let mut arrived = self.arrived.borrow_mut();
        if arrived.iter().map(Message::endpoint_count).sum::<usize>() <= INLINE_ENDS {
            return Ok(());
        }
        let mut packed = VecDeque::new();
        while !arrived.is_empty() {
            let (sender, receiver) = channel::channel()?;
            let mut room = packet_size()?;
            while let Some(cost) = arrived.front().map(|message| memory_cost(message.len()))
                && (room >= cost || room == packet_size()?)
                && let Some(message) = arrived.pop_front()
            {
                room = room.saturating_sub(cost);
                sender.send_single(message)?;
            }
            packed.push_back(receiver);
        }
        let mut moved = self.moved.borrow_mut();
        packed.append(&mut moved);
        *moved = packed;
        Ok(())
    }

    /// Takes in all that has arrived, without waiting. That the other side is gone is for whoever
    /// receives next.
    fn take_in(&self) -> Result<()> {
        loop {
            match self.channel.recv(Some(Instant::now())) {
                Ok(Some(message)) => self.arrived.borrow_mut().push_back(message),
                Ok(None) | Err(Error::Closed) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// How many ends what has arrived may hold to move as it is.
const INLINE_ENDS: usize = 16;

impl<R> Serialize for Receiver<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.pack().map_err(S::Error::custom)?;
        (&self.channel, &self.moved, &self.arrived, self.value).serialize(serializer)
    }
}

impl<R: DeserializeOwned> Receiver<R> {
    /// Waits for a value; see [`Connection::recv`].
    pub fn recv(&self) -> Result<R> {
        message::decode(self.next()?)
    }

    /// Waits for a value for no longer than `time`; see [`Connection::recv_timeout`].
    pub fn recv_timeout(&self, time: Duration) -> Result<R> {
        let deadline = Instant::now().checked_add(time);
        message::decode(self.next_until(deadline)?.ok_or(Error::Timeout)?)
    }

    /// Whether a value waits, or comes within `time`; see [`Connection::poll`].
    pub fn poll(&self, time: Duration) -> Result<bool> {
        match self.next_until(Instant::now().checked_add(time)) {
            Ok(Some(message)) => {
                self.arrived.borrow_mut().push_front(message);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(Error::Closed) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

impl<S, R> fmt::Debug for Connection<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl<S> fmt::Debug for Sender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl<R> fmt::Debug for Receiver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}
