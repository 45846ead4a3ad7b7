//! An exercise: a program that does the wrong thing until its reader has repaired it.

use crate::run;
use std::env;
use std::io::{self, Write as _};
use std::process::{self, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Hundreds of times what a run takes.
const LIMIT: Duration = Duration::from_secs(10);

/// One exercise of the course.
pub struct Exercise {
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
    /// For `make exercise-N`: fails until the exercise is solved, with nothing on the screen but
    /// what a reader needs.
    pub fn must_be_solved(&self) {
        if let Err(why) = self.check(self.program) {
            let _ = writeln!(io::stderr(), "Not solved yet: {why}");
            process::exit(101); // as a test that fails does: cargo has nothing to add
        }
    }

    /// For `make test`: a file that nobody has changed must be wrong in its own way; one that a
    /// reader has changed must be right.
    #[track_caller]
    pub fn must_be_as_given_out_or_solved(&self) {
        let given_out = fingerprint(self.source) == self.given_out;
        let fingerprint = fingerprint(self.source);
        if let Err(why) = judge(given_out, self.check(self.program)) {
            panic!("{}: {why}\n(fingerprint of the file: {fingerprint:#018x})", self.file);
        }
        if given_out {
            run(self.program, &[]).success().stderr("").stdout(self.unsolved);
        }
    }

    /// What `make exercise-N` runs says how the exercise stands.
    #[track_caller]
    pub fn command_must_say_how_it_stands(&self) {
        let tests = env::current_exe().expect("this program has a file");
        let said = Command::new(tests).args(["--quiet", "--ignored", "exercise"]).output();
        let said = said.expect("it can be run");
        let stderr = String::from_utf8_lossy(&said.stderr);
        if fingerprint(self.source) == self.given_out {
            assert_eq!(said.status.code(), Some(101), "{stderr}");
            let why = format!("Not solved yet: {} prints\n\n{}", self.file, self.unsolved);
            assert!(stderr.starts_with(&why), "{stderr}");
        } else {
            assert!(said.status.success(), "{stderr}");
        }
    }

    /// The course's own solution passes the check that a reader's solution has to pass.
    #[track_caller]
    pub fn solution_must_pass(&self) {
        for _ in 0..5 {
            if let Err(why) = self.check(self.solution) {
                panic!("{why}");
            }
        }
    }

    fn check(&self, program: &str) -> Result<(), String> {
        let file = self.file;
        let Some(output) = output_within(LIMIT, program) else {
            return Err(format!(
                "{file} did not end within {LIMIT:?}; who waits there, and for whom?\n"
            ));
        };
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.success() && stdout == self.solved && stderr.is_empty() {
            return Ok(());
        }
        let (solved, status) = (self.solved, output.status);
        Err(format!(
            "{file} prints\n\n{stdout}{stderr}({status})\n\nand should print\n\n{solved}(exit status: 0)\n"
        ))
    }
}

/// What a program printed, and how it ended; `None` if it had to be killed. (That an exercise
/// hangs on the way to its solution is nothing unusual.)
fn output_within(limit: Duration, program: &str) -> Option<Output> {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let begun = Instant::now();
    while child.try_wait().expect("it can be waited for").is_none() {
        if begun.elapsed() > limit {
            let _ = child.kill(); // its own children end with it
            let _ = child.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Some(child.wait_with_output().expect("what it printed can be read"))
}

/// What `make test` thinks of an exercise whose check had this result.
fn judge(given_out: bool, check: Result<(), String>) -> Result<(), String> {
    match (given_out, check) {
        (true, Ok(())) => Err("is as it was given out, and passes: nothing to solve".to_owned()),
        (true, Err(_)) | (false, Ok(())) => Ok(()),
        (false, Err(why)) => Err(format!("was changed, and is not solved yet\n{why}")),
    }
}

/// FNV-1a: short, and the same with every version of Rust.
fn fingerprint(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_changed_file_must_pass_and_an_unchanged_one_must_not() {
        let wrong = || Err("wrong".to_owned());
        assert!(judge(true, wrong()).is_ok());
        assert!(judge(false, Ok(())).is_ok());
        assert!(judge(true, Ok(())).is_err());
        assert!(judge(false, wrong()).is_err());
    }
}
