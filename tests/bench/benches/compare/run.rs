//! Running one program once, for no longer than a while.

use rustix::process::{Pid, Signal, kill_process_group};
use std::error::Error;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// What can go wrong, in words.
pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// No contender takes this long, unless it hangs.
const LONGEST: Duration = Duration::from_mins(1);

/// A program under way, which is killed with all its children if it takes too long.
pub struct Running {
    pub child: Child,
    _watch: Sender<()>,
}

impl Running {
    pub fn start(command: &mut Command) -> Result<Running> {
        // Cargo's own: with it, every program that starts looks for its libraries in Cargo's folders.
        command.env_remove("LD_LIBRARY_PATH");
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn()?;
        let group = Pid::from_child(&child);
        let (watch, end) = mpsc::channel();
        thread::spawn(move || {
            if let Err(RecvTimeoutError::Timeout) = end.recv_timeout(LONGEST) {
                // It may have ended by itself at this very moment.
                let _ = kill_process_group(group, Signal::KILL);
            }
        });
        Ok(Running { child, _watch: watch })
    }

    /// Waits for its end, and takes the figures in the last line that it printed.
    pub fn finish(self) -> Result<Vec<f64>> {
        let Output { status, stdout, stderr } = self.child.wait_with_output()?;
        if !status.success() {
            let said = String::from_utf8_lossy(&stderr);
            let said =
                said.lines().find(|line| !line.trim().is_empty() && !line.contains("panicked"));
            return Err(format!("{status}: {}", said.unwrap_or("it said nothing")).into());
        }
        let stdout = String::from_utf8(stdout)?;
        let line = stdout.lines().last().ok_or("it printed nothing")?;
        Ok(line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

/// Runs a program, and takes the figures that it printed.
pub fn figures(command: &mut Command) -> Result<Vec<f64>> {
    Running::start(command.stdin(Stdio::null()))?.finish()
}

/// What a program says on its standard output, if it can be run at all.
pub fn says(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !said.is_empty()).then_some(said)
}
