//! Any course of events, against the plainest model: each task is at one place, and ends once.

use super::{Plan, TaskId};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet, VecDeque};

const WORKERS: usize = 3;
const RETRIES: u32 = 1;

#[derive(Clone, Debug)]
enum Event {
    Add { job: usize },
    Give { worker: usize },
    Done { worker: usize },
    TakeBack { worker: usize, kept: usize },
    Die { worker: usize, has_begun: bool },
    RemoveJob { job: usize },
    Remove { nth: usize },
}

fn event() -> impl Strategy<Value = Event> {
    let worker = 0..WORKERS;
    prop_oneof![
        4 => (0..3_usize).prop_map(|job| Event::Add { job }),
        4 => worker.clone().prop_map(|worker| Event::Give { worker }),
        3 => worker.clone().prop_map(|worker| Event::Done { worker }),
        2 => (worker.clone(), 0..4_usize)
            .prop_map(|(worker, kept)| Event::TakeBack { worker, kept }),
        2 => (worker, any::<bool>())
            .prop_map(|(worker, has_begun)| Event::Die { worker, has_begun }),
        1 => (0..3_usize).prop_map(|job| Event::RemoveJob { job }),
        1 => (0..40_usize).prop_map(|nth| Event::Remove { nth }),
    ]
}

/// Where each task is, as plainly as can be.
#[derive(Default)]
struct Model {
    waiting: HashSet<TaskId>,
    hands: [VecDeque<TaskId>; WORKERS],
    ended: HashMap<TaskId, &'static str>,
    deaths: HashMap<TaskId, u32>,
}

impl Model {
    fn end(&mut self, task: TaskId, how: &'static str) {
        assert_eq!(self.ended.insert(task, how), None, "{task:?} ends twice");
    }
}

fn step(plan: &mut Plan<TaskId>, model: &mut Model, added: &mut Vec<TaskId>, event: &Event) {
    match *event {
        Event::Add { job } => {
            let task = TaskId { job, item: added.len() };
            plan.add(task, task);
            model.waiting.insert(task);
            added.push(task);
        }
        Event::Give { worker } => match plan.give(worker) {
            None => assert!(model.waiting.is_empty()),
            Some((task, payload)) => {
                assert_eq!(task, payload);
                assert!(model.waiting.remove(&task), "{task:?} did not wait");
                let is_older = |it: &&TaskId| it.job == task.job && it.item < task.item;
                assert_eq!(model.waiting.iter().find(is_older), None, "an older one waits");
                model.hands[worker].push_back(task);
            }
        },
        Event::Done { worker } => {
            let task = model.hands[worker].pop_front();
            assert_eq!(plan.done(worker), task);
            if let Some(task) = task {
                model.end(task, "done");
            }
        }
        Event::TakeBack { worker, kept } => {
            let kept = kept.min(model.hands[worker].len());
            let taken = plan.take_back(worker, kept);
            assert_eq!(taken, model.hands[worker].split_off(kept));
            for task in taken.into_iter().rev() {
                plan.put_back(task, task);
                model.waiting.insert(task);
            }
        }
        Event::Die { worker, has_begun } => {
            let mut tasks = plan.take_back(worker, 0);
            assert_eq!(tasks, std::mem::take(&mut model.hands[worker]));
            if has_begun && let Some(task) = tasks.pop_front() {
                let deaths = model.deaths.entry(task).or_default();
                *deaths += 1;
                let again = *deaths <= RETRIES;
                assert_eq!(plan.may_begin_again(task), again);
                if again {
                    tasks.push_front(task);
                } else {
                    model.end(task, "died");
                }
            }
            for task in tasks.into_iter().rev() {
                plan.put_back(task, task);
                model.waiting.insert(task);
            }
        }
        Event::RemoveJob { job } => {
            plan.remove_job(job);
            for task in model.waiting.extract_if(|task| task.job == job).collect::<Vec<_>>() {
                model.end(task, "removed");
            }
        }
        Event::Remove { nth } => {
            let Some(task) = added.get(nth).copied() else { return };
            let waits = model.waiting.remove(&task);
            assert_eq!(plan.remove(task), waits);
            if waits {
                model.end(task, "removed");
            }
        }
    }
}

proptest! {
    #[test]
    fn every_task_is_at_one_place_and_ends_once(
        events in prop::collection::vec(event(), 0..200)
    ) {
        let (mut plan, mut model) = (Plan::new(WORKERS, RETRIES), Model::default());
        let mut added = Vec::new();
        for event in &events {
            step(&mut plan, &mut model, &mut added, event);
            prop_assert_eq!(plan.waiting(), model.waiting.len());
            for worker in 0..WORKERS {
                prop_assert_eq!(plan.hand(worker), &model.hands[worker]);
            }
        }
        let left: HashSet<TaskId> = plan.clear().into_iter().collect();
        prop_assert_eq!(left.len() + model.ended.len(), added.len());
        prop_assert!(plan.is_empty());
    }
}

#[test]
fn jobs_take_turns() {
    let mut plan = Plan::new(1, 0);
    for item in 0..3 {
        plan.add(TaskId { job: 7, item }, ());
    }
    plan.add(TaskId { job: 8, item: 0 }, ());
    let jobs: Vec<usize> = (0..4).filter_map(|_| plan.give(0)).map(|(task, ())| task.job).collect();
    assert_eq!(jobs, [7, 8, 7, 7]);
}
