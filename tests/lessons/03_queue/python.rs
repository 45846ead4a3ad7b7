//! The Python beside lesson 3 prints what the lesson's programs print, and what they do not.

use lesson_support::python::python;
use lesson_support::{lines, run};

const QUEUE: &str = env!("CARGO_BIN_EXE_queue");

/// Which worker gets which message is not determined, in either language.
#[test]
fn the_workers_of_both_languages_receive_a_message_each() {
    let ours = run(QUEUE, &[]).success().stderr("");
    let Some(theirs) = python("lessons/03_queue/python/queue_lesson.py", &[]) else {
        return;
    };
    let theirs = theirs.success().stderr("");
    for run in [&ours, &theirs] {
        let mut parts: Vec<_> =
            lines(run).iter().filter_map(|line| line.split_once(" received: ")).collect();
        parts.sort_unstable();
        let (workers, mut messages): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        messages.sort_unstable();
        assert_eq!(workers, ["Process1", "Process2"]);
        assert_eq!(messages, ["Hello", "Hello from main process"]);
    }
}
