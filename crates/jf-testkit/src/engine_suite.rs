//! The contract of the engine as tests.

use crate::EngineHost;

/// Calls a macro with the names of all cases; the one list of them.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_engine_case {
    ($then:path, $($args:tt)*) => {
        $then! { ($($args)*)
            admitted_means_readable
            dropped_futures_change_nothing
            a_start_is_checked_before_anything_is_created
            commands_apply_in_the_order_they_are_given
            exactly_one_of_racing_commands_wins
            a_refused_command_has_no_effect
            checks_come_in_their_order
            preconditions_hold_at_the_commit
            a_submission_may_name_its_step_by_what_a_binding_covers
            keys_are_honoured_or_refused
            an_ended_run_is_cancelled_without_effect
            not_every_journey_can_be_cancelled
            reads_at_one_head_are_equal
            an_outcome_is_there_after_the_end_only
            absence_looks_alike_everywhere
            a_denied_read_looks_like_absence
            an_allowed_read_is_a_read
            a_repeated_command_is_guarded
            the_head_is_told_to_readers_alone
            documents_carry_links_unless_turned_off
            the_catalog_is_one_snapshot
            events_are_numbered_without_a_hole
            events_come_in_pages
            a_cursor_outside_the_log_is_told
            a_watcher_learns_the_head
            what_is_not_offered_is_refused
            a_draining_engine_reads_but_takes_no_commands
        }
    };
}

/// Makes a `#[tokio::test]` of every sentence of the engine's contract, over the engines of a host.
///
/// The calling crate needs `tokio` with its macros and the multi-threaded runtime. The host is anything that implements
/// [`EngineHost`](crate::EngineHost): usually a closure from a catalog to an engine.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use jf_core::{dsl::Catalog, Engine};
/// # fn my_engine(catalog: Catalog) -> Arc<dyn Engine> { unimplemented!() }
/// mod contract {
///     # use super::*;
///     jf_testkit::engine_suite!(|catalog| async { my_engine(catalog) });
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! engine_suite {
    ($host:expr) => {
        $crate::for_each_engine_case!($crate::engine_suite_tests, $host);
    };
}

/// See [`engine_suite!`].
#[doc(hidden)]
#[macro_export]
macro_rules! engine_suite_tests {
    (($host:expr) $($case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::engine_cases::$case(&$host).await;
            }
        )+
    };
}

/// Runs every sentence of the engine's contract over the engines of a host, one after the other. Needs a tokio runtime.
///
/// # Panics
/// At the first sentence that does not hold.
pub async fn engine_suite(host: &dyn EngineHost) {
    macro_rules! run {
        (($host:ident) $($case:ident)+) => { $( crate::engine_cases::$case($host).await; )+ };
    }
    for_each_engine_case!(run, host);
}
