//! What each kind of fence must be true to.

use crate::changed;
use crate::console::{self, Kind, Session};
use crate::fence::{Fence, Page};
use crate::passage;
use crate::run::{Runs, Who};
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

/// Something on a page that is not so.
#[derive(Debug)]
pub struct Failure {
    place: String,
    what: String,
    /// Lines of the page, and what is true instead of them.
    pub instead: Option<(Range<usize>, Vec<String>)>,
}

impl Failure {
    pub fn new(page: &Page, line: usize, what: impl fmt::Display) -> Self {
        let place = format!("{}:{}", page.path, line + 1);
        Self { place, what: what.to_string(), instead: None }
    }

    pub fn instead(self, range: Range<usize>, lines: Vec<String>) -> Self {
        Self { instead: Some((range, lines)), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.what)
    }
}

/// Checks pages for one lesson's crate.
pub struct Checker {
    root: PathBuf,
    /// `lessons/03_queue`
    lesson: String,
    runs: Runs,
}

impl Checker {
    pub fn new(root: PathBuf, lesson: String) -> Self {
        let runs = Runs::new(root.clone());
        Self { root, lesson, runs }
    }

    /// Whether a page is of this lesson, or of no lesson.
    pub fn is_own(&self, page: &Page) -> bool {
        let folder = page.folder().trim_end_matches('/');
        folder == self.lesson || !folder.contains('/') || folder == "lessons/project"
    }

    /// Runs every command of this lesson on some pages, several at once.
    pub fn run_all(&self, pages: &[Page]) {
        let fences: Vec<_> = pages.iter().filter_map(|page| page.fences().ok()).flatten().collect();
        let sessions =
            fences.iter().filter(|fence| fence.is("console") && fence.info != "console changed");
        let commands = sessions.filter_map(|fence| Session::of(fence).ok());
        let is_own = |command: &&str| match self.runs.who(command) {
            Ok(Who::Lesson(lesson)) => lesson == self.lesson,
            _ => false,
        };
        let commands = commands.flat_map(|session| session.commands()).filter(is_own);
        self.runs.run_all(&commands.collect::<Vec<_>>());
    }

    /// What is not so on a page, the last place first.
    pub fn check(&self, page: &Page) -> Vec<Failure> {
        // Another lesson's page is its own crate's, but for commands of this one's package.
        let is_own = self.is_own(page);
        let fences = match page.fences() {
            Ok(fences) => fences,
            Err(failure) => return if is_own { vec![failure] } else { Vec::new() },
        };
        let mut failures = Vec::new();
        for (number, fence) in fences.iter().enumerate().rev() {
            if fence.info == "console changed" {
                if is_own {
                    failures.extend(self.changed(page, fence, &fences[..number]).err());
                }
            } else if fence.is("console") {
                failures.extend(self.console(page, fence, is_own));
            } else if is_own {
                failures.extend(self.still(page, fence, &fences).err());
            }
        }
        failures
    }

    fn console(&self, page: &Page, fence: &Fence, is_own: bool) -> Vec<Failure> {
        let form = Kind::of(&fence.info).and_then(|kind| Ok((kind, Session::of(fence)?)));
        match form {
            Ok((kind, session)) => {
                console::check(page, &session, kind, &self.runs, (&self.lesson, is_own))
            }
            Err(what) if is_own => vec![Failure::new(page, fence.start - 1, what)],
            Err(_) => Vec::new(),
        }
    }

    /// Checks what is seen of a program after the change that stands before it.
    fn changed(&self, page: &Page, fence: &Fence, before: &[Fence]) -> Result<(), Failure> {
        let failure = |what: String| Failure::new(page, fence.start - 1, what);
        let change = before.last().filter(|change| change.info == "diff change");
        let change = change.ok_or_else(|| failure("a change stands before it".to_owned()))?;
        let session = Session::of(fence).map_err(failure)?;
        let [command] = session.commands()[..] else {
            return Err(failure("one command".to_owned()));
        };
        let (file, text) = self.named(page, change, ".rs").map_err(failure)?;
        let source = changed::apply(&change.body, &text).map_err(failure)?;
        let ran = changed::run(&self.root, &file, &source, &Runs::arguments(command));
        let ran = ran.map_err(failure)?;
        let shown = &fence.body[1..];
        let is_so = match ran.code {
            0 => Kind::Exact.agrees(shown, &ran.seen),
            _ => !shown.is_empty() && changed::is_told(shown, &ran.seen),
        };
        if is_so {
            return Ok(());
        }
        let what = format!("after the change a reader sees\n{}", ran.seen.join("\n"));
        let place = fence.start + 1..fence.start + fence.body.len();
        Err(failure(what).instead(place, changed::told(ran.seen)))
    }

    /// Checks a fence in which nothing runs.
    fn still(&self, page: &Page, fence: &Fence, fences: &[Fence]) -> Result<(), Failure> {
        let failure = |what: String| Failure::new(page, fence.start - 1, what);
        match &*fence.info {
            "rust" => self.passage(page, fence, ".rs").map_err(failure),
            "toml" => self.passage(page, fence, ".toml").map_err(failure),
            "make" => self.passage(page, fence, "Makefile").map_err(failure),
            "python" => {
                self.passage(page, fence, ".py").map_err(failure)?;
                let file = self.named(page, fence, ".py").map_err(failure)?.0;
                let runs_it = |line: &String| line.starts_with("$ python3") && line.contains(&file);
                if fences.iter().any(|fence| fence.is("console") && fence.body.iter().any(runs_it))
                {
                    return Ok(());
                }
                Err(failure(format!("no command on this page runs {file}")))
            }
            "diff change" => {
                let (_, text) = self.named(page, fence, ".rs").map_err(failure)?;
                changed::apply(&fence.body, &text).map_err(failure)?;
                let mut later = fences.iter().skip_while(|other| other.start <= fence.start);
                match later.next() {
                    Some(next) if next.info == "console changed" => Ok(()),
                    _ => Err(failure("what is seen after this change is not shown".to_owned())),
                }
            }
            "diff" => {
                let [one, other] = &fence.links[..] else {
                    return Err(failure("a diff follows links to its two files".to_owned()));
                };
                let read = |link: &String| {
                    fs::read_to_string(self.root.join(page.folder()).join(link))
                        .map_err(|error| failure(format!("{link}: {error}")))
                };
                let diff = passage::diff(&read(one)?, &read(other)?);
                if diff == fence.body {
                    return Ok(());
                }
                let what = format!("the files differ otherwise:\n{}", diff.join("\n"));
                Err(failure(what).instead(fence.start..fence.start + fence.body.len(), diff))
            }
            // A doctest of `shared`, which includes these two pages.
            "rust,standalone_crate" if page.folder().is_empty() => {
                let doctests = fs::read_to_string(self.root.join("shared/src/lesson/mod.rs"));
                let included = format!("include_str!(\"../../../{}\")", page.path);
                if doctests.is_ok_and(|text| text.contains(&included)) {
                    return Ok(());
                }
                Err(failure("this page is no doctest of `shared`".to_owned()))
            }
            "mermaid" => {
                let first = fence.body.first().and_then(|line| line.split(' ').next());
                let drawings = ["flowchart", "sequenceDiagram", "xychart-beta"];
                if first.is_some_and(|word| drawings.contains(&word)) {
                    return Ok(());
                }
                Err(failure(format!("no drawing begins with {first:?}")))
            }
            "text" => Ok(()),
            info => Err(failure(format!("a fence that cannot be checked: `{info}`"))),
        }
    }

    /// The file that a fence names, from the root, and its text.
    fn named(&self, page: &Page, fence: &Fence, end: &str) -> Result<(String, String), String> {
        let link = fence.links.iter().rfind(|link| link.ends_with(end)).ok_or_else(|| {
            format!("the paragraph before a passage has a link to its file, *{end}")
        })?;
        let path = self.root.join(page.folder()).join(link);
        let text = fs::read_to_string(&path).map_err(|error| format!("{link}: {error}"))?;
        let name = path.strip_prefix(&self.root).map_or(link.clone(), |p| p.display().to_string());
        Ok((name, text))
    }

    fn passage(&self, page: &Page, fence: &Fence, end: &str) -> Result<(), String> {
        let (name, text) = self.named(page, fence, end)?;
        if passage::is_in(&fence.body, &text) {
            return Ok(());
        }
        Err(format!("this passage is not in {name}:\n{}", fence.body.join("\n")))
    }
}

/// Where the two languages of a page show different things.
pub fn languages_differ(english: &Page, russian: &Page) -> Vec<Failure> {
    let (ours, theirs) = match (english.fences(), russian.fences()) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(failure), _) | (_, Err(failure)) => return vec![failure],
    };
    let mut failures = Vec::new();
    if ours.len() != theirs.len() {
        let what = format!("{} fences here, {} in {}", theirs.len(), ours.len(), english.path);
        failures.push(Failure::new(russian, 0, what));
    }
    for (our, their) in ours.iter().zip(&theirs) {
        if !is_same(our, their) {
            let line = our.start;
            let what = format!("not what stands in {}:{line}", english.path);
            failures.push(Failure::new(russian, their.start - 1, what));
        }
    }
    failures
}

/// Whether two fences are the same but for the language.
fn is_same(english: &Fence, russian: &Fence) -> bool {
    let plain = |line: &String| {
        line.strip_prefix("$ ").map(|command| {
            let languages = [" -- --lang en", " --lang en", "--lang en ", " COURSE=en"];
            languages.iter().fold(command.to_owned(), |command, one| command.replace(one, ""))
        })
    };
    english.info == russian.info
        && match &*english.info {
            "mermaid" | "text" | "console figures" => english.body.len() == russian.body.len(),
            info if info.starts_with("console") => {
                // An output's words may be another language's; its lines and numbers are the same.
                english.body.len() == russian.body.len()
                    && english.body.iter().zip(&russian.body).all(|(one, other)| {
                        match (plain(one), plain(other)) {
                            (Some(one), Some(other)) => one == other,
                            (None, None) => one == other || numbers(one) == numbers(other),
                            _ => false,
                        }
                    })
            }
            _ => english.body == russian.body,
        }
}

fn numbers(line: &str) -> Vec<&str> {
    line.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect()
}
