//! Small value types of the language: paths, templates, durations, times.

pub(crate) mod duration;
pub(crate) mod file_ref;
pub(crate) mod http_url;
pub(crate) mod path;
pub(crate) mod pattern;
pub(crate) mod pem;
pub(crate) mod template;
pub(crate) mod text;
pub(crate) mod time;
