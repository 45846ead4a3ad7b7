//! The three kinds of handle, which are to behave alike: the creator's own, one that came through a
//! pipe, and one in a child.

use library_support::{SOON, Suite, suite, until_asleep};
use serde::{Deserialize, Serialize};
use shared::{Connection, Error, Process, Queue, pipe};
use std::time::Duration;

pub fn suite() -> Suite {
    suite! {
        tests: [],
        children: [
            obeys,
        ],
    }
}

/// The errors that these tests tell apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    Closed,
    Empty,
    Full,
    Other(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Closed => Fault::Closed,
            Error::Empty => Fault::Empty,
            Error::Full => Fault::Full,
            error => Fault::Other(error.to_string()),
        }
    }
}

/// What a handle can be asked to do, with items that are numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Call {
    Put(u32),
    TryPut(u32),
    PutTimeout(u32, Duration),
    Extend(Vec<u32>),
    Get,
    TryGet,
    GetTimeout(Duration),
    Len,
    IsEmpty,
    Close,
    /// Drop the handle, and go on with a clone that was made before.
    Renew,
}

/// What came of it; a number, where there is one.
pub type Outcome = Result<Option<u32>, Fault>;

/// Does what a call says.
pub fn call(queue: &mut Queue<u32>, call: Call) -> Outcome {
    let done = match call {
        Call::Put(item) => queue.put(item).map(|()| None),
        Call::TryPut(item) => queue.try_put(item).map(|()| None),
        Call::PutTimeout(item, time) => queue.put_timeout(item, time).map(|()| None),
        Call::Extend(items) => queue.extend(items).map(|()| None),
        Call::Get => queue.get().map(Some),
        Call::TryGet => queue.try_get().map(Some),
        Call::GetTimeout(time) => queue.get_timeout(time).map(Some),
        Call::Len => queue.len().map(|len| u32::try_from(len).ok()),
        Call::IsEmpty => queue.is_empty().map(|empty| Some(empty.into())),
        Call::Close => queue.close().map(|()| None),
        Call::Renew => {
            *queue = queue.clone();
            Ok(None)
        }
    };
    done.map_err(Fault::from)
}

/// A handle of whatever kind.
pub trait Handle {
    fn call(&mut self, call: Call) -> Outcome;

    fn put(&mut self, item: u32) -> Result<(), Fault> {
        self.call(Call::Put(item)).map(drop)
    }

    fn try_put(&mut self, item: u32) -> Result<(), Fault> {
        self.call(Call::TryPut(item)).map(drop)
    }

    fn put_timeout(&mut self, item: u32, time: Duration) -> Result<(), Fault> {
        self.call(Call::PutTimeout(item, time)).map(drop)
    }

    fn extend(&mut self, items: Vec<u32>) -> Result<(), Fault> {
        self.call(Call::Extend(items)).map(drop)
    }

    fn get(&mut self) -> Result<u32, Fault> {
        self.call(Call::Get).map(|item| item.expect("an item"))
    }

    fn try_get(&mut self) -> Result<u32, Fault> {
        self.call(Call::TryGet).map(|item| item.expect("an item"))
    }

    fn get_timeout(&mut self, time: Duration) -> Result<u32, Fault> {
        self.call(Call::GetTimeout(time)).map(|item| item.expect("an item"))
    }

    fn len(&mut self) -> Result<u32, Fault> {
        self.call(Call::Len).map(|len| len.expect("a length"))
    }

    fn is_empty(&mut self) -> Result<bool, Fault> {
        self.call(Call::IsEmpty).map(|empty| empty == Some(1))
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.call(Call::Close).map(drop)
    }
}

/// A handle in this process.
pub struct Own(pub Queue<u32>);

impl Handle for Own {
    fn call(&mut self, order: Call) -> Outcome {
        call(&mut self.0, order)
    }
}

/// A handle in a child, which does what it is told and says what came of it.
pub struct Child {
    pub process: Process<()>,
    orders: Connection<Call, Outcome>,
}

/// The target of [`Child`].
pub fn obeys(mut queue: Queue<u32>, orders: Connection<Outcome, Call>) {
    while let Ok(order) = orders.recv() {
        let outcome = call(&mut queue, order);
        if orders.send(outcome).is_err() {
            return;
        }
    }
}

impl Child {
    pub fn with(queue: &Queue<u32>) -> Child {
        let (orders, theirs) = pipe().expect("a pipe");
        let process = Process::spawn(obeys, (queue.clone(), theirs)).expect("a start");
        Child { process, orders }
    }

    /// Begins a call that is to wait, and sees it waiting.
    pub fn begin(&self, order: Call) {
        // The first call of a handle has more to do; after this one there is only one wait.
        self.orders.send(Call::Len).expect("it listens");
        self.orders.recv_timeout(SOON).expect("it answers").expect("it knows the length");
        self.orders.send(order).expect("it listens");
        until_asleep(self.process.id());
        assert!(!self.orders.poll(Duration::ZERO).expect("it lives"), "it did not wait");
    }

    /// What came of the call that was begun.
    pub fn end(&self) -> Outcome {
        self.orders.recv_timeout(SOON).expect("the call ends")
    }

    /// Lets the child return from its target, and waits for it.
    pub fn finish(self) {
        drop(self.orders);
        self.process.join().expect("it ends well");
    }

    pub fn kill(self) {
        self.process.kill().expect("it can be signalled");
        assert_eq!(self.process.wait().expect("it ends"), -9);
    }
}

impl Handle for Child {
    fn call(&mut self, order: Call) -> Outcome {
        self.orders.send(order).expect("it listens");
        self.end()
    }
}

/// A handle as another process has it, in this one.
pub fn passed<T: Serialize + serde::de::DeserializeOwned>(queue: &Queue<T>) -> Queue<T> {
    let (left, right) = pipe::<Queue<T>, ()>().expect("a pipe");
    left.send(queue.clone()).expect("it is open");
    right.recv().expect("the queue")
}

/// Makes a new queue for each kind of handle, and sees that the handle behaves.
pub fn everywhere(bound: Option<usize>, behaves: fn(&mut dyn Handle)) {
    let make = || bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
    behaves(&mut Own(make()));
    behaves(&mut Own(passed(&make())));
    let mut child = Child::with(&make());
    behaves(&mut child);
    child.finish();
}
