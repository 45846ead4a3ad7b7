//! Memory that several processes have mapped, and what keeps it in order whoever dies.
//!
//! ```text
//! ring     records between two locks: the bytes of a queue's items
//! lock     a lock that the kernel passes on when its holder dies
//! wait     sleeping until another process says that something has changed
//! region   the memory itself: a file without a name, mapped piece by piece
//! word     two numbers in one word, so that one store changes both
//! owner    who holds something: a number that may be used again, and a start time that is not
//! ```

pub(crate) mod lock;
pub(crate) mod owner;
pub(crate) mod region;
pub(crate) mod ring;
pub(crate) mod wait;
pub(crate) mod word;
