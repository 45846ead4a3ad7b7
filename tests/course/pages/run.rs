//! Running what a page shows.

use lesson_support::{RunId, run_command, terminal};
use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::thread;

/// The packages and their folders.
const LESSONS: [(&str, &str); 6] = [
    ("threads_counter", "lessons/01_threads_counter"),
    ("process_counter", "lessons/02_process_counter"),
    ("queue", "lessons/03_queue"),
    ("pipe", "lessons/04_pipe"),
    ("shared_counter", "lessons/05_shared_counter"),
    ("pool", "lessons/06_pool"),
];

/// Seconds are for readers: where the command of a counter does not say how fast, here it hurries.
/// As much as it can: threads that hurry more may differ by a step, and of two processes the one
/// with fewer steps has to end first though it may start last.
const HURRY: [(&str, &str); 3] = [
    ("threads_counter", "--tick 60ms"),
    ("process_counter", "--tick 40ms"),
    ("shared_counter", "--tick 200ms"),
];

macro_rules! programs {
    ($($name:literal),* $(,)?) => {
        [$(($name, option_env!(concat!("CARGO_BIN_EXE_", $name)))),*]
    };
}

/// The programs; those of the crate that is tested have a path.
const PROGRAMS: [(&str, Option<&str>); 22] = programs![
    "threads_counter",
    "thread_control",
    "process_counter",
    "no_guard",
    "no_join",
    "parallel",
    "process_class",
    "process_control",
    "queue",
    "child_to_child",
    "join_first",
    "killed_worker",
    "pipe",
    "closed_end",
    "unpacking",
    "shared_counter",
    "forgotten_lock",
    "killed_holder",
    "pool",
    "endless",
    "killed_task",
    "progress",
];

/// Whose command it is.
pub enum Who {
    Make,
    /// `lessons/03_queue`
    Lesson(&'static str),
}

/// What a reader sees of a command.
#[derive(Clone)]
pub struct Ran {
    /// Its lines on stdout and stderr, in the order in which they came.
    pub seen: Vec<String>,
    /// What stands on a terminal of 80 columns when the command has ended; wrapped lines are one
    /// line again, and empty lines are left out.
    pub terminal: Vec<String>,
    pub code: i32,
}

/// What was run, and what was seen of it: each command once, whichever tests and pages have it.
static DONE: LazyLock<Mutex<HashMap<String, Arc<Run>>>> = LazyLock::new(Mutex::default);

/// A command that runs, or has run.
type Run = OnceLock<Result<Ran, String>>;

/// Most commands wait more than they work, so some of them run at the same time.
const AT_ONCE: usize = 4;

/// Whether there is a python3. If not, that is said, once.
static HAS_PYTHON: LazyLock<bool> = LazyLock::new(|| {
    let found = Command::new("python3").arg("--version").output().is_ok();
    if !found {
        // Not `eprintln!`, which a passing test keeps to itself.
        let _ = std::io::stderr().write_all(b"SKIPPED: no python3, so no twin was run\n");
    }
    found
});

/// Runs the commands of pages.
pub struct Runs {
    root: PathBuf,
    targets: String,
}

impl Runs {
    pub fn new(root: PathBuf) -> Self {
        let targets = fs::read_to_string(root.join("Makefile")).expect("the Makefile");
        Self { root, targets }
    }

    /// Whose command it is; an error if it is one that no page may show.
    pub fn who(&self, command: &str) -> Result<Who, String> {
        if let Some(targets) = command.strip_prefix("make ") {
            let mut targets = targets.split(' ').filter(|word| !word.contains('='));
            let unknown = targets.find(|target| !self.has_target(target));
            return unknown.map_or(Ok(Who::Make), |target| {
                Err(format!("`{target}` is no target of the Makefile"))
            });
        }
        let find = |is: &dyn Fn(&(&str, &str)) -> bool| LESSONS.iter().find(|lesson| is(lesson));
        let found = if let Some((_, rest)) = command.split_once("cargo run ") {
            let mut words = rest.split(' ');
            let package = words.find(|&word| word == "-p").and(words.next()).unwrap_or_default();
            find(&|lesson| lesson.0 == package)
        } else if let Some((_, rest)) = command.split_once("python3 ") {
            find(&|lesson| rest.starts_with(lesson.1))
        } else {
            return Err(format!("`{command}` is no command that a page may show"));
        };
        found
            .map(|lesson| Who::Lesson(lesson.1))
            .ok_or_else(|| format!("`{command}` is of no lesson's package"))
    }

    fn has_target(&self, target: &str) -> bool {
        let rules = self.targets.lines().filter_map(|line| line.split_once(':'));
        rules
            .filter(|(targets, _)| !targets.starts_with(['\t', '.', '#']))
            .any(|(targets, _)| targets.split(' ').any(|one| one == target))
    }

    /// The arguments of the program that a command runs, in a hurry.
    pub fn arguments(command: &str) -> Vec<&str> {
        let options = command.split_once("cargo run ").map_or("", |(_, options)| options);
        let (program, rest) = selected(options);
        let hurry = HURRY.iter().find(|(name, _)| *name == program && !rest.contains("--tick"));
        let tick = hurry.map_or("", |(_, tick)| tick);
        tick.split(' ').chain(rest.split(' ')).filter(|word| !word.is_empty()).collect()
    }

    /// Runs a command of this crate's lesson, or says what it printed before; `None` if it needs a
    /// python3 that is not there.
    pub fn run(&self, command: &str) -> Result<Option<Ran>, String> {
        if command.contains("python3 ") && !*HAS_PYTHON {
            return Ok(None);
        }
        let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
        let run = Arc::clone(done.entry(command.to_owned()).or_default());
        drop(done);
        let ran = run.get_or_init(|| self.shell(&runnable(command)?));
        ran.clone().map(Some)
    }

    /// Runs some commands, so that what they print is known when it is asked for.
    pub fn run_all(&self, commands: &[&str]) {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(command) = commands.get(next.fetch_add(1, SeqCst)) {
                        let _ = self.run(command); // an error is told where the command stands
                    }
                });
            }
        });
    }

    /// Runs a line in a shell, twice: with its output in a pipe, and on a terminal of 80 columns.
    fn shell(&self, line: &str) -> Result<Ran, String> {
        let run_id = RunId::new();
        let command = || {
            let mut command = Command::new("sh");
            command.args(["-c", line]).current_dir(&self.root).env(RunId::VARIABLE, &run_id.0);
            command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
            // A buffered line is written whole; two processes would tear each other's otherwise.
            command.env_remove("PYTHONUNBUFFERED");
            command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
            command
        };
        let (text, status) = run_command(command())?;
        run_id.wait_until_nothing_is_left();
        let code = status.code().ok_or_else(|| format!("`{line}` was killed: {status}"))?;

        let (terminal, status) = terminal::run_command(command(), 80, |command| {
            command.env("TERM", "xterm");
        });
        run_id.wait_until_nothing_is_left();
        if status.code() != Some(code) {
            return Err(format!("exit code {code}, but on a terminal {status}"));
        }
        let seen = text.lines().map(|line| line.trim_end().to_owned()).collect();
        Ok(Ran { seen, terminal: terminal.last().to_vec(), code })
    }
}

/// The command with the fresh program in the place of `cargo run …`, in a hurry.
fn runnable(command: &str) -> Result<String, String> {
    let Some((before, options)) = command.split_once("cargo run ") else {
        return Ok(command.to_owned());
    };
    let (program, rest) = selected(options);
    let found = PROGRAMS.iter().find(|(name, _)| *name == program);
    let path = found.and_then(|(_, path)| *path);
    let path = path.ok_or_else(|| format!("`{program}` is no program of this lesson"))?;
    // What a command does beside a program needs the program's own time.
    let has_time = rest.contains("--tick") || rest.contains(" & ");
    let hurry = HURRY.iter().find(|(name, _)| *name == program && !has_time);
    let tick = hurry.map_or("", |(_, tick)| tick);
    Ok(format!("{before}'{path}' {tick} {rest}"))
}

/// What cargo's options select, and what follows them.
fn selected(options: &str) -> (&str, &str) {
    let (mut program, mut left) = ("", options);
    loop {
        let (word, after) = left.split_once(' ').unwrap_or((left, ""));
        match word {
            "-q" | "--quiet" | "--release" => left = after,
            "-p" | "--bin" => (program, left) = after.split_once(' ').unwrap_or((after, "")),
            "--" => return (program, after),
            _ => return (program, left),
        }
    }
}
