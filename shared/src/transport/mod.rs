//! How a value gets to another process.
//!
//! Each layer calls the one below it and none above it. A value goes down on the left in one
//! process, and up on the right in the other.
//!
//! ```text
//!                a value that derives serde's traits
//!                  |                             ^
//!                encode                        decode
//!                  v                             |
//!  message.rs    Message { body, endpoints }    Message { body, endpoints }
//!                  |                             ^
//!           Sender::send_single             Receiver::recv
//!           Sender::send_chunked                 |
//!                  v                             |
//!  channel.rs    packets ...                    ... packets
//!                  |                             ^
//!            catch_ipc_panic               catch_ipc_panic
//!                  v                             |
//!  ipc.rs        ipc-channel                    ipc-channel
//!                  |                             ^
//!                  +---- a socket of the kernel -+
//! ```
//!
//! Beside them, and known to `channel` only as functions: `limits` says how large a packet and a
//! message may be, `backoff` decides whether a receiver spins before it blocks, and `socket` makes
//! the sockets that are no channels, through which a child is started.
//!
//! What a parent and its child tell each other about the start and the end goes through a socket of
//! our own, without ipc-channel, unless it holds ends:
//!
//! ```text
//! Message { body, no ends } --plain-----------------> one packet --socket
//! Message { body, ends }    --bridge--ipc-channel---> one packet with descriptors --plain--socket
//! ```

pub(crate) mod backoff;
mod bridge;
pub(crate) mod channel;
pub(crate) mod descriptor;
pub(crate) mod ipc;
pub(crate) mod limits;
pub(crate) mod message;
pub(crate) mod peer;
pub(crate) mod plain;
pub(crate) mod socket;
pub(crate) mod watch;
