//! Items through a queue.

use super::CHANNELS;
use crate::contender::Contender;
use crate::cpu::Setting::{self, Free, OneCpu};
use crate::unit::Unit::{Micros, Millis, Rate, Share};
use crate::workload::Workload;

/// Many items: which way, and how many a second.
pub fn flows() -> [Workload; 5] {
    const TO_ONE: &str = "100 000 short strings. Who has no queue sends them through a channel; the \
        floor, each as a packet.";
    const TO_TWO: &str = "100 000 short strings. Only a queue can do that, and a socketpair with \
        two readers.";
    const TO_CREATOR: &str = "50 000 short strings from each child.";
    const MANY: &str = "50 000 short strings from each of two children to two others. The process \
        that made the queue only waits.";
    const BETWEEN: &str = "100 000 short strings. The process that made the queue only waits.";
    [
        flow("queue-to-one", "Queue, from the creator to one child", TO_ONE, "to_one")
            .rust(CHANNELS, &all("to_one")),
        flow("queue-to-two", "Queue, from the creator to two children", TO_TWO, "to_two")
            .rust(&["floor"], &all("to_two")),
        flow(
            "queue-to-creator",
            "Queue, from two children to the creator",
            TO_CREATOR,
            "to_creator",
        )
        .with(extend("to_creator_extend"))
        .rust(&["raw", "floor"], &all("to_creator")),
        flow("queue-between", "Queue, from one child to another", BETWEEN, "between")
            .with(extend("between_extend"))
            .rust(CHANNELS, &all("between")),
        flow("queue-many", "Queue, from two children to two others", MANY, "many"),
    ]
}

fn all(what: &str) -> String {
    format!("{what} 100000")
}

fn flow(name: &'static str, title: &str, about: &str, what: &str) -> Workload {
    Workload::new(name, title, Rate, about)
        .rust(&["ours"], &all(what))
        .python("CPython", &format!("items.py fork {}", all(what)))
        .python("faster-fifo", &format!("items.py faster-fifo {}", all(what)))
}

fn extend(what: &str) -> Contender {
    Contender::rust("this crate, `extend`", "ours", &all(what))
}

/// One item at a time.
pub fn latencies() -> [Workload; 4] {
    const CHILD: &str = "One item every millisecond, from the call of `put` in the creator to the \
        return of `get` in the child; the median of 150.";
    const CREATOR: &str = "One item every millisecond, from the call of `put` in the child to the \
        return of `get` in the creator; the median of 150.";
    const TO_CHILD: &str = "latency_to_child 150";
    const TO_CREATOR: &str = "latency_to_creator 150";
    [
        latency("latency-to-child", "An idle queue, to a child", Free, CHILD, TO_CHILD),
        latency(
            "latency-to-child-one-cpu",
            "An idle queue, to a child, on one CPU",
            OneCpu,
            CHILD,
            TO_CHILD,
        ),
        latency("latency-to-creator", "An idle queue, to the creator", Free, CREATOR, TO_CREATOR),
        latency(
            "latency-to-creator-one-cpu",
            "An idle queue, to the creator, on one CPU",
            OneCpu,
            CREATOR,
            TO_CREATOR,
        ),
    ]
}

fn latency(name: &'static str, title: &str, setting: Setting, about: &str, what: &str) -> Workload {
    Workload::new(name, title, Micros, about)
        .within(setting)
        .rust(&["ours"], what)
        .python("CPython", &format!("latency.py fork {what}"))
        .rust(CHANNELS, what)
        .with(Contender::rust("a futex", "floor", "wake 150"))
}

/// Work for two.
pub fn jobs() -> Workload {
    const ABOUT: &str = "600 jobs through a queue to two children; each keeps a CPU busy for a \
        millisecond. With two CPUs the ideal is half a millisecond a job. The smaller share is that \
        of the child that did fewer.";
    let what = "jobs 600";
    Workload::new("jobs", "Jobs of 1 ms for two children: the time of one", Millis, ABOUT)
        .and("jobs-share", "Jobs of 1 ms for two children: the smaller share", Share)
        .rust(&["ours"], what)
        .python("CPython", &format!("items.py fork {what}"))
        .rust(&["floor"], what)
}
