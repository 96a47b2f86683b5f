//! The jq expression engine.

mod compile;
mod convert;
mod environment;
mod error;
mod evaluate;
mod limits;
mod natives;
mod value;

pub use compile::JaqEngine;
