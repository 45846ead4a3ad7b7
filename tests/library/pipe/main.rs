//! What `pipe` and `Connection` promise, a test for each promise. A number in brackets is a line of
//! `shared/CONFORMANCE.md`; behind it stands the test in Python's own
//! `test/_test_multiprocessing.py`.

#![forbid(unsafe_code)]

mod ends;
mod limits;
mod model;
mod talk;

fn main() {
    let modules = [talk::suite(), ends::suite(), limits::suite(), model::suite()];
    library_support::guard(modules).run()
}
