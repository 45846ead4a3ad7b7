//! A handle in any other process: its conversation with the creator, begun when it is first needed.

use super::wire::{Answer, Hello, Request};
use crate::transport::channel::{self, Receiver, Sender};
use crate::transport::message::{self, Message};
use crate::{Error, Result};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use std::{io, mem, thread};

/// How much [`Guest::extend`] puts into one message.
const CHUNK: usize = 32 * 1024;

/// A handle of a queue that lives elsewhere.
pub(super) struct Guest {
    pub(super) door: Sender,
    /// Whether each `put` has to wait for its answer.
    pub(super) bounded: bool,
    conversation: RefCell<Option<Conversation>>,
}

struct Conversation {
    requests: Sender,
    answers: Receiver,
    /// What came with an answer and was not used yet.
    batch: VecDeque<Message>,
    /// Whether items may have come that were lost in an error here.
    missed: bool,
    /// Whether something was put whose arrival is not confirmed.
    unconfirmed: bool,
    closed: bool,
}

impl Guest {
    pub(super) fn new(door: Sender, bounded: bool) -> Guest {
        Guest { door, bounded, conversation: RefCell::default() }
    }

    /// Talks to the creator. After an error in between, the next call begins anew.
    fn talk<R>(&self, talk: impl FnOnce(&mut Conversation) -> Result<R>) -> Result<R> {
        let mut conversation = self.conversation.borrow_mut();
        let result = match &mut *conversation {
            Some(begun) => talk(begun),
            none => talk(none.insert(Conversation::begin(&self.door)?)),
        };
        if let Err(Error::Io { .. } | Error::Decode { .. }) = result {
            *conversation = None;
        }
        result
    }

    pub(super) fn put(&self, item: Message, deadline: Option<Instant>) -> Result<()> {
        // Ends can be lost at the creator's limit of open files, and whoever put them must be told.
        if !self.bounded && !item.has_endpoints() {
            return self.talk(|creator| creator.put(&Request::Put(item)));
        }
        self.talk(|creator| creator.ask(&Request::PutIfRoom(item), deadline)?.taken())
    }

    /// Puts many items, as few messages.
    pub(super) fn extend(&self, items: impl Iterator<Item = Result<Message>>) -> Result<()> {
        let mut chunk = Vec::new();
        let mut length = 0;
        for item in items {
            let item = match item {
                Ok(item) => item,
                // Those before it are put all the same.
                Err(error) => return self.put_chunk(&mut chunk).and(Err(error)),
            };
            if length + item.len() > CHUNK || item.has_endpoints() {
                self.put_chunk(&mut chunk)?;
                length = 0;
            }
            if item.has_endpoints() {
                self.put(item, None)?;
                continue;
            }
            length += item.len() + 8;
            chunk.push(item);
        }
        self.put_chunk(&mut chunk)
    }

    fn put_chunk(&self, chunk: &mut Vec<Message>) -> Result<()> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.talk(|creator| creator.put(&Request::Extend(mem::take(chunk))))
    }

    pub(super) fn get(&self, deadline: Option<Instant>) -> Result<Message> {
        self.talk(|creator| creator.get(deadline))
    }

    pub(super) fn len(&self) -> Result<usize> {
        self.talk(|creator| creator.ask(&Request::Count, None)?.count())
    }

    pub(super) fn close(&self) -> Result<()> {
        self.talk(|creator| creator.ask(&Request::Close, None)?.count()).map(drop)
    }
}

impl Conversation {
    /// Begins a conversation. A creator at its limit of open files loses our ends on the way, and
    /// looks like one that is just ending: its door tells them apart, a few times in a row.
    fn begin(door: &Sender) -> Result<Conversation> {
        for _ in 0..10 {
            match Conversation::knock(door) {
                Err(Error::Closed) if door.send_single(Message::default()).is_ok() => {
                    thread::sleep(Duration::from_millis(5));
                }
                begun => return begun,
            }
        }
        let limit = "it is at its limit of open files (ulimit -n)";
        let doing = "the process that holds the queue could not let this one in";
        Err(Error::Io { doing, source: io::Error::other(limit) })
    }

    fn knock(door: &Sender) -> Result<Conversation> {
        let (requests, incoming) = channel::channel()?;
        let (outgoing, answers) = channel::channel()?;
        let hello = Hello { requests: incoming, answers: outgoing };
        door.send_single(message::encode(&hello)?)?;
        // Dropped before the wait: what keeps the creator's end is in the message alone.
        drop(hello);
        let mut begun = Conversation {
            requests,
            answers,
            batch: VecDeque::new(),
            missed: false,
            unconfirmed: false,
            closed: false,
        };
        match begun.answer(None)? {
            Answer::Closed => begun.closed = true,
            answer => answer.taken()?,
        }
        Ok(begun)
    }

    /// Puts what is not answered.
    fn put(&mut self, request: &Request) -> Result<()> {
        // What came unasked: that the queue was closed, or that an earlier `put` failed.
        while let Some(answer) = self.answers.recv(Some(Instant::now()))? {
            match message::decode(answer)? {
                Answer::Shut => self.closed = true,
                answer => answer.taken()?,
            }
        }
        if self.closed {
            return Err(Error::Closed);
        }
        self.unconfirmed = true;
        request.send(&self.requests)
    }

    fn get(&mut self, deadline: Option<Instant>) -> Result<Message> {
        if self.batch.is_empty() {
            // Where nothing is to be waited for, the answer comes at once.
            let wait = deadline.is_none_or(|deadline| Instant::now() < deadline);
            self.missed = true;
            let answer = self.ask(&Request::Get { wait }, deadline.filter(|_| wait))?;
            self.missed = matches!(answer, Answer::Failed(_));
            self.batch = answer.items()?.into();
        }
        self.batch.pop_front().ok_or(Error::Empty)
    }

    fn ask(&mut self, request: &Request, deadline: Option<Instant>) -> Result<Answer> {
        request.send(&self.requests)?;
        let answer = self.answer(deadline)?;
        // What was put before has arrived before.
        self.unconfirmed = false;
        Ok(answer)
    }

    /// Waits for an answer until the deadline, and then gives up.
    fn answer(&mut self, mut deadline: Option<Instant>) -> Result<Answer> {
        loop {
            match self.answers.recv(deadline)?.map(message::decode).transpose()? {
                Some(Answer::Shut) => self.closed = true,
                Some(answer) => return Ok(answer),
                None => {
                    deadline = None;
                    Request::GiveUp.send(&self.requests)?;
                }
            }
        }
    }
}

impl Drop for Conversation {
    /// Whoever has joined this process finds in the queue what it put, and what it did not use.
    fn drop(&mut self) {
        if !message::codec_available() {
            // Without a goodbye this handle counts as one of a dead process.
            return;
        }
        let unused = if self.missed { usize::MAX } else { self.batch.len() };
        let left = Request::Leave { unused }.send(&self.requests);
        if left.is_ok() && (unused > 0 || self.unconfirmed) {
            // If the creator is gone, so is the queue.
            let _ = self.answer(None);
        }
    }
}
