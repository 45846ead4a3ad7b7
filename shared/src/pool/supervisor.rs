//! The thread that looks after the workers: starts new ones for those that have ended, stops tasks
//! that take too long, and does the scheduler's work where nobody waits.

use super::member::Member;
use super::protocol::{Start, now};
use super::scheduler::Scheduler;
use super::state::State;
use super::worker::siblings;
use crate::process::stop_all;
use crate::process::worker::Guard;
use crate::transport::channel::channel;
use crate::transport::descriptor::Passed;
use crate::transport::message::{self, Message};
use crate::transport::peer::Dependent;
use crate::{Error, Process, Result};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After how long the supervisor looks by itself.
const LOOK_TIME: Duration = Duration::from_millis(500);

/// How long workers that are told to end may take before they are stopped.
const GRACE: Duration = Duration::from_secs(1);

/// Encodes the arguments of the initializer, for each worker anew.
pub(super) type Encoder = Box<dyn Fn() -> Result<Message> + Send>;

/// The initializer: its place in the guard's list, and its arguments.
pub(super) type Init = (u32, Encoder);

pub(super) struct Supervisor {
    pub(super) scheduler: Arc<Scheduler>,
    guard: Guard,
    pub(super) timeout: Option<Duration>,
    pub(super) tasks_per_worker: usize,
    pub(super) init: Mutex<Option<Init>>,
    on_end: Arc<dyn Dependent>,
}

/// Wakes the supervisor when a worker has ended.
struct WorkerEnd(Arc<Scheduler>);

impl Dependent for WorkerEnd {
    fn on_end(&self) {
        self.0.memory.supervisor().notify_all();
    }
}

impl Supervisor {
    pub(super) fn new(
        scheduler: &Arc<Scheduler>,
        guard: Guard,
        timeout: Option<Duration>,
        tasks_per_worker: usize,
        init: Option<Init>,
    ) -> Supervisor {
        let on_end = Arc::new(WorkerEnd(Arc::clone(scheduler)));
        let scheduler = Arc::clone(scheduler);
        Supervisor { scheduler, guard, timeout, tasks_per_worker, init: Mutex::new(init), on_end }
    }

    /// Starts a worker in an empty lane.
    pub(super) fn start(&self, state: &mut State, index: usize) -> Result<()> {
        let memory = &self.scheduler.memory;
        let workers = state.members.len();
        let init = self.init.lock().unwrap_or_else(PoisonError::into_inner);
        let init = init.as_ref().map(|(place, args)| Ok::<_, Error>((*place, args()?)));
        let (to_worker, requests) = channel()?;
        let (replies, from_worker) = channel()?;
        let start = Start {
            memory: Passed(Arc::clone(memory.file())),
            lane: index,
            workers,
            siblings: workers.saturating_mul(siblings()),
            timed: self.timeout.is_some(),
            init: init.transpose()?,
            requests,
            replies,
        };
        let name = format!("PoolWorker-{}", index + 1);
        let process = self.guard.start_worker(name, message::encode(&start)?)?;
        let channels = (to_worker, from_worker);
        state.members[index].enter(process, channels, self.tasks_per_worker, &self.on_end);
        Ok(())
    }

    /// Looks after the workers until the pool is closed.
    pub(super) fn run(&self) {
        let supervisor = self.scheduler.memory.supervisor();
        loop {
            let seen = supervisor.prepare();
            let mut state = self.scheduler.lock();
            if state.is_closed {
                return;
            }
            let has_come = state.pump() | self.replace_workers(&mut state);
            let time = self.stop_long_tasks(&mut state);
            state.hand_out();
            if has_come {
                self.scheduler.tell_all(&mut state);
            } else {
                self.scheduler.hand_to_supervisor(&state);
            }
            drop(state);
            supervisor.sleep(seen, time);
        }
    }

    /// Starts workers for those that have ended. Says whether there were any.
    fn replace_workers(&self, state: &mut State) -> bool {
        let mut has_any = false;
        for index in 0..state.members.len() {
            if state.members[index].is_worn() {
                state.members[index].kill();
                let _ = state.members[index].process.as_ref().map(Process::wait);
            }
            let process = state.members[index].process.as_ref();
            match process.map(|process| (process.name().to_owned(), process.exit_code())) {
                Some((_, None)) => continue,
                Some((name, Some(exit_code))) => state.bury(index, &name, exit_code),
                None => {}
            }
            has_any = true;
            if !state.is_broken()
                && let Err(error) = self.start(state, index)
                && state.members.iter().all(|member| member.process.is_none())
            {
                state.break_with(&error.to_string());
            }
        }
        has_any
    }

    /// Stops what takes too long, or is cancelled. Says after how long to look again.
    fn stop_long_tasks(&self, state: &mut State) -> Duration {
        let mut time = LOOK_TIME;
        for index in 0..state.members.len() {
            if let Some(timeout) = self.timeout {
                time = time.min(check_time(state, index, timeout));
            }
            let member = &state.members[index];
            let Some(doom) = &member.doom else { continue };
            match doom.at.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => time = time.min(left),
                _ => member.kill(),
            }
        }
        time
    }
}

/// Dooms the task of a worker that has taken too long. Says how long it may still take.
fn check_time(state: &mut State, index: usize, timeout: Duration) -> Duration {
    let member = &state.members[index];
    // In this order: the worker notes the time before it claims.
    let claimed = member.lane.lease().claimed;
    let since = member.lane.since().load(Ordering::SeqCst);
    let place = claimed.wrapping_sub(member.done);
    if place == 0 || member.doom.is_some() {
        return timeout.max(Duration::from_millis(1));
    }
    let left = timeout.saturating_sub(Duration::from_nanos(now().saturating_sub(since)));
    if left.is_zero() {
        let why = Error::TimedOut { time: timeout };
        state.doom(index, place as usize - 1, Instant::now(), why);
        // What it finished meanwhile is taken in, and not stopped.
        state.drain(index);
    }
    left.max(Duration::from_millis(1))
}

/// Ends all workers: those of a pool that is done are told, others are asked; after a second they
/// are made to.
pub(super) fn stop(scheduler: &Scheduler, is_done: bool) {
    let mut state = scheduler.lock();
    state.close();
    scheduler.tell_all(&mut state);
    let members = state.members.iter_mut();
    let processes: Vec<Process<()>> = members.filter_map(|member| member.process.take()).collect();
    scheduler.memory.stop().store(1, Ordering::SeqCst);
    for member in &state.members {
        member.lane.waiters().notify_all();
    }
    drop(state);
    scheduler.memory.supervisor().notify_all();
    if is_done {
        let end = Instant::now() + GRACE;
        for process in &processes {
            // One that does not end is stopped below.
            let _ = process.wait_timeout(end.saturating_duration_since(Instant::now()));
        }
    }
    stop_all(processes);
    scheduler.lock().members.iter_mut().for_each(Member::leave);
}
