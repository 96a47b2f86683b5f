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
    /// The violations that one error of the validator stands for: each member that is not allowed is one of its own.
    pub(super) fn of(error: &ValidationError<'_>) -> Vec<Self> {
        use ValidationErrorKind as Kind;
        let keyword = match error.kind() {
            Kind::FalseSchema => "false",
            kind => kind.keyword(),
        };
        let at = |pointer: String, detail: String| Self { pointer, keyword: keyword.to_owned(), detail };
        let pointer = error.instance_path().as_str();
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                let members = unexpected.iter().take(super::CompiledSchema::MAX_VIOLATIONS);
                let pointers = members.map(|name| format!("{pointer}/{}", escape(name)));
                pointers.map(|pointer| at(pointer, "the member is not allowed".to_owned())).collect()
            }
            kind => vec![at(pointer.to_owned(), detail(kind))],
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
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {
            "a member is not allowed".to_owned()
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

/// A member name as a token of a JSON Pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::schema::compile::compile;

    fn violations(schema: Value, value: Value) -> Vec<(String, String, String)> {
        let violations = compile(&schema).unwrap().check(&value).unwrap_err();
        violations.into_iter().map(|found| (found.pointer, found.keyword, found.detail)).collect()
    }

    fn detail(schema: Value, value: Value) -> String {
        violations(schema, value).swap_remove(0).2
    }

    #[test]
    fn eng_141_details_say_what_the_schema_demands() {
        let cases = [
            (json!({ "type": "string" }), json!(5), "must be a string"),
            (json!({ "type": ["string", "null"] }), json!(5), "must be null or a string"),
            (json!({ "required": ["a"] }), json!({}), "required member `a` is missing"),
            (json!({ "enum": ["approve", "reject"] }), json!("x"), "must be one of approve, reject"),
            (json!({ "enum": [1, null, ""] }), json!("x"), "must be one of 1, null, \"\""),
            (json!({ "const": 5 }), json!(6), "must be 5"),
            (json!({ "minimum": 1 }), json!(0), "must be at least 1"),
            (json!({ "exclusiveMaximum": 1.5 }), json!(2), "must be less than 1.5"),
            (json!({ "multipleOf": 3 }), json!(4), "must be a multiple of 3"),
            (json!({ "minLength": 1 }), json!(""), "must have at least 1 character"),
            (json!({ "maxItems": 2 }), json!([1, 2, 3]), "must have at most 2 items"),
            (json!({ "uniqueItems": true }), json!([1, 1]), "items must be unique"),
            (json!({ "pattern": "^a+$" }), json!("b"), "must match the pattern ^a+$"),
            (json!({ "not": {} }), json!(1), "must not match the excluded schema"),
            (json!({ "oneOf": [{}, {}] }), json!(1), "matches more than one of the alternatives"),
            (json!(false), json!(1), "is not allowed"),
        ];
        for (schema, value, expected) in cases {
            assert_eq!(detail(schema.clone(), value), expected, "{schema}");
        }
    }

    #[test]
    fn eng_141_pointers_lead_into_the_value() {
        let schema = json!({ "properties": { "a": { "items": { "type": "string" } } }, "additionalProperties": false });
        assert_eq!(
            violations(schema, json!({ "a": ["x", 5], "b/c": 1, "d~": 2 })),
            [
                ("/a/1".to_owned(), "type".to_owned(), "must be a string".to_owned()),
                (
                    "/b~1c".to_owned(),
                    "additionalProperties".to_owned(),
                    "the member is not allowed".to_owned()
                ),
                (
                    "/d~0".to_owned(),
                    "additionalProperties".to_owned(),
                    "the member is not allowed".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn eng_141_submitted_values_are_never_echoed() {
        let secret = "s3cr3t-value";
        let schemas = [
            json!({ "type": "number" }),
            json!({ "enum": ["a"] }),
            json!({ "const": "a" }),
            json!({ "pattern": "^x$" }),
            json!({ "maxLength": 2 }),
            json!({ "not": { "type": "string" } }),
            json!({ "anyOf": [{ "type": "number" }, { "const": 1 }] }),
            json!({ "oneOf": [{ "type": "number" }] }),
            json!({ "format": "date", "minLength": 100 }),
        ];
        for schema in schemas {
            for (pointer, keyword, detail) in violations(schema.clone(), json!(secret)) {
                assert!(!format!("{pointer}{keyword}{detail}").contains("s3cr3t"), "{schema}: {detail}");
            }
        }
    }

    #[test]
    fn violations_are_bounded() {
        let many: Vec<u32> = (0..10_000).collect();
        assert_eq!(violations(json!({ "items": { "type": "string" } }), json!(many)).len(), 64);
    }
}
