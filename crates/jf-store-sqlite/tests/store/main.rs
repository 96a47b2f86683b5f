//! The store in a file: the contract, the same answers as the store in memory, kills, and files that cannot be used.

#![expect(clippy::unwrap_used, reason = "tests")]

mod contract;
#[cfg(unix)]
mod disk;
mod kill;
mod model;
mod opening;
mod retention;
mod support;
