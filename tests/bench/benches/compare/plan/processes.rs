//! Processes: starting them, and what they weigh.

use super::PEERS;
use crate::unit::Unit::{Memory, Millis};
use crate::workload::Workload;

pub fn start() -> Workload {
    const ABOUT: &str = "A process is started with one number, and joined; then the next. The mean \
        of 20, after two that are not counted.";
    let work = Workload::new("start", "Start and join, one after another", Millis, ABOUT);
    with_everyone(work, "start.py", "start 20")
}

pub fn at_once() -> Workload {
    const ABOUT: &str = "50 processes are started, and then all are joined.";
    let work = Workload::new("at-once", "50 processes at once", Millis, ABOUT);
    with_everyone(work, "start.py", "at_once 50")
}

pub fn memory() -> Workload {
    const ABOUT: &str = "A child that has made one round trip and waits for the next. What it \
        shares with its creator counts by half (PSS).";
    let work = Workload::new("memory", "Memory of an idle child", Memory, ABOUT);
    with_everyone(work, "messages.py", "memory")
}

/// CPython with each of its methods.
fn with_everyone(mut work: Workload, program: &str, what: &str) -> Workload {
    work = work.rust(&["ours"], what);
    for method in ["fork", "spawn", "forkserver"] {
        let name = format!("CPython {method}");
        work = work.python(&name, &format!("{program} {method} {what}"));
    }
    work.rust(PEERS, what)
}
