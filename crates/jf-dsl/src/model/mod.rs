//! The typed model: what a definition says, clean of positions.

pub(crate) mod binding;
pub(crate) mod definition;
pub(crate) mod expression;
pub(crate) mod metadata;
pub(crate) mod ordered;
pub(crate) mod schema;
pub(crate) mod state;
mod walk;
