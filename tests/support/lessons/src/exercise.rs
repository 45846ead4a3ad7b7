//! An exercise: a program that does the wrong thing until its reader has repaired it.

use crate::{root, run, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// One exercise of the course.
pub struct Exercise {
    /// Its name in `make exercise-1` or `make project`.
    pub name: &'static str,
    /// What a reader opens, relative to the top of the project.
    pub file: &'static str,
    /// The text of the file as it is now,
    pub source: &'static str,
    /// and the fingerprint of the text that the course gives out.
    pub given_out: u64,
    /// The program that is to be repaired.
    pub program: &'static str,
    /// What that program prints when the file is as it was given out.
    pub unsolved: &'static str,
    /// The course's own solution.
    pub solution: &'static str,
    /// What a program that does the right thing prints.
    pub solved: &'static str,
}

impl Exercise {
    /// For `make test`: a file that nobody has changed must be wrong in its own way; one that a
    /// reader has changed must be right.
    #[track_caller]
    pub fn must_be_as_given_out_or_solved(&self) {
        let given_out = self.is_given_out();
        let fingerprint = fingerprint(self.source);
        let said = self.check("ru", Path::new(self.program));
        if let Err(why) = judge(given_out, said.status.success()) {
            let said = String::from_utf8_lossy(&said.stdout);
            panic!("{}: {why}\n{said}(fingerprint of the file: {fingerprint:#018x})", self.file);
        }
        if given_out {
            run(self.program, &[]).success().stderr("").stdout(self.unsolved);
        }
    }

    /// What `make exercise-N` runs says how the exercise stands and where to look, in the language
    /// of the reader, and nothing else.
    #[track_caller]
    pub fn command_must_say_how_it_stands(&self) {
        let languages = [("ru", "Пока не решено: "), ("en", "Not solved yet: ")];
        for (lang, not_yet) in languages.into_iter().filter(|_| self.is_given_out()) {
            let said = self.check(lang, Path::new(self.program));
            assert_eq!((said.status.code(), said.stderr), (Some(1), Vec::new()));
            let said = String::from_utf8(said.stdout).expect("text");
            assert!(said.starts_with(not_yet) && said.contains(self.file), "{said}");
            let printed = |program| {
                let run = run(program, &["--lang", lang]);
                String::from_utf8(run.get_output().stdout.clone()).expect("text")
            };
            assert!(said.contains(&printed(self.program)), "{said}");
            assert!(said.contains(&printed(self.solution)), "{said}");
            let page = if lang == "en" { "/README.md." } else { "/README.ru.md." };
            assert!(said.contains("TODO") && said.trim_end().ends_with(page), "{said}");
            assert!(lang == "ru" || said.is_ascii(), "{said}");
        }
        assert!(!self.is_given_out() || self.source.contains("// TODO: "), "no TODO");
    }

    /// The course's own solution passes the check that a reader's solution has to pass.
    #[track_caller]
    pub fn solution_must_pass(&self) {
        for _ in 0..5 {
            run(self.solution, &[]).success().stderr("").stdout(self.solved);
        }
        let english = run(self.solution, &["--lang", "en"]).success().stderr("");
        assert!(english.get_output().stdout.is_ascii());

        let said = self.check("en", Path::new(self.solution));
        let (code, text) = (said.status.code(), String::from_utf8_lossy(&said.stdout));
        assert_eq!((code, &*text), (Some(0), &*format!("Solved: {}\n", self.file)));
    }

    /// A program that prints the right lines once, or says something on stderr, or does not end, is
    /// no solution.
    #[track_caller]
    pub fn what_goes_well_once_is_not_solved(&self) {
        let folder = scratch("goes_well_once");
        let script = folder.join("attempt");
        let cases = [
            ("[ -e \"$0.ran\" ] && exit; touch \"$0.ran\"", "should print"),
            ("echo careless >&2", "careless"),
            ("(exit 3)", "exit code: 3"),
        ];
        for (before, said) in cases {
            let _ = fs::remove_file(folder.join("attempt.ran"));
            let end = if before == "(exit 3)" { "\nexit 3" } else { "" };
            let text = format!("#!/bin/sh\n{before}\n'{}' \"$@\"{end}\n", self.solution);
            fs::write(&script, text).expect("a script");
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it can run");
            let check = self.check("en", &script);
            let found = String::from_utf8_lossy(&check.stdout);
            assert_eq!(check.status.code(), Some(1), "{before}: {found}");
            assert!(found.contains(said), "{before}: {found}");
        }
    }

    fn is_given_out(&self) -> bool {
        fingerprint(self.source) == self.given_out
    }

    /// What `make exercise-N` runs, with a program in the place of the exercise.
    fn check(&self, lang: &str, program: &Path) -> Output {
        // The check takes its programs from one folder, by their names.
        let folder = scratch(&format!("check_{}", self.name));
        let file_name = |program: &str| Path::new(program).file_name().expect("a file").to_owned();
        for (name, target) in
            [(file_name(self.program), program), (file_name(self.solution), self.solution.as_ref())]
        {
            std::os::unix::fs::symlink(target, folder.join(name)).expect("a link");
        }
        let mut command = Command::new(root().join("lessons/check"));
        command.arg(self.name).env("COURSE", lang).env("EXERCISE_PROGRAMS", &*folder);
        command.stdin(Stdio::null()).output().expect("the check runs")
    }
}

/// What `make test` thinks of an exercise, by whether it passes its check.
fn judge(given_out: bool, passes: bool) -> Result<(), &'static str> {
    match (given_out, passes) {
        (true, true) => Err("is as it was given out, and passes: nothing to solve"),
        (false, false) => Err("was changed, and is not solved yet"),
        _ => Ok(()),
    }
}

/// FNV-1a: short, and the same with every version of Rust.
fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[test]
fn a_changed_file_must_pass_and_an_unchanged_one_must_not() {
    assert!(judge(true, false).is_ok());
    assert!(judge(false, true).is_ok());
    assert!(judge(true, true).is_err());
    assert!(judge(false, false).is_err());
}
