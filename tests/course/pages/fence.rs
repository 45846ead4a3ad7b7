//! A page and its fences.

use crate::check::Failure;
use std::fs;
use std::path::Path;

/// A page, line by line.
pub struct Page {
    /// From the root of the project, with `/`.
    pub path: String,
    pub lines: Vec<String>,
}

/// What stands between two lines of backticks.
pub struct Fence {
    /// The words after the opening backticks.
    pub info: String,
    /// The line of the page with which the body begins, from 0.
    pub start: usize,
    pub body: Vec<String>,
    /// What the paragraph before it links to.
    pub links: Vec<String>,
}

impl Fence {
    /// Whether its first word is this.
    pub fn is(&self, kind: &str) -> bool {
        self.info.split([' ', ',']).next() == Some(kind)
    }
}

impl Page {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), lines: text.lines().map(str::to_owned).collect() }
    }

    #[track_caller]
    pub fn read(root: &Path, path: &str) -> Self {
        let text = fs::read_to_string(root.join(path));
        Self::new(path, &text.unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    /// Writes the page, if that changes its file.
    pub fn write(&self, root: &Path) {
        let (file, text) = (root.join(&self.path), self.text());
        if fs::read_to_string(&file).ok().as_ref() != Some(&text) {
            fs::write(&file, text).expect("the page can be written");
        }
    }

    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// The text with one line replaced.
    pub fn with_line(&self, number: usize, line: &str) -> String {
        let mut lines = self.lines.clone();
        line.clone_into(&mut lines[number]);
        lines.join("\n")
    }

    /// The folder that its links start from, with a `/` at the end unless it is the root.
    pub fn folder(&self) -> &str {
        self.path.rfind('/').map_or("", |slash| &self.path[..=slash])
    }

    /// Puts what was really printed where the failure is; says whether that is possible.
    ///
    /// Failures are mended from the last to the first, or the lines would move.
    pub fn mend(&mut self, failure: &Failure) -> bool {
        let Some((range, lines)) = &failure.instead else {
            return false;
        };
        self.lines.splice(range.clone(), lines.iter().cloned());
        true
    }

    /// The fences from the first to the last, or the one that is malformed.
    pub fn fences(&self) -> Result<Vec<Fence>, Failure> {
        let mut fences = Vec::new();
        let mut open: Option<Fence> = None;
        for (number, line) in self.lines.iter().enumerate() {
            if let Some(fence) = &mut open {
                if line != "```" {
                    fence.body.push(line.clone());
                    continue;
                }
                fences.extend(open.take());
            } else if let Some(info) = line.strip_prefix("```") {
                if info.contains('`') {
                    return Err(Failure::new(self, number, "a fence has three backticks"));
                }
                let links = links(self.paragraph_before(number));
                let (info, start) = (info.trim().to_owned(), number + 1);
                open = Some(Fence { info, start, body: Vec::new(), links });
            } else if line.trim_start().starts_with("~~~") || line.trim_start().starts_with("```") {
                let what = "a fence has three backticks, in the first column";
                return Err(Failure::new(self, number, what));
            } else if line.trim_start().starts_with("<pre") || line.starts_with("    ") {
                return Err(Failure::new(self, number, "code that is no fence"));
            }
        }
        match open {
            None => Ok(fences),
            Some(fence) => Err(Failure::new(self, fence.start - 1, "this fence has no end")),
        }
    }

    fn paragraph_before(&self, number: usize) -> &[String] {
        let before = &self.lines[..number];
        let end = before.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        let start = before[..end].iter().rposition(String::is_empty).map_or(0, |blank| blank + 1);
        &before[start..end]
    }
}

/// The targets of the links in some lines: `[text](target)`.
pub fn links(lines: &[String]) -> Vec<String> {
    let text = lines.join(" ");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}
