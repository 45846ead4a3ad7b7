//! Drill 1: a child is killed, and `join` answers: the value, or the signal.

use crate::drill::{AT_ONCE, Drill, Round, signal_pipe};
use library_support::{Suite, suite};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::{Error, Process, Result, Sender};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 1. A child is killed.
            Drill::new("a_child_is_killed_at_any_moment", 40, 600, at_any_moment),
            Drill::new("a_child_is_killed_in_each_phase", 10, 200, in_each_phase),
        ],
        children: [
            is_given_what_stalls,
            returns_what_stalls,
            stalls,
            works,
        ],
    }
}

/// So much that to read it, and to write it, takes a while.
type Load = Vec<String>;

fn load() -> Load {
    (0..2000).map(|n| format!("{n:>32}")).collect()
}

pub fn works(load: Load) -> Load {
    let end = Instant::now() + Duration::from_micros(500);
    while Instant::now() < end {}
    load
}

/// How long a child lives that nobody kills.
fn life() -> Duration {
    static LIFE: OnceLock<Duration> = OnceLock::new();
    *LIFE.get_or_init(|| {
        let lives = (0..5).map(|_| {
            let process = Process::spawn(works, (load(),)).expect("a child");
            let born = Instant::now();
            process.join().expect("a value");
            born.elapsed()
        });
        lives.max().expect("there are five")
    })
}

pub fn at_any_moment(round: &mut Round) {
    let life = life();
    let process = Process::spawn(works, (load(),)).expect("a child");
    // Every other one dies while it starts, where most can go wrong.
    round.let_pass(if round.number.is_multiple_of(2) { life / 4 } else { life });
    process.kill().expect("a child can be killed");
    let name = process.name().to_owned();
    let end = process.wait_timeout(AT_ONCE).expect("a child can be waited for");
    let end = end.expect("who was killed is gone at once");
    match process.join() {
        Ok(value) => assert!(value == load() && [0, -9].contains(&end), "{end}"),
        Err(Error::Killed { process, signal: 9 }) => assert_eq!((process, end), (name, -9)),
        Err(error) => panic!("{error}"),
    }
}

pub fn in_each_phase(round: &mut Round) {
    match round.number % 4 {
        0 => {
            let process = Process::spawn(stalls, (signal_pipe().0,)).expect("a child");
            let _ = process.kill();
            is_told(process);
        }
        1 => kill_when_there(|here| Process::spawn(stalls, (here,))),
        2 => kill_when_there(|here| Process::spawn(is_given_what_stalls, (StallsWhenRead(here),))),
        _ => kill_when_there(|here| Process::spawn(returns_what_stalls, (here,))),
    }
}

fn kill_when_there<T: Serialize + DeserializeOwned>(
    start: impl FnOnce(Sender<()>) -> Result<Process<T>>,
) {
    let (here, there) = signal_pipe();
    let process = start(here).expect("a child");
    there.recv_timeout(10 * AT_ONCE).expect("the child gets there");
    process.kill().expect("a child can be killed");
    is_told(process);
}

fn is_told<T: Serialize + DeserializeOwned>(process: Process<T>) {
    assert_eq!(process.wait_timeout(AT_ONCE).expect("a child can be waited for"), Some(-9));
    assert!(matches!(process.join(), Err(Error::Killed { signal: 9, .. })));
}

pub fn stalls(here: Sender<()>) {
    let _ = here.send(());
    stall();
}

pub fn is_given_what_stalls(_: StallsWhenRead) {}

pub fn returns_what_stalls(here: Sender<()>) -> StallsWhenWritten {
    StallsWhenWritten(here)
}

fn stall() -> ! {
    loop {
        thread::park();
    }
}

#[derive(Serialize)]
pub struct StallsWhenRead(Sender<()>);

impl<'de> Deserialize<'de> for StallsWhenRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Sender::<()>::deserialize(deserializer)?.send(()).map_err(D::Error::custom)?;
        stall()
    }
}

#[derive(Deserialize)]
pub struct StallsWhenWritten(Sender<()>);

impl Serialize for StallsWhenWritten {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        self.0.send(()).map_err(S::Error::custom)?;
        stall()
    }
}
