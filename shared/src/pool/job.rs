//! Which task is where: pure data, without processes or memory, so that a model can test it.
//!
//! A task waits, then is in the hand of a worker, then is done. The oldest in a hand is the one
//! that the worker runs, or is about to. What it has not begun can be taken back, and waits again
//! in front.

use std::collections::{HashMap, VecDeque};

/// Names a task: its job, and its place in it. Tasks that were spawned alone share one job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct TaskId {
    pub(super) job: usize,
    pub(super) item: usize,
}

/// The job of the tasks that were spawned alone.
pub(super) const ALONE: usize = 0;

/// The tasks of one job that wait, oldest first.
struct Queue<P> {
    job: usize,
    tasks: VecDeque<(usize, P)>,
}

/// All tasks that are not done; `P` is what a waiting one is made of.
pub(super) struct Plan<P> {
    /// The jobs that have waiting tasks, in the order of their turns.
    queues: VecDeque<Queue<P>>,
    hands: Vec<VecDeque<TaskId>>,
    /// How many workers have died in a task.
    deaths: HashMap<TaskId, u32>,
    retries: u32,
    waiting: usize,
}

impl<P> Plan<P> {
    pub(super) fn new(workers: usize, retries: u32) -> Plan<P> {
        let hands = (0..workers).map(|_| VecDeque::new()).collect();
        Plan { queues: VecDeque::new(), hands, deaths: HashMap::new(), retries, waiting: 0 }
    }

    /// How many tasks wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// What is in a worker's hand, oldest first.
    pub(super) fn hand(&self, worker: usize) -> &VecDeque<TaskId> {
        &self.hands[worker]
    }

    /// Whether nothing waits and nothing is in a hand.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0 && self.hands.iter().all(VecDeque::is_empty)
    }

    /// Adds a task behind those of its job.
    pub(super) fn add(&mut self, task: TaskId, payload: P) {
        self.waiting += 1;
        if let Some(queue) = self.queues.iter_mut().find(|queue| queue.job == task.job) {
            queue.tasks.push_back((task.item, payload));
        } else {
            let tasks = VecDeque::from([(task.item, payload)]);
            self.queues.push_back(Queue { job: task.job, tasks });
        }
    }

    /// Puts a task back into its place among those of its job, whose turn is next.
    pub(super) fn put_back(&mut self, task: TaskId, payload: P) {
        self.waiting += 1;
        let place = self.queues.iter().position(|queue| queue.job == task.job);
        let queue = place.and_then(|place| self.queues.remove(place));
        let mut queue = queue.unwrap_or(Queue { job: task.job, tasks: VecDeque::new() });
        let place = queue.tasks.partition_point(|(item, _)| *item < task.item);
        queue.tasks.insert(place, (task.item, payload));
        self.queues.push_front(queue);
    }

    /// The payload of the task that is next.
    pub(super) fn peek(&self) -> Option<&P> {
        self.queues.front()?.tasks.front().map(|(_, payload)| payload)
    }

    /// Gives the next task into a hand. The jobs take turns.
    pub(super) fn give(&mut self, worker: usize) -> Option<(TaskId, P)> {
        let mut queue = self.queues.pop_front()?;
        let (item, payload) = queue.tasks.pop_front()?;
        let task = TaskId { job: queue.job, item };
        if !queue.tasks.is_empty() {
            self.queues.push_back(queue);
        }
        self.waiting -= 1;
        self.hands[worker].push_back(task);
        Some((task, payload))
    }

    /// The oldest task in a hand is done.
    pub(super) fn done(&mut self, worker: usize) -> Option<TaskId> {
        let task = self.hands[worker].pop_front()?;
        if !self.deaths.is_empty() {
            self.deaths.remove(&task);
        }
        Some(task)
    }

    /// Takes back what a worker has not begun, but for the oldest `kept`. Oldest first.
    pub(super) fn take_back(&mut self, worker: usize, kept: usize) -> VecDeque<TaskId> {
        let hand = &mut self.hands[worker];
        hand.split_off(kept.min(hand.len()))
    }

    /// A worker has died in this task. Says whether the task may begin again.
    pub(super) fn may_begin_again(&mut self, task: TaskId) -> bool {
        let deaths = self.deaths.entry(task).or_default();
        *deaths += 1;
        let again = *deaths <= self.retries;
        if !again {
            self.deaths.remove(&task);
        }
        again
    }

    /// Removes the waiting tasks of a job.
    pub(super) fn remove_job(&mut self, job: usize) {
        self.remove_where(|task| task.job == job);
    }

    /// Removes a task, if it waits.
    pub(super) fn remove(&mut self, task: TaskId) -> bool {
        self.remove_where(|waiting| waiting == task)
    }

    fn remove_where(&mut self, is_it: impl Fn(TaskId) -> bool) -> bool {
        let before = self.waiting;
        self.waiting = 0;
        self.queues.retain_mut(|Queue { job, tasks }| {
            tasks.retain(|(item, _)| !is_it(TaskId { job: *job, item: *item }));
            self.waiting += tasks.len();
            !tasks.is_empty()
        });
        before != self.waiting
    }

    /// Removes everything, and names it.
    pub(super) fn clear(&mut self) -> Vec<TaskId> {
        let queues = self.queues.drain(..).flat_map(|Queue { job, tasks }| {
            tasks.into_iter().map(move |(item, _)| TaskId { job, item })
        });
        let all = queues.chain(self.hands.iter_mut().flat_map(|hand| hand.drain(..))).collect();
        self.waiting = 0;
        self.deaths.clear();
        all
    }
}

#[cfg(test)]
mod tests;
