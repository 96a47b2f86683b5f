//! The contract of [`Engine`](jf_core::Engine), sentence by sentence, as far as it shows from outside.
//!
//! One function per sentence; each gets an engine of its own from the [`EngineHost`](crate::EngineHost) and panics when the sentence does not hold.
//! [`engine_suite!`](crate::engine_suite!) makes a test of each of them, [`engine_suite()`](crate::engine_suite()) runs them one
//! after the other. What an engine says it does not offer ([`Engine::capabilities`](jf_core::Engine::capabilities)) must be refused as
//! unsupported, and that is checked instead.
//!
//! The journeys of the suite have one `wait` and no expression, task or timer, so that they run on the simplest engine. The guard of one
//! says what the run was started with.

mod commands;
mod guards;
mod lifecycle;
mod log;
mod reads;
pub(crate) mod world;

pub use commands::{
    a_refused_command_has_no_effect, a_start_is_checked_before_anything_is_created,
    a_submission_may_name_its_step_by_what_a_binding_covers, admitted_means_readable,
    an_ended_run_is_cancelled_without_effect, checks_come_in_their_order,
    commands_apply_in_the_order_they_are_given, dropped_futures_change_nothing,
    exactly_one_of_racing_commands_wins, keys_are_honoured_or_refused, not_every_journey_can_be_cancelled,
    preconditions_hold_at_the_commit,
};
pub use guards::{
    a_denied_read_looks_like_absence, a_repeated_command_is_guarded, an_allowed_read_is_a_read,
    the_head_is_told_to_readers_alone,
};
pub use lifecycle::{a_draining_engine_reads_but_takes_no_commands, what_is_not_offered_is_refused};
pub use log::{
    a_cursor_outside_the_log_is_told, a_watcher_learns_the_head, events_are_numbered_without_a_hole,
    events_come_in_pages,
};
pub use reads::{
    absence_looks_alike_everywhere, an_outcome_is_there_after_the_end_only,
    documents_carry_links_unless_turned_off, reads_at_one_head_are_equal, the_catalog_is_one_snapshot,
};
