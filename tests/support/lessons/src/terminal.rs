//! A terminal for a program to run on, seen as its reader sees it.

use crate::{DEADLINE, RunId, in_background};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::num::NonZero;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;

const ROWS: u16 = 60;

/// What was seen on the terminal.
pub struct Seen {
    /// What the rows held, whenever that changed; trailing spaces and empty rows left out.
    pub screens: Vec<Vec<String>>,
    /// Every byte that the program sent.
    pub bytes: Vec<u8>,
}

impl Seen {
    /// What is on the screen after the program has ended.
    pub fn last(&self) -> &[String] {
        self.screens.last().map_or(&[], Vec::as_slice)
    }

    /// The numbers of the live line that has this label, in the order of their appearance.
    ///
    /// Sees on the way that each row held one thing at a time: the live line, or one of the lines
    /// that were there in the end (or as much of either as had come); and that it is gone then.
    #[track_caller]
    pub fn live_numbers(&self, label: &str) -> Vec<u32> {
        assert!(!self.last().iter().any(|line| line.contains(label)), "{:?}", self.last());
        let mut numbers = Vec::new();
        for row in self.screens.iter().flatten() {
            if self.last().iter().any(|line| line.starts_with(row)) {
                continue;
            }
            let live: String = row.chars().skip(2).collect(); // less the spinner
            if label.starts_with(&live) {
                continue;
            }
            let value = live.strip_prefix(label).and_then(|rest| rest.split_once(" ("));
            let (number, time) = value.unwrap_or_else(|| panic!("two things in a row: {row}"));
            let time = time.trim_end_matches(')').trim_end_matches('s');
            assert!(time.chars().all(|digit| digit.is_ascii_digit()), "{row}");
            numbers.push(number.parse().expect("a number"));
        }
        numbers.dedup();
        numbers
    }

    /// Whether anything but text and ends of lines was sent.
    pub fn has_escapes(&self) -> bool {
        self.bytes.contains(&0x1b)
    }
}

/// Runs a program on a terminal of so many columns.
#[track_caller]
pub fn run(program: &str, args: &[&str], columns: u16) -> Seen {
    run_with(program, args, columns, |_| {})
}

/// Runs a program on a terminal, with something changed; it must end well.
#[track_caller]
pub fn run_with(
    program: &str,
    args: &[&str],
    columns: u16,
    change: impl FnOnce(&mut Command),
) -> Seen {
    let run_id = RunId::new();
    let mut command = Command::new(program);
    command.args(args).env(RunId::VARIABLE, &run_id.0).env("TERM", "xterm");
    let (seen, status) = run_command(command, columns, change);
    assert!(status.success(), "{program} {args:?}: {status}");
    run_id.assert_nothing_left();
    seen
}

/// Runs a command on a terminal of so many columns, with something changed at last.
#[track_caller]
pub fn run_command(
    mut command: Command,
    columns: u16,
    change: impl FnOnce(&mut Command),
) -> (Seen, ExitStatus) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .expect("a terminal can be made");
    grantpt(&master).expect("grantpt");
    unlockpt(&master).expect("unlockpt");
    let name = ptsname(&master, Vec::new()).expect("ptsname");
    let name = name.to_str().expect("a path in ASCII");
    let slave = OpenOptions::new().read(true).write(true).open(name).expect("the terminal opens");
    let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).expect("the size can be set");

    command.stdin(Stdio::null());
    command.stdout(slave.try_clone().expect("one more descriptor")).stderr(slave);
    change(&mut command);
    let mut child = command.spawn().expect("the program starts");
    let told = format!("{command:?}");
    drop(command); // it holds the terminal open

    let (sender, chunks) = mpsc::channel();
    in_background(move || {
        let mut master = File::from(master);
        let mut chunk = [0; 4096];
        // Linux: an error at the end, once nobody holds the other side.
        while let Ok(length @ 1..) = master.read(&mut chunk) {
            let _ = sender.send(chunk[..length].to_vec());
        }
    });

    let (rows, width) = (NonZero::new(ROWS), NonZero::new(columns));
    let (rows, width) = rows.zip(width).expect("a terminal has a size");
    let mut screen = vt100::Parser::new(rows, width, 0);
    let mut seen = Seen { screens: Vec::new(), bytes: Vec::new() };
    loop {
        match chunks.recv_timeout(DEADLINE) {
            Ok(chunk) => {
                screen.process(&chunk);
                seen.bytes.extend(chunk);
                seen.screens.push(lines_on(screen.screen()));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                panic!("{told} did not end within {DEADLINE:?}");
            }
        }
    }
    (seen, child.wait().expect("the program ends"))
}

/// The lines on the screen: a row, or several where the terminal wrapped a line.
fn lines_on(screen: &vt100::Screen) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (row, text) in (0..).zip(screen.rows(0, screen.size().1.get())) {
        if let Some(line) = lines.last_mut() {
            line.push_str(&text);
        }
        if !screen.row_wrapped(row) {
            lines.push(String::new());
        }
    }
    let lines = lines.iter().map(|line| line.trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}
