//! Limits of the system, reached on purpose, and signals that disturb every call.

use crate::{DEADLINE, process};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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
pub struct SignalStorm {
    over: Arc<AtomicBool>,
    sent: Arc<AtomicU32>,
    sender: Option<JoinHandle<()>>,
}

impl SignalStorm {
    /// Begins.
    pub fn over(pid: u32) -> SignalStorm {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let sent = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&sent);
        let pid = Pid::from_raw(pid.cast_signed()).expect("a process number");
        let sender = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) && kill_process(pid, Signal::USR1).is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
                thread::park_timeout(Duration::from_millis(1));
            }
        });
        SignalStorm { over, sent, sender: Some(sender) }
    }

    /// Waits until so many more signals were sent, however long a busy machine takes for them.
    pub fn wait_for(&self, count: u32) {
        let before = self.sent.load(Ordering::SeqCst);
        process::until("the signals are sent", DEADLINE, || {
            self.sent.load(Ordering::SeqCst).wrapping_sub(before) >= count
        });
    }
}

impl Drop for SignalStorm {
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
