//! Small value types of the language: paths, templates, durations, times.

pub(crate) mod duration;
pub(crate) mod path;
pub(crate) mod template;
pub(crate) mod text;
pub(crate) mod time;
