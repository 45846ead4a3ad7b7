//! Drill: workers of a pool are killed, and its creator.

use crate::drill::{Drill, Round, until_all_have_ended};
use library_support::{Lines, Suite, program, suite};
use rustix::process::{Pid, Signal, kill_process};
use shared::{Error, Pool};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            Drill::new("a_pool_s_worker_is_killed_at_any_moment", 40, 600, a_worker_at_any_moment),
            Drill::new("a_pool_s_worker_is_killed_at_every_point", 1, 1, a_worker_at_every_point),
            Drill::new("a_pool_s_creator_is_killed_at_any_moment", 10, 200, a_creator_at_any_moment),
            Drill::new("tasks_are_cancelled_at_any_moment", 20, 400, tasks_at_any_moment),
        ],
        children: [spins, dies_at],
        programs: ["maps for ever" => maps_for_ever],
    }
}

fn spins(n: u64) -> u64 {
    let end = Instant::now() + Duration::from_micros(n % 50);
    while Instant::now() < end {}
    n
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a number");
    let _ = kill_process(pid, Signal::KILL);
}

fn pool(retries: u32) -> Pool {
    Pool::builder().workers(2).retries(retries).build().expect("a pool")
}

/// While it starts, works, or rests.
fn a_worker_at_any_moment(round: &mut Round) {
    let retries = round.number % 2;
    let pool = pool(retries);
    thread::scope(|scope| {
        let values = scope.spawn(|| pool.imap(spins, 0..400).expect("an iterator").collect());
        let values: thread::ScopedJoinHandle<'_, Vec<shared::Result<u64>>> = values;
        round.let_pass(Duration::from_millis(12));
        let ids = pool.ids();
        if let Some(pid) = ids.get(round.below(2) as usize) {
            kill(*pid);
        }
        let values = values.join().expect("no panic");
        assert_eq!(values.len(), 400);
        let mut lost = 0;
        for (n, value) in (0..).zip(values) {
            match value {
                Ok(value) => assert_eq!(value, n),
                Err(Error::Task { item, .. }) => {
                    assert_eq!(item, usize::try_from(n).ok());
                    lost += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(lost <= 1 - retries, "{lost} lost");
    });
    assert_eq!(pool.map(spins, 0..5).expect("the pool is whole"), [0, 1, 2, 3, 4]);
}

/// From here on a worker dies at this point; 0 is never.
fn dies_at(point: u64) -> u64 {
    #[cfg(drill)]
    shared::drill_points::arm(point);
    point
}

/// Between any two stores to shared memory, which needs `--cfg drill`.
fn a_worker_at_every_point(_: &mut Round) {
    let points = if cfg!(drill) { 120 } else { 0 };
    let pool = pool(1);
    for point in 0..points {
        match pool.spawn(dies_at, (point,)).expect("a task").join() {
            Ok(value) => assert_eq!(value, point),
            // While it writes the value of this very task, both times.
            Err(error) => assert!(error.to_string().contains("SIGKILL"), "{error}"),
        }
        let values = pool.map(spins, 0..60).expect("values");
        assert!(values.into_iter().eq(0..60), "point {point}");
    }
}

fn maps_for_ever() {
    let pool = pool(0);
    pool.map(spins, 0..100).expect("values");
    println!("it runs");
    pool.imap(spins, 0..).expect("an iterator").for_each(drop);
}

fn a_creator_at_any_moment(round: &mut Round) {
    let mut child = program("maps for ever").stdout(Stdio::piped()).spawn().expect("a program");
    let lines = Lines::of(&mut child);
    assert_eq!(lines.next(), "it runs");
    round.let_pass(Duration::from_millis(10));
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    until_all_have_ended();
}

/// Waiting, about to begin, running, or done.
fn tasks_at_any_moment(round: &mut Round) {
    let pool = pool(0);
    let tasks: Vec<_> = (0..60).map(|n| pool.spawn(spins, (n,)).expect("a task")).collect();
    round.let_pass(Duration::from_millis(4));
    let cancelled: Vec<bool> =
        (0..60).zip(&tasks).map(|(n, task)| n % 3 == 0 && task.cancel()).collect();
    for ((n, task), was_cancelled) in (0..).zip(tasks).zip(cancelled) {
        match task.join() {
            Ok(value) => assert_eq!(value, n),
            Err(Error::Task { error, .. }) => {
                assert!(was_cancelled && matches!(*error, Error::Cancelled), "{n}: {error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(pool.map(spins, 0..5).expect("the pool is whole"), [0, 1, 2, 3, 4]);
}
