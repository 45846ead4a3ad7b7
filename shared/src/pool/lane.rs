//! The memory of a pool, and in it a lane for each worker: tasks to the worker, results from it.
//!
//! ```text
//! header   who waits · words of each lane: lease, results' tail, results' head, since, wake, ready
//! areas    64 KiB of tasks and 64 KiB of results a lane, both used in a circle
//! far off  what is too long for those
//! ```
//!
//! Each area has one writer and one reader, so there is no lock that a death could keep. **The
//! lease is the one word about which both sides decide**: how many tasks the worker was granted,
//! and how many it has claimed, which is how many it has begun. The worker claims a task, and only
//! then reads it; the creator takes back what is not claimed. Both do so by compare-and-swap, so a
//! task is one or the other. One store of the results' tail is a result. So of a dead worker it is
//! known what it had done, what it was in, and what it had not begun.

use crate::Result;
use crate::memory::region::{Area, PAGE, Region};
use crate::memory::wait::Waiters;
use crate::memory::word::{high, low, pack};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// How long each area is, in bytes.
pub(super) const AREA: usize = 64 * 1024;

/// What is longer lies far off.
pub(super) const MAX_INLINE: usize = AREA / 8;

/// Where the words of the pool lie.
mod place {
    pub(super) const CALLERS: usize = 64;
    pub(super) const SUPERVISOR: usize = 128;
    pub(super) const WANTED: usize = 192;
    pub(super) const STOP: usize = 196;
    /// Of a lane, from the beginning of its words.
    pub(super) const LEASE: usize = 0;
    pub(super) const WAITERS: usize = 64;
    pub(super) const WAKE: usize = 72;
    pub(super) const HEAD: usize = 80;
    pub(super) const TAIL: usize = 128;
    pub(super) const SINCE: usize = 136;
    pub(super) const READY: usize = 144;
}

/// How many bytes the words of a lane take.
const WORDS: usize = 192;

/// Where far off is, and how much room each lane has there for each direction.
const FAR: u64 = 1 << 36;
const FAR_ROOM: u64 = 1 << 33;

/// What kind of record it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The bytes follow.
    Plain = 0,
    /// They lie far off.
    Long = 1,
    /// They come through a channel, with the channel ends that they hold.
    Moved = 2,
    /// Nothing: the next record begins where the area does.
    Skip = 3,
}

/// What stands before the bytes of a record.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) length: u32,
    pub(super) kind: Kind,
    /// Of a task its function, of a result how the task went.
    pub(super) tag: u32,
}

impl Record {
    fn to_bytes(self) -> [u8; 8] {
        pack(self.tag << 8 | self.kind as u32, self.length).to_le_bytes()
    }

    fn from_bytes(bytes: [u8; 8]) -> Record {
        let word = u64::from_le_bytes(bytes);
        let kind = match high(word) & 0xff {
            0 => Kind::Plain,
            1 => Kind::Long,
            2 => Kind::Moved,
            _ => Kind::Skip,
        };
        Record { length: low(word), kind, tag: high(word) >> 8 }
    }

    fn inline(self) -> usize {
        if self.kind == Kind::Plain { self.length as usize } else { 0 }
    }
}

/// The words about who waits for what; every process of the pool has them.
#[derive(Clone)]
pub(super) struct Memory {
    region: Region,
    workers: usize,
}

impl Memory {
    pub(super) fn new(workers: usize) -> Result<Memory> {
        let header = header(workers);
        Ok(Memory { region: Region::new(header, header)?, workers })
    }

    pub(super) fn open(file: Arc<File>, workers: usize) -> Result<Memory> {
        Ok(Memory { region: Region::open(file, header(workers))?, workers })
    }

    pub(super) fn file(&self) -> &Arc<File> {
        self.region.file()
    }

    /// Where a caller sleeps that waits for a result.
    pub(super) fn callers(&self) -> Waiters<'_> {
        Waiters::new(&self.region, place::CALLERS)
    }

    pub(super) fn supervisor(&self) -> Waiters<'_> {
        Waiters::new(&self.region, place::SUPERVISOR)
    }

    /// Whether the supervisor is to be woken where a caller otherwise would.
    pub(super) fn wanted(&self) -> &AtomicU32 {
        self.region.atomic(place::WANTED)
    }

    /// Whether the workers are to end when they have nothing to do.
    pub(super) fn stop(&self) -> &AtomicU32 {
        self.region.atomic(place::STOP)
    }

    /// Whether any result has come, at a glance.
    pub(super) fn has_results(&self) -> bool {
        (0..self.workers).any(|lane| {
            let word = |place| self.region.atomic::<AtomicUsize>(words(lane) + place);
            word(place::TAIL).load(Ordering::Acquire) != word(place::HEAD).load(Ordering::Relaxed)
        })
    }

    pub(super) fn lane(&self, index: usize) -> Result<Lane> {
        let area = |nth: usize| {
            let start = header(self.workers) + nth * AREA;
            self.region.area(start as u64, AREA, AREA)
        };
        let far = |nth: usize| FAR + nth as u64 * FAR_ROOM;
        let strip =
            |nth| Ok(Strip { area: area(nth)?, far: far(nth), region: self.region.clone() });
        let (tasks, results) = (strip(2 * index)?, strip(2 * index + 1)?);
        Ok(Lane { words: words(index), region: self.region.clone(), tasks, results })
    }
}

fn words(lane: usize) -> usize {
    PAGE + lane * WORDS
}

fn header(workers: usize) -> usize {
    words(workers).next_multiple_of(PAGE)
}

/// An area with one writer and one reader. Places in it only rise; its length divides them.
pub(super) struct Strip {
    area: Area,
    far: u64,
    region: Region,
}

impl Strip {
    /// Where a record goes that comes after a place: where it begins, and where it ends.
    pub(super) fn span(from: usize, kind: Kind, length: usize) -> (usize, usize) {
        let inline = if kind == Kind::Plain { length } else { 0 };
        let size = 8 + inline.next_multiple_of(8);
        let left = AREA - from % AREA;
        let start = if left < size { from + left } else { from };
        (start, start + size)
    }

    /// Writes a record behind a place, and says where it begins and ends.
    pub(super) fn write(
        &self,
        from: usize,
        kind: Kind,
        tag: u32,
        bytes: &[u8],
    ) -> Result<(usize, usize)> {
        let (start, end) = Strip::span(from, kind, bytes.len());
        if start != from {
            let skip = Record { length: 0, kind: Kind::Skip, tag: 0 };
            self.area.write(offset(from), &skip.to_bytes())?;
        }
        drill!();
        if kind == Kind::Long {
            self.region.area(self.far, bytes.len(), bytes.len())?.write(0, bytes)?;
            drill!();
        }
        let record = Record { length: low(bytes.len() as u64), kind, tag };
        self.area.write(offset(start), &record.to_bytes())?;
        self.area.write(offset(start) + 8, &bytes[..record.inline()])?;
        drill!();
        Ok((start, end))
    }

    /// Reads the record behind a place, adds its bytes to those given, and says where it ends.
    pub(super) fn read(&self, mut from: usize, bytes: &mut Vec<u8>) -> Result<(Record, usize)> {
        let mut header = [0; 8];
        self.area.read(offset(from), &mut header)?;
        if Record::from_bytes(header).kind == Kind::Skip {
            from = from.next_multiple_of(AREA);
            self.area.read(offset(from), &mut header)?;
        }
        let record = Record::from_bytes(header);
        let (before, length) = (bytes.len(), record.length as usize);
        match record.kind {
            Kind::Plain => {
                // A forged length is an error of the read, and no allocation of its size.
                bytes.resize(before + length.min(AREA), 0);
                self.area.read(offset(from) + 8, &mut bytes[before..])?;
            }
            Kind::Long => {
                let far = self.region.area(self.far, length, 0)?;
                bytes.resize(before + length, 0);
                far.read(0, &mut bytes[before..])?;
            }
            Kind::Moved | Kind::Skip => {}
        }
        Ok((record, Strip::span(from, record.kind, length).1))
    }

    /// Gives back the memory of what lay far off.
    pub(super) fn release(&self, length: u32) {
        self.region.release(self.far, (length as usize).next_multiple_of(PAGE));
    }
}

fn offset(place: usize) -> usize {
    place % AREA
}

/// How many tasks a worker was granted, and how many of them it has claimed. Both wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lease {
    pub(super) granted: u32,
    pub(super) claimed: u32,
}

impl Lease {
    fn of(word: u64) -> Lease {
        Lease { granted: high(word), claimed: low(word) }
    }

    fn word(self) -> u64 {
        pack(self.granted, self.claimed)
    }

    /// How many are granted and not claimed.
    pub(super) fn unclaimed(self) -> u32 {
        self.granted.wrapping_sub(self.claimed)
    }
}

/// How a worker stands.
pub(super) mod ready {
    /// It is ready for tasks.
    pub(crate) const YES: u32 = 1;
    /// Its initializer has failed; why is its only result.
    pub(crate) const FAILED: u32 = 2;
}

/// What one worker and the creator share.
pub(super) struct Lane {
    words: usize,
    region: Region,
    pub(super) tasks: Strip,
    pub(super) results: Strip,
}

impl Lane {
    fn lease_word(&self) -> &AtomicU64 {
        self.region.atomic(self.words + place::LEASE)
    }

    pub(super) fn lease(&self) -> Lease {
        Lease::of(self.lease_word().load(Ordering::SeqCst))
    }

    /// Where the worker sleeps.
    pub(super) fn waiters(&self) -> Waiters<'_> {
        Waiters::new(&self.region, self.words + place::WAITERS)
    }

    /// At which count of results the creator wants to be woken.
    pub(super) fn wake(&self) -> &AtomicU32 {
        self.region.atomic(self.words + place::WAKE)
    }

    /// Up to where the creator has read the results.
    pub(super) fn head(&self) -> &AtomicUsize {
        self.region.atomic(self.words + place::HEAD)
    }

    /// Up to where the worker has written results.
    pub(super) fn tail(&self) -> &AtomicUsize {
        self.region.atomic(self.words + place::TAIL)
    }

    /// Since when the worker is in its task, in nanoseconds of the system's steady clock.
    pub(super) fn since(&self) -> &AtomicU64 {
        self.region.atomic(self.words + place::SINCE)
    }

    pub(super) fn ready(&self) -> &AtomicU32 {
        self.region.atomic(self.words + place::READY)
    }

    /// Grants one more task, which has been written. For the creator.
    pub(super) fn grant(&self) {
        self.lease_word().fetch_add(1 << 32, Ordering::SeqCst);
        drill!();
    }

    /// Claims the next task. For the worker: what it claims it must begin.
    pub(super) fn claim(&self) -> bool {
        let claim = |word| {
            let lease = Lease::of(word);
            let claimed = lease.claimed.wrapping_add(1);
            (lease.unclaimed() > 0).then(|| Lease { claimed, ..lease }.word())
        };
        self.lease_word().fetch_update(Ordering::SeqCst, Ordering::SeqCst, claim).is_ok()
    }

    /// Takes back what is granted beyond a count and not claimed. Says how the lease stands then.
    pub(super) fn revoke(&self, count: u32) -> Lease {
        let revoke = |word| {
            let lease = Lease::of(word);
            let kept = count.wrapping_sub(lease.claimed).cast_signed().max(0).cast_unsigned();
            let granted = lease.claimed.wrapping_add(kept.min(lease.unclaimed()));
            Some(Lease { granted, ..lease }.word())
        };
        let update = self.lease_word().fetch_update(Ordering::SeqCst, Ordering::SeqCst, revoke);
        drill!();
        Lease::of(update.ok().and_then(revoke).unwrap_or_default())
    }

    /// Makes the lane new, for another worker. Nobody uses it meanwhile.
    pub(super) fn reset(&self) {
        self.lease_word().store(0, Ordering::SeqCst);
        self.since().store(0, Ordering::SeqCst);
        self.head().store(0, Ordering::SeqCst);
        self.tail().store(0, Ordering::SeqCst);
        self.wake().store(0, Ordering::SeqCst);
        self.ready().store(0, Ordering::SeqCst);
    }
}
