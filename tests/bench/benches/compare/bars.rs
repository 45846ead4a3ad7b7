//! What this crate wants to reach, and whether it did.

use crate::cpu;
use crate::markdown::align;
use crate::plan::THREADS;
use crate::table::{FLOOR, OURS, Table};
use Rule::{Above, Below, Faster, Within};

enum Rule {
    /// So many times faster than these.
    Faster(f64, &'static str),
    /// At most so many times as slow or as large as this.
    Within(f64, &'static str),
    /// Less than this, counted as the table is.
    Below(f64),
    /// More than this.
    Above(f64),
}

/// The table, the row, and what is wanted of it.
const BARS: &[(&str, &str, Rule)] = &[
    ("start", OURS, Faster(30.0, "CPython spawn")),
    ("start", OURS, Faster(1.5, "CPython fork")),
    ("start", OURS, Faster(1.0, "procspawn")),
    ("start", OURS, Within(1.35, FLOOR)),
    ("at-once", OURS, Faster(25.0, "CPython spawn")),
    ("at-once", OURS, Faster(1.3, "CPython fork")),
    ("at-once", OURS, Within(1.5, FLOOR)),
    ("round-trip", OURS, Faster(5.0, "CPython")),
    ("round-trip-one-cpu", OURS, Faster(1.6, "CPython")),
    ("round-trip-one-cpu", OURS, Within(1.3, "raw ipc-channel")),
    ("echo-64k-bytes", OURS, Faster(1.0, "CPython, `send_bytes`")),
    ("echo-64k-bytes", OURS, Faster(1.0, "CPython, `send`")),
    ("echo-1m-bytes", OURS, Faster(1.0, "CPython, `send_bytes`")),
    ("echo-1m-bytes", OURS, Faster(1.0, "CPython, `send`")),
    ("queue-to-one", OURS, Faster(5.0, "CPython")),
    ("queue-to-two", OURS, Faster(5.0, "CPython")),
    ("queue-to-creator", OURS, Faster(1.0, "CPython")),
    ("queue-to-creator", EXTEND, Faster(5.0, "CPython")),
    ("queue-between", OURS, Faster(1.0, "CPython")),
    ("queue-between", EXTEND, Faster(5.0, "CPython")),
    ("latency-to-child-one-cpu", OURS, Faster(1.0, "CPython")),
    ("latency-to-creator-one-cpu", OURS, Faster(1.0, "CPython")),
    ("lock", OURS, Within(4.0, THREADS)),
    ("lock", OURS, Faster(10.0, VALUE)),
    ("lock-two", OURS, Faster(2.0, VALUE)),
    ("event", OURS, Faster(4.0, "CPython")),
    ("memory-write", OURS, Within(1.2, FLOOR)),
    ("memory-read", OURS, Within(1.2, FLOOR)),
    ("pool-trip", OURS, Below(5.0)),
    ("pool-trip", OURS, Faster(3.0, "CPython `Pool`")),
    ("pool-trip", OURS, Faster(3.0, "CPython `ProcessPoolExecutor`")),
    ("pool-trip", OURS, Faster(3.0, "loky")),
    ("pool-trip", OURS, Faster(3.0, "pebble")),
    ("pool-trip", OURS, Faster(3.0, "mpire")),
    ("pool-trip", OURS, Faster(3.0, "procspawn")),
    ("pool-trip-one-cpu", OURS, Below(5.0)),
    ("pool-map", OURS, Faster(3.0, "CPython `Pool`")),
    ("pool-short", OURS, Below(157.5)),
    ("pool-jobs", OURS, Below(315.0)),
    ("pool-start", OURS, Below(4.0)),
    ("jobs", OURS, Within(1.05, IDEAL)),
    ("jobs-share", OURS, Above(45.0)),
    ("memory", OURS, Faster(10.0, "CPython spawn")),
    ("memory", OURS, Within(1.2, FLOOR)),
    ("idle", "this crate, `recv`", Below(10.0)),
    ("idle", "this crate, `get`", Below(10.0)),
    ("idle-creator", "this crate, `recv`", Below(10.0)),
    ("idle-creator", "this crate, `get`", Below(10.0)),
    ("slowdown", "beside this crate", Within(1.02, "alone")),
];

const EXTEND: &str = "this crate, `extend`";
const VALUE: &str = "CPython, `Value`";
const IDEAL: &str = "the ideal";
/// The ideal of jobs of a millisecond for two children: both work all the time.
fn ideal() -> f64 {
    if cpu::count() > 1 { 1e-3 / 2.0 } else { 1e-3 }
}

impl Rule {
    fn words(&self, table: &Table) -> String {
        let unit = table.unit.name();
        match self {
            Faster(times, who) if *times <= 1.0 => format!("better than {who}"),
            Faster(times, who) => format!("{times} × better than {who}"),
            Within(times, who) => format!("at most {times} × {who}"),
            Below(limit) => format!("under {limit} {unit}"),
            Above(limit) => format!("over {limit} {unit}"),
        }
    }

    /// What was measured, and whether that is enough.
    fn judge(&self, table: &Table, ours: f64) -> Option<(String, bool)> {
        let cost = |who| if who == IDEAL { Some(ideal()) } else { table.median(who) };
        let absolute = || format!("{} {}", table.unit.show(ours), table.unit.name());
        Some(match self {
            Faster(times, who) => {
                let ratio = cost(*who)? / ours;
                (format!("{ratio:.2} ×"), ratio >= *times)
            }
            Within(times, who) => {
                let ratio = ours / cost(*who)?;
                (format!("{ratio:.3} ×"), ratio <= *times)
            }
            Below(limit) => (absolute(), table.unit.convert(ours) < *limit),
            Above(limit) => (absolute(), table.unit.convert(ours) > *limit),
        })
    }
}

/// Every bar with its figure, as Markdown. What was not measured is not there.
pub fn judge(tables: &[Table]) -> String {
    let mut lines = vec![["work", "bar", "measured", ""].map(str::to_owned).to_vec()];
    for (name, row, rule) in BARS {
        let table = tables.iter().find(|table| table.name == *name);
        let Some(table) = table else { continue };
        let judged = table.exactly(row).and_then(|ours| rule.judge(table, ours));
        let (measured, verdict) = match judged {
            Some((measured, true)) => (measured, "met"),
            Some((measured, false)) => (measured, "**missed**"),
            None => ("—".to_owned(), "not measured"),
        };
        let which = row.strip_prefix(OURS).unwrap_or_default();
        let work = format!("{}{which}", table.title);
        lines.push(vec![work, rule.words(table), measured, verdict.to_owned()]);
    }
    lines.extend(against_peers(tables));
    align(&lines)
}

/// Whether any of the peers is better at anything.
fn against_peers(tables: &[Table]) -> Vec<Vec<String>> {
    const PEERS: [&str; 3] = ["CPython", "procspawn", "crossmist"];
    const BAR: &str = "better than CPython, procspawn and crossmist";
    let (mut compared, mut lost) = (0, Vec::new());
    for table in tables.iter().filter(|table| table.unit.compares()) {
        let Some(ours) = table.exactly(OURS) else { continue };
        for peer in PEERS {
            let Some(theirs) = table.median(peer) else { continue };
            compared += 1;
            if theirs < ours {
                let measured = format!("{:.2} ×", theirs / ours);
                lost.push(
                    [&table.title, &format!("better than {peer}"), &measured, "**missed**"]
                        .map(ToString::to_string)
                        .to_vec(),
                );
            }
        }
    }
    let verdict = if lost.is_empty() { "met" } else { "**missed**" };
    let measured = format!("{} of {compared}", compared - lost.len());
    let all = ["every work", BAR, &measured, verdict].map(str::to_owned).to_vec();
    if compared == 0 { lost } else { [vec![all], lost].concat() }
}
