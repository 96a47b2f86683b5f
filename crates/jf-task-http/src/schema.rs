//! The JSON Schema of the configuration, for editors. What it cannot say, [`prepare`](crate::HttpCallTask) checks.

use serde_json::{Value, json};

/// `task` of kind `httpCall:v1` without `kind`, as far as this build supports it.
pub(crate) fn configuration() -> Value {
    let expression = json!({
        "type": "object",
        "required": ["lang", "expr"],
        "properties": {
            "lang": { "type": "string", "description": "the expression engine" },
            "expr": { "type": "string", "minLength": 1 },
        },
    });
    let texts =
        json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } });
    let ident = json!({ "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" });
    json!({
        "type": "object",
        "required": ["method", "url"],
        "properties": {
            "mode": { "enum": ["requestResponse", "notify"], "description": "wait for the response, or send and go on" },
            "method": { "enum": ["GET", "POST", "PUT", "DELETE"] },
            "url": { "type": "string", "description": "absolute http(s) URL; placeholders are percent-encoded" },
            "params": {
                "type": "object",
                "properties": { "query": texts, "headers": texts },
                "additionalProperties": false,
            },
            "headers": texts,
            "body": {
                "description": "text, JSON, or a mapper",
                "oneOf": [
                    { "type": ["string", "array"] },
                    {
                        "type": "object",
                        "properties": { "mapper": expression, "mapperRef": { "type": "string" } },
                    },
                ],
            },
            "accept": { "type": "string", "minLength": 1 },
            "timeoutMs": { "type": "integer", "minimum": 1, "description": "from connect to the last byte of the response" },
            "resultVar": ident,
            "errorMapping": {
                "type": "object",
                "properties": {
                    "when": { "const": "nonOk" },
                    "mapper": expression,
                    "mapperRef": { "type": "string" },
                    "target": {
                        "type": "object",
                        "properties": {
                            "kind": { "enum": ["context", "var"] },
                            "path": { "type": "string" },
                        },
                        "additionalProperties": false,
                    },
                    "resultVar": ident,
                },
                "oneOf": [{ "required": ["mapper"] }, { "required": ["mapperRef"] }],
                "additionalProperties": false,
            },
        },
        "patternProperties": { "^x-": true },
        "additionalProperties": false,
    })
}
