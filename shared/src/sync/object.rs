//! What every type of this module is: a piece of shared memory that travels in a message.

use crate::memory::region::{Region, overwritten};
use crate::transport::descriptor::Passed;
use crate::transport::message::refuse_to_read;
use crate::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the words lie that every object has.
mod place {
    pub(super) const KIND: usize = 0;
    pub(super) const SIZE: usize = 8;
}

/// Where an object's own words begin, in a cache line of their own.
pub(super) const START: usize = 64;

/// How an object lies in its memory.
pub(super) trait Layout {
    /// Tells the types apart: one that arrives as another type is an error.
    const KIND: u64;

    /// How many bytes an object of that size has from [`START`] on; `None` when there is no such
    /// size.
    fn bytes(size: usize) -> Option<usize>;
}

/// An object. A clone, or one that was passed to another process, is the same object.
pub(super) struct Object<L> {
    region: Region,
    /// Read once: another program could change it in the memory.
    size: usize,
    layout: PhantomData<fn() -> L>,
}

impl<L: Layout> Object<L> {
    /// Makes an object, all zeros. The size is its type's: a count, or a number of bytes.
    pub(super) fn new(size: usize) -> Result<Self> {
        let bytes = L::bytes(size).and_then(|bytes| bytes.checked_add(START));
        let bytes = bytes.ok_or(std::io::ErrorKind::InvalidInput);
        let bytes = bytes.map_err(Error::io("an object of this size cannot be shared"))?;
        let region = Region::new(bytes, bytes)?;
        region.atomic::<AtomicU64>(place::SIZE).store(size as u64, Ordering::Relaxed);
        region.atomic::<AtomicU64>(place::KIND).store(L::KIND, Ordering::Relaxed);
        Ok(Object { region, size, layout: PhantomData })
    }

    fn open(Passed(file): Passed) -> Result<Self> {
        let word = |place| {
            let mut bytes = [0; 8];
            file.read_exact_at(&mut bytes, place as u64).map(|()| u64::from_ne_bytes(bytes))
        };
        let unreadable = Error::io("shared memory could not be read");
        let kind = word(place::KIND).map_err(unreadable)?;
        let size = usize::try_from(word(place::SIZE).map_err(unreadable)?).unwrap_or(usize::MAX);
        let bytes = L::bytes(size).and_then(|bytes| bytes.checked_add(START));
        let Some(bytes) = bytes.filter(|_| kind == L::KIND) else {
            return Err(overwritten("it is an object of another type"));
        };
        let region = Region::open(Arc::clone(&file), bytes)?;
        Ok(Object { region, size, layout: PhantomData })
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }
}

impl<L> Deref for Object<L> {
    type Target = Region;

    fn deref(&self) -> &Region {
        &self.region
    }
}

impl<L> Clone for Object<L> {
    fn clone(&self) -> Self {
        Object { region: self.region.clone(), size: self.size, layout: PhantomData }
    }
}

impl<L> Serialize for Object<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Passed(Arc::clone(self.region.file())).serialize(serializer)
    }
}

impl<'de, L: Layout> Deserialize<'de> for Object<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Object::open(Passed::deserialize(deserializer)?).map_err(refuse_to_read)
    }
}
