//! Changes to the text of a document that leave everything else as it is: formatting, comments, line ends and quotes.
//!
//! What cannot be changed that way is not changed: every function gives `None` rather than a change that could touch
//! something it does not mean.

mod apply;
mod member;
mod same;
mod scalar;

pub(crate) use apply::apply;
pub(crate) use member::{move_member, remove_member};
pub(crate) use same::says_the_same_elsewhere;
pub(crate) use scalar::{renamed, scalar};
