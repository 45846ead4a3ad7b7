//! A program as its reader has changed it: what the compiler says, or what it prints then.
//!
//! The changed program is compiled by rustc alone, with the library that Cargo has built for this
//! test: that takes a second, where a build of its own would take a minute.

use crate::run::Ran;
use lesson_support::{RunId, run_command, scratch};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

/// A source file after a change: ` ` and `-` begin the lines that were there, ` ` and `+` those that
/// are there now.
pub fn apply(change: &[String], source: &str) -> Result<String, String> {
    let side = |sign: char| -> Vec<&str> {
        let lines = change.iter().map(|line| line.split_at_checked(1).unwrap_or((" ", "")));
        let lines = lines.filter(|(first, _)| *first == " " || first.starts_with(sign));
        lines.map(|(_, line)| line).collect()
    };
    let (old, new) = (side('-'), side('+'));
    let lines: Vec<_> = source.lines().collect();
    let mut places = (0..lines.len()).filter(|&at| lines[at..].starts_with(&old));
    match (places.next(), places.next()) {
        (Some(at), None) => {
            let changed = [&lines[..at], &new, &lines[at + old.len()..]].concat();
            Ok(changed.join("\n") + "\n")
        }
        (None, _) => Err(format!("these lines are not in the file:\n{}", old.join("\n"))),
        _ => Err("these lines are in the file more than once".to_owned()),
    }
}

/// What a reader sees who has changed a file, named from the root, and runs it.
pub fn run(root: &Path, file: &str, source: &str, args: &[&str]) -> Result<Ran, String> {
    /// What was seen before: several tests check the same page.
    static SEEN: Mutex<BTreeMap<String, Result<Ran, String>>> = Mutex::new(BTreeMap::new());
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let run = seen.entry(format!("{args:?} {source}"));
    run.or_insert_with(|| compile_and_run(root, file, source, args)).clone()
}

fn compile_and_run(root: &Path, file: &str, source: &str, args: &[&str]) -> Result<Ran, String> {
    let folder = scratch("changed");
    let (path, program) = (folder.join("main.rs"), folder.join("program"));
    fs::write(&path, source).map_err(|error| error.to_string())?;

    let compiled = compile(&path, &program, library(root, file)?)?;
    let (text, code) = if compiled.status.success() {
        let run_id = RunId::new();
        let mut command = Command::new(&program);
        command.args(args).env(RunId::VARIABLE, &run_id.0);
        let (text, status) = run_command(command)?;
        run_id.wait_until_nothing_is_left();
        (text, status.code().unwrap_or(-1))
    } else {
        let text = String::from_utf8_lossy(&compiled.stderr);
        (text.replace(&path.display().to_string(), file), 101)
    };
    let seen = text.lines().map(|line| line.trim_end().to_owned()).collect();
    Ok(Ran { seen, terminal: Vec::new(), code })
}

/// The library as it was built last: the newest file with which the unchanged program compiles.
/// (There may be others beside it: without the lessons' part, or of an older state.)
fn library(root: &Path, file: &str) -> Result<&'static Path, String> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = LIBRARY.get_or_init(|| {
        let is_library = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libshared-") && name.ends_with(".rlib")
        };
        let entries = fs::read_dir(deps().ok()?).ok()?.flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(is_library).collect();
        let age = |path: &PathBuf| path.metadata().and_then(|data| data.modified());
        files.sort_by_key(|path| age(path).unwrap_or(SystemTime::UNIX_EPOCH));
        let out = scratch("unchanged");
        let compiles = |library: &PathBuf| {
            compile(&root.join(file), &out.join("program"), library)
                .is_ok_and(|output| output.status.success())
        };
        files.into_iter().rev().find(compiles)
    });
    found.as_deref().ok_or_else(|| format!("{file} does not compile with any library in target"))
}

fn compile(source: &Path, program: &Path, library: &Path) -> Result<Output, String> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--color=never", "--crate-name=changed", "-Awarnings"]);
    rustc.arg("--diagnostic-width=80").arg(format!("-Ldependency={}", deps()?.display()));
    rustc.arg(format!("--extern=shared={}", library.display()));
    rustc.arg("-o").arg(program).arg(source);
    rustc.output().map_err(|error| format!("rustc: {error}"))
}

/// The folder with what Cargo has built: this test is in it too.
fn deps() -> Result<PathBuf, String> {
    let test = env::current_exe().map_err(|error| error.to_string())?;
    Ok(test.parent().ok_or("a test is in a folder")?.to_owned())
}

/// What a page shows of what was seen: of a compiler's error all but its last words, where cargo's
/// are others than rustc's.
pub fn told(seen: Vec<String>) -> Vec<String> {
    let is_last = |line: &String| line.starts_with("error: aborting due to");
    let mut told: Vec<_> = seen.into_iter().take_while(|line| !is_last(line)).collect();
    while told.last().is_some_and(String::is_empty) {
        told.pop();
    }
    told
}

/// Whether the lines that a page shows of a compiler's error are in it, in this order; what stands
/// between them may be left out.
pub fn is_told(shown: &[String], seen: &[String]) -> bool {
    let mut seen = seen.iter();
    shown.iter().all(|shown| seen.any(|seen| seen.trim_end() == shown.trim_end()))
}
