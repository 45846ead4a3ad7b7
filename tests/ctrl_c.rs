//! Ctrl-C in the middle of a lesson: every process of it ends at once, and the shell sees the signal.
//!
//! Each lesson declares this file as a test of its own. With `DRILLS=long` there are more rounds.

mod support;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::SIGINT;
use std::env;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};
use support::{Mark, in_background};

/// The lesson that declares this test, how it is run, and how long it runs at least.
const LESSONS: [(Option<&str>, &[&str], Duration); 4] = [
    (option_env!("CARGO_BIN_EXE_threads_counter"), COUNTING, Duration::from_millis(200)),
    (option_env!("CARGO_BIN_EXE_process_counter"), COUNTING, Duration::from_millis(200)),
    (option_env!("CARGO_BIN_EXE_queue"), &[], Duration::from_millis(3)),
    (option_env!("CARGO_BIN_EXE_pipe"), &[], Duration::from_millis(3)),
];

const COUNTING: &[&str] = &["--tick", "20ms"];

const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn ctrl_c_ends_every_process_of_the_lesson_at_once() {
    // Where it is ignored, as in the background of a script, the lesson would inherit that.
    let default = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_default(SIGINT, default).expect("it can be handled");
    let rounds = if env::var_os("DRILLS").is_some_and(|form| form == "long") { 200 } else { 20 };
    let lesson = LESSONS.into_iter().find_map(|(lesson, args, time)| Some((lesson?, args, time)));
    let (lesson, args, time) = lesson.expect("a lesson declares this test");
    let names = names();
    let mut interrupted = 0;
    let mut worst = Duration::ZERO;
    for round in 0..rounds {
        let (mut output, writer) = std::io::pipe().expect("a pipe");
        let mark = Mark::new();
        let mut command = Command::new(lesson);
        command.args(args).env(Mark::NAME, &mark.0).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer);
        let mut child = command.spawn().expect("the lesson starts");
        drop(command); // it holds an end of the pipe
        let end = in_background(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).expect("text");
            text
        });

        // At a random moment of its life, another one in each round.
        thread::sleep((time * round + time.mul_f64(random())) / rounds);
        // Until it is waited for, its number is nobody else's.
        kill_process_group(Pid::from_child(&child), Signal::INT).expect("the group is there");
        let since = Instant::now();
        // Every process of the lesson holds its standard error.
        let said = end.recv_timeout(AT_ONCE).expect("everything ends at once");
        let status = child.wait().expect("the lesson ends");
        worst = worst.max(since.elapsed());
        // A shell makes 130 of the signal. A lesson that was over is none the worse for it.
        let signal = status.signal();
        assert!(signal == Some(2) || status.success(), "{status}");
        assert_eq!(said, "");
        mark.assert_nothing_left();
        interrupted += u32::from(signal.is_some());
    }
    assert_eq!(self::names(), names, "a file is left");
    assert!(interrupted > rounds / 2, "only {interrupted} of {rounds} were in the middle");
    println!("{rounds} rounds, {interrupted} of them interrupted, 0 failures, worst {worst:.1?}");
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
