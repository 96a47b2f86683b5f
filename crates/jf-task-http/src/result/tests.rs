use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jf_core::spi::{HttpFailure, HttpFailureKind, HttpReceived};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::CallResult;

fn received(status: u16, headers: &[(&'static str, &[u8])], body: impl Into<Bytes>) -> CallResult {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    }
    CallResult::of(Ok(HttpReceived::new(StatusCode::from_u16(status).unwrap(), map, body.into())))
}

fn body(content_type: &'static str, body: impl Into<Bytes>) -> Value {
    let Value::Object(mut result) = received(200, &[("content-type", content_type.as_bytes())], body).value
    else {
        panic!("a result is an object");
    };
    assert_eq!(result.remove("headers"), Some(json!({ "Content-Type": content_type })));
    assert_eq!(
        (result.remove("status"), result.remove("ok")),
        (Some(json!(200)), Some(json!(true))),
        "BODY_PARSE leaves `ok` alone"
    );
    Value::Object(result)
}

#[test]
fn tsk_040_a_response_is_status_ok_headers_body() {
    let result = received(201, &[("content-type", b"application/json"), ("x-a", b"1")], r#"{"b":1,"a":[2]}"#);
    assert!(result.ok);
    let text = r#"{"status":201,"ok":true,"headers":{"Content-Type":"application/json","X-A":"1"},"body":{"b":1,"a":[2]}}"#;
    assert_eq!(result.value.to_string(), text, "members and keys keep their order");
}

#[test]
fn tsk_040_ok_is_2xx_exactly() {
    for (status, ok) in [
        (100, false),
        (199, false),
        (200, true),
        (204, true),
        (299, true),
        (300, false),
        (302, false),
        (404, false),
        (500, false),
        (599, false),
    ] {
        let result = received(status, &[], "");
        assert_eq!(
            (result.ok, &result.value["ok"], &result.value["status"]),
            (ok, &json!(ok), &json!(status))
        );
        assert_eq!(result.value.get("error"), None, "a status is no error");
    }
}

#[test]
fn tsk_041_without_response_there_is_no_status() {
    for (kind, name) in [
        (HttpFailureKind::Timeout, "TIMEOUT"),
        (HttpFailureKind::Network, "NETWORK"),
        (HttpFailureKind::TooLarge, "BODY_TOO_LARGE"),
        (HttpFailureKind::Blocked, "BLOCKED"),
    ] {
        let result = CallResult::of(Err(HttpFailure::new(kind, "why")));
        assert!(!result.ok);
        let expected =
            json!({ "ok": false, "headers": {}, "body": null, "error": { "type": name, "message": "why" } });
        assert_eq!(result.value, expected);
    }
}

#[test]
fn tsk_042_headers_have_one_spelling_and_one_text() {
    let headers: &[(&'static str, &[u8])] = &[
        ("content-type", b"text/plain"),
        ("etag", b"\"x\""),
        ("www-authenticate", b"Basic"),
        ("vary", b"a"),
        ("set-cookie", b"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
        ("vary", b"b, c"),
        ("set-cookie", b"b=2"),
        ("x-request-id2", b""),
        ("x--odd-", b"caf\xc3\xa9"),
        ("x-latin", b"caf\xe9"),
    ];
    let expected = json!({
        "Content-Type": "text/plain",
        "Etag": "\"x\"",
        "Www-Authenticate": "Basic",
        "Vary": "a, b, c",
        "Set-Cookie": "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\nb=2",
        "X-Request-Id2": "",
        "X--Odd-": "café",
        "X-Latin": "café",
    });
    assert_eq!(received(200, headers, "").value["headers"], expected);
}

#[test]
fn tsk_043_json_is_parsed() {
    assert_eq!(body("application/json", "[1, 2.5]"), json!({ "body": [1, 2.5] }));
    assert_eq!(
        body("application/problem+json; charset=utf-8", r#"{"a":"ü"}"#),
        json!({ "body": { "a": "ü" } })
    );
    assert_eq!(
        body("application/json", &b"\xef\xbb\xbf{}"[..]),
        json!({ "body": {} }),
        "a byte order mark is no fault"
    );
    assert_eq!(body("application/json; charset=iso-8859-1", &b"\"caf\xe9\""[..]), json!({ "body": "café" }));
    assert_eq!(body("application/json; charset=unheard-of", "true"), json!({ "body": true }));
}

#[test]
fn tsk_043_an_empty_body_is_null() {
    for content_type in ["application/json", "text/plain", "image/png"] {
        assert_eq!(body(content_type, ""), json!({ "body": null }), "{content_type}");
    }
    assert_eq!(
        received(204, &[], "").value,
        json!({ "status": 204, "ok": true, "headers": {}, "body": null })
    );
}

#[test]
fn tsk_043_json_that_does_not_parse_stays_text() {
    let message = |line, column| format!("the body is not JSON: line {line}, column {column}");
    let error = |line, column| json!({ "type": "BODY_PARSE", "message": message(line, column) });
    assert_eq!(
        body("application/json", "{\n\"a\": s3cret}"),
        json!({ "body": "{\n\"a\": s3cret}", "error": error(2, 6) })
    );
    assert_eq!(body("application/json", "1 2"), json!({ "body": "1 2", "error": error(1, 3) }));
    let bytes = body("application/json", &b"\"\xff\""[..]);
    assert_eq!((&bytes["body"], &bytes["bodyEncoding"]), (&json!("Iv8i"), &json!("base64")));
    assert_eq!(bytes["error"]["type"], "BODY_PARSE");
}

#[test]
fn tsk_043_json_nested_too_deep_is_not_parsed() {
    let deep = "[".repeat(100_000);
    let result = body("application/json", deep.clone());
    assert_eq!((result["body"].as_str(), &result["error"]["type"]), (Some(&*deep), &json!("BODY_PARSE")));
}

/// Names that `serde_json` may take for something of its own when it reads a value.
#[test]
fn tsk_043_members_of_a_body_may_have_any_name() {
    for text in [
        r#"{"$serde_json::private::RawValue":"no JSON"}"#,
        r#"{"$serde_json::private::RawValue":"[1]"}"#,
        r#"[{"a":{"$serde_json::private::Number":"1"}}]"#,
    ] {
        assert_eq!(body("application/json", text)["body"].to_string(), text);
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(body("application/json; charset=utf-16le", utf_16)["body"].to_string(), text);
    }
}

#[test]
fn tsk_043_other_bodies_are_text_by_charset() {
    for (content_type, bytes, text) in [
        ("text/plain", "grüß".as_bytes(), "grüß"),
        ("text/plain; charset=UTF-8", b"\xef\xbb\xbfx", "x"),
        ("text/html; charset=ISO-8859-1", b"caf\xe9 \x80", "café €"),
        ("text/plain; charset=\"latin1\"", b"\xfc", "ü"),
        ("text/plain; charset=utf-16le", b"h\0i\0", "hi"),
        ("text/plain; charset=shift_jis", b"\x83e", "テ"),
        ("application/xml", b"<a/>", "<a/>"),
    ] {
        assert_eq!(body(content_type, bytes), json!({ "body": text }), "{content_type}");
    }
    assert_eq!(received(200, &[], "no type").value["body"], "no type");
}

#[test]
fn tsk_043_undecodable_bytes_become_base64() {
    let base64 = |text: &str| json!({ "body": text, "bodyEncoding": "base64" });
    assert_eq!(body("image/png", &b"\x89PNG"[..]), base64("iVBORw=="));
    assert_eq!(body("text/plain; charset=utf-8", &b"\xff"[..]), base64("/w=="));
    assert_eq!(
        body("text/plain; charset=unheard-of", &b"x"[..]),
        base64("eA=="),
        "unknown: nobody can decode it"
    );
    assert_eq!(body("text/plain; charset=utf-16le", &b"\x00\xd8"[..]), base64("ANg="), "a lone surrogate");
    assert_eq!(received(200, &[], &b"\xfe\xff\xfe"[..]).value["bodyEncoding"], "base64");
}

proptest! {
    #[test]
    fn tsk_043_any_body_becomes_data(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        content_type in "(text/plain|application/json|a/b\\+json|)(; ?charset=(utf-8|latin1|utf-16be|gbk|x))?",
    ) {
        let result = received(200, &[("content-type", content_type.as_bytes())], bytes.clone());
        prop_assert!(result.ok);
        if result.value.get("bodyEncoding").is_some() {
            use base64::Engine as _;
            let decoded = base64::engine::general_purpose::STANDARD.decode(result.value["body"].as_str().unwrap()).unwrap();
            prop_assert_eq!(decoded, bytes);
        } else if bytes.is_empty() {
            prop_assert!(result.value["body"].is_null());
        }
    }
}
