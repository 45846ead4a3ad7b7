//! Sending and receiving.

use library_support::{
    Disguised, MOMENT, RefusedThere, Refuses, SOON, Suite, Untagged, as_sender, bytes, disguised,
    lengths, open_files, status, suite, until, until_asleep,
};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize, Serializer};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Receiver, Sender, pipe};
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite {
    suite! {
        tests: [
            values_of_every_kind_come_back_equal,
            messages_of_every_length_come_back_equal,
            long_messages_pass_each_other,
            a_receive_ends_when_its_time_is_over,
            a_poll_waits_as_long_as_it_may_and_takes_nothing,
            a_poll_ends_when_a_message_comes,
            an_empty_message_is_a_message,
            messages_come_one_by_one_with_polling_between,
            messages_are_not_merged,
            what_was_sent_before_the_end_is_received_before_it,
            the_end_of_the_other_side_is_closed_again_and_again,
            the_end_of_a_process_is_closed_within_a_second,
            both_sides_may_send_ten_thousand_messages_before_they_receive,
            both_sides_may_send_messages_of_any_length_before_they_receive,
            a_send_waits_while_nobody_reads,
            a_time_limit_in_the_middle_of_a_long_message_loses_none_of_it,
            half_a_message_of_a_dead_process_is_not_received,
            a_long_send_to_a_process_that_dies_is_closed,
            a_long_message_is_never_split_by_ipc_channel,
            two_directions_may_be_used_by_two_threads,
            the_ends_of_one_direction_close_alone,
            a_value_that_is_refused_is_not_sent_and_disturbs_no_other,
            a_value_that_panics_while_it_is_encoded_disturbs_no_other,
            a_value_that_cannot_be_decoded_is_an_error_and_no_more,
            a_message_of_another_type_is_an_error,
            a_value_that_its_type_cannot_read_back_is_not_sent,
        ],
        children: [
            echoes,
            echoes_values,
            reads_when_told,
            sends_and_ends,
            sends_before_it_receives,
            sends_something_long,
            sums,
        ],
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Unit,
    Number(i128, f64),
    Text { text: String },
    Bytes(Vec<u8>),
    Map(BTreeMap<String, Option<Value>>),
    List(Vec<Value>),
}

fn values() -> Vec<Value> {
    let text = |text: &str| Value::Text { text: text.to_owned() };
    let mut all = vec![Value::Unit, Value::Number(i128::MIN, -0.5), text(""), text("Привет\0")];
    all.push(Value::Bytes(bytes(300_000).into_vec()));
    all.push(Value::Map(BTreeMap::from([
        (String::new(), None),
        ("a".to_owned(), Some(Value::Unit)),
    ])));
    all.push(Value::List(all.clone()));
    all.push(Value::List(vec![]));
    all
}

pub fn echoes_values(connection: Connection<Value, Value>) {
    while let Ok(value) = connection.recv() {
        connection.send(value).expect("the parent waits");
    }
}

/// [55] `test_connection`
fn values_of_every_kind_come_back_equal() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(echoes_values, (theirs,)).expect("a start");
    for value in values() {
        ours.send(value.clone()).expect("it listens");
        assert_eq!(ours.recv_timeout(SOON).expect("an answer"), value);
    }
    drop(ours);
    process.join().expect("it ends");
}

pub fn echoes(connection: Connection<ByteBuf, ByteBuf>) {
    while let Ok(bytes) = connection.recv() {
        connection.send(bytes).expect("the parent waits");
    }
}

/// [55], [57] `test_connection`
fn messages_of_every_length_come_back_equal() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(echoes, (theirs,)).expect("a start");
    let mut all = lengths();
    all.extend([16 << 20, 64 << 20, 3]);
    for length in all {
        ours.send(bytes(length)).expect("it listens");
        let answer = ours.recv_timeout(SOON).expect("an answer");
        assert!(answer == bytes(length), "{length} bytes, {} came back", answer.len());
    }
    drop(ours);
    process.join().expect("it ends");
}

/// [57] `test_connection`
fn long_messages_pass_each_other() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(echoes, (theirs,)).expect("a start");
    // It answers the first while the others are on their way.
    for length in [16 << 20, 1, 4 << 20, 8 << 20] {
        ours.send(bytes(length)).expect("it listens");
    }
    for length in [16 << 20, 1, 4 << 20, 8 << 20] {
        assert!(ours.recv_timeout(SOON).expect("an answer") == bytes(length));
    }
    drop(ours);
    process.join().expect("it ends");
}

fn a_receive_ends_when_its_time_is_over() {
    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    for time in [Duration::ZERO, Duration::from_micros(100), Duration::from_micros(1500), MOMENT] {
        let start = Instant::now();
        assert!(matches!(ours.recv_timeout(time), Err(Error::Timeout)));
        assert!(start.elapsed() >= time, "{:?} instead of {time:?}", start.elapsed());
    }
    for time in [Duration::ZERO, SOON, Duration::from_secs(u64::from(u32::MAX)), Duration::MAX] {
        theirs.send(7).expect("it is open");
        assert_eq!(ours.recv_timeout(time).expect("a message"), 7);
    }
}

/// [56] `test_connection`
fn a_poll_waits_as_long_as_it_may_and_takes_nothing() {
    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    for time in [Duration::ZERO, Duration::from_micros(1500), MOMENT] {
        let start = Instant::now();
        assert!(!ours.poll(time).expect("no error"));
        let took = start.elapsed();
        assert!(time <= took && took < time + Duration::from_secs(1), "{took:?}, not {time:?}");
    }
    theirs.send(1).expect("it is open");
    theirs.send(2).expect("it is open");
    for _ in 0..3 {
        let start = Instant::now();
        for time in [Duration::ZERO, SOON, Duration::MAX] {
            assert!(ours.poll(time).expect("no error"));
        }
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    assert_eq!((ours.recv().expect("a message"), ours.recv().expect("a message")), (1, 2));
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
}

/// Does something on a thread when this one has gone to sleep.
fn when_we_sleep(work: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let waiter = rustix::thread::gettid().as_raw_pid().cast_unsigned();
    thread::spawn(move || {
        until_asleep(waiter);
        work();
    })
}

/// [56] `test_connection`
fn a_poll_ends_when_a_message_comes() {
    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    let (sender, receiver) = theirs.split();
    let sent = when_we_sleep(move || sender.send(1).expect("it is open"));
    assert!(ours.poll(Duration::MAX).expect("no error"));
    sent.join().expect("no panic");
    assert_eq!(ours.recv().expect("a message"), 1);
    // The sending end went with the thread.
    assert!(ours.poll(Duration::ZERO).expect("no error"));
    assert!(matches!(ours.recv(), Err(Error::Closed)));
    drop(receiver);

    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    let sent = when_we_sleep(move || drop(theirs));
    assert!(ours.poll(SOON).expect("no error"));
    sent.join().expect("no panic");
    assert!(matches!(ours.recv(), Err(Error::Closed)));
}

/// [62] `test_empty_string`
fn an_empty_message_is_a_message() {
    let (ours, theirs) = pipe::<(), String>().expect("a pipe");
    theirs.send(String::new()).expect("it is open");
    assert!(ours.poll(Duration::ZERO).expect("no error"));
    assert!(ours.poll(Duration::ZERO).expect("no error"));
    assert_eq!(ours.recv().expect("a message"), "");
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
    // Nothing at all, three times.
    for _ in 0..3 {
        ours.send(()).expect("it is open");
    }
    for _ in 0..3 {
        theirs.recv_timeout(SOON).expect("a message");
    }
    assert!(!theirs.poll(Duration::ZERO).expect("no error"));
}

/// [63] `test_strings`
fn messages_come_one_by_one_with_polling_between() {
    let texts = ["hello", "", "a", "b", "", "bye", "", "lop"];
    let (ours, theirs) = pipe::<String, ()>().expect("a pipe");
    for text in texts {
        ours.send(text.to_owned()).expect("it is open");
    }
    for text in texts {
        assert!(theirs.poll(SOON).expect("no error"));
        assert_eq!(theirs.recv().expect("a message"), text);
    }
    assert!(!theirs.poll(Duration::ZERO).expect("no error"));
}

/// [65] `test_dont_merge`
fn messages_are_not_merged() {
    let (ours, theirs) = pipe::<(), String>().expect("a pipe");
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
    for text in ["a", "b"] {
        theirs.send(text.to_owned()).expect("it is open");
    }
    assert!(ours.poll(Duration::ZERO).expect("no error"));
    assert_eq!(ours.recv().expect("a message"), "a");
    theirs.send("cd".to_owned()).expect("it is open");
    for text in ["b", "cd"] {
        for _ in 0..3 {
            assert!(ours.poll(Duration::ZERO).expect("no error"));
        }
        assert_eq!(ours.recv().expect("a message"), text);
    }
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
}

pub fn sends_and_ends(connection: Connection<ByteBuf, ()>, lengths: Vec<usize>) {
    for length in lengths {
        connection.send(bytes(length)).expect("the parent is there");
    }
}

fn what_was_sent_before_the_end_is_received_before_it() {
    let lengths = vec![3, 0, 50_000, 1, 40_000];
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(sends_and_ends, (theirs, lengths.clone())).expect("a start");
    process.join().expect("it ends with nobody reading");
    for length in lengths {
        assert!(ours.poll(Duration::ZERO).expect("no error"));
        assert!(ours.recv().expect("a message") == bytes(length));
    }
    assert!(matches!(ours.recv(), Err(Error::Closed)));
}

#[track_caller]
fn is_closed(connection: &Connection<u32, u32>) {
    for _ in 0..3 {
        assert!(connection.poll(Duration::ZERO).expect("the end counts as a message"));
        assert!(connection.poll(SOON).expect("the end counts as a message"));
        assert!(matches!(connection.recv(), Err(Error::Closed)));
        assert!(matches!(connection.recv_timeout(Duration::ZERO), Err(Error::Closed)));
        assert!(matches!(connection.recv_timeout(SOON), Err(Error::Closed)));
        assert!(matches!(connection.send(1), Err(Error::Closed)));
    }
}

/// [58] `test_connection`
fn the_end_of_the_other_side_is_closed_again_and_again() {
    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    drop(theirs);
    is_closed(&ours);
    // Also with something that was never read on the other side.
    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    ours.send(1).expect("it is open");
    theirs.send(2).expect("it is open");
    drop(theirs);
    assert_eq!(ours.recv().expect("it was sent before"), 2);
    is_closed(&ours);
}

pub fn sums(connection: Connection<u32, u32>) -> u32 {
    std::iter::from_fn(|| connection.recv().ok()).sum()
}

/// [58] `test_connection`, [72]
fn the_end_of_a_process_is_closed_within_a_second() {
    // It ends because it sees that nothing more comes, and would not if anybody had kept an end.
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(sums, (theirs,)).expect("a start");
    let (sender, receiver) = ours.split();
    sender.send(1).expect("it listens");
    drop(sender);
    let start = Instant::now();
    assert!(matches!(receiver.recv_timeout(SOON), Err(Error::Closed)));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(process.join().expect("a value"), 1);

    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(sums, (theirs,)).expect("a start");
    process.kill().expect("it can be signalled");
    let start = Instant::now();
    assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    // The system may close one direction a moment before the other.
    assert_eq!(process.wait().expect("it ends"), -9);
    is_closed(&ours);
}

/// Sends so many messages of so many bytes, and then receives as many.
pub fn sends_before_it_receives(
    connection: Connection<ByteBuf, ByteBuf>,
    count: usize,
    length: usize,
) {
    let message = bytes(length);
    for _ in 0..count {
        connection.send(message.clone()).expect("the other side is there");
    }
    for _ in 0..count {
        assert!(connection.recv_timeout(SOON).expect("a message") == message);
    }
}

fn both_sides_may_send_ten_thousand_messages_before_they_receive() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(sends_before_it_receives, (theirs, 10_000, 20));
    sends_before_it_receives(ours, 10_000, 20);
    process.and_then(Process::join).expect("it ends");
}

fn both_sides_may_send_messages_of_any_length_before_they_receive() {
    // How much of the system's memory a message takes does not grow evenly with its length.
    for length in [0, 1000, 3700, 4200, 8200, 10_000, 16_065, 60_000, 100_000, 210_000, 300_000] {
        let (ours, theirs) = pipe().expect("a pipe");
        let count = (4 << 20) / length.max(4000);
        let process = Process::spawn(sends_before_it_receives, (theirs, count, length));
        sends_before_it_receives(ours, count, length);
        process.and_then(Process::join).expect("it ends");
    }
}

/// Says how many messages it received, when it is asked.
pub fn reads_when_told(messages: Receiver<ByteBuf>, orders: Connection<usize, usize>) {
    while let Ok(count) = orders.recv() {
        let received = (0..count).map_while(|_| messages.recv().ok()).count();
        orders.send(received).expect("the parent waits");
    }
}

/// A process that reads only when it is told to.
fn lazy_reader() -> (Process<()>, Sender<ByteBuf>, Connection<usize, usize>) {
    let (ours, theirs) = pipe::<ByteBuf, ()>().expect("a pipe");
    let (orders, their_orders) = pipe::<usize, usize>().expect("a pipe");
    let reader = Process::spawn(reads_when_told, (theirs.split().1, their_orders));
    (reader.expect("a start"), ours.split().0, orders)
}

fn a_send_waits_while_nobody_reads() {
    let (reader, sender, orders) = lazy_reader();
    let (sent, count) = std::sync::mpsc::channel();
    let (tell, thread_number) = std::sync::mpsc::channel();
    let sending = thread::spawn(move || {
        tell.send(rustix::thread::gettid()).expect("somebody wants to know");
        for _ in 0..1000 {
            sender.send(bytes(1000)).expect("it will be read");
            sent.send(()).expect("somebody counts");
        }
    });
    until_asleep(thread_number.recv().expect("a number").as_raw_pid().cast_unsigned());
    let sent = count.try_iter().count();
    assert!((50..500).contains(&sent), "{sent} messages fit");
    orders.send(1000).expect("it listens");
    assert_eq!(orders.recv_timeout(SOON).expect("it has them all"), 1000);
    sending.join().expect("no panic");
    assert_eq!(sent + count.iter().count(), 1000);
    drop(orders);
    reader.join().expect("it ends");
}

pub fn sends_something_long(connection: Connection<ByteBuf, ()>, length: usize) {
    connection.send(ByteBuf::new()).expect("the parent is there");
    if connection.send(bytes(length)).is_ok() {
        connection.send(ByteBuf::new()).expect("the parent is there");
    }
}

/// A child that is stopped in the middle of sending something long.
pub fn in_the_middle(length: usize) -> (Process<()>, Connection<(), ByteBuf>) {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(sends_something_long, (theirs, length)).expect("a start");
    assert_eq!(ours.recv_timeout(SOON).expect("it is there"), bytes(0));
    until_asleep(process.id());
    signal(&process, Signal::STOP);
    let state = || status(process.id()).map(|status| status.state);
    until("it is stopped", SOON, || state() == Some('T'));
    (process, ours)
}

pub fn signal(process: &Process<()>, signal: Signal) {
    let pid = Pid::from_raw(process.id().cast_signed()).expect("a number");
    kill_process(pid, signal).expect("it can be signalled");
}

fn a_time_limit_in_the_middle_of_a_long_message_loses_none_of_it() {
    const LENGTH: usize = 3 << 20;
    let (process, ours) = in_the_middle(LENGTH);
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
    assert!(matches!(ours.recv_timeout(MOMENT), Err(Error::Timeout)));
    signal(&process, Signal::CONT);
    // And while it comes.
    let mut in_vain = 0;
    let message = loop {
        match ours.recv_timeout(Duration::ZERO) {
            Ok(message) => break message,
            Err(Error::Timeout) => in_vain += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(in_vain < 10_000_000, "it does not come");
    };
    assert!(message == bytes(LENGTH));
    assert!(ours.recv_timeout(SOON).expect("the next one") == bytes(0));
    process.join().expect("it ends");
}

fn half_a_message_of_a_dead_process_is_not_received() {
    let (process, ours) = in_the_middle(3 << 20);
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
    process.kill().expect("it can be signalled");
    assert_eq!(process.wait().expect("it ends"), -9);
    for _ in 0..3 {
        assert!(matches!(ours.recv_timeout(SOON), Err(Error::Closed)));
        assert!(ours.poll(SOON).expect("the end counts as a message"));
    }
}

fn a_long_send_to_a_process_that_dies_is_closed() {
    let (reader, sender, orders) = lazy_reader();
    orders.send(0).expect("it listens");
    assert_eq!(orders.recv_timeout(SOON).expect("it is there"), 0);
    let id = Pid::from_raw(reader.id().cast_signed()).expect("a number");
    let killed = when_we_sleep(move || kill_process(id, Signal::KILL).expect("it lives"));
    assert!(matches!(sender.send(bytes(3 << 20)), Err(Error::Closed)));
    killed.join().expect("no panic");
    assert_eq!(reader.wait().expect("it ends"), -9);
    for length in [3 << 20, 1] {
        assert!(matches!(sender.send(bytes(length)), Err(Error::Closed)));
    }
}

/// ipc-channel would make a socket of its own for a message that it splits, and keep both ends of it
/// until the message is sent: nobody would ever tell the sender that the receiver is dead.
fn a_long_message_is_never_split_by_ipc_channel() {
    for length in lengths().into_iter().filter(|&length| length > 200_000) {
        let (ours, theirs) = pipe::<(), ByteBuf>().expect("a pipe");
        let (_, receiver) = ours.split();
        let before = open_files("self").len();
        let (tell, thread_number) = std::sync::mpsc::channel();
        let sending = thread::spawn(move || {
            tell.send(rustix::thread::gettid()).expect("somebody wants to know");
            // The first fills the socket, so that the second waits wherever it may.
            theirs.send(bytes(length)).and_then(|()| theirs.send(bytes(length)))
        });
        until_asleep(thread_number.recv().expect("a number").as_raw_pid().cast_unsigned());
        assert_eq!(open_files("self").len(), before, "{length} bytes");
        for _ in 0..2 {
            assert!(receiver.recv_timeout(SOON).expect("a message") == bytes(length));
        }
        sending.join().expect("no panic").expect("it was read");
    }
}

fn two_directions_may_be_used_by_two_threads() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(echoes, (theirs,)).expect("a start");
    let (sender, receiver) = ours.split();
    let sending = thread::spawn(move || {
        for n in 0..1000 {
            sender.send(bytes(n)).expect("it listens");
        }
    });
    for n in 0..1000 {
        assert!(receiver.recv_timeout(SOON).expect("an answer") == bytes(n));
    }
    sending.join().expect("no panic");
    assert!(matches!(receiver.recv_timeout(SOON), Err(Error::Closed)));
    process.join().expect("it ends");
}

fn the_ends_of_one_direction_close_alone() {
    let (ours, theirs) = pipe::<u32, u32>().expect("a pipe");
    let (sender, receiver) = ours.split();
    drop(sender);
    assert!(matches!(theirs.recv(), Err(Error::Closed)));
    theirs.send(1).expect("the other direction is open");
    assert_eq!(receiver.recv().expect("a message"), 1);
    drop(receiver);
    assert!(matches!(theirs.send(1), Err(Error::Closed)));
    assert!(matches!(theirs.recv(), Err(Error::Closed)));
}

/// A value that may be refused, with an end that is encoded before that is known.
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

fn good(connection: &Connection<(), Maybe>) -> u32 {
    match connection.recv_timeout(SOON).expect("a message") {
        Maybe::Good(n) => n,
        _ => panic!("it cannot have been sent"),
    }
}

fn a_value_that_is_refused_is_not_sent_and_disturbs_no_other() {
    let (ours, theirs) = pipe::<Maybe, ()>().expect("a pipe");
    let (other, others) = pipe::<u32, u32>().expect("a pipe");
    for n in 0..3 {
        ours.send(Maybe::Good(n)).expect("it is open");
        let (inner, inners) = pipe().expect("a pipe");
        let error = ours.send(Maybe::Refused(inners, Refuses)).expect_err("it refuses");
        let Error::Encode { type_name, reason } = &error else { panic!("{error}") };
        assert!(type_name.ends_with("Maybe"), "{type_name}");
        assert!(reason.contains("its `Serialize` refused it"), "{reason}");
        assert!(error.to_string().contains("could not be encoded, nothing was sent"), "{error}");
        // The next message on this thread, on another channel, does not carry the end along.
        other.send(n).expect("it is open");
        assert_eq!(others.recv().expect("a message"), n);
        assert!(matches!(inner.recv_timeout(SOON), Err(Error::Closed)));
        assert_eq!(good(&theirs), n);
    }
    assert!(!theirs.poll(Duration::ZERO).expect("no error"));
    // In one direction alone, too.
    let (sender, _) = ours.split();
    let (_inner, inners) = pipe().expect("a pipe");
    let result = sender.send(Maybe::Refused(inners, Refuses));
    assert!(matches!(result, Err(Error::Encode { .. })));
    sender.send(Maybe::Good(3)).expect("it is open");
    assert_eq!(good(&theirs), 3);
}

fn a_value_that_panics_while_it_is_encoded_disturbs_no_other() {
    let (ours, theirs) = pipe::<Maybe, ()>().expect("a pipe");
    let (inner, inners) = pipe().expect("a pipe");
    let send = || ours.send(Maybe::Panics(inners, Panics));
    panic::catch_unwind(AssertUnwindSafe(send)).map(drop).expect_err("it panics");
    assert!(matches!(inner.recv_timeout(SOON), Err(Error::Closed)));
    ours.send(Maybe::Good(1)).expect("it is open");
    assert_eq!(good(&theirs), 1);
}

fn a_value_that_cannot_be_decoded_is_an_error_and_no_more() {
    type Message = (Option<Connection<(), ()>>, Result<u32, RefusedThere>);
    let (ours, theirs) = pipe::<Message, ()>().expect("a pipe");
    let (inner, inners) = pipe().expect("a pipe");
    ours.send((None, Ok(1))).expect("it is open");
    as_sender(|| ours.send((Some(inners), Err(RefusedThere)))).expect("it is open");
    ours.send((None, Ok(3))).expect("it is open");
    assert!(matches!(theirs.recv(), Ok((None, Ok(1)))));
    let error = theirs.recv().map(drop).expect_err("it refuses");
    let Error::Decode { type_name, reason } = error else { panic!("{error}") };
    assert_eq!(type_name, std::any::type_name::<Message>());
    assert!(reason.contains("its `Deserialize` refused it"), "{reason}");
    // What it held is closed, and the next is not disturbed.
    assert!(matches!(inner.recv_timeout(SOON), Err(Error::Closed)));
    assert!(matches!(theirs.recv(), Ok((None, Ok(3)))));
}

fn a_message_of_another_type_is_an_error() {
    // Numbers where a text is expected, a text where an end is, an end where a number is.
    let (ours, theirs) = pipe::<Disguised<Vec<u8>, String>, ()>().expect("a pipe");
    disguised(vec![0xff; 3], |value| ours.send(value)).expect("it is open");
    disguised(b"fine".to_vec(), |value| ours.send(value)).expect("it is open");
    assert!(matches!(theirs.recv().map(drop), Err(Error::Decode { .. })));
    assert_eq!(theirs.recv().expect("a text by chance").received(), "fine");

    let (ours, theirs) = pipe::<Disguised<String, Connection<u32, u32>>, ()>().expect("a pipe");
    for length in [0, 1, 10, 100_000] {
        disguised("x".repeat(length), |value| ours.send(value)).expect("it is open");
        assert!(matches!(theirs.recv().map(drop), Err(Error::Decode { .. })));
    }
    let (ours, theirs) = pipe::<Disguised<Connection<(), ()>, (u64, u64)>, ()>().expect("a pipe");
    let (inner, inners) = pipe().expect("a pipe");
    disguised(inners, |value| ours.send(value)).expect("it is open");
    let _ = theirs.recv();
    assert!(matches!(inner.recv_timeout(SOON), Err(Error::Closed)));
    let (ours, theirs) = pipe::<Disguised<Sender<u32>, Receiver<u32>>, ()>().expect("a pipe");
    let (inner, inners) = pipe::<u32, u32>().expect("a pipe");
    disguised(inners.split().0, |value| ours.send(value)).expect("it is open");
    assert!(matches!(theirs.recv().map(drop), Err(Error::Decode { .. })));
    assert!(matches!(inner.recv_timeout(SOON), Err(Error::Closed)));
}

fn a_value_that_its_type_cannot_read_back_is_not_sent() {
    let (ours, theirs) = pipe::<Option<Untagged>, Vec<Untagged>>().expect("a pipe");
    for _ in 0..2 {
        ours.send(None).expect("there is nothing in it");
        let error = ours.send(Some(Untagged::Number(1))).expect_err("it cannot be read");
        let Error::Encode { reason, .. } = &error else { panic!("{error}") };
        assert!(reason.contains("its own type cannot read it back"), "{reason}");
        let long = (0..1000).map(Untagged::Number).collect();
        assert!(matches!(theirs.send(long), Err(Error::Encode { .. })));
        assert_eq!(theirs.recv().expect("what was sent"), None);
    }
    assert!(!theirs.poll(Duration::ZERO).expect("no error"));
    assert!(!ours.poll(Duration::ZERO).expect("no error"));
}
