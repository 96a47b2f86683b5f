//! One file per operation: read the request, ask the engine, answer.

pub(crate) mod api;
pub(crate) mod cancel;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod list;
mod query;
pub(crate) mod result;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod steps;
