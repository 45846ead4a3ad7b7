//! What a worker does: it claims a task, runs it, and writes how it went, until it is told to end.

use super::lane::{AREA, Kind, Lane, MAX_INLINE, Memory, Strip, ready};
use super::protocol::{Start, now, outcome};
use crate::memory::wait::{Slices, Spin};
use crate::process::guard::Entry;
use crate::process::protocol::ChildReport;
use crate::process::worker::Called;
use crate::transport::message::{self, Endpoint, Message};
use crate::{Error, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many workers share the CPUs with this process, itself among them.
static SIBLINGS: AtomicUsize = AtomicUsize::new(1);

/// How many workers share the CPUs with this process, itself among them: 1 where it is none.
pub(super) fn siblings() -> usize {
    SIBLINGS.load(Ordering::Relaxed)
}

/// What a process does that was started as a worker.
pub(crate) fn run(entries: &[Entry], args: Message) -> ChildReport {
    match Worker::start(entries, args).and_then(|worker| worker.map_or(Ok(()), Worker::work)) {
        Ok(()) => ChildReport::Returned { value: Message::default(), failed: false },
        Err(error) => ChildReport::Failed(error.to_string()),
    }
}

struct Worker<'a> {
    entries: &'a [Entry],
    memory: Memory,
    lane: Lane,
    start: Start,
    /// Up to where it has read its tasks, and written results.
    place: usize,
    tail: usize,
    done: u32,
    spin: Spin,
}

impl Worker<'_> {
    /// Prepares a worker; `None` when its initializer has failed, which is told.
    fn start(entries: &[Entry], args: Message) -> Result<Option<Worker<'_>>> {
        let mut start: Start = message::decode(args)?;
        SIBLINGS.store(start.siblings, Ordering::Relaxed);
        let memory = Memory::open(start.memory.0.clone(), start.workers)?;
        let lane = memory.lane(start.lane)?;
        let (place, tail, done, spin) = Default::default();
        let init = start.init.take();
        let mut worker = Worker { entries, memory, lane, start, place, tail, done, spin };
        if let Some((function, args)) = init {
            let (body, ends) = args.into_parts();
            let reason = match worker.call(function, &body, ends, Vec::new()) {
                Called::Value(..) => None,
                Called::Panicked(message) => Some(format!("its initializer panicked: {message}")),
                Called::Failed(reason) => Some(format!("its initializer failed: {reason}")),
            };
            if let Some(reason) = reason {
                // In this order: why is not to be taken for a result of a task.
                worker.lane.ready().store(ready::FAILED, Ordering::SeqCst);
                worker.put(Kind::Plain, outcome::FAILED, cut(&reason))?;
                return Ok(None);
            }
        }
        worker.lane.ready().store(ready::YES, Ordering::SeqCst);
        worker.notify(false);
        Ok(Some(worker))
    }

    fn work(mut self) -> Result<()> {
        let (mut args, mut room) = (Vec::new(), Vec::new());
        while self.wait_for_task() {
            if self.start.timed {
                self.lane.since().store(now(), Ordering::SeqCst);
            }
            drill!();
            if !self.lane.claim() {
                continue;
            }
            drill!();
            args.clear();
            let (task, end) = self.lane.tasks.read(self.place, &mut args)?;
            self.place = end;
            let mut ends = Vec::new();
            if task.kind == Kind::Moved {
                let moved = self.start.requests.recv(None)?.ok_or(Error::Closed)?;
                (args, ends) = moved.into_parts();
            }
            drill!();
            let called = self.call(task.tag, &args, ends, std::mem::take(&mut room));
            room = self.report(called)?;
            room.clear();
            if args.capacity().max(room.capacity()) > AREA {
                (args, room) = Default::default();
            }
        }
        Ok(())
    }

    /// Waits for a task; says no when there will be none.
    fn wait_for_task(&self) -> bool {
        let is_there =
            || self.lane.lease().unclaimed() > 0 || self.memory.stop().load(Ordering::SeqCst) != 0;
        if !self.spin.until(is_there) {
            self.sleep_until(is_there, || {});
        }
        self.lane.lease().unclaimed() > 0
    }

    fn sleep_until(&self, is_there: impl Fn() -> bool, before_sleep: impl Fn()) {
        let mut slices = Slices::until(None);
        loop {
            let seen = self.lane.waiters().prepare();
            if is_there() {
                return;
            }
            before_sleep();
            if let Some(time) = slices.next() {
                self.lane.waiters().sleep(seen, time);
            }
        }
    }

    fn call(&self, function: u32, args: &[u8], ends: Vec<Endpoint>, room: Vec<u8>) -> Called {
        match self.entries.get(function as usize) {
            Some(entry) => entry.call(args, ends, room),
            None => Called::Failed("the guard that it met does not list the function".to_owned()),
        }
    }

    /// Writes how a task went, and gives the room for bytes back.
    fn report(&mut self, called: Called) -> Result<Vec<u8>> {
        match called {
            Called::Value(bytes, ends) if ends.is_empty() => {
                let is_long = bytes.len() > MAX_INLINE;
                let kind = if is_long { Kind::Long } else { Kind::Plain };
                match self.put(kind, outcome::VALUE, &bytes) {
                    Ok(()) => Ok(bytes),
                    Err(error) if is_long => {
                        self.put(Kind::Plain, outcome::FAILED, cut(&error.to_string()))?;
                        Ok(bytes)
                    }
                    Err(error) => Err(error),
                }
            }
            Called::Value(bytes, ends) => {
                self.wait_for_room(AREA);
                match self.start.replies.send_single(Message::new(bytes, ends)) {
                    Ok(()) => self.put(Kind::Moved, outcome::VALUE, &[])?,
                    Err(error) => {
                        self.put(Kind::Plain, outcome::FAILED, cut(&error.to_string()))?;
                    }
                }
                Ok(Vec::new())
            }
            Called::Panicked(message) => {
                self.put(Kind::Plain, outcome::PANICKED, cut(&message))?;
                Ok(Vec::new())
            }
            Called::Failed(reason) => {
                self.put(Kind::Plain, outcome::FAILED, cut(&reason))?;
                Ok(Vec::new())
            }
        }
    }

    /// Writes a result. It waits while the creator has not read enough of those before.
    fn put(&mut self, kind: Kind, tag: u32, bytes: &[u8]) -> Result<()> {
        let end = Strip::span(self.tail, kind, bytes.len()).1;
        // What lies far off, or in a channel, is one at a time.
        self.wait_for_room(if kind == Kind::Plain { end - self.tail } else { AREA });
        self.lane.results.write(self.tail, kind, tag, bytes)?;
        self.tail = end;
        self.done = self.done.wrapping_add(1);
        self.lane.tail().store(end, Ordering::SeqCst);
        drill!();
        let used = self.tail - self.lane.head().load(Ordering::Relaxed);
        if self.lane.lease().unclaimed() == 0 {
            self.notify(false);
        } else if self.done == self.lane.wake().load(Ordering::Relaxed) || used > AREA / 2 {
            self.memory.callers().notify_one();
        }
        Ok(())
    }

    fn wait_for_room(&self, room: usize) {
        let used = || self.tail - self.lane.head().load(Ordering::SeqCst);
        if used() + room > AREA {
            self.sleep_until(|| used() + room <= AREA, || self.notify(true));
        }
    }

    /// Wakes the caller that waits for results; where none does, the supervisor if it is to know.
    fn notify(&self, is_urgent: bool) {
        self.memory.callers().notify_one();
        if is_urgent || self.memory.wanted().load(Ordering::SeqCst) != 0 {
            self.memory.supervisor().notify_one();
        }
        drill!();
    }
}

/// As much of a text as fits a record.
fn cut(text: &str) -> &[u8] {
    &text.as_bytes()[..text.floor_char_boundary(MAX_INLINE)]
}
