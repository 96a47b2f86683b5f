//! The URL of a call: `url` or the path of an operation, and `params` (TSK-022, TSK-026, TSK-032, EXP-055).

use std::borrow::Cow;

use jf_core::dsl::{
    CallTarget, HttpCall, HttpUrl, JsonPath, OperationRef, TaskFinding, Template, encode_component,
};
use jf_core::spi::{Evaluation, LoadContext, TaskError};

use super::text::Text;
use crate::fault::{self, Place};

/// A URL with its parameters.
#[derive(Debug)]
pub(super) struct UrlPlan {
    base: Base,
    query: Vec<Parameter>,
}

#[derive(Debug)]
enum Base {
    /// The same for every call, already checked.
    Fixed(String),
    /// `url` with placeholders.
    Template {
        template: Template,
        /// Dot segments that the author wrote; data must not add any.
        dot_segments: usize,
    },
    /// The path of an operation with parameters.
    Operation { parts: Vec<Part>, dot_segments: usize },
}

/// A part of the URL of an operation.
#[derive(Debug)]
enum Part {
    Literal(String),
    Parameter { value: Text, place: Place },
}

#[derive(Debug)]
struct Parameter {
    /// The name, encoded, with its `=`.
    key: String,
    value: Text,
    place: Place,
}

impl UrlPlan {
    /// Compiles the target and `params.query`. `None` when an error was reported.
    pub(super) fn of(call: &HttpCall, load: &mut LoadContext<'_>) -> Option<Self> {
        let base = match &call.target {
            CallTarget::Url { url, .. } => Base::of_url(url),
            CallTarget::Operation { operation_ref } => Base::of_operation(operation_ref, call),
        };
        let base = base
            .map_err(|message| load.report(TaskFinding::error("TSK-022", JsonPath::root(), message)))
            .ok()?;
        let query = call.params.query.iter().map(|(name, value)| Parameter {
            key: format!("{}=", encode_component(name)),
            value: Text::of_scalar(value),
            place: Place::Query(name.clone()),
        });
        Some(Self { base, query: query.collect() })
    }

    /// The URL of one call: absolute, `http(s)`, without fragment. Data has changed neither its path nor its query structure.
    ///
    /// # Errors
    /// A placeholder without a value (EXP-054), and a result that is no such URL (EXP-055).
    pub(super) fn render(&self, evaluation: &Evaluation) -> Result<String, TaskError> {
        let mut url = self.base.render(evaluation)?;
        let mut separator = match url.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        for parameter in &self.query {
            let value = parameter.value.render(evaluation, &parameter.place, HttpUrl::LONGEST)?;
            url.push_str(separator);
            url.push_str(&parameter.key);
            url.push_str(&encode_component(&value));
            separator = "&";
            if url.len() > HttpUrl::LONGEST {
                return Err(fault::too_long(&Place::Url, HttpUrl::LONGEST));
            }
        }
        Ok(url)
    }
}

impl Base {
    /// `url`, which loading has checked as far as its literal text tells.
    fn of_url(template: &Template) -> Result<Self, String> {
        if template.is_literal() {
            return fixed(&template.literal_prefix());
        }
        let dot_segments = dot_segments(template.source());
        Ok(Self::Template { template: template.clone(), dot_segments })
    }

    fn of_operation(reference: &OperationRef, call: &HttpCall) -> Result<Self, String> {
        let operation = &reference.operation;
        let mut parts = Vec::new();
        let mut literal = operation.base_url.to_string();
        let mut rest = &*operation.path;
        while let Some((before, name, after)) = next_parameter(rest) {
            literal.push_str(before);
            let value = call.params.path.get(name);
            let value =
                value.ok_or_else(|| format!("the path parameter `{name}` of `{reference}` has no value"))?;
            parts.push(Part::Literal(std::mem::take(&mut literal)));
            let place = Place::Path(name.to_owned());
            parts.push(Part::Parameter { value: Text::of_scalar(value), place });
            rest = after;
        }
        literal.push_str(rest);
        if parts.is_empty() {
            return fixed(&literal);
        }
        parts.push(Part::Literal(literal));
        let written: String =
            parts.iter().map(|part| if let Part::Literal(text) = part { text } else { "x" }).collect();
        Ok(Self::Operation { parts, dot_segments: dot_segments(&written) })
    }

    fn render(&self, evaluation: &Evaluation) -> Result<String, TaskError> {
        let (rendered, written) = match self {
            Self::Fixed(url) => return Ok(url.clone()),
            Self::Template { template, dot_segments } => {
                let rendered = template.render_url(evaluation.context(), evaluation.platform());
                (rendered.map_err(|cause| fault::unresolved(&Place::Url, cause))?, *dot_segments)
            }
            Self::Operation { parts, dot_segments } => {
                (Cow::Owned(render_parts(parts, evaluation)?), *dot_segments)
            }
        };
        if rendered.len() > HttpUrl::LONGEST {
            return Err(fault::too_long(&Place::Url, HttpUrl::LONGEST));
        }
        // `.` needs no encoding, so a value of `..` would climb the path.
        if dot_segments(&rendered) > written {
            return Err(fault::url("has a value inserted into it that would change its path"));
        }
        HttpUrl::parse(&rendered).map(String::from).map_err(|error| fault::url(&error.to_string()))
    }
}

fn fixed(text: &str) -> Result<Base, String> {
    HttpUrl::parse(text).map(|url| Base::Fixed(url.into())).map_err(|error| format!("the URL {error}"))
}

fn render_parts(parts: &[Part], evaluation: &Evaluation) -> Result<String, TaskError> {
    let mut url = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => url.push_str(text),
            Part::Parameter { value, place } => {
                let value = value.render(evaluation, place, HttpUrl::LONGEST)?;
                url.push_str(&encode_component(&value));
            }
        }
    }
    Ok(url)
}

/// The text before the first `{name}`, the name, and what follows it.
fn next_parameter(path: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = path.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// How many segments of the path are `.` or `..`, in any spelling that URL parsers resolve.
fn dot_segments(url: &str) -> usize {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    path.split('/').skip(1).filter(|segment| is_dots(segment)).count()
}

fn is_dots(segment: &str) -> bool {
    // Longest spelling: `%2e%2e`.
    segment.len() <= 6 && matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}
