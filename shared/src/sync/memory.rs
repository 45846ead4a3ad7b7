//! Many bytes without a lock.

use super::object::{Layout, Object, START};
use crate::memory::region::{Area, PAGE};
use crate::transport::message::refuse_to_read;
use crate::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

/// Bytes that processes share, copied in and out. Python's `shared_memory.SharedMemory`, and
/// `RawArray`.
///
/// Nothing here waits, and nothing says who may write when. Bytes that one process reads while another
/// writes them may be partly old and partly new. A [`Mutex<()>`](super::Mutex) or an
/// [`Event`](super::Event) beside the memory keeps the two apart.
///
/// A clone, or a handle passed to another process, is the same memory. It has no name, and goes with
/// its last handle, whoever made it and however a process ends.
///
/// ```
/// let memory = shared::sync::Memory::new(1 << 20)?;
/// memory.write(1000, b"Hello")?;
///
/// let mut word = [0; 5];
/// memory.clone().read(1000, &mut word)?;
/// assert_eq!(&word, b"Hello");
/// # Ok::<(), shared::Error>(())
/// ```
#[derive(Clone)]
pub struct Memory {
    object: Object<Bytes>,
    area: Arc<Area>,
}

struct Bytes;

impl Layout for Bytes {
    const KIND: u64 = 2;

    fn bytes(size: usize) -> Option<usize> {
        (size <= isize::MAX as usize - 2 * PAGE).then_some(0)
    }
}

impl Memory {
    /// Makes that many bytes, all 0. The system allocates them now.
    ///
    /// An error is the operating system's: no room for a descriptor or for memory, or a limit of a
    /// file's size (`ulimit -f`).
    pub fn new(length: usize) -> Result<Memory> {
        Memory::of(Object::new(length)?, length)
    }

    fn of(object: Object<Bytes>, present: usize) -> Result<Memory> {
        const _: () = assert!(START <= PAGE);
        let area = object.area(PAGE as u64, object.size().max(1), present)?;
        Ok(Memory { object, area: Arc::new(area) })
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.object.size()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the bytes from `start` on out of the memory. Python's `bytes(memory.buf[start:end])`.
    ///
    /// An error when they are not all within the memory; then nothing is copied.
    pub fn read(&self, start: usize, bytes: &mut [u8]) -> Result<()> {
        self.check(start, bytes.len())?;
        self.area.read(start, bytes)
    }

    /// Copies bytes into the memory, from `start` on. Python's `memory.buf[start:end] = bytes`.
    ///
    /// An error when they are not all within the memory; then nothing is copied.
    pub fn write(&self, start: usize, bytes: &[u8]) -> Result<()> {
        self.check(start, bytes.len())?;
        self.area.write(start, bytes)
    }

    fn check(&self, start: usize, length: usize) -> Result<()> {
        let end = start.checked_add(length).filter(|&end| end <= self.len());
        let inside = end.map(|_| ()).ok_or(ErrorKind::InvalidInput);
        inside.map_err(Error::io("bytes beyond the end of the shared memory"))
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Memory::of(Object::deserialize(deserializer)?, 0).map_err(refuse_to_read)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("length", &self.len()).finish_non_exhaustive()
    }
}
