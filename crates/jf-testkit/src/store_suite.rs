//! The contract of stores as tests.

/// Makes a `#[test]` of every sentence of the contract of [`Store`](jf_store::Store), over the stores of a host.
///
/// The host is anything that implements [`StoreHost`](crate::StoreHost): usually a closure from a retention to an empty store. Each
/// test brings a tokio runtime of its own.
///
/// Sentence 17 is a permission, so that no test of it is made: a store that makes use of it calls
/// [`store_cases::s17_eng_104_memory_keeps_the_youngest_ended_runs`](crate::store_cases::s17_eng_104_memory_keeps_the_youngest_ended_runs)
/// in a test of its own.
///
/// ```
/// use std::sync::Arc;
///
/// use jf_store::{MemoryStore, Store};
///
/// mod contract {
///     # use super::*;
///     jf_testkit::store_suite!(|retention| async move {
///         Arc::new(MemoryStore::with_retention(retention)) as Arc<dyn Store>
///     });
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_suite {
    ($host:expr) => {
        $crate::store_suite! { @tests $host;
            s01_eng_100_a_commit_is_visible_as_a_whole
            s01_a_refused_commit_changes_nothing
            s02_a_run_is_created_once
            s03_only_the_expected_revision_is_replaced
            s03_eng_045_of_concurrent_commits_one_succeeds
            s04_eng_102_the_latest_claim_alone_may_commit
            s05_eng_050_a_caller_key_is_used_once
            s05_eng_052_a_start_key_counts_across_runs_and_may_be_used_anew_when_no_longer_kept
            s06_eng_106_contradictions_are_refused
            s07_a_dropped_commit_happens_as_a_whole_or_not_at_all
            s08_reads_give_what_the_last_commit_left
            s09_eng_132_events_come_in_order_without_a_hole
            s10_eng_070_due_runs_come_earliest_first
            s11_eng_101_runs_with_work_pending_come_by_id
            s12_eng_138_lists_are_ordered_and_filtered
            s12_eng_138_paging_is_stable_under_inserts_and_removals
            s13_eng_052_keys_are_found_while_they_are_kept
            s14_eng_108_the_epoch_is_constant
            s15_eng_109_the_last_events_of_a_run_are_kept
            s15_eng_109_a_log_outlives_its_run_for_a_while_and_the_outcome_stays
            s16_eng_104_ended_runs_go_with_all_that_is_theirs
            s16_eng_104_runs_that_go_on_are_never_removed
            s18_eng_117_definitions_are_kept_by_version
            s19_eng_117_a_definition_outlives_its_deployment_as_long_as_a_run_of_it_is_kept
            s19_eng_117_a_definition_outlives_its_deployment_as_long_as_a_schedule_of_it_is_kept
            s20_a_refused_part_refuses_the_whole_commit
            s20_an_outbox_that_contradicts_itself_is_refused
            s21_eng_096_a_commit_creates_other_runs
            s22_eng_101_a_run_that_is_woken_has_work_pending_until_its_next_commit
            s23_tsk_105_a_schedule_changes_with_the_commit_or_alone
            s23_tsk_104_of_concurrent_only_schedules_one_succeeds
            s24_tsk_104_the_newest_schedule_of_an_identity_is_found
            s25_eng_080_due_schedules_come_earliest_first
            s26_eng_086_schedules_are_found_by_version
            s27_eng_102_the_latest_claim_alone_may_change_a_schedule
        }
    };
    (@tests $host:expr; $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::in_runtime($crate::store_cases::$case(&$host));
            }
        )+
    };
}

/// Runs a case to its end in a runtime of its own.
///
/// # Panics
/// When the case does, or when there can be no runtime.
#[doc(hidden)]
pub fn in_runtime(case: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime for the test");
    runtime.block_on(case);
}
