//! What the tests of the lessons share: runs with a deadline, and the proof that nothing is left.

#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, reason = "a helper of tests panics where a test fails")]
#![allow(clippy::must_use_candidate, reason = "an assertion may be all that a test wants of a run")]

pub mod exercise;
pub mod python;
pub mod source;
pub mod terminal;

use assert_cmd::assert::{Assert, OutputAssertExt as _};
use predicates::prelude::*;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::ops::Deref;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Many times what the longest run takes; a run that does not end fails, and no test hangs.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What a program does that is given `--show-steps`, `--tick 1h` and nobody who reads: it ends.
pub const FOR_EVER: &[&str] = &["--show-steps", "--tick", "1h"];

/// The folder that holds the whole project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// A folder for the files of one test: empty at first, and removed in the end.
pub struct Scratch(PathBuf);

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A folder that no other test has.
pub fn scratch(name: &str) -> Scratch {
    static FOLDERS: AtomicU32 = AtomicU32::new(0);
    let unique = format!("{name}_{}_{}", std::process::id(), FOLDERS.fetch_add(1, SeqCst));
    let test = std::env::current_exe().expect("this program has a file");
    let folder = test.with_file_name("scratch").join(unique);
    fs::create_dir_all(&folder).expect("a folder");
    Scratch(folder)
}

/// Runs a program to its end.
#[track_caller]
pub fn run(program: &str, args: &[&str]) -> Assert {
    let (mut reader, stdout) = std::io::pipe().expect("a pipe");
    finish(program, args, stdout.into(), move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).expect("stdout can be read");
        all
    })
}

/// Runs a program whose reader leaves after so many lines, as `head` does.
#[track_caller]
pub fn run_head(program: &str, args: &[&str], lines: usize) -> Assert {
    let (reader, stdout) = std::io::pipe().expect("a pipe");
    finish(program, args, stdout.into(), move || {
        let mut reader = BufReader::new(reader);
        let mut head = Vec::new();
        for _ in 0..lines {
            reader.read_until(b'\n', &mut head).expect("stdout can be read");
        }
        head
    })
}

/// Runs a program with a stdout that takes nothing, as a full disk does.
#[track_caller]
pub fn run_full(program: &str, args: &[&str]) -> Assert {
    let full = fs::File::create("/dev/full").expect("/dev/full");
    finish(program, args, full.into(), Vec::new)
}

/// A program refuses each of these command lines: with an error on stderr, exit code 2, and nothing
/// on stdout.
#[track_caller]
pub fn assert_refuses(program: &str, cases: &[&[&str]]) {
    for case in cases {
        let error = predicate::str::starts_with("ошибка: ").and(predicate::str::contains("--help"));
        run(program, case).code(2).stdout("").stderr(error);
    }
}

/// A program takes `--lang` and nothing else.
#[track_caller]
pub fn assert_takes_a_language_only(program: &str) {
    assert_refuses(program, &[&["--first", "1"], &["--tick", "1s"], &["--lang", "fr"], &["1"]]);
    run(program, &["--help"]).success().stdout(predicate::str::contains("--lang"));
    assert_speaks_one_language(program);
}

/// What a program says of itself and of bad input is in the reader's language, Russian by default.
#[track_caller]
pub fn assert_speaks_one_language(program: &str) {
    let name = Path::new(program).file_name().expect("a program").display().to_string();
    let is_russian = |text: &str| text.contains(|c| matches!(c, 'а'..='я'));
    for (args, russian) in
        [(&[] as &[&str], true), (&["--lang", "ru"], true), (&["--lang=en"], false)]
    {
        let with = |option: &'static str| [args, &[option]].concat();
        let help = run(program, &with("--help")).success().stderr("");
        let lines = lines(&help);
        assert_eq!(is_russian(lines[0]), russian, "what it shows: {}", lines[0]);
        assert!(!lines[0].contains("--") && lines[1].is_empty(), "{lines:?}");
        for line in &lines[2..] {
            assert!(line.is_empty() || is_russian(line) == russian, "{line}");
        }

        let version = run(program, &with("--version")).success().stderr("");
        version.stdout(format!("{name} {}\n", env!("CARGO_PKG_VERSION")));

        let error = run(program, &with("--nonsense")).code(2).stdout("");
        let error = String::from_utf8_lossy(&error.get_output().stderr).into_owned();
        assert!(error.contains("--nonsense") && error.contains("--help"), "{error}");
        assert_eq!(is_russian(&error), russian, "{error}");
    }
}

/// A program whose reader leaves, after each of these numbers of lines, ends well and quietly.
#[track_caller]
pub fn assert_ends_quietly_without_a_reader(program: &str, args: &[&str], lines: &[usize]) {
    for &lines in lines {
        run_head(program, args, lines).success().stderr("");
    }
}

/// A program whose stdout is full says so on stderr and ends with exit code 1; no panic is seen.
/// Gives the run, for what else its stderr must say.
#[track_caller]
pub fn assert_says_that_stdout_is_full(program: &str, args: &[&str]) -> Assert {
    let error = predicate::str::contains("Ошибка: не удалось записать в stdout: No space left")
        .and(predicate::str::contains("panic").not());
    run_full(program, args).code(1).stderr(error)
}

/// The lines of a run on stdout.
pub fn lines(assert: &Assert) -> Vec<&str> {
    let stdout = str::from_utf8(&assert.get_output().stdout).expect("stdout is UTF-8");
    stdout.lines().collect()
}

#[track_caller]
fn finish(
    program: &str,
    args: &[&str],
    stdout: Stdio,
    read: impl FnOnce() -> Vec<u8> + Send + 'static,
) -> Assert {
    let (mut errors, stderr) = std::io::pipe().expect("a pipe");
    let run_id = RunId::new();
    let mut command = Command::new(program);
    command.args(args).env(RunId::VARIABLE, &run_id.0);
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    let mut child = command.spawn().expect("the program starts");
    drop(command); // it holds an end of each pipe

    let stdout = in_background(read);
    let stderr = in_background(move || {
        let mut all = Vec::new();
        errors.read_to_end(&mut all).expect("stderr can be read");
        all
    });
    // stderr is at its end when every process that holds it has ended.
    let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(DEADLINE), stderr.recv_timeout(DEADLINE))
    else {
        let _ = child.kill();
        panic!("{program} {args:?} did not end within {DEADLINE:?}");
    };
    let status = child.wait().expect("the program ends");
    run_id.assert_nothing_left();

    Output { status, stdout, stderr }.assert()
}

/// Runs a command to its end, and gives what it wrote to stdout and stderr as they came.
///
/// The process group of a command that does not end is killed.
pub fn run_command(mut command: Command) -> Result<(String, ExitStatus), String> {
    let (mut reader, both) = std::io::pipe().map_err(|error| error.to_string())?;
    command.stdin(Stdio::null()).process_group(0);
    command.stdout(both.try_clone().map_err(|error| error.to_string())?).stderr(both);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let told = format!("{command:?}");
    drop(command); // it holds the other end of the pipe

    let output = in_background(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all)
    });
    let Ok(Ok(output)) = output.recv_timeout(DEADLINE) else {
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        let _ = child.wait();
        return Err(format!("{told} did not end within {DEADLINE:?}"));
    };
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok((String::from_utf8(output).map_err(|error| error.to_string())?, status))
}

/// Starts some work on a thread of its own; what it returns can be waited for.
pub fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver
}

/// Does the same with each of several things, at the same time: a test waits more than it works.
pub fn with_each<T: Send>(things: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    let work = &work;
    thread::scope(|scope| {
        for thing in things {
            scope.spawn(move || work(thing));
        }
    });
}

/// A variable that every process of one run inherits, and no other process has.
pub struct RunId(pub String);

impl RunId {
    /// The name of the variable.
    pub const VARIABLE: &'static str = "LESSON_TEST_RUN";

    /// Another one each time, in whatever process.
    #[allow(clippy::new_without_default, reason = "no two are equal")]
    pub fn new() -> Self {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, SeqCst);
        Self(format!("{}-{run}", std::process::id()))
    }

    /// Sees that no process of the run is left.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        if let Some(process) = self.left() {
            panic!("a process is left: {process}");
        }
    }

    /// Waits until no process of the run is left: for a command that does not wait itself for the
    /// processes that it has ended.
    #[track_caller]
    pub fn wait_until_nothing_is_left(&self) {
        let begun = Instant::now();
        while let Some(process) = self.left() {
            assert!(begun.elapsed() < DEADLINE, "a process is left: {process}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// A process of the run that is there.
    fn left(&self) -> Option<String> {
        let wanted = format!("{}={}", Self::VARIABLE, self.0);
        fs::read_dir("/proc").expect("/proc").flatten().map(|process| process.path()).find_map(
            |process| {
                // What cannot be read is gone meanwhile, or another user's.
                let environ = fs::read(process.join("environ")).unwrap_or_default();
                let mut variables = environ.split(|&byte| byte == 0);
                let is_of_the_run = variables.any(|variable| variable == wanted.as_bytes());
                is_of_the_run.then(|| process.display().to_string())
            },
        )
    }
}
