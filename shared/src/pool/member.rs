//! A worker as its creator sees it: its process, its lane, and what is in its lane.

use super::lane::{AREA, Kind, Lane, MAX_INLINE, Memory, Record, Strip, ready};
use super::protocol::outcome;
use crate::memory::owner;
use crate::memory::word::low;
use crate::transport::channel::{Receiver, Sender};
use crate::transport::message::{self, Endpoint, Message};
use crate::transport::peer::{Dependent, Peer};
use crate::{Error, Process, Result};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What a task is made of, until it is in a lane.
pub(super) struct Load {
    pub(super) function: u32,
    pub(super) body: Vec<u8>,
    pub(super) ends: Vec<Endpoint>,
}

impl Load {
    fn kind(&self) -> Kind {
        match self.body.len() {
            _ if !self.ends.is_empty() => Kind::Moved,
            MAX_INLINE.. => Kind::Long,
            _ => Kind::Plain,
        }
    }
}

/// A task in a lane.
struct Placed {
    start: usize,
    kind: Kind,
    length: u32,
}

/// What came of a task.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A value, so many bytes long, behind those before it.
    Value(usize),
    /// A value that holds channel ends.
    Moved(Message),
    Error(Error),
}

/// Why a task is to be stopped, and when.
pub(super) struct Doom {
    pub(super) at: Instant,
    /// Which of the worker's tasks it is.
    pub(super) claimed: u32,
    pub(super) why: Error,
}

/// How long the tasks that lie ready for a worker take, about.
const AHEAD: Duration = Duration::from_millis(1);

/// How many lie ready at most.
const MAX_DEPTH: usize = 4096;

/// How many tasks in a lane are so few that each result is worth a wake-up.
pub(super) const FEW: usize = 4;

/// How often a worker may die before it is ready, again and again, until the pool is broken.
const MAX_EARLY_DEATHS: u32 = 20;

pub(super) struct Member {
    pub(super) lane: Lane,
    pub(super) process: Option<Process<()>>,
    peer: Option<Arc<Peer>>,
    channels: Option<(Sender, Receiver)>,
    placed: VecDeque<Placed>,
    /// Up to where tasks are written, and results are read.
    tail: usize,
    read: usize,
    pub(super) done: u32,
    /// Whether it was given something, and is to be woken for it.
    pub(super) is_to_wake: bool,
    /// How many more tasks this process may be given.
    left: usize,
    /// How long a task takes, about.
    pace: Duration,
    last: Instant,
    pub(super) doom: Option<Doom>,
    /// How many processes have died here in a row before they were ready.
    early_deaths: u32,
}

impl Member {
    pub(super) fn new(memory: &Memory, index: usize) -> Result<Member> {
        Ok(Member {
            lane: memory.lane(index)?,
            process: None,
            peer: None,
            channels: None,
            placed: VecDeque::new(),
            tail: 0,
            read: 0,
            done: 0,
            is_to_wake: false,
            left: 0,
            pace: AHEAD,
            last: Instant::now(),
            doom: None,
            early_deaths: 0,
        })
    }

    /// Takes a new process in.
    pub(super) fn enter(
        &mut self,
        process: Process<()>,
        channels: (Sender, Receiver),
        left: usize,
        on_end: &Arc<dyn Dependent>,
    ) {
        // Where it cannot be watched, the supervisor looks now and then.
        let owner = owner::of(process.id());
        let peer = owner.and_then(|owner| Peer::watch(owner, on_end).ok());
        if owner.is_none() {
            on_end.on_end();
        }
        (self.peer, self.channels, self.left) = (peer, Some(channels), left);
        self.process = Some(process);
    }

    /// Makes the lane new; the process has ended.
    pub(super) fn leave(&mut self) {
        (self.process, self.peer, self.channels, self.doom) = (None, None, None, None);
        self.placed.clear();
        (self.tail, self.read, self.done) = (0, 0, 0);
        self.lane.reset();
    }

    /// How many tasks may lie ready.
    pub(super) fn depth(&self) -> usize {
        let depth = AHEAD.as_nanos() / self.pace.as_nanos().max(1);
        usize::try_from(depth).unwrap_or(MAX_DEPTH).clamp(2, MAX_DEPTH)
    }

    /// How many more tasks may lie ready.
    pub(super) fn room(&self) -> usize {
        if self.process.is_none() || self.doom.is_some() {
            return 0;
        }
        self.depth().saturating_sub(self.placed.len()).min(self.left)
    }

    /// Whether this process is to be replaced.
    pub(super) fn is_worn(&self) -> bool {
        self.left == 0 && self.placed.is_empty() && self.process.is_some()
    }

    /// Whether a task fits behind those that lie ready.
    pub(super) fn fits(&self, load: &Load) -> bool {
        let Some(first) = self.placed.front() else { return true };
        let kind = load.kind();
        kind == Kind::Plain && Strip::span(self.tail, kind, load.body.len()).1 - first.start <= AREA
    }

    /// Puts a task into the lane.
    pub(super) fn give(&mut self, load: Load) -> Result<()> {
        if self.placed.is_empty() {
            self.last = Instant::now();
        }
        let (kind, length) = (load.kind(), low(load.body.len() as u64));
        let Load { function, body, ends } = load;
        let body = if kind == Kind::Moved {
            let (sender, _) = self.channels.as_ref().ok_or(Error::Closed)?;
            sender.send_single(Message::new(body, ends))?;
            Vec::new()
        } else {
            body
        };
        let (start, end) = self.lane.tasks.write(self.tail, kind, function, &body)?;
        self.tail = end;
        self.left -= 1;
        self.placed.push_back(Placed { start, kind, length });
        self.lane.grant();
        Ok(())
    }

    /// Reads the next result, if there is one; its bytes go behind those given.
    pub(super) fn next_result(&mut self, bytes: &mut Vec<u8>) -> Option<Outcome> {
        if !self.has_results() || self.lane.ready().load(Ordering::SeqCst) == ready::FAILED {
            return None;
        }
        let before = bytes.len();
        let outcome = match self.lane.results.read(self.read, bytes) {
            Ok((record, end)) => {
                self.read = end;
                self.outcome(record, bytes, before)
            }
            Err(error) => {
                self.read = self.lane.tail().load(Ordering::Acquire);
                Outcome::Error(error)
            }
        };
        if let Some(placed) = self.placed.pop_front()
            && placed.kind == Kind::Long
        {
            self.lane.tasks.release(placed.length);
        }
        self.done = self.done.wrapping_add(1);
        if self.doom.as_ref().is_some_and(|doom| doom.claimed == self.done) {
            self.doom = None;
        }
        Some(outcome)
    }

    pub(super) fn has_results(&self) -> bool {
        self.lane.tail().load(Ordering::Acquire) != self.read
    }

    fn outcome(&self, record: Record, bytes: &mut Vec<u8>, before: usize) -> Outcome {
        let process = || self.process.as_ref().map_or_else(String::new, |it| it.name().to_owned());
        if record.kind == Kind::Long {
            self.lane.results.release(record.length);
        }
        if record.tag != outcome::VALUE {
            let text = String::from_utf8_lossy(&bytes[before..]).into_owned();
            bytes.truncate(before);
            return Outcome::Error(match record.tag {
                outcome::PANICKED => Error::Panicked { process: process(), message: text },
                _ => Error::NoValue { process: process(), reason: text },
            });
        }
        if record.kind != Kind::Moved {
            return Outcome::Value(bytes.len() - before);
        }
        let receiver = self.channels.as_ref().map(|(_, receiver)| receiver);
        match receiver.map(|receiver| receiver.recv(Some(Instant::now()))) {
            Some(Ok(Some(message))) => Outcome::Moved(message),
            Some(Err(error)) => Outcome::Error(error),
            _ => Outcome::Error(Error::Closed),
        }
    }

    /// So many results were read: the worker has their room, and the pace is known better.
    pub(super) fn note_results(&mut self, count: usize) {
        self.lane.head().store(self.read, Ordering::SeqCst);
        self.lane.waiters().notify_one();
        let now = Instant::now();
        let pace = (now - self.last) / low(count as u64);
        // One that was kept from its CPU for a moment is not slow.
        self.pace = pace.clamp(self.pace / 8, 2 * self.pace);
        self.last = now;
    }

    /// How many of the tasks that lie here cannot be taken back: the one in hand, and one whose
    /// channel ends are on their way.
    pub(super) fn least(&self) -> usize {
        usize::from(self.placed.front().is_some_and(|first| first.kind == Kind::Moved))
    }

    /// Takes back what is not begun, but for the oldest `kept`. Says how many are left.
    pub(super) fn revoke(&mut self, kept: usize) -> usize {
        let kept = low(kept.max(self.least()) as u64);
        let lease = self.lane.revoke(self.done.wrapping_add(kept));
        lease.granted.wrapping_sub(self.done) as usize
    }

    /// The tasks that lie behind the first so many, as they were. A task whose channel ends have
    /// moved is none any more.
    pub(super) fn unload(&mut self, kept: usize) -> Vec<Option<Load>> {
        let taken: Vec<Placed> = self.placed.drain(kept.min(self.placed.len())..).collect();
        if let Some(first) = taken.first() {
            self.tail = first.start;
        }
        self.left += taken.len();
        let load = |placed: Placed| {
            let mut body = Vec::new();
            let (record, _) = self.lane.tasks.read(placed.start, &mut body).ok()?;
            if placed.kind == Kind::Long {
                self.lane.tasks.release(placed.length);
            }
            let is_whole = record.kind != Kind::Moved && body.len() == placed.length as usize;
            is_whole.then_some(Load { function: record.tag, body, ends: Vec::new() })
        };
        taken.into_iter().map(load).collect()
    }

    /// Why the pool is broken by the end of this process, if it is: its initializer has failed, or
    /// too many have died before they were ready.
    pub(super) fn why_broken(&mut self, end: &Error) -> Option<String> {
        let ready = self.lane.ready().load(Ordering::SeqCst);
        self.early_deaths = if ready == 0 { self.early_deaths + 1 } else { 0 };
        if ready == ready::FAILED {
            let mut text = Vec::new();
            // Where it cannot be read, why is not known.
            let _ = self.lane.results.read(self.read, &mut text);
            return Some(String::from_utf8_lossy(&text).into_owned());
        }
        let is_broken = self.early_deaths >= MAX_EARLY_DEATHS;
        is_broken.then(|| format!("its workers end before they are ready: {end}"))
    }

    /// Ends the process.
    pub(super) fn kill(&self) {
        if let Some(process) = &self.process {
            // One that has ended already is no error.
            let _ = process.kill();
        }
    }
}

/// Decodes a value.
pub(super) fn decode<R: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<R> {
    message::decode_from(bytes, Vec::new())
}
