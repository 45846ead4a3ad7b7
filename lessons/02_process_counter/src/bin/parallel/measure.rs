//! How `parallel` measures: time, and memory as Linux counts it.

use shared::lesson::{Text, say};
use shared::{Connection, Result, pipe};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use std::{fs, process};

const TIMES: u32 = 3; // each way is timed so often at least,
const LONG: Duration = Duration::from_millis(600); // and again as long as there is time
const MORE: u32 = 8; // the price of one is that of so many, divided

const MS: Text = Text::new("мс", "ms");
const KB: Text = Text::new("КБ", "KB");

/// The shortest of several times: what else the computer does can only make one longer.
pub fn best(work: impl Fn() -> Result<usize>) -> Result<Duration> {
    let mut best = Duration::MAX;
    let mut times = 0;
    let first = Instant::now();
    while times < TIMES || first.elapsed() < LONG {
        let begun = Instant::now();
        work()?;
        best = best.min(begun.elapsed());
        times += 1;
    }
    Ok(best)
}

/// Prints a time, and how many times as fast as the serial one it is.
pub fn report(way: Text, serial: Duration, time: Duration) {
    let faster = serial.as_secs_f64() / time.as_secs_f64();
    say!("{way:<30}{:>8} {MS}{:>8}", time.as_millis(), format!("×{faster:.1}"));
}

/// Prints the price of one more worker: the time until it runs, and the memory while it does
/// nothing. `start` tells in which process (PID) the worker is.
pub fn price<W>(
    worker: Text,
    start: impl Fn(Connection<(), ()>) -> Result<(u32, W)>,
) -> Result<()> {
    let mut pids = BTreeSet::from([process::id()]);
    let before = memory(&pids);
    let mut time = Duration::ZERO;
    let mut workers = Vec::new();
    for _ in 0..MORE {
        let (conn, its_conn) = pipe()?;
        let begun = Instant::now();
        let (pid, one) = start(its_conn)?;
        conn.recv()?; // it runs
        time += begun.elapsed();
        pids.insert(pid);
        workers.push((conn, one));
    }
    let memory = (memory(&pids) - before) / i64::from(MORE);
    let time = time.as_secs_f64() * 1000.0 / f64::from(MORE);
    say!("{worker:<30}{time:>8.1} {MS}{memory:>8} {KB}");
    Ok(())
}

/// The memory of these processes in KB; a page that several share is counted once (PSS).
fn memory(pids: &BTreeSet<u32>) -> i64 {
    let pss = |pid| {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").parse::<i64>().ok()
    };
    pids.iter().filter_map(pss).sum()
}
