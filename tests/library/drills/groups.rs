//! Drill 13: Ctrl-C, which a terminal sends to every process of the group, in programs that start
//! processes like those of the lessons, again and again. (The lessons themselves:
//! `tests/course/ctrl_c.rs`.)

use crate::drill::{AT_ONCE, Drill, Round, names, until_all_have_ended};
use library_support::{Suite, program, suite, until};
use rustix::process::{Pid, Signal, kill_process_group};
use shared::{Connection, Process, Queue, pipe};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

pub fn suite() -> Suite<Drill> {
    suite! {
        drills: [
            // 13. Ctrl-C.
            Drill::new("ctrl_c_at_any_moment", 20, 300, ctrl_c),
        ],
        children: [
            counts,
            gets_one,
            replies,
        ],
        programs: [
            "count" => count,
            "queue" => queue,
            "pipe" => pipe_program,
        ],
    }
}

pub fn count() {
    loop {
        let workers = [10, 15].map(|n| Process::spawn(counts, (n,)).expect("a child"));
        for worker in workers {
            worker.join().expect("it ends");
        }
    }
}

pub fn counts(n: u32) {
    (0..n).for_each(|_| thread::sleep(Duration::from_micros(100)));
}

pub fn queue() {
    loop {
        let queue = Queue::new().expect("a queue");
        let workers = [0, 1].map(|_| Process::spawn(gets_one, (queue.clone(),)).expect("a child"));
        queue.extend(["Hello from main process", "Hello"].map(str::to_owned)).expect("it is open");
        for worker in workers {
            worker.join().expect("it ends");
        }
    }
}

pub fn gets_one(queue: Queue<String>) {
    queue.get().expect("there are two");
}

pub fn pipe_program() {
    loop {
        let (parent, child) = pipe::<String, String>().expect("a pipe");
        let worker = Process::spawn(replies, (child,)).expect("a child");
        parent.send("Hello from main process".to_owned()).expect("it is open");
        parent.recv().expect("an answer");
        worker.join().expect("it ends");
    }
}

pub fn replies(connection: Connection<String, String>) {
    let question = connection.recv().expect("a question");
    connection.send(question).expect("somebody waits");
}

pub fn ctrl_c(round: &mut Round) {
    let before = names();
    let name = ["count", "queue", "pipe"][round.number as usize % 3];
    let mut child = program(name)
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program again");
    round.let_pass(Duration::from_millis(20));
    let group = Pid::from_child(&child);
    kill_process_group(group, Signal::INT).expect("the group is there");
    until("the program ends", AT_ONCE, || child.try_wait().expect("a child").is_some());
    let status = child.wait().expect("it has ended");
    // A shell makes 130 of it.
    assert_eq!(status.signal(), Some(2), "{status}");
    until_all_have_ended();
    let mut said = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!(said, "");
    assert_eq!(names(), before, "a name is left");
}
