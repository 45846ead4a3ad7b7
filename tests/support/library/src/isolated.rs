//! Several tests at the same time, each isolated in a process of its own.
//!
//! Each test is held to leave nothing behind, and what is left (a thread, an open file, a child) is
//! its process's: two tests in one process would be blamed for each other. So the test program
//! runs itself again for each test. With `--test-threads=1` it runs them itself, one by one.

use crate::{Ended, finish_within};
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

/// Whether the tests are to be isolated; and then, how many of them at the same time.
pub fn is_wanted(arguments: &mut Arguments) -> bool {
    // Most tests wait more than they work, so one more than there are CPUs.
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    !arguments.list && *arguments.test_threads.get_or_insert(cpus + 1) > 1
}

/// The test of this name, which runs in a process of its own, and ends there within this time.
pub fn trial(name: &'static str, within: Duration) -> Trial {
    Trial::test(name, move || {
        let program = env::current_exe().expect("this program has a file");
        let mut command = Command::new(program);
        command.args([name, "--exact", "--test-threads=1", "--color=never"]).stdin(Stdio::null());
        let Ended { status, stdout, stderr } = finish_within(&mut command, within);
        if !status.success() || !stdout.contains("test result: ok. 1 passed") {
            return Err(Failed::from(format!("{status}\n{stdout}{stderr}")));
        }
        // `test <name> ... <what it tells> ... ok`
        let line = stdout.lines().find(|line| line.starts_with("test ")).unwrap_or_default();
        if let [_, told, "ok"] = line.split(" ... ").collect::<Vec<_>>()[..] {
            println!("{name}: {told}");
        }
        Ok(())
    })
}
