//! Values of headers and query parameters: strings with placeholders, numbers and booleans (TSK-026).

use std::borrow::Cow;

use jf_core::dsl::{JsonPath, TaskFinding, Template, Unresolved, value_to_text};
use jf_core::spi::{Evaluation, LoadContext, TaskError};
use serde_json::Value;

use crate::fault::{self, Place};
use crate::members::{Reported, refuse};

/// A value that is text when it is sent.
#[derive(Debug, Clone)]
pub(super) enum Text {
    /// The same for every call.
    Fixed(String),
    /// With placeholders.
    Template(Template),
}

impl Text {
    /// Reads a value; `what` says in messages what it is the value of.
    pub(super) fn read(
        path: &JsonPath,
        value: &Value,
        what: &str,
        load: &mut LoadContext<'_>,
    ) -> Result<Self, Reported> {
        match value {
            Value::String(text) => Self::parse(path, text, load),
            Value::Number(_) | Value::Bool(_) => Ok(Self::Fixed(value_to_text(value).into_owned())),
            _ => {
                let message = format!("the value of {what} must be a string, a number or a boolean");
                Err(refuse(load, TaskFinding::error("TSK-026", path.clone(), message)))
            }
        }
    }

    fn parse(path: &JsonPath, text: &str, load: &mut LoadContext<'_>) -> Result<Self, Reported> {
        Ok(Self::of(load.template(path, text).ok_or(Reported)?))
    }

    pub(super) fn of(template: Template) -> Self {
        if !template.is_literal() {
            return Self::Template(template);
        }
        let fixed = template.render(&Value::Null, &Value::Null).map(Cow::into_owned);
        Self::Fixed(fixed.expect("a template without placeholders always renders"))
    }

    /// The text for one call.
    ///
    /// # Errors
    /// When a placeholder has no value (EXP-054), or the text grows beyond `limit` bytes.
    pub(super) fn render(
        &self,
        evaluation: &Evaluation,
        place: &Place,
        limit: usize,
    ) -> Result<Cow<'_, str>, TaskError> {
        let template = match self {
            Self::Fixed(text) => return Ok(Cow::Borrowed(text)),
            Self::Template(template) => template,
        };
        let rendered = template.render_with(evaluation.context(), evaluation.platform(), |out, _, text| {
            if text.len() > limit.saturating_sub(out.len()) {
                return Err(Refusal::TooLong);
            }
            out.push_str(text);
            Ok(())
        });
        rendered.map_err(|refusal| match refusal {
            Refusal::Unresolved(cause) => fault::unresolved(place, cause),
            Refusal::TooLong => fault::too_long(place, limit),
        })
    }
}

enum Refusal {
    Unresolved(Unresolved),
    TooLong,
}

impl From<Unresolved> for Refusal {
    fn from(cause: Unresolved) -> Self {
        Self::Unresolved(cause)
    }
}
