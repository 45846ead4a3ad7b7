//! Random calls on several handles, compared with what a queue in memory would do.
//!
//! The one thing that the model cannot foresee is how many items an answer hands out, since that
//! depends on time. It is seen from how many are left, and must be no more than is promised.

use crate::handles::{Call, Child, Fault, Handle, Outcome, Own, passed};
use library_support::{SOON, Suite, suite, until};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::Queue;
use std::collections::VecDeque;
use std::time::Duration;

pub fn suite() -> Suite {
    suite! {
        tests: [
            handles_in_one_process_do_what_the_model_does,
            a_child_that_may_be_killed_does_what_the_model_does,
        ],
    }
}

const SHORT: Duration = Duration::from_micros(300);

/// Which handle does what; the first is the creator's own.
#[derive(Clone, Debug)]
enum Step {
    Call(usize, Call),
    /// Kill the child whose handle is the last.
    Kill,
}

fn steps(handles: usize, kills: u32) -> impl Strategy<Value = Vec<Step>> {
    let number = any::<u32>;
    let call = prop_oneof![
        6 => number().prop_map(Call::Put),
        3 => number().prop_map(Call::TryPut),
        2 => number().prop_map(|item| Call::PutTimeout(item, SHORT)),
        4 => proptest::collection::vec(number(), 0..20).prop_map(Call::Extend),
        10 => Just(Call::Get),
        4 => Just(Call::TryGet),
        2 => Just(Call::GetTimeout(SHORT)),
        1 => Just(Call::Len),
        1 => Just(Call::IsEmpty),
        2 => Just(Call::Renew),
    ];
    let step = prop_oneof![
        60 => (0..handles, call).prop_map(|(handle, call)| Step::Call(handle, call)),
        1 => (0..handles).prop_map(|handle| Step::Call(handle, Call::Close)),
        kills => Just(Step::Kill),
    ];
    proptest::collection::vec(step, 1..80)
}

fn bounds() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![3 => Just(None), 2 => (0_usize..5).prop_map(Some)]
}

/// What a handle elsewhere was given with its last answer, and how much of that it used.
#[derive(Debug, Default)]
struct Given {
    items: Vec<u32>,
    used: usize,
}

#[derive(Debug)]
struct Model {
    bound: Option<usize>,
    waiting: VecDeque<u32>,
    closed: bool,
    given: Vec<Given>,
}

impl Model {
    fn is_full(&self) -> bool {
        self.bound.is_some_and(|bound| self.waiting.len() >= bound)
    }

    /// A call that would wait for ever becomes one that gives up.
    fn without_end(&self, handle: usize, call: Call) -> Call {
        let given = &self.given[handle];
        let nothing = self.waiting.is_empty() && given.used == given.items.len();
        match call {
            Call::Put(item) if self.is_full() && !self.closed => Call::PutTimeout(item, SHORT),
            Call::Get if nothing && !self.closed => Call::GetTimeout(SHORT),
            Call::Extend(mut items) => {
                if let Some(bound) = self.bound.filter(|_| !self.closed) {
                    items.truncate(bound.saturating_sub(self.waiting.len()));
                }
                Call::Extend(items)
            }
            call => call,
        }
    }

    fn put(&mut self, items: &[u32]) -> Outcome {
        if items.is_empty() {
            return Ok(None);
        }
        if self.closed {
            return Err(Fault::Closed);
        }
        if self.is_full() {
            return Err(Fault::Full);
        }
        self.waiting.extend(items);
        Ok(None)
    }

    /// `left` is how many wait after the call.
    fn get(&mut self, handle: usize, left: usize) -> Outcome {
        let given = &mut self.given[handle];
        if given.used == given.items.len() {
            let count =
                self.waiting.len().checked_sub(left).expect("there are not more than before");
            let most = if handle == 0 || self.bound.is_some() { 1 } else { 64 };
            assert!(count <= most && count.min(1) == self.waiting.len().min(1), "{count} given");
            *given = Given { items: self.waiting.drain(..count).collect(), used: 0 };
        }
        let item = given.items.get(given.used).copied();
        given.used += usize::from(item.is_some());
        if handle == 0 {
            *given = Given::default();
        }
        item.map(Some).ok_or(if self.closed { Fault::Closed } else { Fault::Empty })
    }

    /// Items go back, those first that were given first.
    fn take_back(&mut self, items: Vec<u32>) {
        for item in items.into_iter().rev() {
            self.waiting.push_front(item);
        }
    }

    fn call(&mut self, handle: usize, call: &Call, left: usize) -> Outcome {
        let len = u32::try_from(self.waiting.len()).expect("few items");
        match call {
            Call::Put(item) | Call::TryPut(item) | Call::PutTimeout(item, _) => self.put(&[*item]),
            Call::Extend(items) => self.put(items),
            Call::Get | Call::TryGet | Call::GetTimeout(_) => self.get(handle, left),
            Call::Len => Ok(Some(len)),
            Call::IsEmpty => Ok(Some((len == 0).into())),
            Call::Close => {
                self.closed = true;
                Ok(None)
            }
            Call::Renew => {
                let Given { mut items, used } = std::mem::take(&mut self.given[handle]);
                self.take_back(items.split_off(used));
                Ok(None)
            }
        }
    }

    /// A killed process may have used what it was given last, or not: all of it goes back.
    fn kill(&mut self, handle: usize) {
        let given = std::mem::take(&mut self.given[handle]);
        self.take_back(given.items);
    }
}

fn compare(bound: Option<usize>, steps: Vec<Step>, with_child: bool) {
    let own = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
    let mut handles: Vec<Box<dyn Handle>> =
        vec![Box::new(Own(own.clone())), Box::new(Own(passed(&own))), Box::new(Own(passed(&own)))];
    let mut child = with_child.then(|| Child::with(&own));
    let count = handles.len() + usize::from(with_child);
    let given = (0..count).map(|_| Given::default()).collect();
    let mut model = Model { bound, waiting: VecDeque::new(), closed: false, given };
    let here = || own.len().expect("it is here");

    for step in steps {
        match step {
            Step::Call(handle, call) => {
                let real: &mut dyn Handle = match handles.get_mut(handle) {
                    Some(real) => real.as_mut(),
                    None => child.as_mut().expect("a child"),
                };
                let call = model.without_end(handle, call);
                let outcome = real.call(call.clone());
                // What was put elsewhere is on its way; the handle itself knows when it is here.
                let len = real.len().expect("the creator is there");
                assert_eq!(outcome, model.call(handle, &call, here()), "{call:?}, {model:?}");
                assert_eq!(len as usize, model.waiting.len(), "{call:?}, {model:?}");
            }
            Step::Kill => {
                child.take().expect("a child").kill();
                model.kill(count - 1);
                until("what it held is back", SOON, || here() == model.waiting.len());
                child = Some(Child::with(&own));
            }
        }
        assert_eq!(here(), model.waiting.len(), "{model:?}");
    }
    if let Some(child) = child {
        child.finish();
        model.call(count - 1, &Call::Renew, 0).expect("it goes");
    }
    drop(handles);
    for handle in [2, 1] {
        // The last to go is the first in line.
        model.call(handle, &Call::Renew, 0).expect("it goes");
    }
    let mut rest: Vec<u32> = std::iter::from_fn(|| own.try_get().ok()).collect();
    let mut expected = Vec::from(model.waiting);
    // They may have gone in either order.
    rest.sort_unstable();
    expected.sort_unstable();
    assert_eq!(rest, expected);
}

fn check(cases: u32, with_child: bool) {
    let config =
        Config { cases, failure_persistence: None, max_shrink_time: 5000, ..Config::default() };
    let handles = if with_child { 4 } else { 3 };
    let kills = if with_child { 3 } else { 0 };
    let strategy = (bounds(), steps(handles, kills));
    let result = TestRunner::new(config).run(&strategy, |(bound, steps)| {
        compare(bound, steps, with_child);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

fn handles_in_one_process_do_what_the_model_does() {
    check(80, false);
}

fn a_child_that_may_be_killed_does_what_the_model_does() {
    check(40, true);
}
