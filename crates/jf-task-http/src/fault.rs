//! Faults of the task itself, with the Problems that the rules name. None repeats a value of the context (ENG-142).

use std::fmt;

use jf_core::Problem;
use jf_core::dsl::Unresolved;
use jf_core::run_fault;
use jf_core::spi::TaskError;

/// Where in the configuration a text with placeholders stands, as authors know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Url,
    Path(String),
    Query(String),
    Header(String),
    Body,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("`url`"),
            Self::Path(name) => write!(f, "the path parameter `{name}`"),
            Self::Query(name) => write!(f, "the query parameter `{name}`"),
            Self::Header(name) => write!(f, "the header `{name}`"),
            Self::Body => f.write_str("`body`"),
        }
    }
}

/// A placeholder without a value (EXP-054).
pub(crate) fn unresolved(place: &Place, cause: Unresolved) -> TaskError {
    interpolation(format!("a placeholder of {place} does not resolve")).with_source(cause)
}

/// A header that would be no header (EXP-056).
pub(crate) fn header_value(place: &Place) -> TaskError {
    interpolation(format!("a value inserted into {place} holds a character that headers must not have"))
}

/// A URL that is none, or another one than the author wrote (EXP-055).
pub(crate) fn url(what: &str) -> TaskError {
    interpolation(format!("the URL {what}"))
}

/// A request that would be too long to send.
pub(crate) fn too_long(place: &Place, limit: usize) -> TaskError {
    interpolation(format!("with its placeholders replaced, {place} is longer than {limit} bytes"))
}

/// A body that its content type cannot carry (TSK-037).
pub(crate) fn body(detail: &str) -> TaskError {
    fault(run_fault::INTERNAL, "request body cannot be sent", detail.to_owned())
}

/// The result of an error mapping has the wrong type for its target (STA-054).
pub(crate) fn mapping_result() -> TaskError {
    let detail = "the mapper of `errorMapping` must give an object for its target".to_owned();
    fault(run_fault::TRANSFORM_RESULT, "mapper result has the wrong type", detail)
}

/// The result of a normaliser is no Problem (TSK-046).
pub(crate) fn normalised() -> TaskError {
    let detail = "the normaliser of `errorMapping` must give an object with a string `type`".to_owned();
    fault(run_fault::TRANSFORM_RESULT, "mapper result has the wrong type", detail)
}

fn interpolation(detail: String) -> TaskError {
    fault(run_fault::INTERPOLATION, "placeholder cannot be replaced", detail)
}

fn fault(code: &'static str, title: &'static str, detail: String) -> TaskError {
    TaskError::fault(Problem::new(code, title).with_status(500).with_detail(detail))
}
