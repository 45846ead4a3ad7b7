//! Whether those who wait leave the machine to others.

use crate::contender::{Contender, python, rust};
use crate::cpu;
use crate::run::{Result, Running};
use crate::unit::Unit::{Millis, Processor};
use crate::workload::Workload;
use std::cell::OnceCell;
use std::io::Read;
use std::process::Stdio;
use std::rc::Rc;
use std::thread::sleep;
use std::time::Duration;

/// Those who wait in a pipe and in a queue.
const WAITERS: [(&str, &str, &str); 7] = [
    ("this crate, `recv`", "ours", "idle_pipe"),
    ("this crate, `get`", "ours", "idle_queue"),
    ("CPython, `recv`", "python", "idle_pipe"),
    ("CPython, `get`", "python", "idle_queue"),
    ("crossmist, `recv`", "crossmist", "idle_pipe"),
    ("raw ipc-channel, `recv`", "raw", "idle_pipe"),
    ("floor, `recv`", "floor", "idle_pipe"),
];

/// What a waiting child costs, and the process that made it. All wait at the same time.
pub fn idle(time: Duration) -> Workload {
    const ABOUT: &str = "User and system time of a child that waits, all its threads together, and \
        of its creator, over the whole wait.";
    let title = format!("Processor time of {} s of waiting: the child", time.as_secs());
    let creator = "Processor time of the same wait: its creator";
    let mut work =
        Workload::new("idle", &title, Processor, ABOUT).and("idle-creator", creator, Processor);
    work.once = true;
    let together = Rc::new(OnceCell::new());
    for (place, (name, which, _)) in WAITERS.into_iter().enumerate() {
        let together = Rc::clone(&together);
        work = work.with(Contender::new(name, which, move || {
            let figures: &Vec<Result<_, String>> = together.get_or_init(|| wait_together(time));
            Ok(figures[place].clone()?)
        }));
    }
    work
}

fn wait_together(time: Duration) -> Vec<Result<Vec<f64>, String>> {
    let waiting = WAITERS.map(|(_, which, what)| Waiting::start(which, what));
    sleep(time);
    let figures = waiting.into_iter().map(|waiting| waiting?.stop());
    figures.map(|figures| figures.map_err(|error| error.to_string())).collect()
}

/// What those who wait take from those who work.
pub fn slowdown() -> Workload {
    const ABOUT: &str = "As many processes as there are CPUs calculate, alone or beside children \
        that wait in `recv` and in `get`, and their creators. The mean of their times.";
    const ALONE: &str = "alone";
    let mut work = Workload::new("slowdown", "Work beside waiting processes", Millis, ABOUT)
        .with(Contender::new(ALONE, "ours", || work_beside(None)))
        .with(Contender::new("beside this crate", "ours", || work_beside(Some("ours"))))
        .with(Contender::new("beside CPython", "python", || work_beside(Some("python"))));
    work.floor = ALONE;
    work
}

fn work_beside(whom: Option<&str>) -> Result<Vec<f64>> {
    let waiting = whom.map(|which| {
        ["idle_pipe", "idle_queue"].into_iter().map(|what| Waiting::start(which, what)).collect()
    });
    let waiting: Vec<Waiting> = waiting.transpose()?.unwrap_or_default();
    // So that they have begun to wait.
    sleep(Duration::from_millis(20));
    let workers = (0..cpu::count()).map(|_| Running::start(&mut rust("burn work 400")));
    let workers = workers.collect::<Result<Vec<_>>>()?;
    let times = workers.into_iter().map(|worker| Ok(worker.finish()?.into_iter().sum::<f64>()));
    let times = times.collect::<Result<Vec<f64>>>()?;
    waiting.into_iter().try_for_each(|waiting| waiting.stop().map(drop))?;
    Ok(vec![times.iter().sum::<f64>() / f64::from(u32::try_from(times.len())?)])
}

/// A child that waits, and its creator, which waits for the end of its standard input.
struct Waiting(Running);

impl Waiting {
    fn start(which: &str, what: &str) -> Result<Waiting> {
        let mut command = match which {
            "python" => python(&format!("idle.py fork {what}")),
            which => rust(&format!("{which} {what}")),
        };
        let mut running = Running::start(command.stdin(Stdio::piped()))?;
        let stdout = running.child.stdout.as_mut().ok_or("no standard output")?;
        // It says one line when both have begun to wait; what comes after is read at the end.
        let mut byte = [0];
        while stdout.read(&mut byte)? > 0 && byte != *b"\n" {}
        Ok(Waiting(running))
    }

    fn stop(mut self) -> Result<Vec<f64>> {
        drop(self.0.child.stdin.take());
        self.0.finish()
    }
}
