//! The result object of a call (TSK-040 to TSK-044).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use jf_core::exact_json;
use jf_core::spi::{HttpFailure, HttpReceived};
use serde_json::{Map, Value};

use crate::media_type::MediaType;

/// What `context.<resultVar>` becomes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CallResult {
    /// Whether the status is 2xx.
    pub(crate) ok: bool,
    /// `{status?, ok, headers, body, bodyEncoding?, error?}`.
    pub(crate) value: Value,
}

impl CallResult {
    /// The result of an exchange, with a response (TSK-040) or without one (TSK-041).
    pub(crate) fn of(outcome: Result<HttpReceived, HttpFailure>) -> Self {
        match outcome {
            Ok(received) => Self::received(received),
            Err(failure) => Self::failed(&failure),
        }
    }

    fn received(received: HttpReceived) -> Self {
        let ok = received.status.is_success();
        let body = Body::read(received.headers.get(CONTENT_TYPE), received.body);
        let mut result = Map::with_capacity(6);
        result.insert("status".to_owned(), received.status.as_u16().into());
        result.insert("ok".to_owned(), ok.into());
        result.insert("headers".to_owned(), headers(&received.headers));
        result.insert("body".to_owned(), body.value);
        if body.base64 {
            result.insert("bodyEncoding".to_owned(), "base64".into());
        }
        if let Some(message) = body.fault {
            result.insert("error".to_owned(), error("BODY_PARSE", message));
        }
        Self { ok, value: Value::Object(result) }
    }

    fn failed(failure: &HttpFailure) -> Self {
        let mut result = Map::with_capacity(4);
        result.insert("ok".to_owned(), false.into());
        result.insert("headers".to_owned(), Value::Object(Map::new()));
        result.insert("body".to_owned(), Value::Null);
        result.insert("error".to_owned(), error(failure.kind().as_str(), failure.message().to_owned()));
        Self { ok: false, value: Value::Object(result) }
    }
}

fn error(kind: &str, message: String) -> Value {
    Value::Object(
        [("type", kind.to_owned()), ("message", message)]
            .map(|(k, v)| (k.to_owned(), v.into()))
            .into_iter()
            .collect(),
    )
}

/// Headers with stable names and one text each (TSK-042).
fn headers(received: &HeaderMap) -> Value {
    let mut all = Map::with_capacity(received.keys_len());
    for name in received.keys() {
        let separator = if name == SET_COOKIE { "\n" } else { ", " };
        let mut joined = String::new();
        for (at, value) in received.get_all(name).iter().enumerate() {
            if at > 0 {
                joined.push_str(separator);
            }
            push_text(&mut joined, value);
        }
        all.insert(title_case(name), Value::String(joined));
    }
    Value::Object(all)
}

/// `content-type` as `Content-Type`: a capital after every hyphen, the rest lower case.
fn title_case(name: &HeaderName) -> String {
    let mut start = true;
    let spell = |c: char| {
        let spelled = if start { c.to_ascii_uppercase() } else { c };
        start = c == '-';
        spelled
    };
    name.as_str().chars().map(spell).collect()
}

/// Header bytes as text: UTF-8 where they are, else one character per byte.
fn push_text(out: &mut String, value: &HeaderValue) {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => out.push_str(text),
        Err(_) => out.extend(value.as_bytes().iter().map(|&byte| char::from(byte))),
    }
}

/// A response body as data (TSK-043).
struct Body {
    value: Value,
    base64: bool,
    fault: Option<String>,
}

impl Body {
    fn read(content_type: Option<&HeaderValue>, bytes: Bytes) -> Self {
        if bytes.is_empty() {
            return Self { value: Value::Null, base64: false, fault: None };
        }
        let media = content_type.map(MediaType::of);
        let charset = media.as_ref().and_then(MediaType::charset);
        if !media.as_ref().is_some_and(MediaType::is_json) {
            return Self::text(bytes, charset, None);
        }
        match json(&bytes, charset) {
            Ok(value) => Self { value, base64: false, fault: None },
            Err(fault) => Self::text(bytes, charset, Some(fault)),
        }
    }

    fn text(bytes: Bytes, charset: Option<&str>, fault: Option<String>) -> Self {
        match decode(bytes, charset) {
            Ok(text) => Self { value: Value::String(text), base64: false, fault },
            Err(bytes) => Self { value: Value::String(STANDARD.encode(&bytes)), base64: true, fault },
        }
    }
}

/// Parses JSON, which is UTF-8 unless its sender names another character set that is known. A byte order mark is no fault.
fn json(bytes: &Bytes, charset: Option<&str>) -> Result<Value, String> {
    let parsed = match charset.and_then(encoding).filter(|encoding| *encoding != UTF_8) {
        None => exact_json::from_slice(without_mark(bytes)),
        Some(_) => match decode(bytes.clone(), charset) {
            Ok(text) => exact_json::from_str(&text),
            Err(_) => return Err("the body does not have the character set it names".to_owned()),
        },
    };
    parsed.map_err(|error| format!("the body is not JSON: line {}, column {}", error.line(), error.column()))
}

/// Text by charset, UTF-8 without one; the bytes back when they are no such text or the charset is not known.
fn decode(bytes: Bytes, charset: Option<&str>) -> Result<String, Bytes> {
    let Some(encoding) = charset.map_or(Some(UTF_8), encoding) else { return Err(bytes) };
    if encoding == UTF_8 {
        return match std::str::from_utf8(without_mark(&bytes)) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(bytes),
        };
    }
    let (text, malformed) = encoding.decode_with_bom_removal(&bytes);
    if malformed { Err(bytes) } else { Ok(text.into_owned()) }
}

fn encoding(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label.as_bytes())
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

#[cfg(test)]
mod tests;
