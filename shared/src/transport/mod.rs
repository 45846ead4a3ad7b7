//! How a value gets to another process, from the top down:
//!
//! ```text
//! value --message::encode--> Message { body, ends } --channel::Sender--> Packets --ipc--> socket
//! value <--message::decode-- Message { body, ends } <-channel::Receiver- Packets <--ipc-- socket
//! ```

pub(crate) mod backoff;
pub(crate) mod channel;
pub(crate) mod ipc;
pub(crate) mod limits;
pub(crate) mod message;
pub(crate) mod socket;
