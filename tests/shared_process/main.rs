//! What `Process`, `Run` and `main_guard!` promise, a test for each promise. A number in brackets
//! is a line of `shared/CONFORMANCE.md`; behind it stands the test in Python's own
//! `test/_test_multiprocessing.py`.

#[path = "../shared_support/mod.rs"]
mod support;

mod endings;
mod families;
mod identity;
mod limits;
mod pages;
mod refusals;
mod starting;
mod stopping;
mod waiting;

use shared::{Run, main_guard};

fn main() {
    refusals::before_the_guard();
    starting::before_the_guard();
    let filled = limits::before_the_guard();
    main_guard!(
        endings::aborts,
        endings::exits,
        endings::exits_beside_threads,
        endings::gives_a_result,
        endings::is_given_what_panics_when_dropped,
        endings::is_given_what_panics_when_read,
        endings::keeps_what_tells_its_end,
        endings::leaves_a_thread,
        endings::overflows_its_stack,
        endings::panics,
        endings::panics_aloud,
        endings::panics_with_a_number,
        endings::returns_many_ends,
        endings::returns_what_is_refused,
        endings::returns_what_panics_when_dropped,
        endings::returns_what_panics_when_written,
        endings::Unlucky::run,
        endings::writes_to_closed_outputs,
        families::cannot_be_stopped,
        families::has_no_end_of_children,
        families::makes_a_queue,
        families::marks_its_place,
        families::starts_a_chain,
        identity::says_who_it_is,
        identity::starts_two,
        refusals::listed,
        refusals::reads_another_type,
        refusals::reads_what_refuses,
        refusals::takes_ends,
        refusals::takes_what_panics,
        refusals::takes_what_refuses,
        starting::adds_to_the_counter,
        starting::answers,
        starting::Countdown::run,
        starting::closures().0,
        starting::closures().1,
        starting::default_of::<String>,
        starting::default_of::<u8>,
        starting::echo,
        starting::five,
        starting::four,
        starting::gives_ends,
        starting::has_files_open,
        starting::namesakes().0,
        starting::namesakes().1,
        starting::one,
        starting::reads_everything,
        starting::reads_its_input,
        starting::runs_programs,
        starting::says_its_command_line,
        starting::six,
        starting::three,
        starting::two,
        starting::Upper::run,
        starting::zero,
        support::says_hello_and_waits,
        support::sleeps,
        support::nothing,
        stopping::will_not_stop,
        waiting::sleeps_for,
        waiting::waits_under_signals,
    );
    drop(filled);
    match support::program_name() {
        Some(name) => run_program(&name),
        None => support::run(
            [
                starting::tests(),
                identity::tests(),
                refusals::tests(),
                waiting::tests(),
                stopping::tests(),
                endings::tests(),
                families::tests(),
                limits::tests(),
                pages::tests(),
            ]
            .concat(),
        ),
    }
}

/// Tests of a whole program run this one again, under the name of that program.
fn run_program(name: &str) {
    match name {
        "nothing is started" => refusals::nothing_is_started(),
        "reaches the guard twice" => main_guard!(),
        "has a child that dies early" => refusals::has_a_child_that_dies_early(),
        "has a child that starts late" => starting::has_a_child_that_starts_late(),
        "has a command line" => starting::has_a_command_line(),
        "has an input" => starting::has_an_input(),
        "says who it is" => starting::says_who_it_is(),
        "has numbered children" => identity::has_numbered_children(),
        "has a child that panics" => endings::has_a_child_that_panics(),
        "has a child that overflows its stack" => endings::has_a_child_that_overflows_its_stack(),
        "has a family" => families::has_a_family(),
        "has a stubborn child" => families::has_a_stubborn_child(),
        "opens all files" => limits::opens_all_files(),
        "has few files free at its guard" => limits::has_few_files_free_at_its_guard(),
        "ignores the end of its children" => waiting::ignores_the_end_of_its_children(),
        "waits with all files open" => limits::waits_with_all_files_open(),
        "has few files" => limits::has_few_files(),
        name => panic!("there is no program `{name}`"),
    }
}
