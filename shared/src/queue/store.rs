//! The queue as it lies in shared memory: a ring, the hands of its consumers, and who waits.
//!
//! Any process that has the memory can put, take, close and take back what a dead consumer had in
//! hand. None of it needs the creator, or anything but the two locks of the ring.

use super::hands::{HEADER, Hand, Hands, Item};
use crate::memory::lock;
use crate::memory::owner::{self, Owner};
use crate::memory::region::{PAGE, Region};
use crate::memory::ring::{Kind, Ring};
use crate::memory::wait::{SLICE, Slices, Spin, Waiters};
use crate::{Error, Result};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where the words of the queue lie in the header, behind those of the ring.
mod place {
    pub(super) const STATE: usize = 384;
    pub(super) const BOUND: usize = 392;
    pub(super) const CREATOR: usize = 400;
    pub(super) const GETTERS: usize = 448;
    pub(super) const PUTTERS: usize = 512;
}

/// Bits of the state; each is set once and stays.
mod state {
    /// Nothing more is put.
    pub(super) const CLOSED: u32 = 1;
    /// The creator is gone, and the queue with it.
    pub(super) const GONE: u32 = 2;
    /// No handle is left that could put.
    pub(super) const ALONE: u32 = 4;
}

/// How long a call that must not wait may wait for a lock, which is held for microseconds.
const LOCK_TIME: Duration = Duration::from_millis(100);

/// With a bound of 0: for how long a `try_put` looks whether a getter that is awake takes the item.
const RENDEZVOUS_TIME: Duration = Duration::from_micros(200);

/// With a bound of 0: how long a getter that was just woken may take to take the item.
const WAKE_TIME: Duration = Duration::from_millis(500);

/// A queue of bytes.
#[derive(Clone)]
pub(super) struct Store {
    ring: Ring,
    bound: Option<u32>,
}

/// What a look into the queue has found.
enum Look {
    Item(Kind),
    Ended,
    /// Nothing, in this state.
    Nothing(u32),
}

impl Store {
    pub(super) fn new(bound: Option<usize>) -> Result<Store> {
        lock::check_support()?;
        let creator = owner::process()?;
        let region = Region::new(HEADER, PAGE)?;
        let bound = bound.map(|bound| u32::try_from(bound).unwrap_or(u32::MAX));
        let word = bound.map_or(0, |bound| u64::from(bound) + 1);
        region.atomic::<AtomicU64>(place::BOUND).store(word, Ordering::SeqCst);
        region.atomic::<AtomicU64>(place::CREATOR).store(creator, Ordering::SeqCst);
        Ok(Store { ring: Ring::new(region), bound })
    }

    pub(super) fn open(file: Arc<File>) -> Result<Store> {
        lock::check_support()?;
        let region = Region::open(file, HEADER)?;
        let word = region.atomic::<AtomicU64>(place::BOUND).load(Ordering::SeqCst);
        let bound = word.checked_sub(1).map(|bound| u32::try_from(bound).unwrap_or(u32::MAX));
        Ok(Store { ring: Ring::new(region), bound })
    }

    pub(super) fn region(&self) -> &Region {
        self.ring.region()
    }

    pub(super) fn creator(&self) -> Owner {
        self.region().atomic::<AtomicU64>(place::CREATOR).load(Ordering::SeqCst)
    }

    pub(super) fn hands(&self) -> Hands<'_> {
        Hands::new(self.region())
    }

    fn getters(&self) -> Waiters<'_> {
        Waiters::new(self.region(), place::GETTERS)
    }

    fn putters(&self) -> Waiters<'_> {
        Waiters::new(self.region(), place::PUTTERS)
    }

    fn state(&self) -> u32 {
        self.region().atomic::<AtomicU32>(place::STATE).load(Ordering::SeqCst)
    }

    fn set(&self, bit: u32) {
        self.region().atomic::<AtomicU32>(place::STATE).fetch_or(bit, Ordering::SeqCst);
        drill!();
        self.getters().notify_all();
        self.putters().notify_all();
    }

    /// Puts a record. [`Error::Full`] when there is no room until the deadline; `is_only` says
    /// whether no other handle is left that could make room.
    pub(super) fn put(
        &self,
        kind: Kind,
        bytes: &[u8],
        deadline: Option<Instant>,
        is_only: impl Fn() -> bool,
    ) -> Result<()> {
        let mut slices = Slices::until(deadline);
        let mut is_last_try = false;
        let number = loop {
            if let Some(number) = self.try_put(kind, bytes, deadline)? {
                break number;
            }
            if is_last_try {
                return Err(Error::Closed);
            }
            let seen = self.putters().prepare();
            if let Some(number) = self.try_put(kind, bytes, deadline)? {
                break number;
            }
            match slices.next() {
                None => return Err(Error::Full),
                Some(time) => self.putters().sleep(seen, time),
            }
            is_last_try = deadline.is_none() && is_only();
        };
        let woken = self.getters().notify_one();
        if self.bound == Some(0) { self.hand_over(number, deadline, woken) } else { Ok(()) }
    }

    fn try_put(&self, kind: Kind, bytes: &[u8], deadline: Option<Instant>) -> Result<Option<u32>> {
        let until = lock_deadline(deadline);
        let mut tail = self.ring.lock_tail(until)?;
        if self.state() & (state::CLOSED | state::GONE) != 0 {
            return Err(Error::Closed);
        }
        match self.bound {
            Some(bound) if tail.len() + self.returned() >= bound.max(1) => Ok(None),
            _ => tail.push(kind, bytes, until).map(Some),
        }
    }

    /// With a bound of 0: waits until the item was taken, or takes it back.
    fn hand_over(&self, number: u32, deadline: Option<Instant>, woken: bool) -> Result<()> {
        let soon = Instant::now() + if woken { WAKE_TIME } else { RENDEZVOUS_TIME };
        let mut slices = Slices::until(deadline.map(|deadline| deadline.max(soon)));
        loop {
            let seen = self.putters().prepare();
            if self.ring.is_taken(number) {
                return Ok(());
            }
            let ended = self.state() & (state::CLOSED | state::GONE) != 0;
            if let Some(time) = slices.next().filter(|_| !ended) {
                self.putters().sleep(seen, time);
            } else {
                let until = lock_deadline(deadline);
                let taken_back = self.ring.lock_tail(until)?.take_back(number, until)?;
                self.putters().notify_all();
                return match (taken_back, ended) {
                    (false, _) => Ok(()),
                    (true, true) => Err(Error::Closed),
                    (true, false) => Err(Error::Full),
                };
            }
        }
    }

    /// Takes the oldest item into a hand, and its bytes. [`Error::Empty`] when none comes until the
    /// deadline. `until_alone` ends the wait also when no handle is left that could put; `is_only` says
    /// whether this one is the only handle.
    pub(super) fn get(
        &self,
        hand: &mut Hand,
        bytes: &mut Vec<u8>,
        deadline: Option<Instant>,
        until_alone: bool,
        (spin, is_only): (&Spin, impl Fn() -> bool),
    ) -> Result<Kind> {
        let mut slices = Slices::until(deadline);
        let mut seen_state = 0;
        let mut reap = deadline.is_some_and(|deadline| deadline <= Instant::now());
        let mut is_last_look = false;
        loop {
            let is_there = |seen_state| {
                !self.ring.is_empty()
                    || self.hands().returned().load(Ordering::Relaxed) != 0
                    || self.state() != seen_state
            };
            if reap || spin.until(|| is_there(seen_state)) {
                match self.look(hand, bytes, lock_deadline(deadline), until_alone, reap)? {
                    Look::Item(kind) => return Ok(kind),
                    Look::Ended => return Err(Error::Closed),
                    Look::Nothing(_) if is_last_look && !self.hands().are_busy() => {
                        return Err(Error::Closed);
                    }
                    Look::Nothing(state) => seen_state = state,
                }
            }
            let seen = self.getters().prepare();
            reap = false;
            if is_there(seen_state) {
                continue;
            }
            match slices.next() {
                None => return Err(Error::Empty),
                Some(time) => self.getters().sleep(seen, time),
            }
            // One that was not woken looks for the dead, and whether anybody is left.
            let idle = !is_there(seen_state);
            is_last_look = idle && deadline.is_none() && is_only();
            // Where nothing could be done, it does not take the lock: many may wait here.
            let may_end = self.state() != 0 || is_last_look;
            let may_do = || self.hands().are_any_held() || self.ring.has_grown();
            reap = idle && (may_end || may_do());
        }
    }

    fn look(
        &self,
        hand: &mut Hand,
        bytes: &mut Vec<u8>,
        deadline: Option<Instant>,
        until_alone: bool,
        reap: bool,
    ) -> Result<Look> {
        let hands = self.hands();
        let mut head = self.ring.lock_head(deadline)?;
        hands.settle(&self.ring);
        // Read before the ring is: what was put before it was closed must be seen.
        let state = self.state();
        if state & state::GONE != 0 {
            return Ok(Look::Ended);
        }
        let is_ended = state & state::CLOSED != 0 || until_alone && state & state::ALONE != 0;
        loop {
            if let Some((item, step)) = hands.oldest_returned(&self.ring, bytes)? {
                hands.fill(hand, item, bytes, step)?;
                drop(head);
                self.tell_putters();
                return Ok(Look::Item(item.kind));
            }
            if let Some((number, kind)) = head.read(bytes)? {
                hands.fill(hand, Item { number, kind, deaths: 0 }, bytes, || head.take())?;
                head.shrink(true);
                drop(head);
                self.tell_putters();
                return Ok(Look::Item(kind));
            }
            if reap {
                head.shrink(false);
            }
            if !(reap || is_ended) || !hands.reap(false) {
                break;
            }
        }
        // An item in a hand may come back.
        Ok(if is_ended && !hands.are_busy() { Look::Ended } else { Look::Nothing(state) })
    }

    /// How many items have come back and wait.
    fn returned(&self) -> u32 {
        match self.hands().returned().load(Ordering::SeqCst) {
            0 => 0,
            _ => self.hands().returned_count(),
        }
    }

    fn tell_putters(&self) {
        match self.bound {
            None => {}
            Some(0) => self.putters().notify_all(),
            Some(_) => {
                self.putters().notify_one();
            }
        }
    }

    /// Says that a consumer is done with its item.
    pub(super) fn done(&self, hand: &Hand) {
        self.hands().done(hand);
        if self.state() != 0 {
            self.getters().notify_any();
        }
    }

    /// Puts back an item that could not be had in full, and gives its hand up.
    pub(super) fn put_back(&self, hand: &Hand) {
        self.return_item(|hands| hands.put_back(hand));
    }

    /// Gives the hand of a consumer up that panics; the item in it comes back.
    pub(super) fn die(&self, hand: &Hand) {
        self.return_item(|hands| hands.die(hand));
    }

    fn return_item(&self, change: impl FnOnce(Hands<'_>)) {
        // Where even that lock cannot be had, the end of this process gives the hand up.
        if let Ok(head) = self.ring.lock_head(Some(Instant::now() + 10 * LOCK_TIME)) {
            self.hands().settle(&self.ring);
            change(self.hands());
            drop(head);
            self.getters().notify_any();
        }
    }

    pub(super) fn claim(&self, deadline: Option<Instant>) -> Result<Hand> {
        let _head = self.ring.lock_head(lock_deadline(deadline))?;
        self.hands().claim()
    }

    /// Takes back what lies in the hands of processes that have ended.
    pub(super) fn reap(&self) -> Result<()> {
        let head = self.ring.lock_head(Some(Instant::now() + LOCK_TIME))?;
        self.hands().settle(&self.ring);
        let found = self.hands().reap(true);
        drop(head);
        if found || self.state() != 0 {
            self.getters().notify_all();
        }
        Ok(())
    }

    /// How many items wait.
    pub(super) fn len(&self) -> Result<usize> {
        if self.state() & state::GONE != 0 {
            return Err(Error::Closed);
        }
        if self.bound == Some(0) {
            // What is passed from hand to hand never lies there.
            return Ok(0);
        }
        if self.hands().are_busy() || self.hands().returned().load(Ordering::SeqCst) != 0 {
            self.reap()?;
            let _head = self.ring.lock_head(Some(Instant::now() + LOCK_TIME))?;
            return Ok((self.ring.len() + self.returned()) as usize);
        }
        Ok(self.ring.len() as usize)
    }

    /// Closes the queue, and what this thread has in its hands is done.
    pub(super) fn close(&self) -> Result<()> {
        if self.state() & state::GONE != 0 {
            return Err(Error::Closed);
        }
        // A put that is under way is in the queue before it is closed.
        let tail = self.ring.lock_tail(Some(Instant::now() + 10 * LOCK_TIME))?;
        self.region().atomic::<AtomicU32>(place::STATE).fetch_or(state::CLOSED, Ordering::SeqCst);
        drill!();
        drop(tail);
        self.hands().done_by_this_thread()?;
        self.set(state::CLOSED);
        Ok(())
    }

    /// The creator is gone.
    pub(super) fn set_gone(&self) {
        self.set(state::GONE);
    }

    /// No handle is left that could put.
    pub(super) fn set_alone(&self) {
        self.set(state::ALONE);
    }

    /// Takes out one item that killed its consumers.
    pub(super) fn take_dead(&self, bytes: &mut Vec<u8>) -> Result<Option<Kind>> {
        let _head = self.ring.lock_head(Some(Instant::now() + 10 * LOCK_TIME))?;
        self.hands().settle(&self.ring);
        self.hands().take_dead(bytes)
    }

    /// Whether a record of that kind and content waits, or lies in a hand.
    pub(super) fn contains(&self, kind: Kind, content: &[u8]) -> Result<bool> {
        let head = self.ring.lock_head(Some(Instant::now() + LOCK_TIME))?;
        Ok(head.contains(kind, content)? || self.hands().contain(kind, content)?)
    }
}

/// How long a call waits for a lock: for ever if it may wait for ever, else a little beyond its time.
fn lock_deadline(deadline: Option<Instant>) -> Option<Instant> {
    deadline.map(|deadline| deadline.max(Instant::now() + LOCK_TIME))
}

/// The first slice of a wait is short enough for a look at who is left.
const _: () = assert!(SLICE.as_millis() <= 100);
