//! Who has its turn when.

use crate::run::Result;
use crate::table::{Row, Table};
use crate::workload::Workload;
use std::io::{IsTerminal, stderr};
use std::time::Instant;

/// How many rounds there are.
pub struct Rounds {
    pub warm_up: u32,
    pub counted: u32,
}

/// What one contender gave.
#[derive(Default)]
struct Given {
    /// One list of figures for each round that counts.
    rounds: Vec<Vec<f64>>,
    failed: Option<String>,
}

impl Rounds {
    /// Lets every contender do the work once a round. Who fails once is out.
    pub fn measure(&self, work: &Workload) -> Result<Vec<Table>> {
        let start = Instant::now();
        let (warm_up, counted) = if work.once { (0, 1) } else { (self.warm_up, self.counted) };
        let contenders = &work.contenders;
        let mut given: Vec<Given> = contenders.iter().map(|_| Given::default()).collect();
        let setting = work.setting.keep()?;
        for round in 0..warm_up + counted {
            if stderr().is_terminal() {
                eprint!("\r\x1b[K{}: round {} of {}\r", work.name, round + 1, warm_up + counted);
            }
            for turn in 0..contenders.len() {
                let place = (turn + usize::try_from(round)?) % contenders.len();
                let given = &mut given[place];
                if given.failed.is_some() {
                    continue;
                }
                match (contenders[place].run)() {
                    Ok(figures) if round >= warm_up => given.rounds.push(figures),
                    Ok(_) => {}
                    Err(error) => given.failed = Some(error.to_string()),
                }
            }
        }
        drop(setting);
        eprintln!("{}: {counted} rounds, {:.1} s", work.name, start.elapsed().as_secs_f64());
        let table = |(n, figure)| {
            let rows = contenders.iter().zip(&given).map(|(contender, given)| {
                let samples = given.rounds.iter().filter_map(|figures| figures.get(n).copied());
                Row::new(&contender.name, samples.collect(), given.failed.clone())
            });
            Table::new(work, figure, rows.collect())
        };
        Ok(work.figures.iter().enumerate().map(table).collect())
    }
}
