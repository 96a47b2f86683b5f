//! Conversations over a scripted engine: in memory with virtual time, and over real sockets.

#![expect(clippy::unwrap_used, reason = "tests")]

mod auth;
mod commands;
mod engine;
mod errors;
mod flow;
mod handshake;
mod handshake_auth;
mod hello;
mod journeys;
mod life;
mod limits;
mod paths;
mod properties;
mod subscriptions;
mod wire;
