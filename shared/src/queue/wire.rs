//! What a handle elsewhere and the creator say to each other.

use crate::transport::channel::{Receiver, Sender};
use crate::transport::message::{self, Message};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io;

/// What comes through the door: the creator's ends of a conversation. The first answer on it comes
/// unasked, and says that the conversation has begun.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) requests: Receiver,
    pub(crate) answers: Sender,
}

/// What a handle says.
#[derive(Serialize, Deserialize)]
pub(crate) enum Request {
    /// Puts an item into a queue without a bound; it is not answered.
    Put(Message),
    /// Puts several; it is not answered.
    Extend(Vec<Message>),
    /// Puts an item if there is room, or as soon as there is.
    PutIfRoom(Message),
    /// Takes items, now or as soon as there are any. All that was taken before is done with.
    Get { wait: bool },
    /// The time is over. The answer to this may still be what was asked for.
    GiveUp,
    /// How many items wait, now that all that was put before has arrived?
    Count,
    /// Close the queue.
    Close,
    /// The handle goes, and has not used the last so many items.
    Leave { unused: usize },
}

/// What the creator answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Items(Vec<Message>),
    /// The item was taken.
    Taken,
    /// No item came, or no room.
    Nothing,
    Count(usize),
    Closed,
    /// The queue was closed. This one comes unasked.
    Shut,
    Failed(String),
}

impl Request {
    pub(super) fn send(&self, to: &Sender) -> Result<()> {
        // A conversation has one writer a side, so what is long may go in several packets.
        to.send_chunked(message::encode(self)?, |_| Ok(()))
    }
}

impl Answer {
    pub(super) fn send(&self, to: &Sender) -> Result<()> {
        to.send_single(message::encode(self)?)
    }

    /// The answer to a `put`.
    pub(super) fn taken(self) -> Result<()> {
        match self {
            Answer::Taken => Ok(()),
            answer => Err(answer.into_error(Error::Full)),
        }
    }

    /// The answer to a `get`.
    pub(super) fn items(self) -> Result<Vec<Message>> {
        match self {
            Answer::Items(items) => Ok(items),
            answer => Err(answer.into_error(Error::Empty)),
        }
    }

    /// The answer to a count.
    pub(super) fn count(self) -> Result<usize> {
        match self {
            Answer::Count(count) => Ok(count),
            answer => Err(answer.into_error(Error::Closed)),
        }
    }

    fn into_error(self, otherwise: Error) -> Error {
        match self {
            Answer::Closed => Error::Closed,
            Answer::Failed(reason) => Error::Io {
                doing: "the process that holds the queue could not answer",
                source: io::Error::other(reason),
            },
            _ => otherwise,
        }
    }
}
