//! Tasks on a pool of two workers.

use crate::contender::Contender;
use crate::cpu::Setting::{self, Free, OneCpu};
use crate::unit::Unit::{self, Micros, Millis};
use crate::workload::Workload;

/// The pools in Python: what a table calls each, and what its program does.
const PYTHON: [(&str, &str); 5] = [
    ("CPython `Pool`", "pool"),
    ("CPython `ProcessPoolExecutor`", "executor"),
    ("loky", "loky"),
    ("pebble", "pebble"),
    ("mpire", "mpire"),
];

pub fn pools() -> [Workload; 6] {
    const TRIP: &str = "One task is handed over and its value waited for, then the next. The mean of \
        2000, after a tenth of them that is not counted.";
    const MAP: &str = "100 000 tasks that add one, with the chunks that each pool chooses by itself; \
        the executors, which would take chunks of one, with those of CPython's `Pool`.";
    const SHORT: &str = "30 000 tasks of 10 µs of work each; the ideal is 150 ms.";
    const JOBS: &str = "600 tasks of 1 ms of work each; the ideal is 300 ms.";
    const START: &str = "A pool of two is started, does one task, and is stopped. The mean of 10, \
        after one that is not counted.";
    [
        pool("pool-trip", "A task on a warm pool", Micros, Free, TRIP, "pool_trip 2000"),
        pool(
            "pool-trip-one-cpu",
            "A task on a warm pool, on one CPU",
            Micros,
            OneCpu,
            TRIP,
            "pool_trip 2000",
        ),
        pool("pool-map", "Map of 100 000 tiny tasks", Millis, Free, MAP, "pool_map 100000"),
        pool("pool-short", "Tasks of 10 µs", Millis, Free, SHORT, "pool_jobs 30000 10"),
        pool("pool-jobs", "Tasks of 1 ms", Millis, Free, JOBS, "pool_jobs 600 1000"),
        pool(
            "pool-start",
            "A pool of two, started and stopped",
            Millis,
            Free,
            START,
            "pool_start 10",
        ),
    ]
}

fn pool(
    name: &'static str,
    title: &str,
    unit: Unit,
    setting: Setting,
    about: &str,
    what: &str,
) -> Workload {
    let mut work = Workload::new(name, title, unit, about).within(setting).rust(&["ours"], what);
    for (name, which) in PYTHON {
        work = work.with(Contender::python(name, &format!("pools.py {which} {what}")));
    }
    work.rust(&["procspawn"], what)
}
