//! Waiting for results, and who does the work of handing out tasks and taking results meanwhile.
//!
//! The state is under one lock of the creator's process, so no process that could die has a part in
//! it. Whoever waits for a result does the work: the first that waits leads, and sleeps until a
//! worker wakes it; others follow, and sleep until the leader has something. Where nobody waits,
//! the supervisor does it.

use super::job::TaskId;
use super::lane::Memory;
use super::member::{Load, Member};
use super::state::State;
use crate::memory::wait::{Slices, Spin};
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a leader sleeps at first that is to be woken only when much has come.
const LOOK_TIME: Duration = Duration::from_millis(1);

pub(super) struct Scheduler {
    pub(super) memory: Memory,
    state: Mutex<State>,
    followers: Condvar,
}

impl Scheduler {
    pub(super) fn new(memory: Memory, members: Vec<Member>, retries: u32) -> Scheduler {
        let state = State::new(members, retries);
        Scheduler { memory, state: Mutex::new(state), followers: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code of a user's runs under it, so no panic leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is found, or until the deadline. Meanwhile results are taken, and
    /// tasks handed out. `is_single` says that the wait is for one certain task.
    pub(super) fn wait<R>(
        &self,
        is_single: bool,
        deadline: Option<Instant>,
        mut find: impl FnMut(&mut State) -> Option<R>,
    ) -> Option<R> {
        thread_local!(static SPIN: Spin = Spin::default());
        let mut state = self.lock();
        state.joining += usize::from(is_single);
        let (mut slices, mut look) = (Slices::until(deadline), LOOK_TIME);
        let found = loop {
            if state.pump() {
                self.tell(&state);
                (slices, look) = (Slices::until(deadline), LOOK_TIME);
            }
            if let Some(found) = find(&mut state) {
                break Some(found);
            }
            let Some(time) = slices.next() else { break None };
            let is_eager = state.set_wakes();
            if state.is_led {
                state.following += 1;
                let waited = self.followers.wait_timeout(state, time);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                state.following -= 1;
                continue;
            }
            state.is_led = true;
            let news = state.news;
            drop(state);
            self.memory.wanted().store(0, Ordering::SeqCst);
            if !(is_eager && SPIN.with(|spin| spin.until(|| self.memory.has_results()))) {
                self.sleep(is_eager, news, if is_eager { time } else { time.min(look) });
                look *= 2;
            }
            state = self.lock();
            state.is_led = false;
        };
        state.joining -= usize::from(is_single);
        if is_single && state.following == 0 {
            self.hand_to_supervisor(&state);
        }
        // Another that waits leads now.
        if state.following > 0 {
            self.followers.notify_one();
        }
        found
    }

    /// Sleeps until a worker says that something has come, or somebody else has told it.
    fn sleep(&self, is_eager: bool, news: u64, time: Duration) {
        let seen = self.memory.callers().prepare();
        let state = self.lock();
        let mut members = state.members.iter();
        let is_due = if is_eager {
            self.memory.has_results()
        } else {
            members.any(|member| member.has_results() && member.lane.lease().unclaimed() == 0)
        };
        let is_due = is_due || state.news != news;
        drop(state);
        if !is_due {
            self.memory.callers().sleep(seen, time);
        }
    }

    /// Has the workers wake the supervisor, if there is anything for it to do.
    pub(super) fn hand_to_supervisor(&self, state: &State) {
        if state.is_led {
            return;
        }
        let is_wanted = state.has_unbegun();
        let before = self.memory.wanted().swap(u32::from(is_wanted), Ordering::SeqCst);
        // A worker may have had nothing to do before it could see that.
        if is_wanted && before == 0 && state.has_idle() {
            self.memory.supervisor().notify_one();
        }
    }

    /// Wakes those that wait in this process, since something has come.
    fn tell(&self, state: &State) {
        if state.following > 0 {
            self.followers.notify_all();
        }
        if state.members.iter().any(Member::is_worn) {
            self.memory.supervisor().notify_all();
        }
    }

    /// After a change that no worker tells: the leader looks, too.
    pub(super) fn tell_all(&self, state: &mut State) {
        state.news += 1;
        self.tell(state);
        self.memory.callers().notify_any();
        self.hand_to_supervisor(state);
    }

    /// Adds tasks, and hands them out. Says how things stand.
    pub(super) fn submit(
        &self,
        tasks: impl IntoIterator<Item = (TaskId, Load)>,
    ) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        for (task, load) in tasks {
            match state.check() {
                Ok(()) => state.plan.add(task, load),
                Err(error) => state.settle(task, error),
            }
        }
        state.hand_out();
        state
    }
}
