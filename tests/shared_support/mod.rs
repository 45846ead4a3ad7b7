//! What the tests of the library share. Each test has a deadline, so that a hang is a failure, and
//! leaves nothing behind: no process, no zombie, no descriptor, no thread.
//!
//! A child is the test program itself, run again from the top, so each test program has a `main` of
//! its own that begins with the guard; `libtest-mimic` gives it the usual test interface. Where a
//! test is about a whole program (its standard error, its death, a guard that is missing), the test
//! program is run again under the name of that program: see [`program`].

#![allow(dead_code, reason = "each test program uses a part of this")]

pub mod apart;

use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, kill_process, setrlimit, waitpid,
};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::ByteBuf;
use shared::{Connection, Process, pipe};
use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, fs, panic};

/// Many times what the longest test takes; a test that does not end by then has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How long to wait for what should come soon; much longer than it takes on a busy machine.
pub const SOON: Duration = Duration::from_secs(10);

/// For a wait that is to be in vain.
pub const MOMENT: Duration = Duration::from_millis(50);

/// Tests and their names.
pub type Tests = Vec<(&'static str, fn())>;

/// Names functions as tests.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        vec![$((stringify!($name), $name as fn())),*]
    };
}

/// Runs the tests, so that each can be held to leave nothing behind, and exits.
pub fn run(tests: Tests) -> ! {
    let mut arguments = Arguments::from_args();
    if apart::is_wanted(&mut arguments) {
        let trials = tests.into_iter().map(|(name, _)| apart::trial(name, 3 * DEADLINE));
        libtest_mimic::run(&arguments, trials.collect()).exit()
    }
    arguments.test_threads = Some(1);
    // An orphaned grandchild becomes ours instead of vanishing, so that we see if one is left.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .expect("a process may adopt its grandchildren");
    if !arguments.list {
        // What the first start makes, it keeps.
        Process::spawn(nothing, ()).and_then(Process::join).expect("a start");
    }
    let trials = tests.into_iter().map(|(name, body)| Trial::test(name, move || watch(name, body)));
    libtest_mimic::run(&arguments, trials.collect()).exit()
}

fn watch(name: &str, body: fn()) -> Result<(), Failed> {
    let before = Traces::now();
    let (done, end) = mpsc::channel();
    let test = thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || done.send(panic::catch_unwind(body)))
        .expect("a thread for the test");
    let result = end.recv_timeout(DEADLINE);
    // A process is gone when its handle is.
    let children = children_of(std::process::id());
    bury(&children);
    match result {
        Ok(Ok(())) => drop(test.join()),
        Ok(Err(_)) => return Err("it panicked; its message stands above".into()),
        Err(_) => return Err(format!("it did not end within {DEADLINE:?}").into()),
    }
    if !children.is_empty() {
        return Err(format!("processes are left: {children:#?}").into());
    }
    // The threads of a queue end, and close what they held, soon after its last handle is gone.
    let patience = Instant::now() + SOON;
    loop {
        let after = Traces::now();
        if after.threads.len() <= before.threads.len() && after.files.len() <= before.files.len() {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(format!("something is left\nbefore: {before:#?}\nafter: {after:#?}").into());
        }
        thread::yield_now();
    }
}

/// Ends what a failed test has left, for the sake of the next.
fn bury(children: &[Status]) {
    for child in children {
        let pid = Pid::from_raw(child.pid.cast_signed()).expect("a process number");
        let _ = kill_process(pid, Signal::KILL);
        let _ = waitpid(Some(pid), WaitOptions::empty());
    }
}

/// What this process holds of the system's.
#[derive(Debug)]
struct Traces {
    files: Vec<String>,
    threads: Vec<String>,
}

impl Traces {
    fn now() -> Traces {
        let tasks = fs::read_dir("/proc/self/task").expect("/proc").flatten();
        let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
        Traces { files: open_files("self"), threads: tasks.filter_map(name).collect() }
    }
}

/// The files that a process has open, but for the one that this listing opens.
pub fn open_files(pid: &str) -> Vec<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).expect("/proc").flatten();
    let link = |file: fs::DirEntry| fs::read_link(file.path()).ok();
    let mut files: Vec<_> =
        files.filter_map(link).map(|link| link.to_string_lossy().into_owned()).collect();
    files.retain(|link| !link.starts_with("/proc/"));
    files.sort();
    files
}

/// How many threads of this process have that name.
pub fn threads_named(name: &str) -> usize {
    Traces::now().threads.iter().filter(|thread| thread.trim_end() == name).count()
}

/// What the system says of a process.
#[derive(Debug)]
pub struct Status {
    pub pid: u32,
    /// `S` asleep, `R` running, `T` stopped, `Z` ended and not waited for.
    pub state: char,
    pub parent: u32,
    /// When a process ends, its first thread may be `Z` before the others are gone.
    pub threads: u32,
}

impl Status {
    fn has_ended(&self) -> bool {
        self.state == 'Z' && self.threads == 1
    }
}

/// What the system says of a process, if there is one of that number.
pub fn status(pid: u32) -> Option<Status> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets, and may itself hold some.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    Some(Status { pid, state, parent, threads: fields.nth(15)?.parse().ok()? })
}

/// The children of a process, with those that have ended and were not waited for.
pub fn children_of(pid: u32) -> Vec<Status> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(status).filter(|status| status.parent == pid).collect()
}

/// Whether a process has ended, waited for or not.
pub fn has_ended(pid: u32) -> bool {
    status(pid).is_none_or(|status| status.has_ended())
}

/// Waits until something is so.
#[track_caller]
pub fn until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + within;
    while !condition() {
        assert!(Instant::now() < end, "not within {within:?}: {what}");
        thread::park_timeout(Duration::from_micros(200));
    }
}

/// Waits until the main thread of a process sleeps in a call of the system, and stays there.
#[track_caller]
pub fn until_asleep(pid: u32) {
    let mut asleep = 0;
    until("the process waits", SOON, || {
        asleep = if status(pid).is_some_and(|status| status.state == 'S') { asleep + 1 } else { 0 };
        asleep == 10
    });
}

/// Waits until all threads of a process that have that name sleep, and stay there.
#[track_caller]
pub fn until_threads_sleep(pid: u32, name: &str) {
    let mut asleep = 0;
    until("the threads wait", SOON, || {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it lives").flatten();
        let states: Vec<_> = tasks
            .filter(|task| {
                fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
            })
            .filter_map(|task| status(task.file_name().to_str()?.parse().ok()?))
            .collect();
        assert!(!states.is_empty(), "no thread is called {name}");
        let all = states.iter().all(|status| status.state == 'S');
        asleep = if all { asleep + 1 } else { 0 };
        asleep == 10
    });
}

/// Waits until the orphans among our grandchildren have ended, and buries them.
#[track_caller]
pub fn until_orphans_end(within: Duration) {
    let alive =
        || children_of(std::process::id()).into_iter().filter(|child| !child.has_ended()).count();
    until("the orphans end", within, || alive() == 0);
    while let Ok(Some(_)) = waitpid(None, WaitOptions::NOHANG) {}
}

/// Whether this process is a child that has not met its guard yet.
pub fn is_child() -> bool {
    env::args().next().is_some_and(|first| first.starts_with("multiprocessing-child:"))
}

/// The name under which this test program was run by [`program`].
pub fn program_name() -> Option<String> {
    let mut arguments = env::args().skip(1);
    arguments.next().filter(|word| word == "program").and_then(|_| arguments.next())
}

/// This test program, to be run as the program of that name.
pub fn program(name: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg("program").arg(name).stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
    command
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Sees that it ended well, and silently.
    #[track_caller]
    pub fn well(&self) {
        assert!(self.status.success() && self.stderr.is_empty(), "{self:#?}");
    }
}

/// Runs a program to its end, and to the end of everything that holds its standard error.
#[track_caller]
pub fn finish(command: &mut Command) -> Ended {
    finish_within(command, SOON)
}

/// The same, for a program that may take longer.
#[track_caller]
pub fn finish_within(command: &mut Command, time: Duration) -> Ended {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this test program can be run");
    let stdout = text(child.stdout.take().expect("a pipe"));
    let stderr = text(child.stderr.take().expect("a pipe"));
    let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(time), stderr.recv_timeout(time)) else {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{command:?} did not end within {time:?}");
    };
    Ended { status: child.wait().expect("the program ends"), stdout, stderr }
}

fn text(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = from.read_to_end(&mut text);
        sender.send(String::from_utf8_lossy(&text).into_owned())
    });
    receiver
}

/// The lines of a running program's standard output, each with a deadline.
pub struct Lines(mpsc::Receiver<String>);

impl Lines {
    pub fn of(child: &mut Child) -> Lines {
        use std::io::{BufRead, BufReader};
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Lines(receiver)
    }

    #[track_caller]
    pub fn next(&self) -> String {
        self.0.recv_timeout(SOON).expect("the program says a line")
    }

    /// Waits until nobody can say anything any more.
    #[track_caller]
    pub fn end(&self) {
        match self.0.recv_timeout(SOON) {
            Err(RecvTimeoutError::Disconnected) => {}
            other => panic!("the program says more, or does not end: {other:?}"),
        }
    }
}

/// Runs something on a thread of its own, and gives what it returns if it ends soon.
#[track_caller]
pub fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || sender.send(work()));
    let result = receiver.recv_timeout(SOON).expect("it ends soon");
    let _ = worker.join();
    result
}

/// The target that does nothing.
pub fn nothing() {}

/// The target that only ends when it is made to.
pub fn sleeps() {
    loop {
        thread::park();
    }
}

/// The target that says when it is there, and then lives as long as the other end of its pipe.
pub fn says_hello_and_waits(connection: Connection<(), ()>) {
    connection.send(()).expect("the parent waits");
    while connection.recv().is_ok() {}
}

/// A child that is there, and lives as long as the other end of its pipe.
#[track_caller]
pub fn waiting_child() -> (Process<()>, Connection<(), ()>) {
    let (ours, theirs) = pipe().expect("a pipe");
    let process = Process::spawn(says_hello_and_waits, (theirs,)).expect("a start");
    ours.recv_timeout(SOON).expect("it is there");
    (process, ours)
}

/// Sets how many files this process may have open.
pub fn limit_files(count: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum }).expect("it may be less");
}

/// Opens files until only so many more can be opened.
pub fn fill_files(free: usize) -> Vec<File> {
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    files.truncate(files.len().checked_sub(free).expect("fewer are open"));
    files
}

/// SIGUSR1 to a process, every millisecond, until this is dropped.
pub struct Storm {
    over: Arc<AtomicBool>,
    sender: Option<JoinHandle<()>>,
}

impl Storm {
    pub fn over(pid: u32) -> Storm {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let pid = Pid::from_raw(pid.cast_signed()).expect("a process number");
        let sender = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) && kill_process(pid, Signal::USR1).is_ok() {
                thread::park_timeout(Duration::from_millis(1));
            }
        });
        Storm { over, sender: Some(sender) }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.sender.take().map(JoinHandle::join);
    }
}

/// In a process: handles SIGUSR1; the flag says that one came since it was last put down.
pub fn handle_signals() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&flag))
        .expect("SIGUSR1 may be handled");
    flag
}

/// Bytes in which no stretch stands at the place of another, for whatever size a packet may have.
pub fn bytes(length: usize) -> ByteBuf {
    const PERIOD: usize = 65_521; // a prime
    let mut state = 1_u32;
    let block: Vec<u8> = (0..PERIOD.min(length))
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    let mut bytes = block.repeat(length.div_ceil(PERIOD.min(length).max(1)).max(1));
    bytes.truncate(length);
    ByteBuf::from(bytes)
}

/// How much the kernel gives a socket to send from: 208 KiB. ipc-channel splits what is longer.
pub fn buffer() -> usize {
    fs::read_to_string("/proc/sys/net/core/wmem_default")
        .expect("the kernel says it")
        .trim()
        .parse()
        .expect("a number")
}

/// Lengths from nothing to a megabyte, close together where one packet becomes two.
pub fn lengths() -> Vec<usize> {
    let packet = buffer() - 2048;
    let mut lengths = vec![0, 1, 127, 128, 65_536, buffer() - 1, buffer(), buffer() + 1, 1 << 20];
    lengths.extend(packet - 16..=packet + 1);
    lengths.extend(2 * packet - 16..=2 * packet + 1);
    lengths
}

/// A value whose `Serialize` refuses.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Refuses;

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("not me"))
    }
}

/// A value whose `Deserialize` refuses.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct RefusedThere;

impl<'de> Deserialize<'de> for RefusedThere {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<RefusedThere, D::Error> {
        Err(D::Error::custom("not me"))
    }
}

/// What is sent as one type and received as another, which the library's own types do not allow.
#[derive(Debug)]
pub enum Disguised<A, B> {
    Sent(A),
    Received(B),
}

impl<A, B> Disguised<A, B> {
    pub fn received(self) -> B {
        match self {
            Disguised::Received(value) => value,
            Disguised::Sent(_) => panic!("it was not sent yet"),
        }
    }
}

impl<A: Serialize, B> Serialize for Disguised<A, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Disguised::Sent(value) => value.serialize(serializer),
            Disguised::Received(_) => Err(S::Error::custom("it was received")),
        }
    }
}

impl<'de, A, B: DeserializeOwned> Deserialize<'de> for Disguised<A, B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        B::deserialize(deserializer).map(Disguised::Received)
    }
}
