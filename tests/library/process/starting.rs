//! A start, and what a child is given.

use library_support::{
    SOON, Suite, buffer, bytes, finish, is_child, open_files, program, says_hello_and_waits, suite,
    until, waiting_child,
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::guard::Target;
use shared::{Connection, Error, Process, Queue, Run, pipe};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};
use std::{env, io};

pub fn suite() -> Suite {
    suite! {
        tests: [
            a_child_gives_the_value_of_its_target,
            a_target_takes_from_zero_to_six_arguments,
            arguments_and_values_of_every_kind_arrive_equal,
            arguments_and_values_of_every_length_arrive_equal,
            a_child_has_memory_of_its_own,
            targets_of_the_same_name_are_told_apart,
            a_value_may_hold_ends,
            a_type_that_implements_run_is_a_process,
            a_run_type_talks_over_its_own_pipe,
            a_start_does_not_wait_for_the_child,
            children_can_be_started_from_many_threads_at_once,
            fifty_children_at_once_all_answer,
            many_programs_start_processes_at_once_without_a_folder_for_temporary_files,
            the_command_line_reaches_child_and_grandchild,
            the_standard_input_of_a_child_is_empty,
            files_of_the_parent_are_not_open_in_a_child,
            channels_of_the_parent_are_not_open_in_a_child,
            children_alive_at_once_hold_equally_many_files,
            a_program_that_a_child_runs_is_given_nothing_of_ours,
            a_child_is_listed_under_its_program_and_its_name,
        ],
        children: [
            adds_to_the_counter,
            answers,
            Countdown::run,
            closures().0,
            closures().1,
            default_of::<String>,
            default_of::<u8>,
            echo,
            five,
            four,
            gives_ends,
            has_files_open,
            namesakes().0,
            namesakes().1,
            one,
            reads_everything,
            reads_its_input,
            runs_programs,
            says_its_command_line,
            six,
            three,
            two,
            Upper::run,
            zero,
        ],
        programs: [
            "starts many" => starts_many,
            "has a child that starts late" => has_a_child_that_starts_late,
            "has a command line" => has_a_command_line,
            "has an input" => has_an_input,
            "says who it is" => says_who_it_is,
        ],
    }
}

fn a_child_gives_the_value_of_its_target() {
    let process = Process::spawn(two, (2, 3)).expect("a start");
    assert_eq!(process.join().expect("a value"), "2 3");
}

pub fn zero() -> String {
    String::new()
}

pub fn one(a: u8) -> String {
    format!("{a}")
}

pub fn two(a: u8, b: u16) -> String {
    format!("{a} {b}")
}

pub fn three(a: u8, b: u16, c: String) -> String {
    format!("{a} {b} {c}")
}

pub fn four(a: u8, b: u16, c: String, d: char) -> String {
    format!("{a} {b} {c} {d}")
}

pub fn five(a: u8, b: u16, c: String, d: char, rest: Vec<i64>) -> String {
    format!("{a} {b} {c} {d} {rest:?}")
}

pub fn six(a: u8, b: u16, c: String, d: char, rest: Vec<i64>, last: (bool, f32)) -> String {
    format!("{a} {b} {c} {d} {rest:?} {last:?}")
}

/// [2] `test_args_argument`
fn a_target_takes_from_zero_to_six_arguments() {
    let (c, e) = (|| "three".to_owned(), || vec![-1, 0, 1]);
    let children = [
        Process::spawn(zero, ()),
        Process::spawn(one, (1,)),
        Process::spawn(two, (1, 2)),
        Process::spawn(three, (1, 2, c())),
        Process::spawn(four, (1, 2, c(), '4')),
        Process::spawn(five, (1, 2, c(), '4', e())),
        Process::spawn(six, (1, 2, c(), '4', e(), (true, 0.5))),
    ];
    let values = children.map(|child| child.and_then(Process::join).expect("a value"));
    let expected = [
        "",
        "1",
        "1 2",
        "1 2 three",
        "1 2 three 4",
        "1 2 three 4 [-1, 0, 1]",
        "1 2 three 4 [-1, 0, 1] (true, 0.5)",
    ];
    assert_eq!(values, expected);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    Unit,
    New(String),
    Tuple(u8, i8),
    Struct { deep: Vec<Option<Kind>> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Everything {
    truth: (bool, bool, ()),
    unsigned: (u8, u16, u32, u64, u128, usize),
    signed: (i8, i16, i32, i64, i128, isize),
    real: (f32, f64, f64),
    text: (char, String, String),
    bytes: (Vec<u8>, ByteBuf, [u8; 4]),
    maybe: (Option<u8>, Option<Box<Option<u8>>>),
    result: Result<u8, String>,
    lists: (Vec<()>, Vec<Vec<String>>, HashSet<u32>),
    by_text: BTreeMap<String, Vec<u8>>,
    by_pair: HashMap<(u8, char), Box<Kind>>,
    others: (Duration, PathBuf, IpAddr, NonZeroU8, SystemTime),
    kinds: Vec<Kind>,
}

fn everything() -> Everything {
    let deep = Kind::Struct { deep: vec![None, Some(Kind::Struct { deep: vec![] })] };
    let by_pair = [((1, 'x'), Box::new(deep.clone())), ((2, 'y'), Box::new(Kind::Unit))];
    Everything {
        truth: (true, false, ()),
        unsigned: (u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX, usize::MAX),
        signed: (i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN, isize::MIN),
        real: (f32::MIN_POSITIVE, f64::MAX, f64::NEG_INFINITY),
        text: ('\u{10ffff}', String::new(), "Привет\0\n".to_owned()),
        bytes: (vec![0, 255], bytes(1000), [1, 2, 3, 4]),
        maybe: (None, Some(Box::new(None))),
        result: Err("no".to_owned()),
        lists: (vec![(); 3], vec![vec![], vec!["a".to_owned()]], HashSet::from([1, 2, 3])),
        by_text: BTreeMap::from([(String::new(), vec![]), ("b".to_owned(), vec![1])]),
        by_pair: HashMap::from(by_pair),
        others: (
            Duration::MAX,
            PathBuf::from("/tmp/ü"),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            NonZeroU8::MAX,
            SystemTime::UNIX_EPOCH,
        ),
        kinds: vec![Kind::Unit, Kind::New("n".to_owned()), Kind::Tuple(1, -1), deep],
    }
}

pub fn reads_everything(given: Everything) -> (bool, Everything) {
    (given == everything(), given)
}

/// [2] `test_args_argument`
fn arguments_and_values_of_every_kind_arrive_equal() {
    let process = Process::spawn(reads_everything, (everything(),)).expect("a start");
    assert_eq!(process.join().expect("a value"), (true, everything()));
}

pub fn echo(bytes: ByteBuf) -> ByteBuf {
    bytes
}

fn arguments_and_values_of_every_length_arrive_equal() {
    let packet = buffer() - 2048;
    let mut lengths = vec![0, 1, 65_536, buffer() - 1, buffer(), buffer() + 1, 1 << 20, 64 << 20];
    // Beside the bytes, an order holds some hundred, and a report a few.
    lengths.extend((packet - 160..packet - 16).step_by(8));
    lengths.extend(packet - 16..=packet);
    for length in lengths {
        let process = Process::spawn(echo, (bytes(length),)).expect("a start");
        assert!(process.join().expect("a value") == bytes(length), "{length} bytes");
    }
}

static COUNTER: AtomicU32 = AtomicU32::new(0);

pub fn adds_to_the_counter(n: u32) -> u32 {
    COUNTER.fetch_add(n, Ordering::SeqCst) + n
}

fn a_child_has_memory_of_its_own() {
    let children = [10, 15].map(|n| Process::spawn(adds_to_the_counter, (n,)).expect("a start"));
    assert_eq!(children.map(|child| child.join().expect("a value")), [10, 15]);
    assert_eq!(COUNTER.load(Ordering::SeqCst), 0);
}

pub fn default_of<T: Default>() -> T {
    T::default()
}

/// Two functions that have the same name, and two closures, which have none.
pub fn namesakes() -> (impl Target<(), Output = u8>, impl Target<(), Output = u8>) {
    let first = {
        fn namesake() -> u8 {
            1
        }
        namesake
    };
    let second = {
        fn namesake() -> u8 {
            2
        }
        namesake
    };
    (first, second)
}

pub fn closures() -> (impl Target<(u8,), Output = u8>, impl Target<(u8,), Output = u8>) {
    (|n: u8| n + 1, |n: u8| n + 2)
}

fn targets_of_the_same_name_are_told_apart() {
    let value = |process: Result<Process<u8>, Error>| process.and_then(Process::join).ok();
    assert_eq!(value(Process::spawn(namesakes().0, ())), Some(1));
    assert_eq!(value(Process::spawn(namesakes().1, ())), Some(2));
    assert_eq!(value(Process::spawn(closures().0, (1,))), Some(2));
    assert_eq!(value(Process::spawn(closures().1, (1,))), Some(3));
    assert_eq!(value(Process::spawn(default_of::<u8>, ())), Some(0));
    let process = Process::spawn(default_of::<String>, ()).expect("a start");
    assert_eq!(process.join().expect("a value"), "");
}

pub fn gives_ends(queue: Queue<u8>) -> (Queue<u8>, Connection<(), u8>) {
    let (ours, theirs) = pipe().expect("a pipe");
    ours.send(1).expect("it is open");
    (queue, theirs)
}

fn a_value_may_hold_ends() {
    let queue = Queue::new().expect("a queue");
    let process = Process::spawn(gives_ends, (queue.clone(),)).expect("a start");
    let (again, connection) = process.join().expect("a value");
    again.put(2).expect("it is open");
    assert_eq!(queue.get_timeout(SOON).expect("an item"), 2);
    // What the child had sent is there; then nobody is left to send more.
    assert_eq!(connection.recv_timeout(SOON).expect("a message"), 1);
    assert!(matches!(connection.recv_timeout(SOON), Err(Error::Closed)));
}

#[derive(Serialize, Deserialize)]
pub struct Countdown {
    from: u32,
}

impl Run for Countdown {
    type Output = Vec<u32>;

    fn run(self) -> Vec<u32> {
        (0..self.from).rev().collect()
    }
}

/// [23] `test_subclassing`
fn a_type_that_implements_run_is_a_process() {
    let process = Countdown { from: 3 }.spawn().expect("a start");
    assert_eq!(process.join().expect("a value"), [2, 1, 0]);
    // With a name.
    let process = Process::builder().name("count").spawn(Countdown::run, (Countdown { from: 1 },));
    let process = process.expect("a start");
    assert_eq!(process.name(), "count");
    assert_eq!(process.join().expect("a value"), [0]);
}

#[derive(Serialize, Deserialize)]
pub struct Upper {
    connection: Connection<String, Option<String>>,
}

impl Run for Upper {
    type Output = ();

    fn run(self) {
        while let Some(text) = self.connection.recv().expect("the parent says when to stop") {
            self.connection.send(text.to_uppercase()).expect("the parent waits");
        }
    }
}

/// [23] `test_subclassing`
fn a_run_type_talks_over_its_own_pipe() {
    let (ours, connection) = pipe().expect("a pipe");
    let process = Upper { connection }.spawn().expect("a start");
    for (text, upper) in [("hello", "HELLO"), ("world", "WORLD")] {
        ours.send(Some(text.to_owned())).expect("it listens");
        assert_eq!(ours.recv_timeout(SOON).expect("an answer"), upper);
    }
    ours.send(None).expect("it listens");
    process.join().expect("it stops");
}

const LATE: &str = "TEST_STARTS_WHEN_THERE_IS";

pub fn before_the_guard() {
    if let Some(file) = env::var_os(LATE).filter(|_| is_child()) {
        until("the parent goes on", SOON, || Path::new(&file).exists());
    }
}

/// The child goes on only after the start has returned.
fn a_start_does_not_wait_for_the_child() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("late-{}", std::process::id()));
    finish(program("has a child that starts late").env(LATE, &file)).well();
    fs::remove_file(file).expect("it was made");
}

pub fn has_a_child_that_starts_late() {
    let process = Process::spawn(one, (1,)).expect("a start");
    assert!(process.is_alive());
    File::create(env::var_os(LATE).expect("a path")).expect("a file");
    assert_eq!(process.join().expect("a value"), "1");
}

fn children_can_be_started_from_many_threads_at_once() {
    let start = |n: u8| {
        move || -> Vec<String> {
            let value = |_| Process::spawn(one, (n,)).and_then(Process::join).expect("a value");
            (0..5).map(value).collect()
        }
    };
    let threads: Vec<_> = (0..8).map(|n| (n, thread::spawn(start(n)))).collect();
    for (n, thread) in threads {
        assert_eq!(thread.join().expect("no panic"), vec![n.to_string(); 5]);
    }
}

pub fn answers(connection: Connection<u8, u8>) {
    while let Ok(n) = connection.recv() {
        connection.send(n + 1).expect("the parent waits");
    }
}

fn fifty_children_at_once_all_answer() {
    let family: Vec<_> = (0..50)
        .map(|_| {
            let (ours, theirs) = pipe().expect("a pipe");
            (Process::spawn(answers, (theirs,)).expect("a start"), ours)
        })
        .collect();
    for (n, (_, ours)) in (0..).zip(&family) {
        ours.send(n).expect("it listens");
    }
    for (n, (process, ours)) in (0..).zip(family) {
        assert_eq!(ours.recv_timeout(SOON).expect("an answer"), n + 1);
        drop(ours);
        process.join().expect("it ends");
    }
}

fn many_programs_start_processes_at_once_without_a_folder_for_temporary_files() {
    let start = || {
        let mut program = program("starts many");
        program.env("TMPDIR", "/nowhere/at/all").stderr(Stdio::piped()).spawn().expect("it runs")
    };
    let programs = [(); 6].map(|()| start());
    let ended = programs.map(|program| program.wait_with_output().expect("it ends"));
    for ended in ended {
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
}

/// With ends among the arguments and without.
pub fn starts_many() {
    let starts = || {
        for n in 0..5 {
            let process = Process::spawn(one, (n,)).and_then(Process::join).expect("a value");
            assert_eq!(process, n.to_string());
            let (ours, theirs) = pipe().expect("a pipe");
            let process = Process::spawn(answers, (theirs,)).expect("a start");
            ours.send(n).expect("it listens");
            assert_eq!(ours.recv().expect("an answer"), n + 1);
            drop(ours);
            process.join().expect("it ends");
        }
    };
    thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(starts))));
}

pub fn says_its_command_line(deeper: bool) -> Vec<Vec<String>> {
    let mut lines = vec![env::args().skip(1).collect()];
    if deeper {
        let child = Process::spawn(says_its_command_line, (false,)).expect("a start");
        lines.extend(child.join().expect("a value"));
    }
    lines
}

/// [31] `TestFlags.test_flags`
fn the_command_line_reaches_child_and_grandchild() {
    finish(program("has a command line").args(["", "--a b", "ж", "--", "-x"])).well();
}

pub fn has_a_command_line() {
    let own: Vec<String> = env::args().skip(1).collect();
    assert_eq!(own[2..], ["", "--a b", "ж", "--", "-x"]);
    let child = Process::spawn(says_its_command_line, (true,)).expect("a start");
    assert_eq!(child.join().expect("a value"), [own.clone(), own]);
}

pub fn reads_its_input() -> (String, PathBuf) {
    let text = io::read_to_string(io::stdin()).expect("an empty input");
    (text, fs::read_link("/proc/self/fd/0").expect("/proc"))
}

fn the_standard_input_of_a_child_is_empty() {
    let mut parent = program("has an input");
    let mut parent = parent.stdin(Stdio::piped()).spawn().expect("this program can be run");
    parent.stdin.take().expect("a pipe").write_all(b"for the parent").expect("it reads");
    assert!(parent.wait().expect("it ends").success());
}

pub fn has_an_input() {
    let child = Process::spawn(reads_its_input, ()).expect("a start");
    assert_eq!(child.join().expect("a value"), (String::new(), PathBuf::from("/dev/null")));
    // What is the parent's is still there.
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).expect("an input");
    assert_eq!(text, "for the parent");
}

pub fn has_files_open(go: Option<Connection<(), ()>>) -> Vec<String> {
    if let Some(connection) = go {
        connection.send(()).expect("the parent counts");
        connection.recv().expect("the parent says when all are there");
    }
    open_files("self")
}

/// [29] `TestCloseFds.test_closefd`
fn files_of_the_parent_are_not_open_in_a_child() {
    let file = File::open("/etc/passwd").expect("a file that everyone may read");
    assert!(open_files("self").contains(&"/etc/passwd".to_owned()));
    let child = Process::spawn(has_files_open, (None,)).expect("a start");
    let files = child.join().expect("a value");
    assert!(!files.contains(&"/etc/passwd".to_owned()), "{files:?}");
    drop(file);
}

/// [29] `TestCloseFds.test_closefd`
fn channels_of_the_parent_are_not_open_in_a_child() {
    let count = || {
        let child = Process::spawn(has_files_open, (None,)).expect("a start");
        child.join().expect("a value").len()
    };
    let alone = count();
    let queues = [(); 3].map(|()| Queue::<()>::new().expect("a queue"));
    let pipes = [(); 3].map(|()| pipe::<(), ()>().expect("a pipe"));
    let siblings = [(); 3].map(|()| waiting_child());
    let std_pipe = io::pipe().expect("a pipe");
    assert_eq!(count(), alone);
    drop((queues, pipes, siblings, std_pipe));
}

/// [20] `test_child_fd_inflation`
fn children_alive_at_once_hold_equally_many_files() {
    let family = [(); 5].map(|()| {
        let (ours, theirs) = pipe().expect("a pipe");
        (Process::spawn(has_files_open, (Some(theirs),)).expect("a start"), ours)
    });
    for (_, ours) in &family {
        ours.recv_timeout(SOON).expect("it is there");
    }
    for (_, ours) in &family {
        ours.send(()).expect("it waits");
    }
    let counts = family.map(|(child, _)| child.join().expect("a value").len());
    assert_eq!(counts, [counts[0]; 5]);
}

/// What a program that this process runs has open, and what this very program says it is.
pub fn runs_programs(connection: Option<Connection<(), ()>>) -> (String, String) {
    let _queue = Queue::<()>::new().expect("a queue");
    let output = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output().expect("it can be run");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let files = output(Command::new("ls").arg("/proc/self/fd"));
    let itself = output(&mut program("says who it is"));
    drop(connection);
    (files, itself)
}

pub fn says_who_it_is() {
    println!("{} {:?}", shared::process::name(), shared::process::parent());
}

fn a_program_that_a_child_runs_is_given_nothing_of_ours() {
    let (_ours, theirs) = pipe().expect("a pipe");
    let child = Process::spawn(runs_programs, (Some(theirs),)).expect("a start");
    let (files, itself) = child.join().expect("a value");
    // It has what this process was itself given at its start, and passes on.
    assert_eq!(files, runs_programs(None).0);
    // And this program, run by a child as any other, is no child of ours.
    assert_eq!(itself, "MainProcess None\n");
}

fn a_child_is_listed_under_its_program_and_its_name() {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::builder().name("worker 7").spawn(says_hello_and_waits, (theirs,));
    let process = process.expect("a start");
    ours.recv_timeout(SOON).expect("it is there");
    let program = env::current_exe().expect("this program has a file");
    let program = program.file_name().expect("a name").to_string_lossy();
    // What `pgrep` looks for, which the kernel cuts at 15 bytes.
    let comm = fs::read_to_string(format!("/proc/{}/comm", process.id())).expect("it lives");
    assert_eq!(comm, format!("{}\n", &program[..15]));
    // What `ps` shows.
    let line = fs::read_to_string(format!("/proc/{}/cmdline", process.id())).expect("it lives");
    let first = line.split('\0').next().expect("a first argument");
    assert!(first.contains(&format!("worker 7/{program}")), "{first}");
}
