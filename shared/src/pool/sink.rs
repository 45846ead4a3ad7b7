//! What has come of the tasks of one job, and has not been taken yet.

use super::job::{ALONE, TaskId};
use super::member::Outcome;
use crate::Error;
use crate::process::worker::Function;

pub(super) struct Sink {
    pub(super) function: Function,
    pub(super) outcomes: Vec<(usize, Outcome)>,
    /// The values of the outcomes, one behind the other.
    pub(super) bytes: Vec<u8>,
}

impl Sink {
    pub(super) fn new(function: Function) -> Sink {
        Sink { function, outcomes: Vec::new(), bytes: Vec::new() }
    }

    /// Adds what came of a task; an error says of which.
    pub(super) fn push(&mut self, task: TaskId, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Error(error) => Outcome::Error(Error::Task {
                function: self.function.name(),
                item: (task.job != ALONE).then_some(task.item),
                error: Box::new(error),
            }),
            outcome => outcome,
        };
        self.outcomes.push((task.item, outcome));
    }
}
