//! Drill 12: the executable is replaced or deleted while it runs.

use crate::drill::{Drill, Round};
use library_support::{Lines, Suite, suite};
use shared::Process;
use std::io::{Write, stdin};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 12. The executable changes.
            Drill::new("the_executable_is_replaced_or_deleted", 10, 60, changes),
        ],
        children: [
            answers,
        ],
        programs: [
            "starts" => starts,
        ],
    }
}

/// As a program of its own: for each line it starts a child, and says what came of it.
pub fn starts() {
    for line in stdin().lines() {
        let line = line.expect("text");
        let answer = Process::spawn(answers, (line,)).and_then(Process::join);
        println!("{}", answer.unwrap_or_else(|error| error.to_string()));
    }
}

pub fn answers(line: String) -> String {
    format!("{line}, by the same program")
}

/// A copy of this program in a folder of its own, which is removed in the end.
struct Copy {
    folder: PathBuf,
    file: PathBuf,
}

impl Copy {
    fn new(number: u32) -> Copy {
        let folder = env::temp_dir().join(format!("drills-{}-{number}", std::process::id()));
        fs::create_dir(&folder).expect("a folder");
        let file = folder.join("program");
        let this = env::current_exe().expect("this program has a file");
        // A second name for the same file is quicker made; not everywhere is it possible.
        if fs::hard_link(&this, &file).is_err() {
            fs::copy(&this, &file).expect("a copy");
        }
        Copy { folder, file }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn still_starts(program: &mut Child, lines: &Lines) {
    let mut to = program.stdin.as_ref().expect("a pipe");
    writeln!(to, "hello").expect("the program reads");
    assert_eq!(lines.next(), "hello, by the same program");
}

pub fn changes(round: &mut Round) {
    let copy = Copy::new(round.number);
    let mut program = Command::new(&copy.file)
        .args(["program", "starts"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the copy runs");
    let lines = Lines::of(&mut program);
    still_starts(&mut program, &lines);
    // What a build does: another file takes the name. Then it is gone, and then so is the folder.
    let other = copy.folder.join("other");
    fs::write(&other, "#!/bin/sh\necho another program\n").expect("a file");
    let make_executable = fs::metadata(&copy.file).expect("a file").permissions();
    fs::set_permissions(&other, make_executable).expect("its permissions");
    fs::rename(&other, &copy.file).expect("it is replaced");
    still_starts(&mut program, &lines);
    fs::remove_file(&copy.file).expect("it is deleted");
    still_starts(&mut program, &lines);
    fs::remove_dir(&copy.folder).expect("it is deleted");
    still_starts(&mut program, &lines);

    drop(program.stdin.take());
    lines.end();
    assert!(program.wait().expect("it ends").success());
}
