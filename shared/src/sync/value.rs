//! The bytes of a mutex's value, and the words beside them.
//!
//! ```text
//! words    lock · place · poison
//! bytes    | … | the value | … |        where the place says
//! ```
//!
//! The place is one word: where the value lies, how long it is, and whether the holder of the lock
//! has begun to change it. A new value goes where the old one does not lie. **One store of the place
//! is the change**, and it also takes the mark of the beginning away. A holder that is killed before
//! that store has changed nothing, and the mark tells the next one. After it, all is changed.

use super::object::{Layout, Object, START};
use crate::memory::lock::{self, Lock};
use crate::memory::region::{Area, PAGE, overwritten};
use crate::memory::word;
use crate::transport::message::{decode_in_place, encode_in_place};
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the words lie, and where the first value can.
mod place {
    use super::START;
    pub(super) const LOCK: usize = START;
    pub(super) const PLACE: usize = START + 16;
    pub(super) const POISON: usize = START + 24;
    pub(super) const BYTES: usize = START + 32;
}

/// A value begins at a multiple of so many bytes. A shorter one is read and written as one word.
const UNIT: usize = 8;

/// More memory than this (1 MiB) is given back when a much shorter value follows.
const KEPT: usize = 1 << 20;

/// The value of a mutex, as all processes have it. Only the holder of its lock may touch it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Value {
    object: Object<Words>,
    /// The memory beyond the first page, as far as this process has mapped it.
    #[serde(skip)]
    mapped: Arc<Mutex<Option<Mapped>>>,
}

/// All of the memory up to an end.
struct Mapped {
    end: usize,
    area: Arc<Area>,
}

struct Words;

impl Layout for Words {
    const KIND: u64 = 5;

    fn bytes(size: usize) -> Option<usize> {
        (size == 0).then_some(PAGE - START)
    }
}

/// Where the value lies: its start in units, 31 bits; whether it is being changed; its length.
#[derive(Clone, Copy)]
pub(super) struct Place(u64);

impl Place {
    const CHANGING: u64 = 1 << 63;

    fn new(start: usize, length: usize) -> Result<Place> {
        match (u32::try_from(start / UNIT), u32::try_from(length)) {
            (Ok(start), Ok(length)) if start >> 31 == 0 => Ok(Place(word::pack(start, length))),
            _ => Err(Error::io("a value of over 4 GB cannot be shared")(ErrorKind::InvalidInput)),
        }
    }

    /// Whether a holder has begun a change, and not ended it.
    pub(super) fn is_changing(self) -> bool {
        self.0 & Place::CHANGING != 0
    }

    fn start(self) -> usize {
        word::high(self.0 & !Place::CHANGING) as usize * UNIT
    }

    fn length(self) -> usize {
        word::low(self.0) as usize
    }

    fn end(self) -> usize {
        self.start() + self.length()
    }

    /// Where another value can lie while this one is there.
    fn free(self, length: usize) -> Result<Place> {
        let before = place::BYTES + length <= self.start();
        let start = if before { place::BYTES } else { self.end().next_multiple_of(UNIT) };
        Place::new(start, length)
    }
}

impl Value {
    pub(super) fn new<T: Serialize + DeserializeOwned>(value: &T) -> Result<Value> {
        lock::check_support()?;
        let new = Value { object: Object::new(0)?, mapped: Arc::default() };
        new.store(Place::new(place::BYTES, 0)?, value)?;
        Ok(new)
    }

    pub(super) fn lock(&self) -> Lock<'_> {
        Lock::new(&self.object, place::LOCK)
    }

    /// Not 0 when a holder has left its change half done.
    pub(super) fn poison(&self) -> &AtomicU32 {
        self.object.atomic(place::POISON)
    }

    fn word(&self) -> &AtomicU64 {
        self.object.atomic(place::PLACE)
    }

    /// Where the value is, for the holder of the lock.
    pub(super) fn place(&self) -> Place {
        Place(self.word().load(Ordering::Acquire))
    }

    /// Notes that the holder of the lock begins to change the value.
    pub(super) fn begin(&self, place: Place) {
        self.word().store(place.0 | Place::CHANGING, Ordering::Release);
        drill!();
    }

    /// Takes back what was noted.
    pub(super) fn cancel(&self, place: Place) {
        self.word().store(place.0 & !Place::CHANGING, Ordering::Release);
        drill!();
    }

    pub(super) fn load<T: DeserializeOwned>(&self, place: Place) -> Result<T> {
        let (start, length) = (place.start(), place.length());
        if length <= UNIT && start <= PAGE - UNIT {
            let unit = self.object.atomic::<AtomicU64>(start).load(Ordering::Relaxed);
            return decode_in_place(&unit.to_ne_bytes()[..length]);
        }
        if length <= 64 && place.end() <= PAGE {
            let mut bytes = [0; 64];
            self.object.read(start, &mut bytes[..length])?;
            return decode_in_place(&bytes[..length]);
        }
        if place.end() > self.file_length()?.max(PAGE) {
            return Err(overwritten("a value beyond its end"));
        }
        let mut bytes = vec![0; length];
        if place.end() <= PAGE {
            self.object.read(start, &mut bytes)?;
        } else {
            self.map(place.end())?.read(start, &mut bytes)?;
        }
        decode_in_place(&bytes)
    }

    /// Writes a value, and ends the change that was begun. Says where the value is now.
    pub(super) fn store<T: Serialize + DeserializeOwned>(
        &self,
        old: Place,
        value: &T,
    ) -> Result<Place> {
        encode_in_place(value, |bytes| self.store_bytes(old, bytes))
    }

    fn store_bytes(&self, old: Place, bytes: &[u8]) -> Result<Place> {
        let new = old.free(bytes.len())?;
        if bytes.len() <= UNIT && new.start() <= PAGE - UNIT {
            let mut unit = [0; UNIT];
            unit[..bytes.len()].copy_from_slice(bytes);
            let unit = u64::from_ne_bytes(unit);
            self.object.atomic::<AtomicU64>(new.start()).store(unit, Ordering::Relaxed);
        } else if new.end() <= PAGE {
            self.object.write(new.start(), bytes)?;
        } else {
            // What is there stays, and what was given back is allocated anew.
            self.object.allocate(new.start() as u64, bytes.len())?;
            drill!();
            self.map(new.end())?.write(new.start(), bytes)?;
        }
        drill!();
        self.word().store(new.0, Ordering::Release);
        drill!();
        if old.length() > KEPT && new.length() < old.length() / 4 {
            self.release_all_but(new)?;
        }
        Ok(new)
    }

    fn release_all_but(&self, place: Place) -> Result<()> {
        let file_length = self.file_length()?;
        for (start, end) in [(place::BYTES, place.start()), (place.end(), file_length)] {
            self.object.release(start as u64, end.saturating_sub(start));
            drill!();
        }
        Ok(())
    }

    fn file_length(&self) -> Result<usize> {
        let data = self.object.file().metadata();
        let length = data.map_err(Error::io("shared memory could not be read"))?.len();
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// All of the memory, up to this place at least.
    fn map(&self, end: usize) -> Result<Arc<Area>> {
        let mut mapped = self.mapped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mapped) = mapped.as_ref().filter(|mapped| mapped.end >= end) {
            return Ok(Arc::clone(&mapped.area));
        }
        let end = end.next_power_of_two();
        let area = Arc::new(self.object.area(0, end, 0)?);
        *mapped = Some(Mapped { end, area: Arc::clone(&area) });
        Ok(area)
    }
}
