//! What is written about the library, held against what is tested.

#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All test programs of the library, as they are written.
fn sources() -> String {
    let folder =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/library").join(name);
    let files = |folder: PathBuf| fs::read_dir(folder).expect("a folder").flatten();
    ["process", "queue", "pipe", "sync", "pool"]
        .into_iter()
        .flat_map(|name| files(folder(name)))
        .map(|file| fs::read_to_string(file.path()).expect("a source file"))
        .collect()
}

/// The comment above a test, if there is such a test.
fn comment<'s>(sources: &'s str, test: &str) -> Option<&'s str> {
    let place = sources.find(&format!("\nfn {test}() {{\n"))?;
    let before = &sources[..place];
    let start = before.rfind("\n\n").map_or(0, |start| start + 2);
    sources.contains(&format!("            {test},\n")).then_some(&before[start..])
}

#[test]
fn each_line_of_the_conformance_table_names_its_tests() {
    let (sources, impossible) = (sources(), file("tests/library/impossible.md"));
    let table = file("shared/CONFORMANCE.md");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| |"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 178);
    let mut answered = 0;
    for (row, number) in rows.iter().zip(1..) {
        let &["", n, _, answer, tests, ""] = row.as_slice() else { panic!("{row:?}") };
        assert_eq!(n, number.to_string());
        let kinds = ["same", "impossible to write", "different on purpose: ", "not offered: "];
        assert!(kinds.iter().any(|kind| answer.starts_with(kind)), "{number}: {answer}");
        assert_eq!(tests.is_empty(), answer.starts_with("not offered"), "{number}");
        answered += u32::from(!tests.is_empty());
        for test in tests.split(", ").filter(|test| !test.is_empty()) {
            let mark = format!("[{number}]");
            match test.trim_matches('`') {
                "impossible.md" => assert!(impossible.contains(&mark), "{number}: no example"),
                test => {
                    let comment = comment(&sources, test);
                    let comment = comment.unwrap_or_else(|| panic!("{number}: no test `{test}`"));
                    assert!(comment.contains(&mark), "{number}: not in the comment of `{test}`");
                }
            }
        }
    }
    assert!(answered >= 150, "{answered} of {}", rows.len());
}

/// What does not compile must not compile for the reason that is shown.
#[test]
fn each_impossible_example_is_one_line_from_a_possible_one() {
    let page = file("tests/library/impossible.md");
    // Text, fence, text, fence, …
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    assert!(blocks.len() >= 40, "{}", blocks.len());
    for pair in blocks.chunks(2) {
        let [good, bad] = pair else { panic!("one has no other: {pair:?}") };
        let [good, bad] = [good, bad].map(|block| block.split('\n').collect::<Vec<_>>());
        assert!(["", "standalone_crate"].contains(&good[0]), "{}", good[0]);
        assert!(bad[0].starts_with("compile_fail,E0"), "{}", bad[0]);
        assert_eq!(good.len(), bad.len());
        let different = good[1..].iter().zip(&bad[1..]).filter(|(good, bad)| good != bad).count();
        assert_eq!(different, 1, "{good:#?}\n{bad:#?}");
    }
}
