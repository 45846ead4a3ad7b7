//! The values of a function over an iterator, as they come.

use super::job::TaskId;
use super::member::{Load, Outcome};
use super::scheduler::Scheduler;
use super::sink::Sink;
use super::state::State;
use super::task::value;
use crate::process::worker::Function;
use crate::transport::message::Endpoint;
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fmt;
use std::iter::{Fuse, FusedIterator};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How an item becomes the arguments of a task.
pub(super) type Encode<T> = fn(T) -> Result<(Vec<u8>, Vec<Endpoint>)>;

/// How long tasks that run may go on when nobody wants their values, before they are stopped. Most
/// end by themselves, and their worker need not be replaced.
const GRACE: Duration = Duration::from_millis(10);

/// How many tasks are handed over at a time, and how many bytes, at most.
const MAX_BATCH: usize = 2048;
const MAX_BATCH_BYTES: usize = 64 * 1024;

/// The values of a function over an iterator, each an item's own [`Result`]; made by
/// [`Pool::imap`](crate::Pool::imap), [`imap_unordered`](crate::Pool::imap_unordered) and
/// [`starmap`](crate::Pool::starmap)'s lazy form.
///
/// It takes from its source only what is soon needed: see [`look_ahead`](Imap::look_ahead). When it
/// is dropped, what has not begun never does, and what still runs after 10 ms is stopped.
#[must_use = "an iterator does nothing until it is asked"]
pub struct Imap<'pool, I: Iterator, R> {
    scheduler: &'pool Arc<Scheduler>,
    source: Fuse<I>,
    encode: Encode<I::Item>,
    job: usize,
    function: Function,
    /// Its place in the guard's list.
    place: u32,
    is_ordered: bool,
    look_ahead: Option<usize>,
    /// How many items keep the workers busy, as it was last known, and how many may be on their way
    /// at first.
    limit: usize,
    least: usize,
    taken: usize,
    given: usize,
    /// What has come and was not given yet; in order, with places for what has not come.
    ready: VecDeque<Option<Result<R>>>,
    is_pulled: bool,
}

impl<'pool, I: Iterator, R: DeserializeOwned> Imap<'pool, I, R> {
    pub(super) fn new(
        scheduler: &'pool Arc<Scheduler>,
        source: I,
        encode: Encode<I::Item>,
        function: Function,
        place: u32,
        is_ordered: bool,
    ) -> Result<Imap<'pool, I, R>> {
        let mut state = scheduler.lock();
        state.check()?;
        let job = state.add_sink(function);
        let (limit, least) = (limit(&state), 4 * state.members.len());
        drop(state);
        Ok(Imap {
            scheduler,
            source: source.fuse(),
            encode,
            job,
            function,
            place,
            is_ordered,
            look_ahead: None,
            limit,
            least,
            taken: 0,
            given: 0,
            ready: VecDeque::new(),
            is_pulled: false,
        })
    }

    /// Takes at most so many items (at least one) beyond the values that it has given. By default
    /// these are four for each worker at first, and then up to twice as many as it has given, but no
    /// more than what keeps the workers busy for about two milliseconds.
    pub fn look_ahead(mut self, items: usize) -> Imap<'pool, I, R> {
        self.look_ahead = Some(items.max(1));
        self
    }

    /// How many items may be on their way now.
    fn ahead(&self) -> usize {
        self.look_ahead.unwrap_or((self.least + 2 * self.given).min(self.limit))
    }

    fn on_their_way(&self) -> usize {
        self.taken - self.given
    }

    /// Takes items from the source, and hands them over, as many as may be on their way.
    fn pull(&mut self) {
        self.scheduler.memory.wanted().store(0, Ordering::SeqCst);
        let limit = self.ahead();
        while !self.is_pulled && self.on_their_way() < limit {
            let count = (limit / 4).clamp(1, MAX_BATCH).min(limit - self.on_their_way());
            let (mut batch, mut bytes) = (Vec::with_capacity(count), 0);
            while batch.len() < count && bytes < MAX_BATCH_BYTES {
                let Some(item) = self.source.next() else {
                    self.is_pulled = true;
                    break;
                };
                let task = TaskId { job: self.job, item: self.taken };
                self.taken += 1;
                match (self.encode)(item) {
                    Ok((body, ends)) => {
                        bytes += body.len();
                        batch.push((task, Load { function: self.place, body, ends }));
                    }
                    Err(error) => {
                        let function = self.function.name();
                        let (item, error) = (Some(task.item), Box::new(error));
                        self.keep(task.item, Err(Error::Task { function, item, error }));
                    }
                }
            }
            if !batch.is_empty() {
                drop(self.scheduler.submit(batch));
            }
        }
    }

    /// Waits until something has come, and takes all of it.
    fn take(&mut self) {
        let job = self.job;
        let came = self.scheduler.wait(false, None, |state| {
            let limit = limit(state);
            let sink = state.sinks.get_mut(&job)?;
            let function = sink.function;
            (!sink.outcomes.is_empty())
                .then(|| (std::mem::replace(sink, Sink::new(function)), limit))
        });
        let Some((sink, limit)) = came else { return };
        self.limit = limit;
        let mut bytes = sink.bytes.as_slice();
        for (item, outcome) in sink.outcomes {
            let length = if let Outcome::Value(length) = outcome { length } else { 0 };
            let (own, rest) = bytes.split_at(length.min(bytes.len()));
            bytes = rest;
            self.keep(item, value(outcome, own, sink.function, Some(item)));
        }
    }

    fn keep(&mut self, item: usize, value: Result<R>) {
        if !self.is_ordered {
            self.ready.push_back(Some(value));
            return;
        }
        let place = item - self.given;
        if self.ready.len() <= place {
            self.ready.resize_with(place + 1, || None);
        }
        self.ready[place] = Some(value);
    }
}

/// How many items keep the workers busy: twice what may lie ready for them.
fn limit(state: &State) -> usize {
    2 * state.members.iter().map(super::member::Member::depth).sum::<usize>()
}

impl<I: Iterator, R: DeserializeOwned> Iterator for Imap<'_, I, R> {
    type Item = Result<R>;

    /// Waits for the next value: [`Imap`] says of which item, and errors name theirs.
    fn next(&mut self) -> Option<Result<R>> {
        let mut has_worked = false;
        loop {
            if self.on_their_way() < self.ahead().div_ceil(2) {
                self.pull();
                has_worked = true;
            }
            if let Some(value) = self.ready.front_mut().and_then(Option::take) {
                self.ready.pop_front();
                self.given += 1;
                if has_worked {
                    // Until this is called again.
                    self.scheduler.hand_to_supervisor(&self.scheduler.lock());
                }
                return Some(value);
            }
            if self.on_their_way() == 0 {
                return None;
            }
            self.pull();
            if self.ready.front().is_none_or(Option::is_none) {
                self.take();
                has_worked = true;
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let own = self.on_their_way();
        let (least, most) = self.source.size_hint();
        (least.saturating_add(own), most.and_then(|most| most.checked_add(own)))
    }
}

/// It knows its length where its source does.
impl<I: ExactSizeIterator, R: DeserializeOwned> ExactSizeIterator for Imap<'_, I, R> {}

impl<I: Iterator, R: DeserializeOwned> FusedIterator for Imap<'_, I, R> {}

impl<I: Iterator, R> Drop for Imap<'_, I, R> {
    fn drop(&mut self) {
        let mut state = self.scheduler.lock();
        state.cancel_job(self.job, Instant::now() + GRACE);
        self.scheduler.hand_to_supervisor(&state);
        let is_doomed = state.members.iter().any(|member| member.doom.is_some());
        drop(state);
        if is_doomed {
            self.scheduler.memory.supervisor().notify_all();
        }
    }
}

impl<I: Iterator, R> fmt::Debug for Imap<'_, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Imap")
    }
}
