//! What `Queue` promises, a test for each promise. A number in brackets is a line of
//! `shared/CONFORMANCE.md`; behind it stands the test in Python's own
//! `test/_test_multiprocessing.py`.

#[path = "../shared_support/mod.rs"]
mod support;

mod deaths;
mod handles;
mod limits;
mod model;
mod order;
mod together;
mod values;

use shared::main_guard;

fn main() {
    main_guard!(
        deaths::dies_after_its_puts,
        deaths::gives_its_queue_away,
        deaths::puts_for_ever,
        deaths::puts_something_huge,
        handles::obeys,
        limits::calls_under_signals,
        together::keeps_a_queue_in_a_thread,
        limits::has_room_for_the_end_only,
        limits::holds_a_queue_at_the_limit,
        limits::is_a_guest_at_the_limit,
        limits::puts_ends,
        limits::waits_many_times,
        order::gets_in_every_form,
        order::is_given_a_queue_in_a_message,
        order::puts_and_returns,
        order::puts_much_and_returns,
        order::sees_its_own_put,
        together::consumes,
        together::gets_a_few_and_returns,
        together::produces,
        together::uses_its_queue_in_threads,
        support::nothing,
        values::echoes,
        values::gets_a_number_and_a_text,
        values::gets_connections,
        values::puts_back_what_it_gets,
        values::puts_what_is_refused,
    );
    match support::program_name().as_deref() {
        Some("opens all files") => limits::opens_all_files(),
        Some("has guests at the limit") => limits::has_guests_at_the_limit(),
        Some("has no room for an end") => limits::has_no_room_for_an_end(),
        Some("hands out at the limit") => limits::hands_out_at_the_limit(),
        Some(name) => panic!("there is no program `{name}`"),
        None => support::run(
            [
                order::tests(),
                together::tests(),
                values::tests(),
                deaths::tests(),
                limits::tests(),
                model::tests(),
            ]
            .concat(),
        ),
    }
}
