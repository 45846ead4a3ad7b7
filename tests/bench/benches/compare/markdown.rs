//! Tables that are Markdown, and tables in a terminal too.

use std::fmt::Write;

/// Lines of as many cells each, of which the first is the header. Names go to the left, numbers to
/// the right.
pub fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<_> = (0..columns)
        .map(|n| lines.iter().map(|line| line[n].chars().count()).max().unwrap_or(0).max(3))
        .collect();
    let mut rows = lines.iter().map(|line| row(line, &widths));
    let header = rows.next().unwrap_or_default();
    let mut below = String::new();
    for (n, width) in widths.iter().enumerate() {
        below += "|-";
        below += &"-".repeat(*width);
        below.push(if n == 0 { '-' } else { ':' });
    }
    format!("{header}{below}|\n{}", rows.collect::<String>())
}

fn row(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (n, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // Writing to a string does not fail.
        let _ = match n {
            0 => write!(text, "| {cell:<width$} "),
            _ => write!(text, "| {cell:>width$} "),
        };
    }
    text + "|\n"
}
