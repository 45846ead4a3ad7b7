//! Drill 7: something runs out. Errors say what, and once there is some again, everything works.

use crate::drill::{AT_ONCE, Drill, Round, signal_pipe, threads};
use library_support::{
    Suite, bytes, fill_files, finish, limit_files, nothing, program, suite, takes_an_end, until,
};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_bytes::ByteBuf;
use shared::{Connection, Error, Process, Queue, Receiver, Result, pipe};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 7. Something runs out.
            Drill::new("files_run_out", 12, 60, files),
            Drill::new("no_folder_can_be_used", 10, 40, no_folder),
            Drill::new("memory_runs_out", 10, 60, memory),
            Drill::new("processes_run_out", 10, 40, processes),
        ],
        children: [
            attaches,
            attaches_later,
            fills_up_and_gets,
            gives_bytes,
            puts_a_connection,
            sends_an_end,
        ],
        programs: [
            "few files" => few_files,
            "folders" => folders,
            "little memory" => little_memory,
            "few processes" => few_processes,
        ],
    }
}

const SOON: Duration = AT_ONCE.saturating_mul(10);

/// Runs this program as another one, which must end well and say nothing.
fn run(name: &str, change: impl FnOnce(&mut Command)) {
    let mut command = program(name);
    change(&mut command);
    finish(&mut command).well();
}

// Files.

pub fn files(round: &mut Round) {
    // Fewer are not enough for two queues, a child and what a process keeps for both.
    let limit = [48, 64][round.number as usize % 2];
    let free = round.number / 2 % 12;
    run("few files", |program| {
        program.args([limit.to_string(), free.to_string()]);
    });
}

/// As a program of its own, with so few files open, and then only so many left.
pub fn few_files() {
    let args: Vec<u32> = env::args().skip(3).map(|arg| arg.parse().expect("a number")).collect();
    let (limit, free) = (u64::from(args[0]), args[1] as usize);
    limit_files(limit);

    // The first of all is made at the limit; then there is one already.
    for _ in 0..2 {
        try_with(free, || Process::spawn(nothing, ()).and_then(Process::join));
        try_with(free, || Queue::new().and_then(|queue| queue.put(1).and_then(|()| queue.get())));
        try_with(free, || {
            pipe::<u32, ()>().and_then(|(left, right)| {
                left.send(1)?;
                right.recv()
            })
        });
    }

    // Its creator is at the limit when a handle comes to it.
    let queue = Queue::new().expect("a queue");
    queue.put(1).expect("it is open");
    let (now, until) = signal_pipe();
    let process = Process::spawn(attaches_later, (until, queue.clone())).expect("a child");
    let filled = fill_files(free);
    now.send(()).expect("it is there");
    let first = process.join().expect("a value");
    drop(filled);
    assert!(first == "got 1" || first.contains("(ulimit -n)"), "{first}");
    if first != "got 1" {
        let second = Process::spawn(attaches, (queue.clone(),)).and_then(Process::join);
        assert_eq!(second.expect("a value"), "got 1");
    }

    // A long value, and a value with ends, come to a parent at the limit.
    let process = Process::spawn(gives_bytes, (1 << 20,)).expect("a child");
    assert_eq!(process.wait_timeout(SOON).expect("it can be waited for"), Some(0));
    let filled = fill_files(free);
    let value = process.join();
    drop(filled);
    is_told("a long value", value);

    // A long item comes to a consumer at the limit: an error, and then it comes again.
    let queue = Queue::new().expect("a queue");
    let process = Process::spawn(fills_up_and_gets, (queue.clone(), free)).expect("a child");
    for length in [1, 1 << 20] {
        queue.put(bytes(length)).expect("it is open");
    }
    process.join().expect("everything arrives there");

    // An end comes to somebody at the limit, behind something short or long: it is lost, but
    // nothing else is.
    for length in [0, 1 << 20] {
        let (left, right) = pipe::<Package, ()>().expect("a pipe");
        let (now, until) = signal_pipe();
        let process = Process::spawn(sends_an_end, (until, left, length)).expect("a child");
        let filled = fill_files(free);
        now.send(()).expect("it is there");
        let received = right.recv_timeout(SOON);
        drop(filled);
        is_told("an end", received);
        let (next, _) = right.recv_timeout(SOON).expect("the next message");
        assert!(next == bytes(10), "{length}: {} bytes", next.len());
        process.join().expect("it ends");
    }

    // An item with an end comes to a creator at the limit.
    let queue = Queue::new().expect("a queue");
    let (hears, ready) = pipe::<(), ()>().expect("a pipe");
    let args = (queue.clone(), ready);
    let process = Process::spawn(puts_a_connection, args).expect("a child");
    hears.recv_timeout(SOON).expect("it is there");
    let filled = fill_files(free);
    hears.send(()).expect("it is there");
    hears.recv_timeout(SOON).expect("it has put it, or not");
    drop(filled);
    hears.send(()).expect("it is there");
    process.join().expect("the queue lives on");
    works();
}

/// At the limit it works, or says what is missing; after that it works.
fn try_with<T>(free: usize, work: impl Fn() -> Result<T>) {
    let filled = fill_files(free);
    let result = work();
    drop(filled);
    is_told("something", result);
    for _ in 0..3 {
        work().expect("it works again");
    }
}

fn is_told<T>(what: &str, result: Result<T>) {
    if let Err(error) = result {
        let text = error.to_string();
        assert!(text.contains("(ulimit -n)"), "{what}: {text}");
    }
}

/// Sees that everything works.
fn works() {
    let queue = Queue::new().expect("a queue");
    queue.put(1).expect("it is open");
    let process = Process::spawn(attaches, (queue.clone(),)).expect("a child");
    assert_eq!(process.join().expect("a value"), "got 1");
    let (left, right) = pipe::<u32, ()>().expect("a pipe");
    left.send(1).expect("it is open");
    assert_eq!(right.recv().expect("a message"), 1);
}

pub fn attaches(queue: Queue<u32>) -> String {
    match queue.get_timeout(SOON) {
        Ok(number) => format!("got {number}"),
        Err(error) => error.to_string(),
    }
}

pub fn attaches_later(until: Receiver<()>, queue: Queue<u32>) -> String {
    until.recv().expect("the parent says when");
    attaches(queue)
}

pub fn gives_bytes(length: usize) -> ByteBuf {
    bytes(length)
}

pub fn fills_up_and_gets(queue: Queue<ByteBuf>, free: usize) {
    assert!(queue.get().expect("the first item") == bytes(1));
    let filled = fill_files(free);
    let first = queue.get_timeout(SOON);
    drop(filled);
    let item = first.or_else(|error| {
        is_told::<()>("a long item", Err(error));
        queue.get_timeout(SOON)
    });
    assert!(item.expect("the second item") == bytes(1 << 20));
}

type Package = (ByteBuf, Option<Connection<(), ()>>);

pub fn sends_an_end(until: Receiver<()>, to: Connection<Package, ()>, length: usize) {
    until.recv().expect("the parent says when");
    let (lost, found) = pipe::<(), ()>().expect("a pipe");
    to.send((bytes(length), Some(lost))).expect("it is open");
    to.send((bytes(10), None)).expect("it is open");
    // The parent drops it, or it was lost: it is closed all the same.
    assert!(matches!(found.recv_timeout(SOON), Err(Error::Closed)));
}

pub fn puts_a_connection(queue: Queue<Connection<(), ()>>, parent: Connection<(), ()>) {
    let end = || pipe().expect("a pipe").0;
    queue.put(end()).expect("it is open");
    queue.get_timeout(SOON).expect("the same end");
    parent.send(()).expect("the parent is there");
    parent.recv().expect("the parent is at its limit");
    let put = queue.put(end());
    let count = usize::from(put.is_ok());
    is_told("a put", put);
    parent.send(()).expect("the parent is there");
    parent.recv().expect("the parent is no longer at its limit");
    assert_eq!(queue.len().expect("the parent is there"), count);
    queue.put(end()).expect("it is open");
    (0..=count).for_each(|_| drop(queue.get_timeout(SOON).expect("an end")));
}

// Folders.

/// Each case: how the folder for temporary files is, what makes it so, and its name.
const FOLDERS: [(&str, &str, &str); 5] = [
    ("fine", "mount -t tmpfs none /mnt", "/mnt"), // not /tmp, where other drills look for names
    ("full", "mount -t tmpfs -o size=4k,nr_inodes=1 none /mnt", "/mnt"),
    ("missing", "true", "/nowhere/at/all"),
    ("unwritable", "mount -t tmpfs -o ro none /mnt", "/mnt"),
    ("long", "true", "/tmp"),
];

/// In namespaces of its own, so that no other program meets the folder or the address.
pub fn no_folder(round: &mut Round) {
    let (case, make, folder) = FOLDERS[round.number as usize % FOLDERS.len()];
    let mut folder = folder.to_owned();
    if case == "long" {
        folder = format!("/tmp/{}-{}", "x".repeat(120), std::process::id());
        fs::create_dir(&folder).expect("a folder");
    }
    let script = format!("mount -t tmpfs -o ro none /dev/shm && {make} && exec \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "--net", "sh", "-c", &script, "sh"]);
    command.arg(env::current_exe().expect("this program has a file"));
    command.args(["program", "folders", case]).env("TMPDIR", &folder).stdin(Stdio::null());
    let ended = finish(&mut command);
    if case == "long" {
        fs::remove_dir(&folder).expect("it is empty");
    }
    if ended.stderr.starts_with("unshare: ") {
        print!("(skipped: {}) ", ended.stderr.trim());
        return;
    }
    ended.well();
}

/// As a program of its own: no folder is needed, and nothing at all by a start without ends. If
/// another program keeps the address, then a start with ends needs one, and where that cannot be
/// used, an error names it.
pub fn folders() {
    let case = env::args().nth(3).expect("a case");
    let folder = env::temp_dir();
    let start = || {
        let (_ours, theirs) = pipe().expect("a pipe");
        Process::spawn(takes_an_end, (theirs,)).and_then(Process::join)
    };
    for listens in [false, true] {
        start().expect("no folder is needed");
        let address = SocketAddrUnix::new_abstract_name(&[0; 107]).expect("an address");
        let keeper = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).expect("a socket");
        bind(&keeper, &address).expect("nobody else is here");
        if listens {
            listen(&keeper, 16).expect("it can listen");
        }
        Process::spawn(nothing, ()).and_then(Process::join).expect("no address is needed");
        match start() {
            Ok(()) => assert!(["fine", "long"].contains(&case.as_str()), "{case}"),
            Err(error) => {
                let text = error.to_string();
                assert!(!["fine", "long"].contains(&case.as_str()), "{case}: {text}");
                assert!(text.contains(&*folder.to_string_lossy()), "{case}: {text}");
                assert!(text.contains("TMPDIR"), "{case}: {text}");
            }
        }
    }
    start().expect("no folder is needed");
    // Nor for the memory that processes share.
    works();
}

// Memory.

pub fn memory(_: &mut Round) {
    let ended = finish(&mut program("little memory"));
    assert!(ended.status.success() && !ended.stderr.contains("panicked"), "{ended:#?}");
}

fn set_memory(most: Option<u64>) {
    let limit = getrlimit(Resource::As);
    setrlimit(Resource::As, Rlimit { current: most, ..limit }).expect("it may go up and down");
}

/// As a program of its own: where there is too little for a child, its parent is told how it ended;
/// and where there is no memory for a thread, that is an error.
pub fn little_memory() {
    let mut ends = [0, 0];
    for most in (1..=32).map(|part| part << 20) {
        set_memory(Some(most));
        let process = Process::spawn(nothing, ());
        set_memory(None);
        let end = process.and_then(Process::join);
        ends[usize::from(end.is_ok())] += 1;
        if let Err(error) = end {
            let text = error.to_string();
            assert!(text.starts_with("process `Process-"), "{text}");
        }
    }
    assert!(ends[0] > 0 && ends[1] > 0, "{ends:?}");
    works();

    // What small things need is there already, and the stacks that ended threads have left are
    // used. (With a little more room there would be place for a stack, but not for what the
    // standard library adds to it, and that aborts.)
    drop((0..4096).map(|_| Box::new([0_u8; 512])).collect::<Vec<_>>());
    until("they have ended", SOON, || threads() == 1);
    let _queues: Vec<_> = (0..16).map(|_| Queue::<u32>::new().expect("a queue")).collect();
    for room in 0..2 {
        set_memory(Some(settled_size() + room * 16 * 1024));
        let queue = Queue::<u32>::new();
        set_memory(None);
        let text = queue.expect_err("there is no room").to_string();
        assert!(text.contains("shared memory") && text.contains("(ulimit -v)"), "{text}");
    }
    works();
}

/// How large this process is, once all its other threads sleep.
fn settled_size() -> u64 {
    let (mut size, mut same) = (0, 0);
    until("the threads sleep", SOON, || {
        let tasks = fs::read_dir("/proc/self/task").expect("/proc").flatten();
        let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
        let awake = stats.filter(|stat| !stat.contains(") S ")).count();
        let sizes = fs::read_to_string("/proc/self/statm").expect("/proc");
        let pages: u64 = sizes.split(' ').next().expect("a size").parse().expect("a number");
        // The one that asks is awake.
        same = if size == pages && awake == 1 { same + 1 } else { 0 };
        size = pages;
        same == 20
    });
    size * 4096
}

// Processes.

/// In a user's name who has no other processes; only the system's first user can take one.
pub fn processes(round: &mut Round) {
    if !rustix::process::getuid().is_root() {
        return run("few processes", |_| {});
    }
    let user = (61_000 + round.number).to_string();
    let folder = env::temp_dir().join(format!("drills-{}-{user}", std::process::id()));
    fs::create_dir(&folder).expect("a folder");
    let copy = folder.join("program");
    fs::copy(env::current_exe().expect("this program has a file"), &copy).expect("a copy");
    let ids = [format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()];
    let mut command = Command::new("setpriv");
    command.args(ids).arg(&copy).args(["program", "few processes", "alone"]).stdin(Stdio::null());
    let ended = finish(&mut command);
    fs::remove_dir_all(&folder).expect("it can be removed");
    ended.well();
}

/// As a program of its own: with so many processes and threads as there are, and with a few more.
pub fn few_processes() {
    let free = getrlimit(Resource::Nproc);
    // This process; a child; the thread in the child that watches over us.
    for count in 1..=8 {
        let limit = Rlimit { current: Some(count), ..free };
        setrlimit(Resource::Nproc, limit).expect("a limit can be lowered");
        let queue = reason(Queue::<u32>::new());
        assert_eq!(queue, "", "it needs no thread");
        let child = reason(Process::spawn(nothing, ()).and_then(Process::join));
        match count {
            1 => {
                assert!(child.contains("not be started") && child.contains("(ulimit -"), "{child}");
            }
            _ if env::args().nth(3).is_none() => {}
            2 => {
                assert!(child.contains("not be watched") && child.contains("(ulimit -"), "{child}");
            }
            3 | 4 => {}
            _ => assert_eq!(child, ""),
        }
    }
    setrlimit(Resource::Nproc, free).expect("a limit can be raised");
    works();
}

fn reason<T>(result: Result<T>) -> String {
    result.err().map_or_else(String::new, |error| error.to_string())
}
