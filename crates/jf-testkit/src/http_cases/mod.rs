//! The HTTP API as a client sees it, whatever engine is behind it (chapter 06).
//!
//! One function per case; each gets a server of its own from the [`HttpHost`](crate::HttpHost) and panics when something is not as the
//! specification says. [`http_suite!`](crate::http_suite!) makes a test of each of them. The journeys are those of the
//! [suite of engines](crate::engine_cases), so that they run on the simplest engine; what an engine may lack – keys, listing, Apis – is
//! not asked for.

mod answers;
mod refusals;
pub(crate) mod world;

pub use answers::{
    commands_and_reads_have_their_statuses, events_are_the_documents_of_the_reads,
    heads_are_gets_without_their_bodies, readers_who_have_the_document_get_304,
};
pub use refusals::{absent_runs_look_alike, refusals_change_nothing, wrong_requests_have_their_problems};
