//! The lessons themselves, from command to exit, beside their Python twins.

use crate::contender::{Contender, in_project};
use crate::run::{Result, says};
use crate::unit::Unit::Millis;
use crate::workload::Workload;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

/// A lesson and its Python twin.
struct Lesson {
    name: &'static str,
    title: &'static str,
    program: &'static str,
    args: &'static [&'static str],
    twin: &'static str,
}

/// Those that count take a second for each step; here they take none.
const AT_ONCE: &[&str] = &["--tick", "0s"];

const LESSONS: [Lesson; 5] = [
    Lesson {
        name: "lesson-1",
        title: "Lesson 1: threads",
        program: "threads_counter",
        args: AT_ONCE,
        twin: "lessons/01_threads_counter/python/threads_counter.py",
    },
    Lesson {
        name: "lesson-2",
        title: "Lesson 2: processes",
        program: "process_counter",
        args: AT_ONCE,
        twin: "lessons/02_process_counter/python/process_counter.py",
    },
    Lesson {
        name: "lesson-3",
        title: "Lesson 3: a queue",
        program: "queue",
        args: &[],
        twin: "lessons/03_queue/python/queue_lesson.py",
    },
    Lesson {
        name: "lesson-4",
        title: "Lesson 4: a pipe",
        program: "pipe",
        args: &[],
        twin: "lessons/04_pipe/python/pipe.py",
    },
    Lesson {
        name: "lesson-6",
        title: "Lesson 6: a pool",
        program: "pool",
        args: &[],
        twin: "lessons/06_pool/python/pool_lesson.py",
    },
];

pub fn lessons() -> [Workload; 5] {
    const ABOUT: &str = "The whole program, from command to exit, without the seconds that it \
        counts, and its Python twin as it stands, with `spawn`. The mean of 3.";
    LESSONS.map(|lesson| {
        let ours = move || time(&mut Command::new(built(lesson.program)?), lesson.args);
        let twin = move || time(Command::new("python3").arg(in_project(lesson.twin)), lesson.args);
        Workload::new(lesson.name, lesson.title, Millis, ABOUT)
            .with(Contender::new("this crate", "ours", ours))
            .with(Contender::new("CPython", "python", twin))
    })
}

/// Where a lesson's program is. The first time, all are built, so that none is an old one.
fn built(program: &str) -> Result<&'static Path> {
    static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let mut programs = PROGRAMS.get_or_init(build).iter();
    let found = programs.find(|path| path.ends_with(program));
    Ok(found.ok_or_else(|| format!("cargo built no {program}"))?)
}

fn build() -> Vec<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--workspace", "--bins", "--message-format=json"]);
    cargo.arg("--manifest-path").arg(in_project("Cargo.toml"));
    let messages = says(&mut cargo).unwrap_or_default();
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
}

fn time(command: &mut Command, args: &[&str]) -> Result<Vec<f64>> {
    const TIMES: u8 = 3;
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    for _ in 0..TIMES {
        let output = command.output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.lines().last().unwrap_or("it said nothing").to_owned().into());
        }
    }
    Ok(vec![start.elapsed().as_secs_f64() / f64::from(TIMES)])
}
