//! Lesson 2: concurrent and parallel, and what a thread and a process cost.

use assert_cmd::assert::Assert;
use lesson_support::python::python;
use lesson_support::{
    assert_ends_quietly_without_a_reader, assert_says_that_stdout_is_full,
    assert_takes_a_language_only, lines, run,
};
use predicates::prelude::*;
use rustix::time::{ClockId, clock_gettime};
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_parallel");
const TWIN: &str = "lessons/02_process_counter/python/parallel.py";

const WORK: &str = "The work, twice: primes below 300000: 25997";

/// How long the ratios are tried: this computer has other things to do too.
const PATIENCE: Duration = Duration::from_secs(15);

/// What runs at the same moment is measured too: so whoever looks at the ratios has the CPUs alone.
static CPUS: RwLock<()> = RwLock::new(());

fn alone() -> impl Drop {
    CPUS.write().unwrap_or_else(PoisonError::into_inner)
}

fn beside_others() -> impl Drop {
    CPUS.read().unwrap_or_else(PoisonError::into_inner)
}

/// One run of the program at a time: two would share their memory, which is measured too.
static MEMORY: Mutex<()> = Mutex::new(());

fn beside_python() -> (impl Drop, impl Drop) {
    (beside_others(), MEMORY.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A row of the output: a label, a time, and what else it gives.
struct Row {
    label: String,
    milliseconds: f64,
    last: f64,
}

/// `One more thread   0.1 ms   15 KB`, or `Two threads   35 ms   ×1.9`.
fn row(line: &str) -> Row {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
    let (rest, last) = match line.strip_suffix(" KB") {
        Some(rest) => rest.rsplit_once(' ').expect(line),
        None => line.rsplit_once('×').expect(line),
    };
    let (label, milliseconds) =
        rest.trim().strip_suffix(" ms").expect(line).rsplit_once(' ').expect(line);
    let label = label.trim_end().to_owned();
    Row { label, milliseconds: number(milliseconds), last: number(last) }
}

fn rows(run: &Assert) -> Vec<Row> {
    let lines = lines(run);
    assert_eq!(lines[0], WORK);
    lines[1..].iter().map(|line| row(line)).collect()
}

fn labels(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| &*row.label).collect()
}

#[test]
fn it_tells_four_ways_to_do_the_work_and_the_price_of_two_more_workers() {
    let _shared = beside_python();
    let run = run(PROGRAM, &["--lang", "en"]).success().stderr("");
    let rows = rows(&run);
    let expected = [
        "One after the other",
        "Two threads, one lock",
        "Two threads",
        "Two processes, a lock each",
        "One more thread",
        "One more process",
    ];
    assert_eq!(labels(&rows), expected);
    for row in &rows {
        assert!(row.milliseconds >= 0.0, "{}", row.label);
    }
    // A process is a whole program more; a thread is a stack.
    let [.., thread, process] = &*rows else { panic!("{} rows", rows.len()) };
    assert!(process.last > thread.last, "{} KB, {} KB", process.last, thread.last);
}

#[test]
fn the_same_in_russian() {
    let _shared = beside_python();
    let pattern = predicate::str::is_match(
        r"\AРабота, дважды: простых чисел до 300000: 25997
По очереди +\d+ мс +×1\.0
Два потока, одна блокировка +\d+ мс +×\d+\.\d
Два потока +\d+ мс +×\d+\.\d
Два процесса, по блокировке +\d+ мс +×\d+\.\d
Ещё один поток +\d+\.\d мс +\d+ КБ
Ещё один процесс +\d+\.\d мс +\d+ КБ
\z",
    );
    run(PROGRAM, &[]).success().stderr("").stdout(pattern.expect("a pattern"));
}

/// The ratios need two CPUs that are free for a moment; where there are none, nothing is claimed.
#[test]
fn threads_under_one_lock_take_turns_and_without_it_or_in_processes_they_are_parallel() {
    let _alone = alone();
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        let _ = writeln!(io::stderr(), "SKIPPED: one CPU, where nothing is parallel");
        return;
    }
    let mut seen = Vec::new();
    let mut was_free = 0;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let free_before = two_cpus_are_free();
        let run = run(PROGRAM, &["--lang", "en"]).success();
        let rows = rows(&run);
        let (one_lock, threads, processes) = (rows[1].last, rows[2].last, rows[3].last);
        if one_lock < 1.2 && threads > 1.3 && processes > 1.3 {
            return;
        }
        seen.push((one_lock, threads, processes));
        was_free += u32::from(free_before && two_cpus_are_free());
    }
    if was_free < 3 {
        let _ =
            writeln!(io::stderr(), "SKIPPED: two CPUs were never free for long enough: {seen:?}");
    } else {
        panic!("under one lock, threads, processes: {seen:?}");
    }
}

/// Whether two threads that work now get a CPU each: almost two seconds of it in a second. (To be as
/// quick as one thread says nothing, since beside two busy programs both are slow alike.)
fn two_cpus_are_free() -> bool {
    let used = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default();
    let (begun, used_before) = (Instant::now(), used());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..20_000_000_u32).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
        }
    });
    used().saturating_sub(used_before) > begun.elapsed().mul_f64(1.8)
}

/// Python's own figures: the same work, with the GIL for a lock.
#[test]
fn all_of_the_work_is_done_in_python_too() {
    let _shared = beside_others();
    let Some(run) = python(TWIN, &["--lang", "en"]) else {
        return;
    };
    let run = run.success().stderr("");
    let expected = [
        "One after the other",
        "Two threads, one GIL",
        "Two processes, a GIL each",
        "One more thread",
        "One more process",
    ];
    assert_eq!(labels(&rows(&run)), expected);
}

#[test]
fn bad_input_is_an_error_on_stderr_and_exit_code_2() {
    let _shared = beside_python();
    assert_takes_a_language_only(PROGRAM);
}

#[test]
fn a_closed_stdout_is_a_quiet_end_and_a_full_one_an_error() {
    let _shared = beside_python();
    assert_ends_quietly_without_a_reader(PROGRAM, &[], &[1]);
    assert_says_that_stdout_is_full(PROGRAM, &[]).stderr(predicate::str::starts_with("Ошибка: "));
}
