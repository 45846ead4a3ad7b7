//! Everything that a pool's creator knows: the tasks, the workers, and what has come.
//!
//! It changes under the scheduler's lock, and no code of a user's runs meanwhile.

use super::job::{ALONE, Plan, TaskId};
use super::lane::ready;
use super::member::{Doom, FEW, Load, Member, Outcome};
use super::sink::Sink;
use crate::memory::word::low;
use crate::process::worker::Function;
use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

fn sink_of(task: TaskId) -> usize {
    if task.job == ALONE { task.item } else { task.job }
}

pub(super) struct State {
    pub(super) plan: Plan<Load>,
    pub(super) members: Vec<Member>,
    pub(super) sinks: HashMap<usize, Sink>,
    next: usize,
    pub(super) is_led: bool,
    pub(super) following: usize,
    /// How many wait for one certain task.
    pub(super) joining: usize,
    /// Why nothing is taken any more.
    broken: Option<String>,
    pub(super) is_closed: bool,
    /// How often something has come that no worker tells of.
    pub(super) news: u64,
    /// Room for results that nobody wants.
    spare: Vec<u8>,
}

impl State {
    pub(super) fn new(members: Vec<Member>, retries: u32) -> State {
        State {
            plan: Plan::new(members.len(), retries),
            members,
            sinks: HashMap::new(),
            next: ALONE + 1,
            is_led: false,
            following: 0,
            joining: 0,
            broken: None,
            is_closed: false,
            news: 0,
            spare: Vec::new(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        match &self.broken {
            _ if self.is_closed => Err(Error::Closed),
            Some(reason) => Err(Error::Broken { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    /// A new job, or the number of a task that stands alone.
    pub(super) fn add_sink(&mut self, function: Function) -> usize {
        let number = self.next;
        self.next += 1;
        self.sinks.insert(number, Sink::new(function));
        number
    }

    /// Takes in what has come, and hands out what waits. Says whether anything has come.
    pub(super) fn pump(&mut self) -> bool {
        let mut has_come = false;
        for index in 0..self.members.len() {
            has_come |= self.drain(index);
        }
        self.hand_out();
        has_come
    }

    /// Takes in the results of one worker.
    pub(super) fn drain(&mut self, index: usize) -> bool {
        let mut count = 0;
        let mut current: Option<(usize, Sink)> = None;
        while let Some(task) = self.plan.hand(index).front().copied() {
            let key = sink_of(task);
            if current.as_ref().is_none_or(|(known, _)| *known != key) {
                self.sinks.extend(current.take());
                current = self.sinks.remove(&key).map(|sink| (key, sink));
            }
            let mut spare = std::mem::take(&mut self.spare);
            let bytes = current.as_mut().map_or(&mut spare, |(_, sink)| &mut sink.bytes);
            let outcome = self.members[index].next_result(bytes);
            spare.clear();
            self.spare = spare;
            let Some(outcome) = outcome else { break };
            count += 1;
            self.plan.done(index);
            if let Some((_, sink)) = &mut current {
                sink.push(task, outcome);
            }
        }
        self.sinks.extend(current);
        if count > 0 {
            self.members[index].note_results(count);
        }
        count > 0
    }

    /// Notes what came of a task that a worker did not tell of.
    pub(super) fn settle(&mut self, task: TaskId, error: Error) {
        if let Some(sink) = self.sinks.get_mut(&sink_of(task)) {
            sink.push(task, Outcome::Error(error));
        }
    }

    /// Gives waiting tasks to workers that have room; where none waits, an idle worker gets what
    /// another has not begun.
    pub(super) fn hand_out(&mut self) {
        for index in 0..self.members.len() {
            // They take longer than was thought, so others would wait behind them.
            let depth = self.members[index].depth();
            if self.plan.hand(index).len() > 4 * depth {
                self.take_back(index, depth);
            }
        }
        loop {
            let share = self.plan.waiting().div_ceil(2 * self.members.len());
            let mut given = 0;
            // Those that have the least come first.
            for least in 0..=FEW {
                for index in 0..self.members.len() {
                    if least == FEW || self.plan.hand(index).len() == least {
                        given += self.fill(index, if least == FEW { share } else { 1 });
                    }
                }
            }
            if given == 0 && !self.steal() {
                break;
            }
        }
        // Only now: one that is woken for its first task would sleep again before the next.
        for member in &mut self.members {
            if std::mem::take(&mut member.is_to_wake) {
                member.lane.waiters().notify_one();
            }
        }
    }

    /// Gives a worker up to so many tasks.
    fn fill(&mut self, index: usize, count: usize) -> usize {
        let count = count.min(self.members[index].room());
        let mut given = 0;
        while given < count
            && self.plan.peek().is_some_and(|load| self.members[index].fits(load))
            && let Some((task, load)) = self.plan.give(index)
        {
            given += 1;
            if let Err(error) = self.members[index].give(load) {
                let kept = self.plan.hand(index).len() - 1;
                self.plan.take_back(index, kept);
                self.settle(task, error);
                break;
            }
        }
        self.members[index].is_to_wake |= given > 0;
        given
    }

    /// Takes half of what another has not begun, for an idle worker.
    fn steal(&mut self) -> bool {
        let is_ready = |member: &Member| member.lane.ready().load(Ordering::SeqCst) == ready::YES;
        let is_idle = |index: &usize| {
            let member = &self.members[*index];
            self.plan.hand(*index).is_empty() && member.room() > 0 && is_ready(member)
        };
        let thief = (0..self.members.len()).find(is_idle).filter(|_| self.plan.waiting() == 0);
        let Some(thief) = thief else { return false };
        let spare = |index: usize| {
            let member = &self.members[index];
            let unclaimed = member.lane.lease().unclaimed() as usize;
            // One that is about to begin its only task keeps it.
            let hand = self.plan.hand(index).len();
            unclaimed.min(hand.saturating_sub(usize::from(is_ready(member)).max(member.least())))
        };
        let victim = (0..self.members.len()).max_by_key(|index| spare(*index));
        let Some((victim, count)) = victim.map(|index| (index, spare(index))) else { return false };
        let kept = self.plan.hand(victim).len() - count.div_ceil(2);
        // The thief is the first to get it, so it is idle no more.
        count > 0 && self.take_back(victim, kept) && self.fill(thief, count.div_ceil(2)) > 0
    }

    /// Takes back what a worker has not begun, but for the oldest `kept`.
    pub(super) fn take_back(&mut self, index: usize, kept: usize) -> bool {
        let kept = self.members[index].revoke(kept);
        let tasks = self.plan.take_back(index, kept);
        let loads = self.members[index].unload(kept);
        let has_any = !tasks.is_empty();
        self.put_back(tasks.into_iter().zip(loads).collect());
        has_any
    }

    /// Stops a task: one that waits never begins; one that runs is doomed. Says whether it was
    /// still to be done.
    pub(super) fn cancel(&mut self, task: TaskId, at: Instant) -> bool {
        for index in 0..self.members.len() {
            self.drain(index);
            let Some(place) = self.plan.hand(index).iter().position(|it| *it == task) else {
                continue;
            };
            self.take_back(index, place);
            if self.plan.hand(index).len() > place {
                self.doom(index, place, at, Error::Cancelled);
                return true;
            }
        }
        self.plan.remove(task)
    }

    /// Stops what is left of a job: what has not begun never does.
    pub(super) fn cancel_job(&mut self, job: usize, at: Instant) {
        self.sinks.remove(&job);
        for index in 0..self.members.len() {
            self.drain(index);
            self.take_back(index, 0);
        }
        self.plan.remove_job(job);
        for index in 0..self.members.len() {
            let place = self.plan.hand(index).iter().position(|task| task.job == job);
            if let Some(place) = place {
                self.doom(index, place, at, Error::Cancelled);
            }
        }
        self.hand_out();
    }

    /// A task that is begun, or about to, is to be stopped; nothing else is begun there before.
    pub(super) fn doom(&mut self, index: usize, place: usize, at: Instant, why: Error) {
        self.take_back(index, place + 1);
        let member = &mut self.members[index];
        let claimed = member.done.wrapping_add(low(place as u64) + 1);
        if member.doom.as_ref().is_none_or(|doom| doom.at > at) {
            member.doom = Some(Doom { at, claimed, why });
        }
    }

    /// Says at which results the workers are to wake the leader, and whether that is at each.
    pub(super) fn set_wakes(&self) -> bool {
        let most = (0..self.members.len()).map(|index| self.plan.hand(index).len()).max();
        let is_eager = self.joining > 0 || most.is_none_or(|most| most <= FEW);
        for (index, member) in self.members.iter().enumerate() {
            let ahead = if is_eager { 1 } else { self.plan.hand(index).len().div_ceil(2) };
            member
                .lane
                .wake()
                .store(member.done.wrapping_add(low(ahead as u64)), Ordering::Relaxed);
        }
        is_eager
    }

    pub(super) fn is_in_hand(&self, task: TaskId) -> bool {
        (0..self.members.len()).any(|index| self.plan.hand(index).contains(&task))
    }

    pub(super) fn has_unbegun(&self) -> bool {
        self.plan.waiting() > 0 || (0..self.members.len()).any(|it| self.plan.hand(it).len() > 1)
    }

    pub(super) fn has_idle(&self) -> bool {
        self.members.iter().any(|member| member.lane.lease().unclaimed() == 0)
    }

    /// The worker of a lane has ended. What it had not begun goes to others; the task that it was
    /// in has failed, or may begin again.
    pub(super) fn bury(&mut self, index: usize, name: &str, exit_code: i32) {
        self.drain(index);
        let member = &mut self.members[index];
        let process = name.to_owned();
        let end = if exit_code < 0 {
            Error::Killed { process, signal: -exit_code }
        } else {
            Error::Exited { process, exit_code }
        };
        let reason = member.why_broken(&end);
        let has_begun = member.lane.lease().claimed != member.done;
        let doom = member.doom.take().filter(|doom| doom.claimed == member.done.wrapping_add(1));
        let loads = member.unload(0);
        member.leave();
        let mut tasks: Vec<_> = self.plan.take_back(index, 0).into_iter().zip(loads).collect();
        if (has_begun || doom.is_some()) && !tasks.is_empty() {
            let (task, load) = tasks.remove(0);
            match (doom, load) {
                (Some(doom), _) => self.settle(task, doom.why),
                (None, Some(load)) if self.plan.may_begin_again(task) => {
                    tasks.insert(0, (task, Some(load)));
                }
                _ => self.settle(task, end),
            }
        }
        self.put_back(tasks);
        if let Some(reason) = reason {
            self.break_with(&reason);
        }
    }

    /// Tasks that were in a lane wait again. One whose channel ends have moved cannot.
    fn put_back(&mut self, tasks: Vec<(TaskId, Option<Load>)>) {
        for (task, load) in tasks.into_iter().rev() {
            match load {
                Some(load) => self.plan.put_back(task, load),
                None => self.settle(task, Error::Closed),
            }
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// Nothing can be done any more.
    pub(super) fn break_with(&mut self, reason: &str) {
        self.broken.get_or_insert_with(|| reason.to_owned());
        self.end_all(|| Error::Broken { reason: reason.to_owned() });
    }

    /// Nothing is to be done any more.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.end_all(|| Error::Closed);
    }

    /// Ends everything that is not done.
    fn end_all(&mut self, error: impl Fn() -> Error) {
        for index in 0..self.members.len() {
            self.members[index].revoke(0);
            self.drain(index);
        }
        for task in self.plan.clear() {
            self.settle(task, error());
        }
    }
}
