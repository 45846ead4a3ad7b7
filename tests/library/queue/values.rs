//! What an item may be.

use crate::handles::passed;
use library_support::{
    Disguised, RefusedThere, Refuses, SOON, Suite, as_sender, bytes, disguised, lengths, suite,
};
use serde::{Deserialize, Serialize, Serializer};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, pipe};
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};

pub fn suite() -> Suite {
    suite! {
        tests: [
            items_of_every_kind_arrive_equal,
            items_of_every_length_arrive_equal,
            an_end_of_a_pipe_may_be_an_item,
            a_queue_may_be_an_item,
            a_queue_may_be_an_item_of_itself,
            an_item_may_hold_32_connections_and_no_more,
            an_item_that_nobody_takes_closes_what_it_holds,
            an_item_that_is_refused_disturbs_no_other,
            an_item_that_is_refused_takes_no_room,
            an_item_that_is_refused_stops_extend_and_those_before_it_are_in,
            an_item_that_panics_while_it_is_encoded_disturbs_no_other,
            an_item_that_cannot_be_decoded_is_an_error_and_no_more,
            a_queue_of_another_type_gives_errors,
            an_item_that_cannot_be_decoded_closes_what_it_holds,
            a_queue_cannot_be_written_into_anything_else,
        ],
        children: [
            echoes,
            gets_a_number_and_a_text,
            gets_connections,
            puts_back_what_it_gets,
            puts_what_is_refused,
        ],
    }
}

/// The three kinds of handle, where the third is used by a child that gives back what it gets.
fn kinds<T: Serialize + serde::de::DeserializeOwned>() -> [Queue<T>; 2] {
    let queue = Queue::new().expect("a queue");
    let elsewhere = passed(&Queue::new().expect("a queue"));
    [queue, elsewhere]
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    Nothing,
    Number(f64),
    Text(String),
    Pairs(BTreeMap<(u8, char), Option<Box<Kind>>>),
    Many { units: Vec<()>, deep: Vec<Kind> },
}

fn every_kind() -> Vec<Kind> {
    let text = |text: &str| Kind::Text(text.to_owned());
    let pairs = BTreeMap::from([((1, 'ж'), None), ((2, '\0'), Some(Box::new(text("x"))))]);
    let mut all = vec![Kind::Nothing, Kind::Number(-0.1), text(""), text("Привет"), text("\0")];
    all.push(Kind::Pairs(BTreeMap::new()));
    all.push(Kind::Pairs(pairs));
    all.push(Kind::Many { units: vec![(); 1000], deep: all.clone() });
    all
}

pub fn puts_back_what_it_gets(from: Queue<Kind>, to: Queue<Kind>) {
    while let Ok(item) = from.get() {
        to.put(item).expect("the creator is there");
    }
}

fn items_of_every_kind_arrive_equal() {
    for queue in kinds() {
        queue.extend(every_kind()).expect("it is open");
        for item in every_kind() {
            assert_eq!(queue.get().expect("an item"), item);
        }
    }
    let (to, from) = (Queue::new().expect("a queue"), Queue::new().expect("a queue"));
    let child = Process::spawn(puts_back_what_it_gets, (to.clone(), from.clone()));
    to.extend(every_kind()).expect("it is open");
    for item in every_kind() {
        assert_eq!(from.get_timeout(SOON).expect("an item"), item);
    }
    to.close().expect("it is open");
    child.and_then(Process::join).expect("it ends");
}

pub fn echoes(from: Queue<ByteBuf>, to: Queue<ByteBuf>) {
    while let Ok(item) = from.get() {
        to.put(item).expect("the creator is there");
    }
}

fn items_of_every_length_arrive_equal() {
    for queue in kinds() {
        for length in lengths() {
            queue.put(bytes(length)).expect("it is open");
            assert!(queue.get().expect("an item") == bytes(length), "{length} bytes");
        }
    }
    for bound in [None, Some(1)] {
        let make = || bound.map_or_else(Queue::new, Queue::bounded).expect("a queue");
        let (to, from) = (make(), make());
        let child = Process::spawn(echoes, (to.clone(), from.clone())).expect("a start");
        let mut lengths = lengths();
        lengths.push(if bound.is_none() { 64 << 20 } else { 4 << 20 });
        for length in lengths {
            to.put(bytes(length)).expect("it is open");
            let item = from.get_timeout(SOON).expect("an item");
            assert!(item == bytes(length), "{length} bytes");
        }
        to.close().expect("it is open");
        child.join().expect("it ends");
    }
}

pub fn gets_connections(queue: Queue<Vec<Connection<u32, u32>>>) {
    while let Ok(connections) = queue.get() {
        for connection in connections {
            connection.send(connection.recv().expect("a number") + 1).expect("somebody waits");
        }
    }
}

/// [49] `test_nested_queue`
fn an_end_of_a_pipe_may_be_an_item() {
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(gets_connections, (queue.clone(),)).expect("a start");
    for queue in [queue.clone(), passed(&queue)] {
        let (ours, theirs) = pipe().expect("a pipe");
        ours.send(1).expect("it is open"); // it waits in there while the end travels
        queue.put(vec![theirs]).expect("it is open");
        assert_eq!(ours.recv_timeout(SOON).expect("an answer"), 2);
        assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    }
    queue.close().expect("it is open");
    child.join().expect("it ends");

    for queue in kinds() {
        let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
        queue.put(theirs).expect("it is open");
        let theirs = queue.get().expect("a connection");
        theirs.send(3).expect("it is open");
        assert_eq!(ours.recv_timeout(SOON).expect("a number"), 3);
    }
}

fn a_queue_may_be_an_item() {
    for outer in kinds() {
        let inner = Queue::new().expect("a queue");
        outer.put((1, inner.clone())).expect("it is open");
        let (number, again) = outer.get().expect("a queue");
        again.put("through the other".to_owned()).expect("it is open");
        assert_eq!(number, 1);
        assert_eq!(inner.get().expect("an item"), "through the other");
    }
}

#[derive(Serialize, Deserialize)]
struct Nested(u32, Option<Queue<Nested>>);

fn a_queue_may_be_an_item_of_itself() {
    for queue in kinds() {
        queue.put(Nested(1, Some(queue.clone()))).expect("it is open");
        let Nested(1, Some(again)) = queue.get().expect("an item") else { panic!("another") };
        again.put(Nested(2, None)).expect("it is open");
        assert!(matches!(queue.get(), Ok(Nested(2, None))));
    }
}

fn an_item_may_hold_32_connections_and_no_more() {
    let pipes = |count| (0..count).map(|_| pipe::<u32, u32>().expect("a pipe")).unzip();
    for queue in kinds() {
        let (ours, theirs): (Vec<_>, Vec<_>) = pipes(32);
        queue.put(theirs).expect("one message may carry as many");
        for (n, theirs) in (0..).zip(queue.get().expect("the item")) {
            theirs.send(n).expect("it is open");
        }
        for (n, ours) in (0..).zip(ours) {
            assert_eq!(ours.recv_timeout(SOON).expect("a number"), n);
        }

        let (ours, theirs): (Vec<_>, Vec<_>) = pipes(33);
        let error = queue.put(theirs).expect_err("they are too many");
        assert!(matches!(error, Error::TooManyEnds { count: 66, limit: 64 }), "{error}");
        assert!(ours.iter().all(|ours| matches!(ours.recv(), Err(Error::Closed))));
        assert_eq!(queue.len().expect("it goes on"), 0);
    }
    // To a child, through both directions.
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(gets_connections, (queue.clone(),)).expect("a start");
    let (ours, theirs): (Vec<_>, Vec<_>) = pipes(32);
    queue.put(theirs).expect("one message may carry as many");
    for (n, ours) in (0..).zip(ours) {
        ours.send(n).expect("it is open");
        assert_eq!(ours.recv_timeout(SOON).expect("a number"), n + 1);
    }
    queue.close().expect("it is open");
    child.join().expect("it ends");
}

fn an_item_that_nobody_takes_closes_what_it_holds() {
    for queue in kinds() {
        let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
        queue.put(theirs).expect("it is open");
        assert!(matches!(ours.recv_timeout(std::time::Duration::ZERO), Err(Error::Timeout)));
        drop(queue);
        assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    }
}

/// An item that may be refused, with an end that is encoded before that is known.
#[derive(Serialize, Deserialize)]
pub enum Maybe {
    Good(u32),
    Refused(Connection<(), ()>, Refuses),
    Panics(Connection<(), ()>, Panics),
}

#[derive(Deserialize)]
pub struct Panics;

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic::resume_unwind(Box::new("while it was encoded"))
    }
}

fn good(queue: &Queue<Maybe>) -> u32 {
    match queue.get_timeout(SOON).expect("an item") {
        Maybe::Good(n) => n,
        _ => panic!("it cannot have been sent"),
    }
}

/// Puts a good one, then one that is refused in each form, then a good one.
pub fn puts_what_is_refused(queue: Queue<Maybe>) {
    queue.put(Maybe::Good(1)).expect("it is open");
    for form in 0..3 {
        let (ours, theirs) = pipe().expect("a pipe");
        let item = Maybe::Refused(theirs, Refuses);
        let result = match form {
            0 => queue.put(item),
            1 => queue.try_put(item),
            _ => queue.put_timeout(item, SOON),
        };
        let error = result.expect_err("it refuses");
        let Error::Encode { type_name, reason } = error else { panic!("{error}") };
        assert!(type_name.ends_with("Maybe"), "{type_name}");
        assert!(reason.contains("its `Serialize` refused it"), "{reason}");
        // The end was not sent to anybody, and will not go with the next message.
        assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    }
    queue.put(Maybe::Good(2)).expect("it is open");
}

/// [44] `test_queue_feeder_donot_stop_onexc`
fn an_item_that_is_refused_disturbs_no_other() {
    for queue in kinds() {
        puts_what_is_refused(queue.clone());
        assert_eq!((good(&queue), good(&queue)), (1, 2));
    }
    let queue = Queue::new().expect("a queue");
    let child = Process::spawn(puts_what_is_refused, (queue.clone(),)).expect("a start");
    child.join().expect("it ends");
    assert_eq!((good(&queue), good(&queue)), (1, 2));
}

/// [45] `test_queue_feeder_donot_stop_onexc`
fn an_item_that_is_refused_takes_no_room() {
    let queue = Queue::bounded(1).expect("a queue");
    for queue in [queue.clone(), passed(&queue)] {
        let (_ours, theirs) = pipe().expect("a pipe");
        let result = queue.put(Maybe::Refused(theirs, Refuses));
        assert!(matches!(result, Err(Error::Encode { .. })));
        queue.try_put(Maybe::Good(1)).expect("there is room");
        assert_eq!(queue.len().expect("it is open"), 1);
        assert_eq!(good(&queue), 1);
    }
}

fn an_item_that_is_refused_stops_extend_and_those_before_it_are_in() {
    for queue in kinds() {
        let (_ours, theirs) = pipe().expect("a pipe");
        let refused = Maybe::Refused(theirs, Refuses);
        let items = [Maybe::Good(1), Maybe::Good(2), refused, Maybe::Good(3)];
        assert!(matches!(queue.extend(items), Err(Error::Encode { .. })));
        assert_eq!(queue.len().expect("it is open"), 2);
        assert_eq!((good(&queue), good(&queue)), (1, 2));
    }
}

fn an_item_that_panics_while_it_is_encoded_disturbs_no_other() {
    for queue in kinds() {
        queue.put(Maybe::Good(1)).expect("it is open");
        let (ours, theirs) = pipe().expect("a pipe");
        let put = || queue.put(Maybe::Panics(theirs, Panics));
        panic::catch_unwind(AssertUnwindSafe(put)).map(drop).expect_err("it panics");
        assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
        queue.put(Maybe::Good(2)).expect("it is open");
        assert_eq!((good(&queue), good(&queue)), (1, 2));
    }
}

fn an_item_that_cannot_be_decoded_is_an_error_and_no_more() {
    type Item = (u32, Result<u32, RefusedThere>);
    for queue in kinds::<Item>() {
        let items = [(1, Ok(1)), (2, Err(RefusedThere)), (3, Ok(3))];
        as_sender(|| queue.extend(items)).expect("it is open");
        assert!(matches!(queue.get(), Ok((1, Ok(1)))));
        let error = queue.get().expect_err("it refuses");
        let Error::Decode { type_name, reason } = error else { panic!("{error}") };
        assert!(type_name.contains("RefusedThere"), "{type_name}");
        assert!(reason.contains("its `Deserialize` refused it"), "{reason}");
        assert!(matches!(queue.get(), Ok((3, Ok(3)))));
    }
}

pub fn gets_a_number_and_a_text(queue: Disguised<Queue<String>, Queue<(u8, String)>>) -> String {
    let queue = queue.received();
    let errors = [(); 3].map(|()| match queue.get() {
        Err(Error::Decode { type_name, .. }) => type_name,
        other => panic!("{other:?}"),
    });
    queue.put((1, "x".to_owned())).expect("the creator is there");
    errors.concat()
}

fn a_queue_of_another_type_gives_errors() {
    let queue = Queue::<String>::new().expect("a queue");
    queue.extend([String::new(), "a".to_owned(), "x".repeat(300_000)]).expect("it is open");
    let disguised = Disguised::Sent(queue.clone());
    let child = Process::spawn(gets_a_number_and_a_text, (disguised,)).expect("a start");
    let name = std::any::type_name::<(u8, String)>();
    assert_eq!(child.join().expect("a value"), name.repeat(3));
    assert!(matches!(queue.try_get(), Err(Error::Decode { .. })));
    assert!(matches!(queue.try_get(), Err(Error::Empty)));
}

fn an_item_that_cannot_be_decoded_closes_what_it_holds() {
    type Item = (Connection<(), ()>, RefusedThere);
    for queue in kinds::<Item>() {
        let (ours, theirs) = pipe().expect("a pipe");
        as_sender(|| queue.put((theirs, RefusedThere))).expect("it is open");
        assert!(matches!(queue.get().map(drop), Err(Error::Decode { .. })));
        assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    }
    // An end where another thing is expected, and none where one is.
    for queue in kinds::<Disguised<Connection<(), ()>, String>>() {
        let (ours, theirs) = pipe().expect("a pipe");
        disguised(theirs, |item| queue.put(item)).expect("it is open");
        let _ = queue.get();
        assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    }
    for queue in kinds::<Disguised<(u32, u32, u32), Connection<(), ()>>>() {
        disguised((0, 0, 1), |item| queue.put(item)).expect("it is open");
        assert!(matches!(queue.get().map(drop), Err(Error::Decode { .. })));
    }
}

fn a_queue_cannot_be_written_into_anything_else() {
    for queue in kinds::<u32>() {
        postcard::to_stdvec(&queue).expect_err("it is no data");
        // Nothing of it is left behind for the next message.
        queue.put(1).expect("it is open");
        assert_eq!(queue.get().expect("an item"), 1);
    }
}
