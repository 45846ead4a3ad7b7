//! Drill 8: many children at once, and many in a row.

use crate::drill::{Drill, Round, is_long, signal_pipe, threads};
use library_support::{Suite, children_of, nothing, open_files, suite};
use shared::{Process, Receiver};
use std::fs;

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 8. Many at once, and many in a row.
            Drill::new("many_children_at_once", 10, 3, at_once),
            Drill::new("many_children_in_a_row", 10, 3, in_a_row),
        ],
        children: [
            waits,
        ],
    }
}

pub fn waits(until: Receiver<()>) -> u32 {
    let _ = until.recv();
    std::process::id()
}

pub fn at_once(_: &mut Round) {
    let count = if is_long() { 500 } else { 15 };
    same_before_and_after(|| {
        let start = |_| {
            let (sender, until) = signal_pipe();
            (sender, Process::spawn(waits, (until,)).expect("a child"))
        };
        let all: Vec<_> = (0..count).map(start).collect();
        let (senders, processes): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        assert!(processes.iter().all(Process::is_alive));
        drop(senders);
        for process in processes {
            let id = process.id();
            assert_eq!(process.join().expect("it returns"), id);
        }
    });
}

pub fn in_a_row(_: &mut Round) {
    let count = if is_long() { 1000 } else { 15 };
    same_before_and_after(|| {
        for number in 0..count {
            let process = Process::spawn(nothing, ()).expect("a child");
            match number % 3 {
                0 => drop(process),
                _ => process.join().expect("it ends"),
            }
        }
    });
}

/// How much memory this process has written to, in KiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Does it once, since the first time leaves memory with the allocator for the next; then nothing
/// may grow.
fn same_before_and_after(work: impl Fn()) {
    work();
    // Those that were not waited for are still there. (What a drill leaves is looked for only after
    // all of them were buried.)
    assert!(children_of(std::process::id()).is_empty(), "a process was not waited for");
    let figures = || (open_files("self").len(), threads());
    let (before, memory_before) = (figures(), memory());
    work();
    let (after, memory_after) = (figures(), memory());
    if is_long() {
        let ((files, threads), (files_then, threads_then)) = (before, after);
        print!(
            "{files} -> {files_then} files, {threads} -> {threads_then} threads, \
             {memory_before} -> {memory_after} KiB; "
        );
    }
    assert_eq!(before, after);
    assert!(memory_after <= memory_before + 256, "{memory_before} KiB, then {memory_after} KiB");
}
