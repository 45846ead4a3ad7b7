//! Compares the contenders: runs each at every work, in rounds, and says what came of it.
//!
//! A contender is a program that does one work once and prints what it measured (`src/` in Rust,
//! `python/` in Python). In every round each contender has its turn, and every round begins with
//! another one; so whatever else the machine does meets all of them alike. Rounds to warm up are not
//! counted.

#![forbid(unsafe_code)]

mod bars;
mod chart;
mod contender;
mod cpu;
mod lessons;
mod machine;
mod markdown;
mod plan;
mod polite;
mod report;
mod rounds;
mod run;
mod table;
mod unit;
mod workload;

use clap::Parser;
use report::Report;
use rounds::Rounds;
use run::Result;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use workload::Workload;

/// Measures this crate beside CPython, procspawn, crossmist, raw ipc-channel and the bare system.
///
/// A run of everything takes some four minutes, and what it prints is written to BENCHMARKS.md.
#[derive(Parser)]
#[command(override_usage = "make bench [BENCH='OPTIONS']")]
struct Options {
    /// Few rounds and short waits, to try it out; nothing is written.
    #[arg(long)]
    quick: bool,
    /// Only the works whose names contain this; nothing is written. It can be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// How many rounds count.
    #[arg(long, value_name = "NUMBER")]
    rounds: Option<u32>,
    /// Names the works, and measures nothing.
    #[arg(long)]
    list: bool,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn rounds(&self) -> Rounds {
        let (warm_up, counted) = if self.quick { (0, 3) } else { (1, 7) };
        Rounds { warm_up, counted: self.rounds.unwrap_or(counted).max(1) }
    }

    fn wants(&self, work: &Workload) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| work.name.contains(name))
    }
}

fn main() -> ExitCode {
    match compare(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<()> {
    let works = plan::works(Duration::from_secs(if options.quick { 2 } else { 10 }));
    let mut works: Vec<_> = works.into_iter().filter(|work| options.wants(work)).collect();
    if works.is_empty() {
        return Err("no work has such a name; `--list` names them".into());
    }
    if options.list {
        for work in &works {
            println!("{:28} {}", work.name, work.figures[0].title);
        }
        return Ok(());
    }
    let start = Instant::now();
    let absent = machine::absent();
    for work in &mut works {
        let is_here = |which| absent.iter().all(|(absent, _)| *absent != which);
        work.contenders.retain(|contender| is_here(contender.which));
    }
    let rounds = options.rounds();
    let mut report = Report::begin(rounds.counted, &absent);
    for work in &works {
        report.add(rounds.measure(work)?);
    }
    report.end(start.elapsed());
    if options.quick || !options.only.is_empty() {
        eprintln!("This was not a full run, so BENCHMARKS.md is as it was.");
        return Ok(());
    }
    report.write()
}
