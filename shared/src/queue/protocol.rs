//! What the creator of a queue and the other processes tell each other. Plain items are not among it:
//! they lie in shared memory.

use crate::memory::owner::Owner;
use crate::transport::channel::Sender;
use crate::transport::descriptor::Passed;
use crate::transport::message::Message;
use serde::{Deserialize, Serialize};

/// Names a queue, once and for all: its creator, and which of the creator's queues it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct QueueId {
    pub(crate) creator: Owner,
    pub(crate) number: u64,
}

/// To the creator: through the queue's token.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attach {
    pub(crate) process: Owner,
    /// Which attachment of that process to this queue it is.
    pub(crate) attachment: u64,
    /// Numbers of processes mean something within one of these only.
    pub(crate) pid_namespace: u64,
    pub(crate) reply: Sender,
}

/// To the creator: through its door, about a parcel, which is an item that the creator keeps.
#[derive(Serialize, Deserialize)]
pub(crate) enum Request {
    Store {
        queue: QueueId,
        process: Owner,
        item: Message,
        reply: Sender,
    },
    Fetch {
        queue: QueueId,
        parcel: u64,
        reply: Sender,
    },
    Discard {
        queue: QueueId,
        parcel: u64,
    },
    /// The last handle of a process is gone.
    Detach {
        queue: QueueId,
        process: Owner,
        attachment: u64,
    },
}

/// From the creator.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    Attached {
        memory: Passed,
        door: Sender,
    },
    Stored(u64),
    Item(Message),
    /// There is no such parcel, or no such queue.
    Nothing,
    Failed(String),
}
