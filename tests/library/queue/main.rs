//! What `Queue` promises, a test for each promise. A number in brackets is a line of
//! `shared/CONFORMANCE.md`; behind it stands the test in Python's own
//! `test/_test_multiprocessing.py`.

#![forbid(unsafe_code)]

mod crowds;
mod deaths;
mod handles;
mod iterators;
mod kernels;
mod letters;
mod limits;
mod model;
mod order;
mod together;
mod values;

fn main() {
    let modules = [
        order::suite(),
        handles::suite(),
        together::suite(),
        values::suite(),
        deaths::suite(),
        limits::suite(),
        kernels::suite(),
        letters::suite(),
        crowds::suite(),
        iterators::suite(),
        model::suite(),
    ];
    library_support::guard(modules).run()
}
