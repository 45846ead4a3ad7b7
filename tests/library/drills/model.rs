//! A queue and a connection beside a simple model of each: whatever is done to them, in whatever
//! order, they answer as the model does.

use crate::drill::{AT_ONCE, Drill, Round};
use library_support::{Suite, bytes, suite};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, Result, pipe};
use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            Drill::new("a_queue_behaves_as_its_model", 10, 100, queue),
            Drill::new("a_bounded_queue_behaves_as_its_model", 10, 100, bounded_queue),
            Drill::new("a_connection_behaves_as_its_model", 10, 100, connection),
        ],
        children: [
            obeys,
            obeys_connected,
        ],
    }
}

const SOON: Duration = AT_ONCE.saturating_mul(10);

/// A time to wait in vain.
const MOMENT: Duration = Duration::from_millis(2);

fn check<S: Strategy>(strategy: &S, test: impl Fn(S::Value)) {
    let config =
        Config { cases: 1, failure_persistence: None, max_shrink_iters: 50, ..Config::default() };
    let result = TestRunner::new(config).run(strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// What is done to a queue.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Call {
    Put {
        waits: bool,
        item: u32,
    },
    Get {
        waits: bool,
    },
    Count,
    Close,
    /// The handle is dropped, and another takes its place.
    Leave,
}

/// What comes of it.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub enum Answer {
    Done,
    Item(u32),
    Count(usize),
    Full,
    Empty,
    Closed,
    Failed(String),
}

fn answer<T>(result: Result<T>, done: impl FnOnce(T) -> Answer) -> Answer {
    match result {
        Ok(value) => done(value),
        Err(Error::Full) => Answer::Full,
        Err(Error::Empty) => Answer::Empty,
        Err(Error::Closed) => Answer::Closed,
        Err(error) => Answer::Failed(error.to_string()),
    }
}

fn perform(call: Call, queue: &Queue<u32>) -> Answer {
    let done = |()| Answer::Done;
    match call {
        Call::Put { waits: true, item } => answer(queue.put_timeout(item, MOMENT), done),
        Call::Put { waits: false, item } => answer(queue.try_put(item), done),
        Call::Get { waits: true } => answer(queue.get_timeout(MOMENT), Answer::Item),
        Call::Get { waits: false } => answer(queue.try_get(), Answer::Item),
        Call::Count => answer(queue.len(), Answer::Count),
        Call::Close => answer(queue.close(), done),
        Call::Leave => Answer::Done,
    }
}

/// In a child: does what it is told.
pub fn obeys(orders: Connection<Answer, Call>, mut queue: Queue<u32>) {
    loop {
        match orders.recv() {
            Ok(call) => {
                if let Call::Leave = call {
                    queue = queue.clone();
                    queue.len().expect("a new handle is let in");
                }
                orders.send(perform(call, &queue)).expect("the parent waits");
            }
            Err(Error::Closed) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Who calls: the creator, or one of two children.
type Caller = usize;

#[derive(Clone, Copy, Debug)]
enum Step {
    Call(Caller, Call),
    Kill(Caller),
}

fn steps() -> impl Strategy<Value = (usize, Vec<Step>)> {
    let call = prop_oneof![
        8 => (any::<bool>(), 0..1000_u32).prop_map(|(waits, item)| Call::Put { waits, item }),
        8 => any::<bool>().prop_map(|waits| Call::Get { waits }),
        2 => Just(Call::Count),
        1 => Just(Call::Leave),
        1 => Just(Call::Close),
    ];
    let step = prop_oneof![
        16 => (0..3_usize, call).prop_map(|(caller, call)| Step::Call(caller, call)),
        1 => (1..3_usize).prop_map(Step::Kill),
    ];
    (prop_oneof![0..4_usize, Just(1000)], prop::collection::vec(step, 1..60))
}

/// An item: which one it is that was put, itself, and how many died with it.
type Item = (u32, u32, u32);

/// The queue as it should be: what waits, and what each process has in hand.
#[derive(Default)]
struct Model {
    count: u32,
    items: VecDeque<Item>,
    bound: usize,
    closed: bool,
    held: [Option<Item>; 3],
    dead: Vec<u32>,
}

impl Model {
    fn call(&mut self, caller: Caller, call: Call) -> Answer {
        match call {
            Call::Put { .. } if self.closed => Answer::Closed,
            Call::Put { .. } if self.items.len() >= self.bound => Answer::Full,
            Call::Put { item, .. } => {
                self.items.push_back((self.count, item, 0));
                self.count += 1;
                Answer::Done
            }
            Call::Get { .. } => {
                // Who asks for the next is done with the last.
                self.held[caller] = self.items.pop_front();
                // What another one has in hand may come back.
                let has_ended = self.closed && self.held.iter().all(Option::is_none);
                match self.held[caller] {
                    Some((_, item, _)) => Answer::Item(item),
                    None if has_ended => Answer::Closed,
                    None => Answer::Empty,
                }
            }
            Call::Count => Answer::Count(self.items.len()),
            Call::Close => {
                self.closed = true;
                self.held[caller] = None;
                Answer::Done
            }
            Call::Leave => {
                // The creator's handle stays.
                if caller > 0 {
                    self.held[caller] = None;
                }
                Answer::Done
            }
        }
    }

    fn kill(&mut self, caller: Caller) {
        match self.held[caller].take() {
            // Of several that come back, the oldest is the first, whoever died first.
            Some((number, item, 0)) => {
                let place = self.items.partition_point(|other| other.0 < number);
                self.items.insert(place, (number, item, 1));
            }
            Some((_, item, _)) => self.dead.push(item),
            None => {}
        }
    }
}

type Child = (Process<()>, Connection<Call, Answer>);

/// A queue, and the children that use it beside us.
struct Scene {
    queue: Queue<u32>,
    children: [Option<Child>; 3],
}

impl Scene {
    fn new(queue: Queue<u32>) -> Scene {
        Scene { queue, children: [const { None }; 3] }
    }

    fn call(&mut self, caller: Caller, call: Call) -> Answer {
        if caller == 0 {
            return perform(call, &self.queue);
        }
        let (_, orders) = self.children[caller].get_or_insert_with(|| {
            let (orders, theirs) = pipe().expect("a pipe");
            let child = Process::spawn(obeys, (theirs, self.queue.clone()));
            (child.expect("a child"), orders)
        });
        orders.send(call).expect("it is there");
        orders.recv_timeout(SOON).expect("an answer")
    }

    fn kill(&mut self, caller: Caller) {
        if let Some((child, _)) = self.children[caller].take() {
            child.kill().expect("a child can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Lets the children go, and takes what is left.
    fn end(mut self) -> Vec<u32> {
        for (child, orders) in self.children.iter_mut().filter_map(Option::take) {
            drop(orders);
            child.join().expect("it ends");
        }
        std::iter::from_fn(|| self.queue.try_get().ok()).collect()
    }
}

fn compare(queue: Queue<u32>, bound: usize, steps: Vec<Step>) {
    let mut scene = Scene::new(queue.clone());
    let mut model = Model { bound, ..Model::default() };
    for step in steps {
        match step {
            Step::Call(caller, call) => {
                assert_eq!(scene.call(caller, call), model.call(caller, call), "{step:?}");
            }
            Step::Kill(caller) => {
                scene.kill(caller);
                model.kill(caller);
            }
        }
    }
    let left = model.items.into_iter().map(|(_, item, _)| item);
    assert!(scene.end().into_iter().eq(left), "what is left in the end");
    assert_eq!(queue.dead_letters().expect("it was made here"), model.dead);
}

pub fn bounded_queue(_: &mut Round) {
    check(&steps(), |(bound, steps)| {
        compare(Queue::bounded(bound).expect("a queue"), bound, steps);
    });
}

pub fn queue(_: &mut Round) {
    check(&steps(), |(_, steps)| {
        compare(Queue::new().expect("a queue"), usize::MAX, steps);
    });
}

// Connections.

type Link = Connection<ByteBuf, ByteBuf>;

/// What a child is told to do with its end.
#[derive(Deserialize, Serialize)]
pub enum Order {
    Send(usize),
    /// So many.
    Recv(usize),
    RecvTimeout,
    Poll,
    GiveBack,
}

#[derive(Deserialize, Serialize)]
pub enum Reply {
    Done,
    Got(Vec<ByteBuf>),
    Ready(bool),
    Mine(Link),
}

pub fn obeys_connected(orders: Connection<Reply, Order>, link: Link) {
    while let Ok(order) = orders.recv() {
        let reply = match order {
            Order::Send(length) => {
                link.send(bytes(length)).expect("it is open");
                Reply::Done
            }
            Order::Recv(count) => {
                Reply::Got((0..count).map(|_| link.recv().expect("it comes")).collect())
            }
            Order::RecvTimeout => Reply::Got(link.recv_timeout(MOMENT).into_iter().collect()),
            Order::Poll => Reply::Ready(link.poll(MOMENT).expect("it is open")),
            Order::GiveBack => {
                orders.send(Reply::Mine(link)).expect("the parent waits");
                return;
            }
        };
        orders.send(reply).expect("the parent waits");
    }
}

/// What is done with a connection, at our end or at the child's.
#[derive(Clone, Copy, Debug)]
enum Act {
    Send(bool, usize),
    /// Longer than what the system keeps, so that somebody must be receiving.
    SendLong(bool, usize),
    Recv(bool),
    Poll(bool),
    /// The child's end goes to another child.
    Move,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (any::<bool>(), 0..20_000_usize).prop_map(|(ours, length)| Act::Send(ours, length)),
        1 => (any::<bool>(), 200_000..700_000_usize)
            .prop_map(|(ours, length)| Act::SendLong(ours, length)),
        6 => any::<bool>().prop_map(Act::Recv),
        3 => any::<bool>().prop_map(Act::Poll),
        1 => Just(Act::Move),
    ];
    prop::collection::vec(act, 1..60)
}

/// A child with its end, and the lengths of what is on its way to either side.
struct Ends {
    child: Process<()>,
    orders: Connection<Order, Reply>,
    link: Link,
    to_us: VecDeque<usize>,
    to_child: VecDeque<usize>,
}

/// So much may be on its way in one direction with nobody receiving.
const MOST: usize = 50_000;

impl Ends {
    fn new() -> Ends {
        let (link, theirs) = pipe().expect("a pipe");
        let (child, orders) = start(theirs);
        Ends { child, orders, link, to_us: VecDeque::new(), to_child: VecDeque::new() }
    }

    fn order(&self, order: Order) -> Reply {
        self.orders.send(order).expect("it is there");
        self.reply()
    }

    fn reply(&self) -> Reply {
        self.orders.recv_timeout(SOON).expect("a reply")
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Send(true, length) => {
                if self.to_child.iter().sum::<usize>() < MOST && self.to_child.len() < 50 {
                    self.to_child.push_back(length);
                    self.link.send(bytes(length)).expect("it is open");
                }
            }
            Act::Send(false, length) => {
                if self.to_us.iter().sum::<usize>() < MOST && self.to_us.len() < 50 {
                    self.to_us.push_back(length);
                    assert!(matches!(self.order(Order::Send(length)), Reply::Done));
                }
            }
            Act::SendLong(true, length) => {
                self.to_child.push_back(length);
                self.orders.send(Order::Recv(self.to_child.len())).expect("it is there");
                self.link.send(bytes(length)).expect("it is open");
                are(self.reply(), self.to_child.drain(..));
            }
            Act::SendLong(false, length) => {
                self.to_us.push_back(length);
                self.orders.send(Order::Send(length)).expect("it is there");
                for length in self.to_us.drain(..) {
                    assert!(self.link.recv_timeout(SOON).expect("it comes") == bytes(length));
                }
                assert!(matches!(self.reply(), Reply::Done));
            }
            Act::Recv(true) => match self.to_us.pop_front() {
                Some(length) => assert!(self.link.recv().expect("it comes") == bytes(length)),
                None => assert!(matches!(self.link.recv_timeout(MOMENT), Err(Error::Timeout))),
            },
            Act::Recv(false) => are(self.order(Order::RecvTimeout), self.to_child.pop_front()),
            Act::Poll(true) => {
                assert_eq!(self.link.poll(MOMENT).expect("it is open"), !self.to_us.is_empty());
            }
            Act::Poll(false) => {
                let Reply::Ready(ready) = self.order(Order::Poll) else { panic!("not ready") };
                assert_eq!(ready, !self.to_child.is_empty());
            }
            Act::Move => {
                let Reply::Mine(theirs) = self.order(Order::GiveBack) else { panic!("no end") };
                let (child, orders) = start(theirs);
                mem::replace(&mut self.child, child).join().expect("it ends");
                self.orders = orders;
            }
        }
    }
}

fn start(link: Link) -> (Process<()>, Connection<Order, Reply>) {
    let (orders, theirs) = pipe().expect("a pipe");
    (Process::spawn(obeys_connected, (theirs, link)).expect("a child"), orders)
}

/// Sees that these are the messages of these lengths.
fn are(reply: Reply, lengths: impl IntoIterator<Item = usize>) {
    let Reply::Got(messages) = reply else { panic!("no messages") };
    assert!(messages.into_iter().eq(lengths.into_iter().map(bytes)));
}

pub fn connection(_: &mut Round) {
    check(&acts(), |acts| {
        let mut ends = Ends::new();
        for act in acts {
            ends.perform(act);
        }
        // When the child is killed, what it sent is still there, and then the end, again and again.
        ends.child.kill().expect("a child can be killed");
        ends.child.wait().expect("it ends");
        for length in ends.to_us {
            assert!(ends.link.recv().expect("it was sent") == bytes(length));
        }
        for _ in 0..2 {
            assert!(ends.link.poll(MOMENT).expect("the end can be received too"));
            assert!(matches!(ends.link.recv(), Err(Error::Closed)));
            assert!(matches!(ends.link.send(bytes(1)), Err(Error::Closed)));
        }
    });
}
