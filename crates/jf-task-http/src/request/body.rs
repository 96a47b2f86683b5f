//! The body of a call and its content type (TSK-028, TSK-037).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use jf_core::dsl::{CallBody, JsonPath, SiteClass, value_to_text};
use jf_core::spi::{BoundExpression, Evaluation, LoadContext, TaskError};
use serde_json::Value;
use url::form_urlencoded;

use super::text::Text;
use crate::fault::{self, Place};
use crate::media_type::MediaType;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A checked body.
#[derive(Debug)]
pub(super) enum BodyPlan {
    /// A string, sent as it is.
    Text(Text),
    /// An object or array, with its JSON text.
    Literal { value: Value, json: Bytes },
    /// What a mapper gives.
    Mapped(BoundExpression),
}

impl BodyPlan {
    /// Compiles a body. `None` when an error was reported.
    pub(super) fn of(body: &CallBody, load: &mut LoadContext<'_>) -> Option<Self> {
        Some(match body {
            CallBody::Text(template) => Self::Text(Text::of(template.clone())),
            CallBody::Mapper(mapper) => {
                Self::Mapped(load.bind(&JsonPath::root().member("body"), mapper, SiteClass::Task)?)
            }
            CallBody::Json(value) => Self::Literal { value: value.clone(), json: json(value) },
        })
    }

    /// The bytes of one call. Adds the content type to `headers` unless they have one.
    ///
    /// # Errors
    /// A placeholder without a value (EXP-054), mapper errors, and a value that the content type cannot carry (TSK-037).
    pub(super) fn render(
        &self,
        evaluation: &Evaluation,
        headers: &mut HeaderMap,
        limit: usize,
    ) -> Result<Bytes, TaskError> {
        let body = match self {
            Self::Text(text) => {
                headers.entry(CONTENT_TYPE).or_insert(PLAIN_TEXT);
                Bytes::copy_from_slice(text.render(evaluation, &Place::Body, limit)?.as_bytes())
            }
            Self::Literal { value, json } => match Form::of(headers) {
                Form::Json => json.clone(),
                form => encode(value, form)?,
            },
            Self::Mapped(mapper) => match (evaluation.evaluate(mapper)?, Form::of(headers)) {
                (Value::String(text), Form::Urlencoded | Form::Other) => text.into(),
                (value, form) => encode(&value, form)?,
            },
        };
        if body.len() > limit {
            Err(fault::body(&format!("it is longer than {limit} bytes")))
        } else {
            Ok(body)
        }
    }
}

/// How a value becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Urlencoded,
    Other,
}

impl Form {
    /// By the effective content type, which is JSON when no layer set one.
    fn of(headers: &mut HeaderMap) -> Self {
        let content_type = MediaType::of(headers.entry(CONTENT_TYPE).or_insert(JSON));
        if content_type.is_json() {
            Self::Json
        } else if content_type.is_form() {
            Self::Urlencoded
        } else {
            Self::Other
        }
    }
}

fn encode(value: &Value, form: Form) -> Result<Bytes, TaskError> {
    match form {
        Form::Json => Ok(json(value)),
        Form::Urlencoded => urlencoded(value),
        Form::Other => {
            Err(fault::body("the content type is neither JSON nor a form, so the body must be a string"))
        }
    }
}

fn json(value: &Value) -> Bytes {
    serde_json::to_vec(value).expect("a JSON value is always serialisable into memory").into()
}

fn urlencoded(value: &Value) -> Result<Bytes, TaskError> {
    let flat = value
        .as_object()
        .filter(|object| !object.values().any(|value| value.is_object() || value.is_array()));
    let Some(object) = flat else {
        return Err(fault::body("a form is made from an object whose members are no objects and no arrays"));
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in object {
        form.append_pair(name, &value_to_text(value));
    }
    Ok(form.finish().into())
}
