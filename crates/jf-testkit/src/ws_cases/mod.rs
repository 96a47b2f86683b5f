//! The protocol `journeyforge.v1` as a client sees it, whatever engine is behind it and whatever its bytes go through (chapter 07).
//!
//! One function per case; each gets a server of its own from the [`WsHost`](crate::WsHost) and panics when something is not as the
//! specification says. [`ws_suite!`](crate::ws_suite!) makes a test of each of them. The journeys are those of the
//! [suite of engines](crate::engine_cases), so that they run on the simplest engine; what an engine may lack – keys, read guards – is not
//! asked for.

mod conversations;
mod refusals;
pub(crate) mod world;

pub use conversations::{
    a_connection_that_goes_takes_nothing_along, a_run_is_driven_and_watched,
    commands_are_applied_in_their_order, documents_are_those_of_the_reads, every_request_has_one_reply,
    subscriptions_go_on_where_they_were,
};
pub use refusals::{
    absent_runs_look_alike, broken_framing_closes_its_connection, refusals_change_nothing,
    wrong_frames_have_their_problems,
};
