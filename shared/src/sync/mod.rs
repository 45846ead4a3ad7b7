//! State that processes share on purpose. Python's `Value`, `Array`, `shared_memory`, `Lock`,
//! `Condition`, `Event`, `Barrier`, `Semaphore` and `Manager`, with the names of [`std::sync`].
//!
//! | Python | here |
//! |---|---|
//! | `Value("i", 0)`, `with v.get_lock(): v.value += 1` | [`Mutex::new(0)?`](Mutex), `*v.lock()? += 1` |
//! | `Array("i", 10)` | `Mutex::new([0; 10])?` |
//! | `Manager().dict()`, `.list()`, any object | `Mutex<HashMap<…>>`, `Mutex<Vec<…>>`, any serde type |
//! | `RawValue("i", 0)` | [`Atomic::<AtomicI32>::new(0)?`](Atomic), with all that std's atomics can do |
//! | `RawArray`, `shared_memory.SharedMemory(size=…)` | [`Memory::new(size)?`](Memory) |
//! | `Lock()` | `Mutex::new(())?` |
//! | `RLock()` | none: a second `lock` in one thread is [`Error::Deadlock`](crate::Error::Deadlock) |
//! | `Condition()` | [`Condvar::new()?`](Condvar) |
//! | `Event()` | [`Event::new()?`](Event) |
//! | `Barrier(3)` | [`Barrier::new(3)?`](Barrier) |
//! | `Semaphore(3)`, `BoundedSemaphore(3)` | [`Semaphore::new(3)?`](Semaphore) |
//!
//! Each is a piece of memory without a name that all its processes have mapped. No process serves it,
//! and the one that made it may end. It goes with its last handle, killed or not: nothing is left in
//! `/dev/shm`, and there is nothing to `unlink`. A clone, or a handle that was passed as an argument, an
//! item or a part of a message, is the same object. One message may hold 64 of them; each costs a process
//! one descriptor.
//!
//! ```text
//! mutex  condvar  event  barrier  semaphore  atomic  memory     what users see
//! value                                                         the bytes of a mutex's value
//! object                                                        shared memory that travels
//! ```

mod atomic;
mod barrier;
mod condvar;
mod event;
mod memory;
mod mutex;
mod object;
mod semaphore;
mod value;

pub use atomic::{Atomic, Number};
pub use barrier::Barrier;
pub use condvar::Condvar;
pub use event::Event;
pub use memory::Memory;
pub use mutex::{Mutex, MutexGuard};
pub use semaphore::{Permit, Semaphore};
