//! Passages of a file, and how two files differ.

use lesson_support::source::code;

/// Whether these lines stand in a text one after the other, indentation aside.
pub fn is_in(passage: &[String], text: &str) -> bool {
    let passage: Vec<_> = passage.iter().map(String::as_str).collect();
    let lines: Vec<_> = text.lines().collect();
    let wanted = outdented(&passage);
    !passage.is_empty() && lines.windows(passage.len()).any(|window| outdented(window) == wanted)
}

/// The lines without the spaces that all of them begin with.
fn outdented<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indents = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = indents.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.iter().map(|line| line.get(indent..).unwrap_or("").trim_end()).collect()
}

/// The lines of code that only one of two programs has, in their order; comments aside.
pub fn diff(one: &str, other: &str) -> Vec<String> {
    let (one, other) = (code(one), code(other));
    // common[i][j]: how many lines the rests from i and from j have in common, in order.
    let mut common = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in (0..one.len()).rev() {
        for j in (0..other.len()).rev() {
            common[i][j] = if one[i] == other[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut diff) = (0, 0, Vec::new());
    while i < one.len() || j < other.len() {
        if i < one.len() && j < other.len() && one[i] == other[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == other.len() || (i < one.len() && common[i + 1][j] >= common[i][j + 1]) {
            diff.push(format!("-{}", one[i]));
            i += 1;
        } else {
            diff.push(format!("+{}", other[j]));
            j += 1;
        }
    }
    diff
}
