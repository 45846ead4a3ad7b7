//! A test file that no manifest reaches never runs, and Cargo does not say so. This test does.

use lesson_support::root;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace, and the benchmark, which is a workspace of its own.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "tests/bench/Cargo.toml"];

#[test]
fn every_test_file_is_reached_by_a_manifest() {
    let tests = root().join("tests").canonicalize().expect("tests");
    let targets = MANIFESTS.iter().flat_map(|manifest| targets(&root().join(manifest)));
    let mut reached = BTreeSet::new();
    for target in targets.filter(|target| target.starts_with(&tests)) {
        let modules = target.parent().expect("a file is in a folder").to_owned();
        reach(target, &modules, &mut reached);
    }
    let stray: Vec<_> = source_files(&tests).difference(&reached).cloned().collect();
    assert!(
        stray.is_empty(),
        "no manifest and no `mod` line leads to these files, so nothing in them runs: {stray:#?}\n\
         tests/README.md says where a test goes."
    );
    // The search does find files: at the least this one, which is a module of another.
    assert!(reached.contains(&tests.join("course/test_files.rs")));
}

/// The first files of everything that Cargo builds for a manifest, as Cargo itself names them.
fn targets(manifest: &Path) -> Vec<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1", "--manifest-path"])
        .arg(manifest)
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let paths = metadata.split(r#""src_path":""#).skip(1);
    let paths = paths.map(|rest| rest.split('"').next().expect("a path ends"));
    paths.map(|path| Path::new(path).canonicalize().expect("a target's file")).collect()
}

/// Follows the `mod` lines of a file, whose modules are in that folder.
fn reach(file: PathBuf, modules: &Path, reached: &mut BTreeSet<PathBuf>) {
    let text =
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    if !reached.insert(file) {
        return;
    }
    for name in text.lines().filter_map(module) {
        let flat = modules.join(name).with_extension("rs");
        let below = modules.join(name);
        let file = if flat.exists() { flat } else { below.join("mod.rs") };
        reach(file, &below, reached);
    }
}

/// The name in `mod name;`, with whatever visibility.
fn module(line: &str) -> Option<&str> {
    let (visibility, name) = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
    (visibility.is_empty() || visibility.starts_with("pub")).then_some(name)
}

/// Every Rust file below a folder; what Cargo has built there aside.
fn source_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name() != Some(OsStr::new("target")) {
            files.extend(source_files(&path));
        } else if path.extension() == Some(OsStr::new("rs")) {
            files.insert(path);
        }
    }
    files
}

/// A module is where its name says, so a reader finds it, and so does the test above.
#[test]
fn no_test_file_is_a_module_by_its_path() {
    let attribute = format!("#[{} =", "path");
    for file in source_files(&root().join("tests")) {
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(!text.contains(&attribute), "{} has `{attribute}`", file.display());
    }
}

/// Every file that a page for developers names in backquotes is there.
#[test]
fn the_pages_for_developers_name_files_that_are_there() {
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(page)).expect("the page");
        let quoted = text.split('`').skip(1).step_by(2);
        let is_file = |name: &&str| Path::new(name).extension() == Some(OsStr::new("rs"));
        let is_pattern = |name: &&str| name.contains("_N") || name.contains("0N");
        let named = quoted.filter(is_file).filter(|name| !is_pattern(name));
        let is_there = |name: &&str| root().join(name).exists() || in_library(name).exists();
        let missing: Vec<_> = named.filter(|name| !is_there(name)).collect();
        assert!(missing.is_empty(), "{page} names what is not there: {missing:?}");
    }
}

fn in_library(name: &str) -> PathBuf {
    root().join("shared/src").join(name)
}
