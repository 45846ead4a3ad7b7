//! What was measured of one work: a row for each contender.

use crate::markdown::align;
use crate::unit::Unit;
use crate::workload::{Figure, Workload};
use std::fmt::Write;

pub const OURS: &str = "this crate";
pub const FLOOR: &str = "floor";

pub struct Table {
    pub name: &'static str,
    pub title: String,
    pub about: String,
    pub unit: Unit,
    /// The row that the last column is compared with.
    pub floor: &'static str,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub name: String,
    /// In order, the smallest first.
    samples: Vec<f64>,
    failed: Option<String>,
}

impl Row {
    pub fn new(name: &str, mut samples: Vec<f64>, failed: Option<String>) -> Row {
        samples.sort_by(f64::total_cmp);
        if failed.is_some() {
            samples.clear();
        }
        Row { name: name.to_owned(), samples, failed }
    }

    /// The median over the rounds, the smallest and the largest.
    pub fn spread(&self) -> Option<[f64; 3]> {
        let (first, last) = (self.samples.first()?, self.samples.last()?);
        let (low, high) = ((self.samples.len() - 1) / 2, self.samples.len() / 2);
        Some([f64::midpoint(self.samples[low], self.samples[high]), *first, *last])
    }

    pub fn median(&self) -> Option<f64> {
        self.spread().map(|[median, ..]| median)
    }
}

impl Table {
    pub fn new(work: &Workload, figure: &Figure, rows: Vec<Row>) -> Table {
        let (about, floor, unit) = (work.about.clone(), work.floor, figure.unit);
        let title = figure.title.clone();
        // A contender that has no such figure has no row.
        let rows = rows.into_iter().filter(|row| row.failed.is_some() || !row.samples.is_empty());
        Table { name: figure.name, title, about, unit, floor, rows: rows.collect() }
    }

    /// The median of a row; of several whose names begin like this, the best.
    pub fn median(&self, name: &str) -> Option<f64> {
        let rows = self.rows.iter().filter(|row| row.name.starts_with(name));
        rows.filter_map(Row::median).min_by(f64::total_cmp)
    }

    /// The median of the row of exactly this name.
    pub fn exactly(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name)?.median()
    }

    /// As Markdown.
    pub fn render(&self) -> String {
        let python = self.compared_with("CPython");
        let floor = self.compared_with(self.floor);
        let header = ["", &format!("median, {}", self.unit.name()), "min", "max"];
        let mut header = Vec::from(header.map(str::to_owned));
        header.extend(python.map(|_| "CPython ÷ it".to_owned()));
        header.extend(floor.map(|_| format!("it ÷ {}", self.floor)));
        let width = header.len();
        let mut lines = vec![header];
        for row in &self.rows {
            let mut cells = vec![row.name.clone()];
            if let (Some(spread), Some(median)) = (row.spread(), row.median()) {
                cells.extend(self.unit.cells(spread));
                cells.extend(python.map(|python| format!("{:.2}", python / median)));
                cells.extend(floor.map(|floor| format!("{:.2}", median / floor)));
            }
            cells.resize(width, "—".to_owned());
            lines.push(cells);
        }
        let mut text = format!("### {}\n\n{}\n\n{}", self.title, self.about, align(&lines));
        for row in &self.rows {
            if let Some(reason) = &row.failed {
                let _ = writeln!(text, "\n**{} failed:** {reason}", row.name);
            }
        }
        text
    }

    fn compared_with(&self, name: &str) -> Option<f64> {
        self.median(name).filter(|_| self.unit.compares())
    }
}
