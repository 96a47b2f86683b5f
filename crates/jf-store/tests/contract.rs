//! The contract of [`Store`], sentence by sentence, on every store of this crate.
//!
//! The suite knows stores by [`Make`] only, so that any other store can be run through it.

#![expect(
    clippy::unwrap_used,
    reason = "tests: the suite is made of helpers that clippy does not see as tests"
)]

mod suite;

use std::sync::Arc;

use jf_store::{MemoryStore, Retention, Store};
use suite::Make;

const MEMORY: Make =
    |retention: Retention| Arc::new(MemoryStore::with_retention(retention)) as Arc<dyn Store>;

/// One `#[test]` per sentence and store.
macro_rules! contract {
    ($store:ident: $make:expr; $($module:ident::{$($sentence:ident),+ $(,)?};)+) => {
        mod $store {
            $($(
                #[test]
                fn $sentence() {
                    futures::executor::block_on(super::suite::$module::$sentence($make));
                }
            )+)+
        }
    };
}

contract! {
    memory: super::MEMORY;
    committing::{
        s01_eng_100_a_commit_is_visible_as_a_whole,
        s01_a_refused_commit_changes_nothing,
        s02_a_run_is_created_once,
        s03_only_the_expected_revision_is_replaced,
        s03_eng_045_of_concurrent_commits_one_succeeds,
        s04_eng_102_the_latest_claim_alone_may_commit,
        s05_eng_050_a_caller_key_is_used_once,
        s05_eng_052_a_start_key_counts_across_runs_and_may_be_used_anew_when_no_longer_kept,
        s06_eng_106_contradictions_are_refused,
        s07_a_dropped_commit_happens_as_a_whole_or_not_at_all,
    };
    reading::{
        s08_reads_give_what_the_last_commit_left,
        s09_eng_132_events_come_in_order_without_a_hole,
        s10_eng_070_due_runs_come_earliest_first,
        s11_eng_101_runs_with_work_pending_come_by_id,
        s12_eng_138_lists_are_ordered_and_filtered,
        s12_eng_138_paging_is_stable_under_inserts_and_removals,
        s13_eng_052_keys_are_found_while_they_are_kept,
        s14_eng_108_the_epoch_is_constant,
    };
    forgetting::{
        s15_eng_109_the_last_events_of_a_run_are_kept,
        s15_eng_109_a_log_outlives_its_run_for_a_while_and_the_outcome_stays,
        s16_eng_104_ended_runs_go_with_all_that_is_theirs,
        s16_eng_104_runs_that_go_on_are_never_removed,
    };
}

/// Sentence 17 is a permission, so its test belongs to the store that makes use of it.
#[test]
fn eng_104_a_store_in_memory_removes_the_oldest_ended_runs_beyond_its_number() {
    futures::executor::block_on(suite::forgetting::s17_eng_104_memory_keeps_the_youngest_ended_runs(MEMORY));
}
