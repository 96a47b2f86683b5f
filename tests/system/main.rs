//! The whole house: what only shows when engine, bindings and command stand together.
//!
//! Most tests run a system in this process on a port of its own ([`support::system`]); those about the command start the real binary
//! ([`support::binary`]). Nothing sleeps: whatever takes time is waited for, within a time-out.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

mod bad_http;
mod bad_websocket;
mod check;
mod checkers;
mod console;
mod contract;
mod contracts;
mod conversation;
mod corpus;
mod crash;
mod events;
mod faults;
mod foreign_clients;
mod guard;
mod hostile_http2;
mod http;
mod kill;
mod orders;
mod races;
mod rfc6455;
mod secrets;
mod shutdown;
mod slow_clients;
mod smuggling;
mod soak;
mod telemetry;
mod timeouts;
mod tls;
mod transcripts;
mod watchers;
mod websocket_suite;
