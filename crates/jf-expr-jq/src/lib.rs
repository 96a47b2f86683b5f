//! The jq expression engine.

mod compile;
mod convert;
mod error;
mod evaluate;

pub use compile::JaqEngine;
