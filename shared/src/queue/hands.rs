//! Hands: what each consumer was given and is not yet done with, where a death cannot lose it.
//!
//! ```text
//! table   one entry a consumer: owner u64 · number and length u64 · state u32 · thread u32
//! data    64 KiB of address space a consumer, of which the first page is allocated at first
//! ```
//!
//! An item goes from the ring into a hand in one step, the store that moves the head. What leads up
//! to it is named before: `getting` says whose hand is being filled. So if that consumer dies, the
//! next one that holds the get lock can tell on which side of the step it died. Every change here,
//! but for a consumer being done, happens under the get lock.

use crate::memory::owner::{self, Life, Owner};
use crate::memory::region::{Area, PAGE, Region};
use crate::memory::ring::{Kind, Ring};
use crate::memory::word::{high, low};
use crate::{Error, Result};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How long an item may be that lies in the ring and in hands. Longer ones stay with the creator.
pub(super) const MAX_INLINE: usize = 64 * 1024;

/// How often an item may be in the hand of one that dies.
const MAX_DEATHS: u32 = 2;

/// Where the table and its words lie in the header.
pub(super) mod place {
    pub(crate) const GETTING: usize = 576;
    pub(crate) const RETURNED: usize = 580;
    pub(crate) const COUNT: usize = 584;
    pub(crate) const TABLE: usize = super::PAGE;
}

const ENTRY: usize = 24;

/// How much of a region is its header: up to where the first area of the ring begins.
pub(super) const HEADER: usize = 8 * PAGE;

const MAX_HANDS: u32 = 1194;
const _: () = assert!(place::TABLE + MAX_HANDS as usize * ENTRY <= HEADER);

/// What a hand is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free = 0,
    Held = 1,
    /// Its consumer died; the item waits for the next that asks.
    Returned = 2,
    /// Two consumers died with it.
    Dead = 3,
}

/// What lies in a hand: the number that it had in the ring, its kind, and how many died with it.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) deaths: u32,
}

/// A consumer's own hand.
pub(super) struct Hand {
    index: u32,
    data: Area,
    /// How much of the data is allocated.
    present: usize,
}

/// All hands of a queue.
#[derive(Clone, Copy)]
pub(super) struct Hands<'a>(&'a Region);

/// One entry of the table.
struct Entry<'a> {
    owner: &'a AtomicU64,
    item: &'a AtomicU64,
    state: &'a AtomicU32,
    thread: &'a AtomicU32,
}

impl Entry<'_> {
    fn state(&self) -> State {
        match self.state.load(Ordering::SeqCst) & 0xff {
            1 => State::Held,
            2 => State::Returned,
            3 => State::Dead,
            _ => State::Free,
        }
    }

    fn set(&self, state: State) {
        let rest = self.state.load(Ordering::SeqCst) & !0xff;
        self.state.store(rest | state as u32, Ordering::SeqCst);
    }

    fn item(&self) -> (Item, usize) {
        let (item, state) = (self.item.load(Ordering::SeqCst), self.state.load(Ordering::SeqCst));
        let (kind, deaths) = (state >> 8 & 0xff, state >> 16);
        (Item { number: high(item), kind, deaths }, (low(item) as usize).min(MAX_INLINE))
    }
}

impl<'a> Hands<'a> {
    pub(super) fn new(region: &'a Region) -> Hands<'a> {
        Hands(region)
    }

    fn getting(self) -> &'a AtomicU32 {
        self.0.atomic(place::GETTING)
    }

    /// Whether an item may have come back.
    pub(super) fn returned(self) -> &'a AtomicU32 {
        self.0.atomic(place::RETURNED)
    }

    fn count(self) -> &'a AtomicU32 {
        self.0.atomic(place::COUNT)
    }

    fn entry(self, index: u32) -> Entry<'a> {
        let place = place::TABLE + index as usize * ENTRY;
        Entry {
            owner: self.0.atomic(place),
            item: self.0.atomic(place + 8),
            state: self.0.atomic(place + 16),
            thread: self.0.atomic(place + 20),
        }
    }

    fn entries(self) -> impl Iterator<Item = (u32, Entry<'a>)> {
        let count = self.count().load(Ordering::SeqCst).min(MAX_HANDS);
        (0..count).map(move |index| (index, self.entry(index)))
    }

    /// Takes a free hand for a consumer of this process.
    pub(super) fn claim(self) -> Result<Hand> {
        let free = |(_, entry): &(u32, Entry)| {
            entry.owner.load(Ordering::SeqCst) == 0 && entry.state() == State::Free
        };
        let index = match self.entries().find(free) {
            Some((index, _)) => index,
            None => self.add()?,
        };
        let data = self.0.area(start(index), MAX_INLINE, PAGE)?;
        self.entry(index).owner.store(owner::process()?, Ordering::SeqCst);
        drill!();
        Ok(Hand { index, data, present: PAGE })
    }

    /// Makes the table longer by one.
    fn add(self) -> Result<u32> {
        let index = self.count().load(Ordering::SeqCst);
        if index >= MAX_HANDS {
            let source = std::io::Error::other(format!("{MAX_HANDS} handles have asked for items"));
            return Err(Error::io("no more consumers fit this queue")(source));
        }
        let end = place::TABLE + (index as usize + 1) * ENTRY;
        self.0.allocate(place::TABLE as u64, end - place::TABLE)?;
        drill!();
        self.count().store(index + 1, Ordering::SeqCst);
        drill!();
        Ok(index)
    }

    /// Says on which side of the step a consumer died that filled its hand, if one did.
    pub(super) fn settle(self, ring: &Ring) {
        let getting = self.getting().load(Ordering::SeqCst);
        let Some(index) = getting.checked_sub(1).filter(|index| *index < MAX_HANDS) else { return };
        let entry = self.entry(index);
        let number = entry.item().0.number;
        let came_back = |(_, entry): (u32, Entry)| {
            entry.state() == State::Returned && entry.item().0.number == number
        };
        let is_taken = ring.is_taken(number) && !self.entries().any(came_back);
        if entry.state() == State::Held && !is_taken {
            entry.set(State::Free);
        }
        drill!();
        self.getting().store(0, Ordering::SeqCst);
    }

    /// Fills a hand; `step` is what takes the item from where it lay.
    pub(super) fn fill(
        self,
        hand: &mut Hand,
        item: Item,
        bytes: &[u8],
        step: impl FnOnce(),
    ) -> Result<()> {
        if bytes.len() > hand.present {
            self.0.allocate(start(hand.index), bytes.len())?;
            hand.present = bytes.len().next_multiple_of(PAGE);
        }
        let entry = self.entry(hand.index);
        self.getting().store(hand.index + 1, Ordering::Release);
        drill!();
        hand.data.write(0, bytes)?;
        let word = u64::from(item.number) << 32 | bytes.len() as u64;
        entry.item.store(word, Ordering::Release);
        entry.thread.store(owner::number(owner::thread()), Ordering::Release);
        drill!();
        let state = item.deaths << 16 | item.kind << 8 | State::Held as u32;
        entry.state.store(state, Ordering::Release);
        drill!();
        step();
        drill!();
        self.getting().store(0, Ordering::Release);
        drill!();
        Ok(())
    }

    /// The oldest item that came back, with its place: a function that takes it from there.
    pub(super) fn oldest_returned(
        self,
        ring: &Ring,
        bytes: &mut Vec<u8>,
    ) -> Result<Option<(Item, impl FnOnce() + use<'a>)>> {
        if self.returned().load(Ordering::SeqCst) == 0 {
            return Ok(None);
        }
        let returned = self.entries().filter(|(_, entry)| entry.state() == State::Returned);
        let head = ring.head_number();
        let age = |entry: &Entry| head.wrapping_sub(entry.item().0.number);
        let Some((index, entry)) = returned.max_by_key(|(_, entry)| age(entry)) else {
            self.returned().store(0, Ordering::SeqCst);
            return Ok(None);
        };
        let item = self.read(index, bytes)?;
        Ok(Some((item, move || entry.set(State::Free))))
    }

    fn read(self, index: u32, bytes: &mut Vec<u8>) -> Result<Item> {
        let (item, length) = self.entry(index).item();
        bytes.resize(length, 0);
        self.0.area(start(index), MAX_INLINE, PAGE)?.read(0, bytes)?;
        Ok(item)
    }

    /// The kind of what lies in a hand; `None` when nothing does.
    pub(super) fn held(self, hand: &Hand) -> Option<Kind> {
        let entry = self.entry(hand.index);
        (entry.state() == State::Held).then(|| entry.item().0.kind)
    }

    /// Copies out what lies in a hand.
    pub(super) fn content(self, hand: &Hand, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.resize(self.entry(hand.index).item().1, 0);
        hand.data.read(0, bytes)
    }

    /// Says that a consumer is done with its item. Needs no lock.
    pub(super) fn done(self, hand: &Hand) {
        self.entry(hand.index).set(State::Free);
        drill!();
    }

    /// Says that the items which this thread has in its hands are done.
    pub(super) fn done_by_this_thread(self) -> Result<()> {
        let (process, thread) = (owner::process()?, owner::number(owner::thread()));
        for (_, entry) in self.entries() {
            if entry.owner.load(Ordering::SeqCst) == process
                && entry.thread.load(Ordering::SeqCst) == thread
                && entry.state() == State::Held
            {
                entry.set(State::Free);
                drill!();
            }
        }
        Ok(())
    }

    /// Gives an empty hand up. Needs no lock.
    pub(super) fn give_up(self, hand: &Hand) {
        if hand.present > PAGE {
            self.0.release(start(hand.index) + PAGE as u64, hand.present - PAGE);
        }
        self.entry(hand.index).owner.store(0, Ordering::SeqCst);
        drill!();
    }

    /// Gives a hand up whose consumer dies; the item in it comes back.
    pub(super) fn die(self, hand: &Hand) {
        self.clear(&self.entry(hand.index), 1);
    }

    /// Takes back what lies in hands of processes that have ended. Says whether there was anything.
    /// `with_empty` frees their empty hands, too; every waiter asks for the others now and then, and
    /// must not look at all that wait beside it.
    pub(super) fn reap(self, with_empty: bool) -> bool {
        let mut found = false;
        for (_, entry) in self.entries() {
            let owner = entry.owner.load(Ordering::SeqCst);
            let matters = with_empty || entry.state() == State::Held;
            if owner != 0 && matters && has_ended(owner) {
                found |= self.clear(&entry, 1);
            }
        }
        found
    }

    /// Puts what lies in a hand back, though its consumer lives: it could not be had in full.
    pub(super) fn put_back(self, hand: &Hand) {
        self.clear(&self.entry(hand.index), 0);
    }

    /// The consumer of a hand is gone: its item comes back, or is dead. Says whether there was one.
    fn clear(self, entry: &Entry, deaths: u32) -> bool {
        let is_held = entry.state() == State::Held;
        if is_held {
            let item = entry.item().0;
            let deaths = item.deaths + deaths;
            let state = if deaths < MAX_DEATHS { State::Returned } else { State::Dead };
            self.returned().store(1, Ordering::SeqCst);
            drill!();
            entry.state.store(deaths << 16 | item.kind << 8 | state as u32, Ordering::SeqCst);
            drill!();
        }
        entry.owner.store(0, Ordering::SeqCst);
        is_held
    }

    /// Whether any consumer that runs, on another thread than this, has an item in hand.
    pub(super) fn are_busy(self) -> bool {
        let thread = owner::number(owner::thread());
        self.entries().any(|(_, entry)| {
            entry.state() == State::Held && entry.thread.load(Ordering::SeqCst) != thread
        })
    }

    /// Whether any hand holds an item, at a glance: every waiter asks now and then.
    pub(super) fn are_any_held(self) -> bool {
        let count = self.count().load(Ordering::SeqCst).min(MAX_HANDS) as usize;
        let state = |index| self.0.atomic::<AtomicU32>(place::TABLE + index * ENTRY + 16);
        (0..count).any(|index| state(index).load(Ordering::SeqCst) & 0xff == State::Held as u32)
    }

    /// Whether any other consumer than that of this hand exists.
    pub(super) fn has_others(self, own: Option<&Hand>) -> bool {
        self.entries().any(|(index, entry)| {
            own.is_none_or(|own| own.index != index) && entry.owner.load(Ordering::SeqCst) != 0
        })
    }

    /// How many items have come back.
    pub(super) fn returned_count(self) -> u32 {
        self.entries().map(|(_, entry)| u32::from(entry.state() == State::Returned)).sum()
    }

    /// Takes out one dead item.
    pub(super) fn take_dead(self, bytes: &mut Vec<u8>) -> Result<Option<Kind>> {
        let Some((index, entry)) = self.entries().find(|(_, entry)| entry.state() == State::Dead)
        else {
            return Ok(None);
        };
        let item = self.read(index, bytes)?;
        entry.set(State::Free);
        drill!();
        Ok(Some(item.kind))
    }

    /// Whether a hand holds an item of that kind and content, or held it when its consumer died.
    pub(super) fn contain(self, kind: Kind, content: &[u8]) -> Result<bool> {
        let mut bytes = Vec::new();
        for (index, entry) in self.entries() {
            if entry.state() != State::Free && entry.item().0.kind == kind {
                self.read(index, &mut bytes)?;
                if bytes == content {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn has_ended(owner: Owner) -> bool {
    owner::process().is_ok_and(|own| own != owner) && owner::life(owner) == Life::Ended
}

/// Where the data of a hand lie, in bytes. Between two areas of the ring, of which the larger class
/// begins where the smaller one's double ends, is room for as many hands as all before have together.
fn start(index: u32) -> u64 {
    let nth = u64::from(index) + 1;
    let before = 1 << nth.ilog2();
    (2 * before + nth) * MAX_INLINE as u64
}

#[cfg(test)]
mod tests {
    use super::{MAX_HANDS, MAX_INLINE, PAGE, start};

    #[test]
    fn no_hand_lies_within_an_area_of_the_ring_or_another_hand() {
        let mut last = 0;
        for index in 0..MAX_HANDS {
            let (from, to) = (start(index), start(index) + MAX_INLINE as u64);
            assert!(from >= last, "hand {index} begins before the last one ends");
            last = to;
            for class in 2..=22 {
                let (area, end) = ((2 * PAGE as u64) << class, (3 * PAGE as u64) << class);
                assert!(
                    to <= area || from >= end,
                    "hand {index} lies in the area of class {class}"
                );
            }
        }
    }
}
