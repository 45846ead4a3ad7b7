//! Two source files side by side.

/// The lines of code that only the first has, and those that only the second has; comments aside.
///
/// What is left without them must be the same lines in the same order.
#[track_caller]
pub fn differences<'a>(one: &'a str, other: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let (one, other) = (code(one), code(other));
    let only = |these: &[&'a str], those: &[&'a str]| -> Vec<&'a str> {
        let missing = these.iter().filter(|line| !those.contains(line));
        missing.copied().collect()
    };
    let (only_one, only_other) = (only(&one, &other), only(&other, &one));
    let rest = |lines: &[&'a str], only: &[&'a str]| -> Vec<&'a str> {
        let kept = lines.iter().filter(|line| !only.contains(line));
        kept.copied().collect()
    };
    assert_eq!(rest(&one, &only_one), rest(&other, &only_other));
    (only_one, only_other)
}

/// A file without its comment lines, and without the comments that end a line.
pub fn code(source: &str) -> Vec<&str> {
    source
        .lines()
        .map(|line| line.split(" // ").next().unwrap_or(line))
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect()
}
