//! What a value violates, said without the value (ENG-141).

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde::Serialize;
use serde_json::Value;

/// One way in which a value does not conform to a schema.
///
/// Nothing in it is taken from the value but the pointer: `detail` speaks of what the schema demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Violation {
    /// JSON Pointer to the place in the value; empty for the value itself.
    pub pointer: String,
    /// The keyword that is violated.
    pub keyword: String,
    /// One sentence: lower case, no final period.
    pub detail: String,
}

impl Violation {
    pub(super) fn of(error: &ValidationError<'_>) -> Self {
        let keyword = match error.kind() {
            ValidationErrorKind::FalseSchema => "false",
            kind => kind.keyword(),
        };
        Self {
            pointer: error.instance_path().as_str().to_owned(),
            keyword: keyword.to_owned(),
            detail: detail(error.kind()),
        }
    }
}

/// Values of the schema that are longer than this as text are not spelled out.
const LONGEST_LITERAL: usize = 80;
/// Lists of the schema that are longer than this are not spelled out.
const LONGEST_LIST: usize = 12;

fn detail(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind } => format!("must be {}", types(kind)),
        Kind::Required { property } => match property.as_str() {
            Some(name) => format!("required member `{name}` is missing"),
            None => "a required member is missing".to_owned(),
        },
        Kind::Enum { options } => one_of(options),
        Kind::Constant { expected_value } => match literal(expected_value) {
            Some(text) => format!("must be {text}"),
            None => "must be the one allowed value".to_owned(),
        },
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            count(unexpected.len(), "member is not allowed", "members are not allowed")
        }
        Kind::AdditionalItems { limit } => format!("must have at most {}", count(*limit, "item", "items")),
        Kind::UnevaluatedItems { unexpected } => {
            count(unexpected.len(), "item is not allowed", "items are not allowed")
        }
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be greater than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => {
            format!("must have at least {}", count(*limit, "character", "characters"))
        }
        Kind::MaxLength { limit } => {
            format!("must have at most {}", count(*limit, "character", "characters"))
        }
        Kind::MinItems { limit } => format!("must have at least {}", count(*limit, "item", "items")),
        Kind::MaxItems { limit } => format!("must have at most {}", count(*limit, "item", "items")),
        Kind::MinProperties { limit } => format!("must have at least {}", count(*limit, "member", "members")),
        Kind::MaxProperties { limit } => format!("must have at most {}", count(*limit, "member", "members")),
        Kind::Pattern { pattern } if pattern.len() <= LONGEST_LITERAL => {
            format!("must match the pattern {pattern}")
        }
        Kind::Pattern { .. } => "must match the pattern".to_owned(),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            "could not be matched against the pattern within its limits".to_owned()
        }
        Kind::Contains => "does not contain the items that are required".to_owned(),
        Kind::UniqueItems => "items must be unique".to_owned(),
        Kind::FalseSchema => "is not allowed".to_owned(),
        Kind::Not { .. } => "must not match the excluded schema".to_owned(),
        Kind::AnyOf { .. } => "must match at least one of the alternatives".to_owned(),
        Kind::OneOfNotValid { .. } => "must match one of the alternatives".to_owned(),
        Kind::OneOfMultipleValid { .. } => "matches more than one of the alternatives".to_owned(),
        Kind::PropertyNames { .. } => "a member name is not allowed".to_owned(),
        Kind::Format { format } => format!("must have the format {format}"),
        Kind::ContentEncoding { .. } | Kind::FromUtf8 { .. } => {
            "must have the declared content encoding".to_owned()
        }
        Kind::ContentMediaType { .. } => "must have the declared content media type".to_owned(),
        Kind::Custom { .. } | Kind::Referencing(_) => "does not conform to the schema".to_owned(),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(json_type) => type_name(*json_type).to_owned(),
        TypeKind::Multiple(set) => set.iter().map(type_name).collect::<Vec<_>>().join(" or "),
    }
}

const fn type_name(json_type: JsonType) -> &'static str {
    match json_type {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn one_of(options: &Value) -> String {
    let options = options.as_array().map_or(&[][..], Vec::as_slice);
    let literals: Option<Vec<String>> = options.iter().map(literal).collect();
    match literals {
        Some(literals) if !literals.is_empty() && literals.len() <= LONGEST_LIST => {
            format!("must be one of {}", literals.join(", "))
        }
        _ => "must be one of the allowed values".to_owned(),
    }
}

/// A value of the schema as text, when it is short: strings bare, others as JSON.
fn literal(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) if !text.is_empty() && !text.contains(',') => text.clone(),
        other => other.to_string(),
    };
    (text.len() <= LONGEST_LITERAL).then_some(text)
}

fn count<N: TryInto<u64>>(n: N, one: &str, many: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    if n == 1 { format!("{n} {one}") } else { format!("{n} {many}") }
}
