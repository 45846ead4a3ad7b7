//! What is printed, and written to `BENCHMARKS.md`.

use crate::contender::in_project;
use crate::markdown::align;
use crate::run::Result;
use crate::table::Table;
use crate::{bars, chart, machine};
use std::fs;
use std::time::Duration;

const INTRODUCTION: &str = "\
# Benchmarks

What `make bench` printed on the machine below; it measures everything anew and writes this page.

Each contender does the same work in the same number of processes. In every round each has its turn,
and every round begins with another one; a first round is not counted. *CPython ÷ it* is how many
times better a contender is than the best row of CPython, and *it ÷ floor* how many times the cost of
the floor it has; both are ratios of medians. The floor is the same work with nothing on top: the
same program run again by a bare `Command`, and a bare socketpair.
";

#[derive(Default)]
pub struct Report {
    text: String,
    tables: Vec<Table>,
}

impl Report {
    /// Begins with the machine, and says loudly who is left out.
    pub fn begin(rounds: u32, absent: &[(&str, String)]) -> Report {
        let mut report = Report::default();
        report.say(INTRODUCTION);
        let header = vec![String::new(), String::new()];
        let mut lines = vec![header];
        lines.extend(machine::describe().into_iter().map(|line| line.to_vec()));
        lines.push(vec!["rounds".to_owned(), rounds.to_string()]);
        report.say(&align(&lines));
        for (which, reason) in absent {
            let name = if *which == "python" { "CPython" } else { which };
            report.say(&format!("**{name} is left out, since it does not run here:** {reason}\n"));
        }
        report.say("## The works\n");
        report
    }

    /// Adds what one work gave.
    pub fn add(&mut self, tables: Vec<Table>) {
        for table in tables {
            self.say(&table.render());
            if let Some(picture) = chart::draw(&table) {
                self.text += picture.trim_start();
                self.text += "\n";
            }
            self.tables.push(table);
        }
    }

    /// Ends with the bars.
    pub fn end(&mut self, time: Duration) {
        self.say("## The bars\n");
        self.say(&bars::judge(&self.tables));
        self.say(&format!("Measured in {} s.", time.as_secs()));
    }

    pub fn write(&self) -> Result<()> {
        Ok(fs::write(in_project("BENCHMARKS.md"), format!("{}\n", self.text.trim_end()))?)
    }

    /// Prints a paragraph, and keeps it for the page.
    fn say(&mut self, paragraph: &str) {
        println!("{paragraph}");
        self.text += paragraph;
        self.text += "\n";
    }
}
