//! What `pipe` and `Connection` promise, a test for each promise. A number in brackets is a line of
//! `shared/CONFORMANCE.md`; behind it stands the test in Python's own
//! `test/_test_multiprocessing.py`.

#[path = "../shared_support/mod.rs"]
mod support;

mod ends;
mod limits;
mod model;
mod talk;

use shared::main_guard;

fn main() {
    main_guard!(
        ends::answers_a_number,
        ends::gives_all_it_receives,
        ends::passes_an_end_on,
        ends::receives_a_receiver,
        ends::receives_a_sender,
        limits::receives_at_the_limit,
        limits::talks_under_signals,
        support::nothing,
        support::says_hello_and_waits,
        talk::echoes,
        talk::echoes_values,
        talk::reads_when_told,
        talk::sends_and_ends,
        talk::sends_before_it_receives,
        talk::sends_something_long,
        talk::sums,
    );
    match support::program_name().as_deref() {
        Some("opens all files") => limits::opens_all_files(),
        Some("breaks off a message") => limits::breaks_off_a_message(),
        Some("sends with all files open") => limits::sends_with_all_files_open(),
        Some(name) => panic!("there is no program `{name}`"),
        None => {
            support::run([talk::tests(), ends::tests(), limits::tests(), model::tests()].concat())
        }
    }
}
