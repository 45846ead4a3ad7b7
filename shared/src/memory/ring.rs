//! Records between two locks: bytes go in at the tail and come out at the head, strictly in order.
//!
//! ```text
//! header   put lock · get lock · tail · head · class        (a cache line each)
//! area     | … | record | record | skip | … |               a power of two, 16 KiB at first
//! record   length u32, kind u32, the bytes, padding to 8
//! ```
//!
//! Head and tail are one word each: how many records have passed (upper half), and where they stand,
//! in units of 8 bytes (lower half). Both only ever rise, and wrap. **One store of the tail is the
//! put, one store of the head is the get.** A process that is killed before that store has done
//! nothing, and after it all.
//!
//! A record lies in one piece; where it does not fit before the end of the area, a `Skip` fills the
//! rest. When the area is full it is doubled: the records are copied to a new one under both locks,
//! and one store of the class commits. An area of 2ⁿ pages begins at page 2ⁿ⁺¹, so each class has its
//! own place in the file and nothing has to be found. When it is drained, it is small again.

use super::lock::Lock;
use super::region::{Area, PAGE, Region, overwritten};
use super::word::{high, low, pack};
use crate::{Error, Result};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Where the words of a ring lie in the header of its region.
mod place {
    pub(super) const PUT_LOCK: usize = 64;
    pub(super) const GET_LOCK: usize = 128;
    pub(super) const TAIL: usize = 192;
    pub(super) const HEAD: usize = 256;
    pub(super) const CLASS: usize = 320;
}

/// What a record holds, in bytes, per unit of a place.
const UNIT: usize = 8;

/// How many units a page has.
const PAGE_UNITS: u32 = 512;

/// The first area: 2² pages.
const FIRST_CLASS: u32 = 2;

/// 2³¹ units: a place has 32 bits, and a full ring must differ from an empty one.
const LAST_CLASS: u32 = 22;

/// An area larger than this (1 MiB) is given back as soon as it is empty.
const KEPT_CLASS: u32 = 8;

/// What kind of record it is. The ring itself makes `Skip` only.
pub(crate) type Kind = u32;
const SKIP: Kind = u32::MAX;

const _: () = assert!(PAGE_UNITS as usize * UNIT == PAGE && UNIT == 8);

/// A count of records, and a place in units; both wrap.
#[derive(Clone, Copy)]
struct Mark {
    number: u32,
    place: u32,
}

impl Mark {
    fn load(word: &AtomicU64, order: Ordering) -> Mark {
        let word = word.load(order);
        Mark { number: high(word), place: low(word) }
    }

    fn store(self, word: &AtomicU64) {
        word.store(pack(self.number, self.place), Ordering::Release);
    }
}

/// An area that is mapped, and its class.
type Mapped = (u32, Area);

/// What this process has mapped last, for each side. So the two do not wait for each other.
#[derive(Default)]
struct Sides {
    tail: Mutex<Option<Mapped>>,
    head: Mutex<Option<Mapped>>,
}

/// A ring in a region. A clone is the same ring.
#[derive(Clone)]
pub(crate) struct Ring {
    region: Region,
    mapped: Arc<Sides>,
}

impl Ring {
    pub(crate) fn new(region: Region) -> Ring {
        Ring { region, mapped: Arc::default() }
    }

    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    fn tail(&self) -> &AtomicU64 {
        self.region.atomic(place::TAIL)
    }

    fn head(&self) -> &AtomicU64 {
        self.region.atomic(place::HEAD)
    }

    fn class(&self) -> &AtomicU32 {
        self.region.atomic(place::CLASS)
    }

    fn put_lock(&self) -> Lock<'_> {
        Lock::new(&self.region, place::PUT_LOCK)
    }

    fn get_lock(&self) -> Lock<'_> {
        Lock::new(&self.region, place::GET_LOCK)
    }

    /// How many records there are, exactly, without a lock: the head is read before the tail and
    /// after it, and has not moved.
    pub(crate) fn len(&self) -> u32 {
        loop {
            let before = Mark::load(self.head(), Ordering::SeqCst);
            let tail = Mark::load(self.tail(), Ordering::SeqCst);
            if Mark::load(self.head(), Ordering::SeqCst).number == before.number {
                return tail.number.wrapping_sub(before.number);
            }
        }
    }

    /// Whether there is nothing to take, at a glance.
    pub(crate) fn is_empty(&self) -> bool {
        self.head().load(Ordering::Relaxed) == self.tail().load(Ordering::Acquire)
    }

    /// Whether it takes more memory than at first.
    pub(crate) fn has_grown(&self) -> bool {
        self.class().load(Ordering::Relaxed) > FIRST_CLASS
    }

    /// How many records have been taken so far.
    pub(crate) fn head_number(&self) -> u32 {
        Mark::load(self.head(), Ordering::Acquire).number
    }

    /// Whether the record of that number has been taken.
    pub(crate) fn is_taken(&self, number: u32) -> bool {
        self.head_number().wrapping_sub(number).cast_signed() > 0
    }

    /// The side where records go in. [`Error::Timeout`] when the lock is not free by the deadline.
    pub(crate) fn lock_tail(&self, deadline: Option<Instant>) -> Result<Tail<'_>> {
        self.put_lock().lock(deadline)?;
        let mark = Mark::load(self.tail(), Ordering::Relaxed);
        Ok(Tail { ring: self, mark })
    }

    /// The side where records come out. [`Error::Timeout`] when the lock is not free by the deadline.
    pub(crate) fn lock_head(&self, deadline: Option<Instant>) -> Result<Head<'_>> {
        self.get_lock().lock(deadline)?;
        let mark = Mark::load(self.head(), Ordering::Relaxed);
        Ok(Head { ring: self, mark, next: mark })
    }

    /// Gives back all areas from that class on, also what a dead process has left of them.
    fn release_beyond(&self, class: u32) {
        let end = self.region.length();
        for class in (class..=LAST_CLASS).take_while(|class| start(*class) < end) {
            self.region.release(start(class), length(class));
        }
    }

    /// Reads the record at a mark: its kind, and the mark behind it. Asked for under the get lock.
    fn read(&self, at: Mark, bytes: &mut Vec<u8>) -> Result<Option<(Kind, Mark)>> {
        let tail = Mark::load(self.tail(), Ordering::Acquire);
        if tail.number == at.number {
            return Ok(None);
        }
        let class = self.class().load(Ordering::Acquire);
        self.with_area(&self.mapped.head, class, |area| Ring::read_from(area, class, at, bytes))
            .map(Some)
    }

    fn read_from(area: &Area, class: u32, at: Mark, bytes: &mut Vec<u8>) -> Result<(Kind, Mark)> {
        let mut place = at.place;
        let mut header = [0; UNIT];
        area.read(offset(place, class), &mut header)?;
        if parse(header).1 == SKIP {
            place = place.wrapping_add(parse(header).0);
            area.read(offset(place, class), &mut header)?;
        }
        let (size, kind) = parse(header);
        // A forged length is an error of the read, and no allocation of its size.
        let size = size.min(capacity(class).saturating_mul(8));
        bytes.resize(size as usize, 0);
        area.read(offset(place, class) + UNIT, bytes)?;
        let next =
            Mark { number: at.number.wrapping_add(1), place: place.wrapping_add(units(size)) };
        Ok((kind, next))
    }

    /// Uses the area of a class, mapped for one side. Asked for under that side's lock, so the class
    /// cannot change meanwhile, and nobody else waits for the mapping.
    fn with_area<R>(
        &self,
        side: &Mutex<Option<Mapped>>,
        class: u32,
        use_area: impl FnOnce(&Area) -> Result<R>,
    ) -> Result<R> {
        let mut mapped = side.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, area)) = &*mapped
            && *known == class
        {
            return use_area(area);
        }
        *mapped = None;
        let area = self.region.area(start(class), length(class), 0)?;
        use_area(&mapped.insert((class, area)).1)
    }
}

/// Where the area of a class begins, in bytes.
fn start(class: u32) -> u64 {
    (2 * PAGE as u64) << class
}

/// How long it is, in bytes.
fn length(class: u32) -> usize {
    PAGE << class
}

/// How long the area is, in units; 0 before the first put.
fn capacity(class: u32) -> u32 {
    if class == 0 { 0 } else { PAGE_UNITS << class }
}

/// Where a place lies in an area, in bytes.
fn offset(place: u32, class: u32) -> usize {
    (place & (capacity(class) - 1)) as usize * UNIT
}

/// How many units a record takes.
fn units(length: u32) -> u32 {
    1 + length.div_ceil(8)
}

/// The side where records go in. It holds the put lock until it is dropped.
pub(crate) struct Tail<'a> {
    ring: &'a Ring,
    mark: Mark,
}

impl Tail<'_> {
    /// How many records there are; others may take some meanwhile.
    pub(crate) fn len(&self) -> u32 {
        self.mark.number.wrapping_sub(Mark::load(self.ring.head(), Ordering::Acquire).number)
    }

    /// Puts a record, and says its number. It is there for all when this returns; after an error,
    /// nothing is. It waits for the get lock if the ring must grow, until the deadline.
    pub(crate) fn push(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        deadline: Option<Instant>,
    ) -> Result<u32> {
        let length = u32::try_from(bytes.len()).map_err(overwritten)?;
        let size = units(length);
        let (class, skip) = self.make_room(size, deadline)?;
        let mut place = self.mark.place;
        self.ring.with_area(&self.ring.mapped.tail, class, |area| {
            if skip > 0 {
                area.write(offset(place, class), &record(skip, SKIP))?;
                place = place.wrapping_add(skip);
                drill!();
            }
            let at = offset(place, class);
            area.write(at, &record(length, kind))?;
            drill!();
            area.write(at + UNIT, bytes)
        })?;
        drill!();
        let number = self.mark.number;
        self.mark = Mark { number: number.wrapping_add(1), place: place.wrapping_add(size) };
        self.mark.store(self.ring.tail());
        drill!();
        Ok(number)
    }

    /// Takes back the record that was put last, if it is the only one and nobody has taken it.
    pub(crate) fn take_back(&mut self, number: u32, deadline: Option<Instant>) -> Result<bool> {
        let head = self.ring.lock_head(deadline)?;
        let is_there = head.mark.number == number && self.mark.number == number.wrapping_add(1);
        if is_there {
            self.mark = head.mark;
            self.mark.store(self.ring.tail());
            drill!();
        }
        Ok(is_there)
    }

    /// Makes room for a record. Says the class, and how many units to skip before the record.
    fn make_room(&self, size: u32, deadline: Option<Instant>) -> Result<(u32, u32)> {
        loop {
            let class = self.ring.class().load(Ordering::Acquire);
            let capacity = capacity(class);
            let head = Mark::load(self.ring.head(), Ordering::Acquire);
            let used = self.mark.place.wrapping_sub(head.place);
            if used > capacity {
                return Err(overwritten("a place in the queue's memory is impossible"));
            }
            let to_end = capacity - (self.mark.place & capacity.saturating_sub(1));
            let skip = if to_end < size { to_end } else { 0 };
            if used.saturating_add(skip).saturating_add(size) <= capacity {
                return Ok((class, skip));
            }
            self.grow(class, size, deadline)?;
        }
    }

    fn grow(&self, class: u32, size: u32, deadline: Option<Instant>) -> Result<()> {
        let mut larger = (class + 1).max(FIRST_CLASS);
        // Twice the record, so that it fits wherever it comes to stand.
        while larger <= LAST_CLASS && capacity(larger) < 2 * size {
            larger += 1;
        }
        if larger > LAST_CLASS {
            let source = rustix::io::Errno::NOMEM;
            return Err(Error::io("the queue would have more than 16 GiB")(source));
        }
        if class == 0 {
            // One that died while it gave memory back may have left some.
            self.ring.release_beyond(larger);
        }
        self.ring.region.allocate(start(larger), length(larger))?;
        drill!();
        let head = self.ring.lock_head(deadline)?;
        if class > 0 {
            self.copy(head.mark.place, class, larger)?;
        }
        drill!();
        self.ring.class().store(larger, Ordering::Release);
        drill!();
        drop(head);
        if class > 0 {
            self.ring.region.release(start(class), length(class));
        }
        drill!();
        Ok(())
    }

    /// Copies what lies between head and tail, piece by piece, each up to an end of the smaller area.
    fn copy(&self, mut place: u32, class: u32, larger: u32) -> Result<()> {
        let to = self.ring.region.area(start(larger), length(larger), 0)?;
        self.ring.with_area(&self.ring.mapped.tail, class, |from| {
            while place != self.mark.place {
                let to_end = capacity(class) - (place & (capacity(class) - 1));
                let piece = to_end.min(self.mark.place.wrapping_sub(place));
                let bytes = piece as usize * UNIT;
                from.copy(offset(place, class), &to, offset(place, larger), bytes)?;
                place = place.wrapping_add(piece);
            }
            Ok(())
        })
    }
}

impl Drop for Tail<'_> {
    fn drop(&mut self) {
        self.ring.put_lock().unlock();
    }
}

/// The side where records come out. It holds the get lock until it is dropped.
pub(crate) struct Head<'a> {
    ring: &'a Ring,
    mark: Mark,
    /// Where the head will be when the record that was read is taken.
    next: Mark,
}

impl Head<'_> {
    /// Reads the oldest record: its number and kind. `None` when there is none.
    pub(crate) fn read(&mut self, bytes: &mut Vec<u8>) -> Result<Option<(u32, Kind)>> {
        let found = self.ring.read(self.mark, bytes)?;
        Ok(found.map(|(kind, next)| {
            self.next = next;
            (self.mark.number, kind)
        }))
    }

    /// Takes the record that was read.
    pub(crate) fn take(&mut self) {
        self.mark = self.next;
        self.mark.store(self.ring.head());
    }

    /// Whether any record has that kind and content.
    pub(crate) fn contains(&self, kind: Kind, content: &[u8]) -> Result<bool> {
        let (mut mark, mut bytes) = (self.mark, Vec::new());
        while let Some((found, next)) = self.ring.read(mark, &mut bytes)? {
            if found == kind && bytes == content {
                return Ok(true);
            }
            mark = next;
        }
        Ok(false)
    }

    /// Gives the memory of an empty ring back, down to the first area; of one that is in use, only
    /// what is beyond a megabyte. Not if somebody is just putting.
    pub(crate) fn shrink(&self, in_use: bool) {
        let class = self.ring.class().load(Ordering::Relaxed);
        let kept = if in_use { KEPT_CLASS } else { FIRST_CLASS };
        if class <= kept || !self.ring.is_empty() || !self.ring.put_lock().try_lock() {
            return;
        }
        if self.ring.is_empty() {
            drill!();
            self.ring.class().store(0, Ordering::Release);
            drill!();
            self.ring.release_beyond(FIRST_CLASS);
        }
        self.ring.put_lock().unlock();
    }
}

impl Drop for Head<'_> {
    fn drop(&mut self) {
        self.ring.get_lock().unlock();
    }
}

fn record(length: u32, kind: Kind) -> [u8; UNIT] {
    pack(kind, length).to_le_bytes()
}

fn parse(header: [u8; UNIT]) -> (u32, Kind) {
    let header = u64::from_le_bytes(header);
    (low(header), high(header))
}
