//! Ctrl-C in the middle of a lesson: every process of it ends at once, and the shell sees the signal.
//!
//! Each lesson declares this file as a test of its own. With `DRILLS=long` there are more rounds.

use lesson_support::{RunId, in_background, with_each};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::SIGINT;
use std::env;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The lesson that declares this test, how it is run, and how long it runs at least.
const LESSONS: [(Option<&str>, &[&str], Duration); 6] = [
    (option_env!("CARGO_BIN_EXE_threads_counter"), COUNTING, Duration::from_millis(200)),
    (option_env!("CARGO_BIN_EXE_process_counter"), COUNTING, Duration::from_millis(200)),
    (option_env!("CARGO_BIN_EXE_queue"), &[], Duration::from_millis(3)),
    (option_env!("CARGO_BIN_EXE_pipe"), &[], Duration::from_millis(3)),
    (option_env!("CARGO_BIN_EXE_shared_counter"), COUNTING, Duration::from_millis(200)),
    (option_env!("CARGO_BIN_EXE_pool"), &[], Duration::from_millis(3)),
];

/// So long ticks that a process that is left still counts when everything has to be over.
const COUNTING: &[&str] = &["--tick", "200ms"];

const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn ctrl_c_ends_every_process_of_the_lesson_at_once() {
    // Where it is ignored, as in the background of a script, the lesson would inherit that.
    let default = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_default(SIGINT, default).expect("it can be handled");
    // Most of a round is waiting for its moment; the long form measures, one after another.
    let is_long = env::var_os("DRILLS").is_some_and(|form| form == "long");
    let (rounds, at_the_same_time) = if is_long { (200, 1) } else { (20, 4) };
    let names = names();
    let next = AtomicU32::new(0);
    let ends = Mutex::new(Vec::new());
    with_each(0..at_the_same_time, |_| {
        let mine = || Some(next.fetch_add(1, SeqCst)).filter(|&round| round < rounds);
        while let Some(round) = mine() {
            let end = interrupted_in(round, rounds);
            ends.lock().expect("no round failed").push(end);
        }
    });
    assert_eq!(self::names(), names, "a file is left");
    let ends = ends.into_inner().expect("no round failed");
    let interrupted = ends.iter().filter(|end| end.0).count();
    assert!(interrupted > ends.len() / 2, "only {interrupted} of {rounds} were in the middle");
    let worst = ends.iter().map(|end| end.1).max().unwrap_or_default();
    println!("{rounds} rounds, {interrupted} of them interrupted, 0 failures, worst {worst:.1?}");
}

/// Interrupts the lesson at a moment of its life, another one in each round. Tells whether it was
/// in the middle, and how long its end took.
fn interrupted_in(round: u32, rounds: u32) -> (bool, Duration) {
    let lesson = LESSONS.into_iter().find_map(|(lesson, args, time)| Some((lesson?, args, time)));
    let (lesson, args, time) = lesson.expect("a lesson declares this test");
    let (mut output, writer) = std::io::pipe().expect("a pipe");
    let run_id = RunId::new();
    let mut command = Command::new(lesson);
    command.args(args).env(RunId::VARIABLE, &run_id.0).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer);
    let mut child = command.spawn().expect("the lesson starts");
    drop(command); // it holds an end of the pipe
    let end = in_background(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).expect("text");
        text
    });

    thread::sleep((time * round + time.mul_f64(random())) / rounds);
    // Until it is waited for, its number is nobody else's.
    kill_process_group(Pid::from_child(&child), Signal::INT).expect("the group is there");
    let since = Instant::now();
    // Every process of the lesson holds its standard error.
    let said = end.recv_timeout(AT_ONCE).expect("everything ends at once");
    let status = child.wait().expect("the lesson ends");
    let took = since.elapsed();
    // A shell makes 130 of the signal. A lesson that was over is none the worse for it.
    let signal = status.signal();
    assert!(signal == Some(2) || status.success(), "{status}");
    assert_eq!(said, "");
    run_id.assert_nothing_left();
    (signal.is_some(), took)
}

/// At least 0, and less than 1.
fn random() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(()) >> 32).expect("32 bits");
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

/// What was left in the folder where sockets get a name if they cannot do without.
fn names() -> Vec<String> {
    let entries = fs::read_dir(env::temp_dir()).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".multiprocessing-")).collect()
}
