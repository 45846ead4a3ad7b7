//! What `Process`, `Run` and `main_guard!` promise, a test for each promise. A number in brackets
//! is a line of `shared/CONFORMANCE.md`; behind it stands the test in Python's own
//! `test/_test_multiprocessing.py`.

#![forbid(unsafe_code)]

mod endings;
mod families;
mod identity;
mod limits;
mod refusals;
mod starting;
mod stopping;
mod streams;
mod surroundings;
mod waiting;

fn main() {
    refusals::before_the_guard();
    starting::before_the_guard();
    streams::before_the_guard();
    let filled = limits::before_the_guard();
    let tests = library_support::guard([
        starting::suite(),
        identity::suite(),
        refusals::suite(),
        waiting::suite(),
        stopping::suite(),
        streams::suite(),
        surroundings::suite(),
        endings::suite(),
        families::suite(),
        limits::suite(),
    ]);
    drop(filled);
    tests.run()
}
