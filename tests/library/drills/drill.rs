//! A drill: its rounds, each on a thread that is watched, and the proof that nothing is left.

use library_support::{children_of, isolated, open_files, until, warm_up};
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Resource, Rlimit, WaitOptions, getrlimit, setrlimit, wait};
use shared::{Queue, Receiver, Sender, pipe};
use signal_hook::consts::SIGINT;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs, panic, thread};

/// No round takes so long; one that does hangs.
const DEADLINE: Duration = Duration::from_mins(1);

/// For a process to be gone, for a call to say that the other side is.
pub const AT_ONCE: Duration = Duration::from_secs(1);

/// How many panics there were, on whatever thread.
static PANICS: AtomicU32 = AtomicU32::new(0);

/// Counts panics. Before the guard, so that the library's own hook stands before this one, and
/// keeps to itself what it catches inside of ipc-channel.
pub fn count_panics() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        hook(info);
    }));
}

/// A drill that fails this often has shown enough.
const ENOUGH: u32 = 5;

/// Something that goes wrong, so many times in the quick form and so many in the long one.
pub struct Drill {
    name: &'static str,
    quick: u32,
    long: u32,
    round: fn(&mut Round),
}

impl Drill {
    pub const fn new(name: &'static str, quick: u32, long: u32, round: fn(&mut Round)) -> Drill {
        Drill { name, quick, long, round }
    }

    fn run(&self) -> Result<(), Failed> {
        let rounds = if is_long() { self.long } else { self.quick };
        let before = Resources::now();
        let panics = PANICS.load(Ordering::Relaxed);
        let mut failures = 0;
        let mut worst = Duration::ZERO;
        for number in 0..rounds {
            before.wait_for_threads();
            let start = Instant::now();
            let result = self.watch(Round::new(number, rounds));
            worst = worst.max(start.elapsed());
            if let Err(reason) = result {
                failures += 1;
                eprintln!("\n{}, round {number} of {rounds}: {reason}", self.name);
                if start.elapsed() >= DEADLINE || failures >= ENOUGH {
                    break;
                }
            }
        }
        let left = before.left();
        failures += u32::from(left.is_some());
        // One on a thread of the library ends nothing but that thread.
        let panicked = failures == 0 && PANICS.load(Ordering::Relaxed) > panics;
        failures += u32::from(panicked);
        print!("{rounds} rounds, {failures} failures, worst {worst:.1?} ... ");
        let _ = io::stdout().flush();
        match (failures, left) {
            (0, _) => Ok(()),
            (_, Some(left)) => Err(left.into()),
            _ if panicked => Err("a thread panicked; its message stands above".into()),
            (_, None) => Err(format!("{failures} of {rounds} rounds failed").into()),
        }
    }

    fn watch(&self, mut chances: Round) -> Result<(), String> {
        let round = self.round;
        let (done, end) = mpsc::channel();
        let thread = thread::Builder::new().name(self.name.to_owned());
        let worker = thread
            .spawn(move || {
                let result = panic::catch_unwind(move || round(&mut chances));
                done.send(result.map_err(|_| "it panicked; its message stands above".to_owned()))
            })
            .expect("a thread for the round");
        match end.recv_timeout(DEADLINE) {
            Ok(result) => {
                let _ = worker.join();
                result
            }
            Err(_) => Err(format!("it did not end within {DEADLINE:?}")),
        }
    }
}

/// Runs the drills, and exits: in the long form, which measures, one after another.
pub fn run(drills: Vec<Drill>) -> ! {
    let mut arguments = Arguments::from_args();
    if !is_long() && isolated::is_wanted(&mut arguments) {
        let trials = drills.iter().map(|drill| isolated::trial(drill.name, 5 * DEADLINE));
        libtest_mimic::run(&arguments, trials.collect()).exit()
    }
    arguments.test_threads = Some(1);
    // An orphaned grandchild becomes ours instead of vanishing, so that we see if one is left.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .expect("a process may adopt its grandchildren");
    let files = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: files.maximum, maximum: files.maximum };
    setrlimit(Resource::Nofile, raised).expect("a limit can be raised as far as it goes");
    // Where it is ignored, as in the background of a script, a program would inherit that.
    let default = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_default(SIGINT, default).expect("it can be handled");
    // What is made once, and stays.
    warm_up();
    drop(Queue::<()>::new());
    until("the thread of the queue ends", AT_ONCE, || threads() == 1);
    let trials = drills.into_iter().map(|drill| Trial::test(drill.name, move || drill.run()));
    libtest_mimic::run(&arguments, trials.collect()).exit()
}

/// Whether the long form was asked for.
pub fn is_long() -> bool {
    env::var_os("DRILLS").is_some_and(|form| form == "long")
}

/// A pipe in one direction, for a child to say that it has got somewhere.
pub fn signal_pipe() -> (Sender<()>, Receiver<()>) {
    let (left, right) = pipe::<(), ()>().expect("a pipe");
    (left.split().0, right.split().1)
}

/// Waits until every process that this one has started, or inherited, has ended.
#[track_caller]
pub fn until_all_have_ended() {
    let mut found_none = 0;
    until("every process has ended", AT_ONCE, || {
        let children = children_of(std::process::id());
        // One that loses its parent during the search can be missed once.
        let alive = children.iter().any(|child| child.state != 'Z');
        found_none = if alive { 0 } else { found_none + 1 };
        found_none == 3
    });
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

/// A round of a drill: its number, and what is left to chance in it.
pub struct Round {
    pub number: u32,
    rounds: u32,
    state: u64,
}

impl Round {
    fn new(number: u32, rounds: u32) -> Round {
        Round { number, rounds, state: RandomState::new().hash_one(number) | 1 }
    }

    /// One of the numbers below a number.
    pub fn below(&mut self, number: u32) -> u32 {
        // xorshift64
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let high = u32::try_from(self.state >> 32).expect("32 bits");
        high % number.max(1)
    }

    /// A moment within a time: another one each round, so that all together they cover it.
    pub fn moment(&mut self, within: Duration) -> Duration {
        let part = f64::from(self.number) + f64::from(self.below(1024)) / 1024.0;
        within.mul_f64(part / f64::from(self.rounds))
    }

    /// Lets that moment come.
    pub fn let_pass(&mut self, within: Duration) {
        let end = Instant::now() + self.moment(within);
        // A sleep would miss moments of microseconds.
        while Instant::now() < end {
            thread::yield_now();
        }
    }
}

/// What this process, and those that it started, hold of the system's.
struct Resources {
    files: Vec<String>,
    threads: usize,
    names: BTreeSet<String>,
}

impl Resources {
    fn now() -> Resources {
        Resources { files: open_files("self"), threads: threads(), names: names() }
    }

    /// A queue's threads end soon after it; until then they would be taken for the next one's.
    fn wait_for_threads(&self) {
        let patience = Instant::now() + AT_ONCE;
        while threads() > self.threads && Instant::now() < patience {
            thread::yield_now();
        }
    }

    /// What there is now, after some patience, that was not there before.
    fn left(&self) -> Option<String> {
        let patience = Instant::now() + 5 * AT_ONCE;
        loop {
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
            let now = Resources::now();
            let names: Vec<_> = now.names.difference(&self.names).collect();
            let processes = children_of(std::process::id());
            let gone = processes.is_empty() && names.is_empty();
            if gone && now.threads == self.threads && now.files.len() == self.files.len() {
                return None;
            }
            if Instant::now() > patience {
                let (were, are) = (&self.files, &now.files);
                return Some(format!(
                    "left: processes {processes:#?}, files in folders {names:?}, {} threads \
                     (there were {}), open files {are:?} (there were {were:?})",
                    now.threads, self.threads
                ));
            }
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("/proc").count()
}

/// What was left in the folder where sockets get a name if they cannot do without.
pub fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(env::temp_dir()).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".multiprocessing-")).collect()
}
