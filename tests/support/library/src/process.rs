//! What the system says of processes, and waiting until it says something else.

use crate::SOON;
use rustix::process::{WaitOptions, wait};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// What this process holds of the system's.
#[derive(Debug)]
pub(crate) struct Resources {
    pub(crate) files: Vec<String>,
    pub(crate) threads: Vec<String>,
}

impl Resources {
    pub(crate) fn now() -> Resources {
        let tasks = fs::read_dir("/proc/self/task").expect("/proc").flatten();
        let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
        Resources { files: open_files("self"), threads: tasks.filter_map(name).collect() }
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

/// How much memory the files without a name take that this process has open, in bytes.
pub fn memfd_bytes() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = fs::read_dir("/proc/self/fd").expect("/proc").flatten();
    let is_memory = |file: &fs::DirEntry| {
        fs::read_link(file.path()).is_ok_and(|link| link.starts_with("/memfd:shared (deleted)"))
    };
    let size = |file: fs::DirEntry| fs::metadata(file.path()).ok().map(|data| data.blocks() * 512);
    files.filter(is_memory).filter_map(size).sum()
}

/// How many threads of this process have that name.
pub fn threads_named(name: &str) -> usize {
    Resources::now().threads.iter().filter(|thread| thread.trim_end() == name).count()
}

/// What the system says of a process.
#[derive(Debug)]
pub struct Status {
    /// Its number.
    pub pid: u32,
    /// `S` asleep, `R` running, `T` stopped, `Z` ended and not waited for.
    pub state: char,
    /// The number of its parent.
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
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
