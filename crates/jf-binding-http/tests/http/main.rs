//! The binding over a scripted engine: what reaches the engine, and what comes back to the client.

#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;
mod apis;
mod deployed;
mod documents;
mod errors;
mod events;
mod exposure;
mod fake;
mod health;
mod listing;
mod log;
mod origins;
mod properties;
mod refusals;
mod routes;
mod socket;
mod support;
