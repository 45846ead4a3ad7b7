//! Random calls on several handles, compared with what a queue in memory would do.

use crate::handles::{Call, Child, Fault, Handle, Outcome, Own, passed};
use library_support::{Suite, suite};
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

/// An item, and how many died with it in hand.
#[derive(Clone, Copy, Debug)]
struct Item {
    number: u32,
    deaths: u32,
}

#[derive(Debug)]
struct Model {
    bound: Option<usize>,
    waiting: VecDeque<Item>,
    closed: bool,
    /// What each handle has in hand. The last handle is the child's, the others are one thread's.
    hands: Vec<Option<Item>>,
    dead: Vec<u32>,
    child: usize,
}

impl Model {
    fn is_full(&self) -> bool {
        self.bound.is_some_and(|bound| self.waiting.len() >= bound)
    }

    /// Whether a closed queue has ended for this handle: nothing waits, and nothing can come back.
    fn has_ended(&self, handle: usize) -> bool {
        let other = |of: usize| (of == self.child) != (handle == self.child);
        let mut hands = self.hands.iter().enumerate();
        self.closed && !hands.any(|(of, hand)| other(of) && hand.is_some())
    }

    /// A call that would wait for ever becomes one that gives up.
    fn without_end(&self, handle: usize, call: Call) -> Call {
        match call {
            Call::Put(item) if self.is_full() && !self.closed => Call::PutTimeout(item, SHORT),
            Call::Get if self.waiting.is_empty() && !self.has_ended(handle) => {
                Call::GetTimeout(SHORT)
            }
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
        self.waiting.extend(items.iter().map(|&number| Item { number, deaths: 0 }));
        Ok(None)
    }

    fn get(&mut self, handle: usize) -> Outcome {
        self.hands[handle] = self.waiting.pop_front();
        match self.hands[handle] {
            Some(item) => Ok(Some(item.number)),
            None if self.has_ended(handle) => Err(Fault::Closed),
            None => Err(Fault::Empty),
        }
    }

    fn call(&mut self, handle: usize, call: &Call) -> Outcome {
        let len = u32::try_from(self.waiting.len()).expect("few items");
        match call {
            Call::Put(item) | Call::TryPut(item) | Call::PutTimeout(item, _) => self.put(&[*item]),
            Call::Extend(items) => self.put(items),
            Call::Get | Call::TryGet | Call::GetTimeout(_) => self.get(handle),
            Call::Len => Ok(Some(len)),
            Call::IsEmpty => Ok(Some((len == 0).into())),
            Call::Close => {
                self.closed = true;
                // What the thread that closes has in hand is done.
                for of in 0..self.hands.len() {
                    if (of == self.child) == (handle == self.child) {
                        self.hands[of] = None;
                    }
                }
                Ok(None)
            }
            Call::Renew => {
                self.hands[handle] = None;
                Ok(None)
            }
        }
    }

    /// What a killed process had in hand comes back, from the front, but not after a second death.
    fn kill(&mut self) {
        if let Some(mut item) = self.hands[self.child].take() {
            item.deaths += 1;
            if item.deaths < 2 {
                self.waiting.push_front(item);
            } else {
                self.dead.push(item.number);
            }
        }
    }
}

fn compare(bound: Option<usize>, steps: Vec<Step>, with_child: bool) {
    let own = bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
    let mut handles: Vec<Box<dyn Handle>> =
        vec![Box::new(Own(own.clone())), Box::new(Own(passed(&own))), Box::new(Own(passed(&own)))];
    let mut child = with_child.then(|| Child::with(&own));
    let (hands, dead, waiting) = (vec![None; handles.len() + 1], Vec::new(), VecDeque::new());
    let mut model = Model { bound, waiting, closed: false, hands, dead, child: handles.len() };

    for step in steps {
        match step {
            Step::Call(handle, call) => {
                let real: &mut dyn Handle = match handles.get_mut(handle) {
                    Some(real) => real.as_mut(),
                    None => child.as_mut().expect("a child"),
                };
                let call = model.without_end(handle, call);
                let outcome = real.call(call.clone());
                let len = real.len().expect("the creator is there");
                assert_eq!(outcome, model.call(handle, &call), "{call:?}, {model:?}");
                assert_eq!(len as usize, model.waiting.len(), "{call:?}, {model:?}");
            }
            Step::Kill => {
                child.take().expect("a child").kill();
                model.kill();
                child = Some(Child::with(&own));
            }
        }
        assert_eq!(own.len().expect("it is here"), model.waiting.len(), "{model:?}");
    }
    if let Some(child) = child {
        child.finish();
    }
    drop(handles);
    let rest: Vec<u32> = std::iter::from_fn(|| own.try_get().ok()).collect();
    let expected: Vec<u32> = model.waiting.iter().map(|item| item.number).collect();
    assert_eq!(rest, expected);
    assert_eq!(own.dead_letters().expect("it was made here"), model.dead);
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
