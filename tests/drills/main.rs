//! The drills: whatever goes wrong, nothing hangs, nothing is lost, nothing is left behind.
//!
//! Each drill lets something go wrong many times, at varied moments. The quick form is part of
//! `make test`; with `DRILLS=long` in the environment (`make drills`) there are many more rounds,
//! and each drill prints how many there were, how many failed, and how long the longest took.

#[path = "../shared_support/mod.rs"]
mod support;

mod creators;
mod drill;
mod ends;
mod executable;
mod forged;
mod groups;
mod limits;
mod many;
mod messages;
mod model;
mod moments;
mod queues;
mod signals;

use drill::Drill;
use shared::{Run, main_guard};

fn main() {
    drill::count_panics();
    main_guard!(
        creators::blocks_in_get,
        creators::blocks_in_put,
        creators::blocks_in_recv,
        creators::makes_what_others_use,
        creators::starts_a_chain,
        ends::aborts,
        ends::exits,
        ends::is_given,
        ends::overflows_its_stack,
        ends::panics,
        ends::panics_with,
        ends::takes_all_memory,
        ends::Unlucky::run,
        executable::answers,
        forged::gives_bytes,
        forged::is_given_text,
        groups::counts,
        groups::gets_one,
        groups::replies,
        limits::attaches,
        limits::attaches_later,
        limits::fills_up_and_gets,
        limits::gives_bytes,
        limits::puts_a_connection,
        limits::sends_an_end,
        many::waits,
        messages::echoes,
        messages::holds_many,
        messages::passes_a_queue_on,
        messages::puts_and_ends,
        messages::returns_many,
        messages::sends_first,
        messages::unties,
        model::obeys,
        model::obeys_connected,
        moments::is_given_what_stalls,
        moments::returns_what_stalls,
        moments::stalls,
        moments::works,
        queues::consumes,
        queues::consumes_long,
        queues::extends,
        queues::puts_long,
        signals::is_disturbed,
        signals::opposite,
        support::nothing,
    );
    match support::program_name() {
        Some(name) => run_program(&name),
        None => drill::run(&DRILLS),
    }
}

/// What this program does when it is run again as another one.
fn run_program(name: &str) {
    match name {
        "chain" => creators::chain(),
        "count" => groups::count(),
        "ends" => ends::all(),
        "few files" => limits::few_files(),
        "folders" => limits::folders(),
        "little memory" => limits::little_memory(),
        "few processes" => limits::few_processes(),
        "queue" => groups::queue(),
        "pipe" => groups::pipe_program(),
        "starts" => executable::starts(),
        _ => panic!("no such program: {name}"),
    }
}

/// In the order of the list that they were asked for in; how many rounds, quick and long.
const DRILLS: [Drill; 30] = [
    // 1. A child is killed.
    Drill::new("a_child_is_killed_at_any_moment", 40, 600, moments::at_any_moment),
    Drill::new("a_child_is_killed_in_each_phase", 10, 200, moments::in_each_phase),
    // 2. A consumer is killed.
    Drill::new("a_consumer_is_killed_while_it_waits", 10, 200, queues::while_it_waits),
    Drill::new("a_consumer_is_killed_in_a_batch", 10, 200, queues::in_a_batch),
    Drill::new("a_consumer_is_killed_between_two_gets", 10, 200, queues::between_two_gets),
    // 3. A producer is killed.
    Drill::new("a_producer_is_killed_in_a_64_mib_put", 10, 100, queues::in_a_long_put),
    Drill::new("a_producer_is_killed_in_an_extend", 10, 200, queues::in_an_extend),
    // 4. The creator or the parent is killed.
    Drill::new("a_creator_is_killed", 10, 200, creators::a_creator_is_killed),
    Drill::new("a_parent_is_killed_five_deep", 10, 100, creators::a_parent_is_killed),
    // 5. A consumer is stopped.
    Drill::new("a_consumer_is_stopped", 10, 40, queues::is_stopped),
    // 6. Nobody reads yet.
    Drill::new("a_child_is_joined_before_its_queue_is_read", 10, 50, messages::before_drain),
    Drill::new("two_sides_send_before_they_receive", 12, 200, messages::both_send_first),
    // 7. Something runs out.
    Drill::new("files_run_out", 12, 60, limits::files),
    Drill::new("no_folder_can_be_used", 10, 40, limits::no_folder),
    Drill::new("memory_runs_out", 10, 60, limits::memory),
    Drill::new("processes_run_out", 10, 40, limits::processes),
    // 8. Many at once, and many in a row.
    Drill::new("many_children_at_once", 10, 3, many::at_once),
    Drill::new("many_children_in_a_row", 10, 3, many::in_a_row),
    // 9. Signals.
    Drill::new("signals_come_every_millisecond", 10, 100, signals::every_millisecond),
    // 10. What is sent.
    Drill::new("messages_of_every_length", 10, 40, messages::of_every_length),
    Drill::new("values_that_cannot_be_sent_or_read", 10, 100, messages::refused),
    Drill::new("as_many_ends_as_a_message_can_hold", 10, 50, messages::full_of_ends),
    Drill::new("queues_and_pipes_through_each_other", 10, 100, messages::through_each_other),
    // 11. Ends.
    Drill::new("every_end_of_a_process_is_told", 10, 100, ends::are_told),
    // 12. The executable changes.
    Drill::new("the_executable_is_replaced_or_deleted", 10, 60, executable::changes),
    // 13. Ctrl-C.
    Drill::new("ctrl_c_at_any_moment", 20, 300, groups::ctrl_c),
    // Also.
    Drill::new("forged_messages_are_errors", 10, 200, forged::are_errors),
    Drill::new("a_queue_behaves_as_its_model", 10, 100, model::queue),
    Drill::new("a_bounded_queue_behaves_as_its_model", 10, 100, model::bounded_queue),
    Drill::new("a_connection_behaves_as_its_model", 10, 100, model::connection),
];
