//! A picture of a table, where it says more than the numbers.

use crate::table::Table;
use std::fmt::Write;

/// The tables that get one.
const DRAWN: [&str; 4] = ["start", "round-trip-one-cpu", "echo-1m-bytes", "queue-to-one"];

pub fn draw(table: &Table) -> Option<String> {
    let rows = table.rows.iter().filter_map(|row| Some((&row.name, row.median()?)));
    let (names, values): (Vec<_>, Vec<_>) = rows.unzip();
    if !DRAWN.contains(&table.name) || names.is_empty() {
        return None;
    }
    let names: Vec<_> =
        names.into_iter().map(|name| format!("\"{}\"", name.replace('`', ""))).collect();
    let values: Vec<_> = values.into_iter().map(|value| table.unit.show(value)).collect();
    let mut text = String::from("\n```mermaid\nxychart-beta horizontal\n");
    let _ = writeln!(text, "    title \"{}\"", table.title);
    let _ = writeln!(text, "    x-axis [{}]", names.join(", "));
    let _ = writeln!(text, "    y-axis \"{}\"", table.unit.name());
    let _ = writeln!(text, "    bar [{}]", values.join(", "));
    text += "```\n";
    Some(text)
}
