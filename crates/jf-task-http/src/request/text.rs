//! Values of headers and query parameters: strings with placeholders, numbers and booleans (TSK-026).

use std::borrow::Cow;

use jf_core::dsl::{Scalar, Template, Unresolved, value_to_text};
use jf_core::spi::{Evaluation, TaskError};
use serde_json::Value;

use crate::fault::{self, Place};

/// A value that is text when it is sent.
#[derive(Debug, Clone)]
pub(super) enum Text {
    /// The same for every call.
    Fixed(String),
    /// With placeholders.
    Template(Template),
}

impl Text {
    pub(super) fn of_scalar(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::Text(template) => Self::of(template.clone()),
            Scalar::Number(number) => Self::Fixed(value_to_text(&Value::Number(number.clone())).into_owned()),
            Scalar::Bool(value) => Self::Fixed(value.to_string()),
        }
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
