//! What a reader types, and what the reader sees.

use crate::check::Failure;
use crate::fence::{Fence, Page};
use crate::run::{Ran, Runs, Who};
use std::ops::Range;

/// How the lines of a fence stand for what a command prints.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// These lines.
    Exact,
    /// These lines in any order.
    AnyOrder,
    /// One of several groups of lines, each but the last ended by a line that begins with `#`.
    OneOf,
    /// These words; each number stands for any number.
    Figures,
    /// The steps of workers: these lines with these numbers in this order. Which worker takes which
    /// step is a race, and so is the order of the lines that are no steps.
    Steps,
    /// What `sort | uniq -c` counts: each line is one of these, and the counts come to the same sum.
    /// After a line that begins with `#` stand others that may come and did not.
    Counts,
    /// The same, but each number in what is counted stands for any number.
    CountsOfFigures,
}

impl Kind {
    pub fn of(info: &str) -> Result<Self, String> {
        match info {
            "console" => Ok(Self::Exact),
            "console any-order" => Ok(Self::AnyOrder),
            "console one-of" => Ok(Self::OneOf),
            "console figures" => Ok(Self::Figures),
            "console steps" => Ok(Self::Steps),
            "console counts" => Ok(Self::Counts),
            "console counts figures" => Ok(Self::CountsOfFigures),
            info => Err(format!("a fence that cannot be checked: `{info}`")),
        }
    }

    /// Whether a run is what the page shows.
    pub fn agrees(self, shown: &[String], seen: &[String]) -> bool {
        let line = |shown: &String, seen: &String| stands_for(shown, seen);
        let all = |shown: &[String], seen: &[String]| {
            shown.len() == seen.len() && shown.iter().zip(seen).all(|(one, other)| line(one, other))
        };
        match self {
            Self::Exact => all(shown, seen),
            Self::AnyOrder => {
                let mut left: Vec<_> = seen.iter().collect();
                shown.len() == seen.len()
                    && shown.iter().all(|shown| {
                        let place = left.iter().position(|seen| line(shown, seen));
                        place.map(|place| left.remove(place)).is_some()
                    })
            }
            Self::OneOf => shown.split(|line| line.starts_with('#')).any(|group| all(group, seen)),
            Self::Figures => {
                let words = |lines: &[String]| lines.iter().map(|l| words(l)).collect::<Vec<_>>();
                words(shown) == words(seen)
            }
            Self::Steps => steps(shown) == steps(seen),
            Self::Counts | Self::CountsOfFigures => {
                let is_same = |one: &str, other: &str| match self {
                    Self::Counts => one == other,
                    _ => words(one) == words(other),
                };
                let counted = shown.iter().position(|line| line.starts_with('#'));
                let (shown, rare) = shown.split_at(counted.unwrap_or(shown.len()));
                let (shown, seen) = (counts(shown), counts(seen));
                let possible = shown.iter().map(|shown| shown.1);
                let possible = possible.chain(rare.iter().skip(1).map(|line| line.trim()));
                let possible: Vec<_> = possible.collect();
                let sum = |counts: &[(u32, &str)]| counts.iter().map(|count| count.0).sum::<u32>();
                sum(&shown) == sum(&seen)
                    && !seen.is_empty()
                    && seen.iter().all(|seen| possible.iter().any(|shown| is_same(shown, seen.1)))
            }
        }
    }
}

/// The commands of a fence, each with what it prints.
pub struct Session<'a> {
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    command: &'a str,
    /// The lines of the page with its output.
    place: Range<usize>,
    shown: &'a [String],
}

impl<'a> Session<'a> {
    pub fn of(fence: &'a Fence) -> Result<Self, String> {
        let starts: Vec<_> = (0..fence.body.len())
            .filter(|&line| fence.body[line].starts_with("$ "))
            .chain([fence.body.len()])
            .collect();
        if starts[0] != 0 || fence.body.is_empty() {
            return Err("what a reader types begins with its command: `$ …`".to_owned());
        }
        if fence.body[0] == "$ echo $?" {
            return Err("an exit code follows a command".to_owned());
        }
        let steps = starts.windows(2).map(|pair| Step {
            command: &fence.body[pair[0]][2..],
            place: fence.start + pair[0] + 1..fence.start + pair[1],
            shown: &fence.body[pair[0] + 1..pair[1]],
        });
        Ok(Self { steps: steps.collect() })
    }

    pub fn commands(&self) -> Vec<&'a str> {
        self.steps.iter().map(|step| step.command).collect()
    }
}

/// What is not so in a session, the last place first.
pub fn check(
    page: &Page,
    session: &Session<'_>,
    kind: Kind,
    runs: &Runs,
    (lesson, is_own): (&str, bool),
) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut steps = session.steps.iter().peekable();
    let mut code = None;
    while let Some(step) = steps.next() {
        let at = step.place.start - 1;
        let next_asks = steps.peek().is_some_and(|next| next.command == "echo $?");
        if step.command == "echo $?" {
            let seen: Vec<_> = code.iter().map(i32::to_string).collect();
            if code.is_some() && seen != step.shown {
                let what = format!("the exit code is {}", seen.join(""));
                failures.push(Failure::new(page, at, what).instead(step.place.clone(), seen));
            }
            continue;
        }
        code = None;
        let ran = match runs.who(step.command) {
            // A target that is there; what it prints is checked where the programs are.
            Ok(Who::Make) if step.shown.is_empty() => continue,
            Ok(Who::Make) => Err("what `make` prints is not shown".to_owned()),
            Ok(Who::Lesson(owner)) if owner != lesson => continue,
            Ok(Who::Lesson(_)) => runs.run(step.command),
            Err(_) if !is_own => continue,
            Err(what) => Err(what),
        };
        let Ran { seen, terminal, code: status } = match ran {
            Ok(Some(ran)) => ran,
            Ok(None) => continue, // python3 is missing, and that was said
            Err(what) => {
                failures.push(Failure::new(page, at, what));
                continue;
            }
        };
        code = Some(status);
        if status != 0 && !next_asks {
            let what = format!("it ends with exit code {status}; `$ echo $?` shows that");
            failures.push(Failure::new(page, at, what));
        }
        if !kind.agrees(step.shown, &seen) {
            let what = format!(
                "$ {}\n--- the page shows\n{}\n--- a reader sees\n{}",
                step.command,
                step.shown.join("\n"),
                seen.join("\n")
            );
            let failure = Failure::new(page, at, what);
            // The groups of a race are declared: one run does not tell them.
            failures.push(match kind {
                Kind::OneOf | Kind::Steps | Kind::Counts | Kind::CountsOfFigures => failure,
                _ => failure.instead(step.place.clone(), mended(step.shown, &seen)),
            });
        } else if !kind.agrees(&without_empty(step.shown), &terminal) {
            let what = format!(
                "$ {}\n--- the page shows\n{}\n--- on a terminal of 80 columns stands in the end\n{}",
                step.command,
                step.shown.join("\n"),
                terminal.join("\n")
            );
            failures.push(Failure::new(page, at, what));
        }
    }
    failures.reverse();
    failures
}

/// What was seen, with `[..]` in the lines that had it already.
fn mended(shown: &[String], seen: &[String]) -> Vec<String> {
    let keep = |line: &String| shown.iter().find(|shown| stands_for(shown, line));
    seen.iter().map(|line| keep(line).unwrap_or(line).clone()).collect()
}

/// Whether a line of a page stands for this line: `[..]` is a PID, which may be padded.
fn stands_for(shown: &str, seen: &str) -> bool {
    if !shown.contains("[..]") {
        return shown.trim_end() == seen.trim_end();
    }
    let unpadded = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, seen) = (unpadded(shown), unpadded(seen));
    let mut parts = shown.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| seen.strip_prefix(first)) else {
        return false;
    };
    for part in parts {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        match after.strip_prefix(part) {
            Some(after_part) if after.len() < rest.len() => rest = after_part,
            _ => return false,
        }
    }
    rest.is_empty()
}

fn without_empty(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| !line.trim().is_empty()).cloned().collect()
}

/// The numbers of the steps in their order, the workers that took them, and the other lines.
fn steps(lines: &[String]) -> (Vec<&str>, Vec<&str>, Vec<&str>) {
    let (mut numbers, mut workers, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        match line.split_once(" (PID ").zip(line.split_once("): ")) {
            Some(((worker, _), (_, number))) => {
                numbers.push(number);
                workers.push(worker);
            }
            None => others.push(line.trim_end()),
        }
    }
    workers.sort_unstable();
    others.sort_unstable();
    (numbers, workers, others)
}

/// The counts of `uniq -c`, and what was counted.
fn counts(lines: &[String]) -> Vec<(u32, &str)> {
    let parts = lines.iter().filter_map(|line| line.trim().split_once(' '));
    parts.filter_map(|(count, line)| Some((count.parse().ok()?, line))).collect()
}

/// The words of a line, with `#` for every number.
fn words(line: &str) -> Vec<String> {
    let number = |word: &str| {
        let mut out = String::new();
        for c in word.chars() {
            let digit = c.is_ascii_digit() || (matches!(c, '.' | ',') && out.ends_with('#'));
            match c {
                _ if !digit => out.push(c),
                _ if out.ends_with('#') => {}
                _ => out.push('#'),
            }
        }
        out
    };
    line.split_whitespace().map(number).collect()
}
