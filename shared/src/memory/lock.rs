//! A lock in shared memory that no death can keep.
//!
//! The lock is a word with the number of the thread that holds it (0: nobody), as the kernel's
//! priority-inheriting futexes have it. Taking and releasing a free lock is one instruction. A thread
//! that has to wait tells the kernel, which reads in the word whom to wait for. When that thread ends,
//! in whatever way, the kernel passes the lock on at once and says so. Of a thread that is already
//! gone it says that there is none.
//!
//! The kernel cannot know that a number belongs to another thread by now, one that came after the
//! holder had died while nobody waited. So the holder also notes its start time, and a waiter
//! compares now and then.

use super::owner::{self, Life, Owner};
use super::region::Region;
use super::wait::{SLICE, until_clock};
use crate::{Error, Result};
use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};
use rustix::time::ClockId;
use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a waiter looks before it tells the kernel.
const SPINS: u32 = 100;

/// The bits of the word that hold a thread's number.
const THREAD: u32 = 0x3fff_ffff;

/// The lock at two places of a region's header.
#[derive(Clone, Copy)]
pub(crate) struct Lock<'a> {
    region: &'a Region,
    /// The holder's number, and what the kernel adds.
    word: &'a AtomicU32,
    /// The last holder.
    holder: &'a AtomicU64,
}

/// How a lock was got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Got {
    Free,
    /// Its last holder died while it held the lock.
    FromDead,
}

impl<'a> Lock<'a> {
    /// The lock whose 16 bytes begin at `place`.
    pub(crate) fn new(region: &'a Region, place: usize) -> Lock<'a> {
        Lock { region, word: region.atomic(place), holder: region.atomic(place + 8) }
    }

    /// Waits for the lock until the deadline, or for ever, and says how it was got.
    /// [`Error::Timeout`] at the deadline; [`Error::Deadlock`] when this thread holds it already.
    pub(crate) fn lock(self, deadline: Option<Instant>) -> Result<Got> {
        let me = owner::thread();
        let got = if self.try_word(me) { Got::Free } else { self.wait(me, deadline)? };
        drill!();
        self.holder.store(me, Ordering::Relaxed);
        drill!();
        Ok(got)
    }

    /// Takes the lock if it is free.
    pub(crate) fn try_lock(self) -> bool {
        let me = owner::thread();
        let got = self.try_word(me);
        if got {
            drill!();
            self.holder.store(me, Ordering::Relaxed);
        }
        got
    }

    fn try_word(self, me: Owner) -> bool {
        let number = owner::number(me);
        self.word.compare_exchange(0, number, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Releases the lock, and lets the next waiter have it.
    pub(crate) fn unlock(self) {
        let me = owner::number(owner::thread());
        if self.word.compare_exchange(me, 0, Ordering::Release, Ordering::Relaxed).is_ok() {
            drill!();
            return;
        }
        loop {
            match futex::unlock_pi(self.word, Flags::empty()) {
                // Some still wait for the last owner of our number; they soon look again.
                Err(Errno::INVAL) => thread::sleep(Duration::from_millis(1)),
                Err(Errno::AGAIN | Errno::INTR) => {}
                _ => return,
            }
        }
    }

    fn wait(self, me: Owner, deadline: Option<Instant>) -> Result<Got> {
        for _ in 0..SPINS {
            if self.word.load(Ordering::Relaxed) == 0 && self.try_word(me) {
                return Ok(Got::Free);
            }
            std::hint::spin_loop();
        }
        loop {
            let now = Instant::now();
            let end = deadline.map_or(now + SLICE, |deadline| deadline.min(now + SLICE));
            match lock_pi(self.word, end) {
                Ok(()) | Err(Errno::OWNERDEAD) => {
                    drill!();
                    let before = self.word.fetch_and(!futex::OWNER_DIED, Ordering::Acquire);
                    let died = before & futex::OWNER_DIED != 0;
                    return Ok(if died { Got::FromDead } else { Got::Free });
                }
                // The number in the word is ours. Either we hold it, or a dead thread had our number.
                Err(Errno::DEADLK) if self.holder.load(Ordering::Acquire) == me => {
                    return Err(Error::Deadlock);
                }
                Err(Errno::DEADLK) => return Ok(Got::FromDead),
                // There is no such thread, and nobody waits: the first to say so has the lock.
                Err(Errno::SRCH) => {
                    let word = self.word.load(Ordering::Acquire);
                    if word != 0 && is_gone(word & THREAD) && self.take_from(word, me) {
                        return Ok(Got::FromDead);
                    }
                }
                Err(Errno::TIMEDOUT) => {
                    let word = self.word.load(Ordering::Acquire);
                    if word != 0 && self.is_stale(word & THREAD) && self.take_from(word, me) {
                        return Ok(Got::FromDead);
                    }
                }
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::INVAL) => thread::sleep(Duration::from_millis(1)),
                Err(errno) => return Err(Error::io("a lock could not be waited for")(errno)),
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(Error::Timeout);
            }
        }
    }

    fn take_from(self, word: u32, me: Owner) -> bool {
        let me = owner::number(me);
        self.word.compare_exchange(word, me, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Whether the number in the word is provably that of another thread than the holder.
    fn is_stale(self, number: u32) -> bool {
        let holder = self.holder.load(Ordering::Acquire);
        if owner::number(holder) == number && owner::life(holder) == Life::Ended {
            return true;
        }
        // Started in the same hundredth of a second, or killed before it could note itself.
        !self.may_have_region(number)
    }

    /// Whether a thread's process may have this memory; without it a thread cannot hold the lock.
    fn may_have_region(self, number: u32) -> bool {
        let inode = format!(" {} ", self.region.inode());
        match fs::read_to_string(format!("/proc/{number}/maps")) {
            // A process that is just ending has none.
            Ok(maps) => maps.is_empty() || maps.contains(&inode),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }
}

fn is_gone(number: u32) -> bool {
    matches!(owner::started(number), Ok(None))
}

static LOCK_PI_IS_OLD: AtomicBool = AtomicBool::new(false);

/// Waits in the kernel. Kernels before 5.14 have an older call, which waits by the wall clock; a
/// clock that is set meanwhile makes one slice longer or shorter.
fn lock_pi(word: &AtomicU32, end: Instant) -> Result<(), Errno> {
    if !LOCK_PI_IS_OLD.load(Ordering::Relaxed) {
        let end = until_clock(ClockId::Monotonic, end);
        match futex::lock_pi2(word, Flags::empty(), Some(&end)) {
            Err(Errno::NOSYS) => LOCK_PI_IS_OLD.store(true, Ordering::Relaxed),
            result => return result,
        }
    }
    futex::lock_pi(word, Flags::empty(), Some(&until_clock(ClockId::Realtime, end)))
}

/// Asks once whether this system has such locks at all, so that it is told when something is made,
/// and not when two processes first meet.
pub(crate) fn check_support() -> Result<()> {
    static SUPPORT: OnceLock<Result<(), Errno>> = OnceLock::new();
    let try_it = || {
        let word = AtomicU32::new(0);
        lock_pi(&word, Instant::now() + SLICE)?;
        futex::unlock_pi(&word, Flags::empty())
    };
    let doing = "this system refuses the locks that processes share (futex: LOCK_PI)";
    SUPPORT.get_or_init(try_it).map_err(Error::io(doing))
}
