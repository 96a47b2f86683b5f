//! How the request of a call is built.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jf_core::run_fault;
use jf_core::spi::HttpExchange;
use jf_task_http::ConnectorConfig;
use serde_json::{Value, json};

use crate::rig::Rig;

fn call(members: Value) -> Value {
    let mut task = json!({ "method": "POST", "url": "https://api.example.com/x", "resultVar": "api" });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

async fn url(url: &str, query: Value, context: Value) -> String {
    Rig::new().request(&call(json!({ "url": url, "params": { "query": query } })), context).await.url
}

async fn headers(rig: &Rig, members: Value, context: Value) -> Vec<(String, String)> {
    sorted(&rig.request(&call(members), context).await)
}

fn sorted(exchange: &HttpExchange) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    let mut all: Vec<_> =
        exchange.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn tsk_020_the_request_says_what_the_task_says() {
    let rig = Rig::new();
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let exchange = rig.request(&call(json!({ "method": method, "timeoutMs": 1234 })), json!({})).await;
        assert_eq!((exchange.method.as_str(), exchange.url.as_str()), (method, "https://api.example.com/x"));
        assert_eq!(
            (exchange.timeout, exchange.max_response_bytes),
            (Duration::from_millis(1234), 10 * 1024 * 1024)
        );
        assert_eq!(exchange.body, None);
    }
}

#[tokio::test]
async fn exp_055_values_in_urls_are_encoded() {
    let context =
        json!({ "id": "a/b?c&d=e#f g%ü", "host": "eu.example", "base": "https://x.example/p", "n": 5.0 });
    for (template, expected) in [
        ("https://h/${context.id}", "https://h/a%2Fb%3Fc%26d%3De%23f%20g%25%C3%BC"),
        ("https://h/x?q=${context.id}#frag", "https://h/x?q=a%2Fb%3Fc%26d%3De%23f%20g%25%C3%BC"),
        ("https://${context.host}/${context.n}", "https://eu.example/5"),
        ("${context.base}/q", "https://x.example/p/q"),
        ("${platform.config.base}/q", "https://base.example/v1/q"),
        ("https://H/$${x}", "https://h/$%7Bx%7D"),
        ("https://h", "https://h/"),
        ("https://h#f", "https://h/"),
    ] {
        assert_eq!(url(template, json!({}), context.clone()).await, expected, "{template}");
    }
}

#[tokio::test]
async fn tsk_026_query_parameters_are_added() {
    let query = json!({ "a b": "x&y", "n": 1, "t": true, "v": "${context.v}", "empty": "", "gone": null });
    let added = "a%20b=x%26y&n=1&t=true&v=%2F%3D&empty=";
    for (base, joined) in [
        ("https://h/p", "https://h/p?"),
        ("https://h/p?z=1", "https://h/p?z=1&"),
        ("https://h/p?", "https://h/p?"),
        ("https://h/p?z=1#f", "https://h/p?z=1&"),
        ("https://h", "https://h/?"),
    ] {
        assert_eq!(url(base, query.clone(), json!({ "v": "/=" })).await, format!("{joined}{added}"));
    }
    assert_eq!(url("https://h/?a=1&", json!({ "b": "2" }), json!({})).await, "https://h/?a=1&&b=2");
}

#[tokio::test]
async fn exp_054_placeholders_without_a_value_fail_the_state() {
    let rig = Rig::new();
    for (members, place) in [
        (json!({ "url": "https://h/${context.no}" }), "`url`"),
        (json!({ "params": { "query": { "q": "${context.no}" } } }), "the query parameter `q`"),
        (json!({ "headers": { "X-Id": "${context.no}" } }), "the header `X-Id`"),
        (json!({ "params": { "headers": { "X-Id": "${context.no}" } } }), "the header `X-Id`"),
        (json!({ "body": "${context.list.a}" }), "`body`"),
    ] {
        let fault = rig.fault(&call(members), json!({ "list": [] })).await;
        assert_eq!(
            fault,
            (run_fault::INTERPOLATION.to_owned(), format!("a placeholder of {place} does not resolve"))
        );
    }
}

#[tokio::test]
async fn exp_055_the_final_url_must_be_absolute_http() {
    let rig = Rig::new();
    for (template, value) in [
        ("${context.v}/x", "ftp://h"),
        ("${context.v}/x", "/relative"),
        ("${context.v}/x", ""),
        ("${context.v}", "javascript:alert(1)"),
        ("https://${context.v}/x", ""),
        ("https://${context.v}/x", "a b"),
        ("https://${context.v}/x", "user:pw@h"),
        ("https://h:${context.v}/x", "99999"),
        ("https://${context.v}/x", "h\r\nx"),
        ("https://h/${context.v}/x", ".."),
        ("https://h/a/${context.v}", "."),
        ("https://h/a/.${context.v}/b", "."),
        ("https://h/a/%2e${context.v}/b", "."),
        ("https://h/../a/${context.v}/b", ".."),
    ] {
        let (code, detail) = rig.fault(&call(json!({ "url": template })), json!({ "v": value })).await;
        assert_eq!(code, run_fault::INTERPOLATION, "{template}");
        assert!(detail.starts_with("the URL ") && (value.len() < 3 || !detail.contains(value)), "{detail}");
    }
    let huge = "x".repeat(70_000);
    let fault = rig.fault(&call(json!({ "url": "https://h/${context.v}" })), json!({ "v": huge })).await;
    assert_eq!(fault.1, "with its placeholders replaced, `url` is longer than 65534 bytes");
    let query = json!({ "params": { "query": { "a": "${context.v}", "b": "${context.v}" } } });
    let fault = rig.fault(&call(query), json!({ "v": "x".repeat(40_000) })).await;
    assert_eq!(fault.1, "with its placeholders replaced, `url` is longer than 65534 bytes");
}

#[tokio::test]
async fn exp_055_dots_that_climb_nowhere_are_data_like_any_other() {
    for (template, value, expected) in [
        ("https://h/${context.v}/x", "...", "https://h/.../x"),
        ("https://h/${context.v}/x", "a..b", "https://h/a..b/x"),
        ("https://h/v${context.v}/x", "..", "https://h/v../x"),
        ("https://h/x?q=${context.v}", "..", "https://h/x?q=.."),
        ("https://h/${context.v}/x", "", "https://h//x"),
        ("https://h/a/../b/${context.v}", "x", "https://h/b/x"),
        ("https://h/${context.v}/x", "%2e%2e", "https://h/%252e%252e/x"),
    ] {
        assert_eq!(url(template, json!({}), json!({ "v": value })).await, expected, "{template}");
    }
}

#[tokio::test]
async fn exp_056_headers_cannot_be_injected() {
    let rig = Rig::new();
    for value in ["a\r\nX-Evil: 1", "a\n", "\r", "a\0b", "\u{7f}", "a\u{1}"] {
        for members in [
            json!({ "headers": { "X-Id": "id ${context.v}" } }),
            json!({ "params": { "headers": { "X-Id": "${context.v}" } } }),
        ] {
            let (code, detail) = rig.fault(&call(members), json!({ "v": value })).await;
            assert_eq!(code, run_fault::INTERPOLATION);
            assert_eq!(
                detail,
                "a value inserted into the header `X-Id` holds a character that headers must not have"
            );
        }
    }
    let huge = rig
        .fault(&call(json!({ "headers": { "X-Id": "${context.v}" } })), json!({ "v": "x".repeat(70_000) }))
        .await;
    assert_eq!(huge.1, "with its placeholders replaced, the header `X-Id` is longer than 65536 bytes");
}

#[tokio::test]
async fn exp_050_052_058_header_values_are_interpolated_once() {
    let context = json!({ "a": "${context.b}", "b": "no", "o": { "k": [1] }, "u": "grün" });
    let members =
        json!({ "headers": { "X-A": "<${context.a}> $${x} ${context.o}", "X-N": 5, "X-U": "${context.u}" } });
    let expected = [
        ("accept", "application/json"),
        ("x-a", r#"<${context.b}> ${x} {"k":[1]}"#),
        ("x-n", "5"),
        ("x-u", "grün"),
    ];
    assert_eq!(headers(&Rig::new(), members, context).await, pairs(&expected));
}

#[tokio::test]
async fn tsk_035_headers_lie_over_each_other() {
    let spec = "  defaults:\n    http:\n      headers: {X-Default: d, X-Passed: d, X-Task: d, X-Own: '${context.no}', Accept: text/d}";
    let mut rig = Rig::with(spec, &ConnectorConfig::default());
    for (name, value) in [("x-passed", "p"), ("x-task", "p"), ("x-many", "1"), ("x-many", "2")] {
        rig.passthrough.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let members = json!({ "headers": { "X-TASK": "t", "x-own": "t" }, "params": { "headers": { "X-Param": "${context.v}" } } });
    let expected = [
        ("accept", "text/d"),
        ("x-default", "d"),
        ("x-many", "1"),
        ("x-many", "2"),
        ("x-own", "t"),
        ("x-param", "v"),
        ("x-passed", "p"),
        ("x-task", "t"),
    ];
    assert_eq!(headers(&rig, members, json!({ "v": "v" })).await, pairs(&expected));
}

#[tokio::test]
async fn tsk_035_defaults_are_interpolated() {
    let rig =
        Rig::with("  defaults: {http: {headers: {X-Run: 'r-${context.v}'}}}", &ConnectorConfig::default());
    let found = headers(&rig, json!({}), json!({ "v": 1 })).await;
    assert_eq!(found, pairs(&[("accept", "application/json"), ("x-run", "r-1")]));
    let (code, detail) =
        Rig::with("  defaults: {http: {headers: {X-Run: 'r-${context.v}'}}}", &ConnectorConfig::default())
            .fault(&call(json!({})), json!({}))
            .await;
    assert_eq!(
        (code.as_str(), detail.as_str()),
        (run_fault::INTERPOLATION, "a placeholder of the header `X-Run` does not resolve")
    );
}

#[tokio::test]
async fn tsk_036_accept_has_an_order() {
    let defaults = "  defaults: {http: {headers: {accept: text/d}}}";
    let none = "";
    for (spec, passed, members, expected) in [
        (none, None, json!({}), "application/json"),
        (defaults, None, json!({}), "text/d"),
        (defaults, Some("text/p"), json!({}), "text/p"),
        (defaults, Some("text/p"), json!({ "accept": "text/a" }), "text/a"),
        (defaults, Some("text/p"), json!({ "headers": { "Accept": "text/t" } }), "text/t"),
        (
            defaults,
            Some("text/p"),
            json!({ "accept": "text/a", "headers": { "ACCEPT": "text/t" } }),
            "text/t",
        ),
    ] {
        let mut rig = Rig::with(spec, &ConnectorConfig::default());
        if let Some(passed) = passed {
            rig.passthrough =
                HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static(passed))]);
        }
        assert_eq!(headers(&rig, members, json!({})).await, pairs(&[("accept", expected)]));
    }
}

/// The content type and the body of a call.
async fn body(content_type: Option<&str>, body: Value, context: Value) -> (String, String) {
    let headers = content_type.map_or(json!({}), |value| json!({ "Content-Type": value }));
    let exchange = Rig::new().request(&call(json!({ "headers": headers, "body": body })), context).await;
    let text = String::from_utf8(exchange.body.unwrap().to_vec()).unwrap();
    (exchange.headers["content-type"].to_str().unwrap().to_owned(), text)
}

fn mapper(expr: &str) -> Value {
    json!({ "mapper": { "lang": "pick", "expr": expr } })
}

#[tokio::test]
async fn tsk_037_strings_are_sent_as_they_are() {
    let context = json!({ "n": 1 });
    for (content_type, expected) in [
        (None, "text/plain; charset=utf-8"),
        (Some("application/json"), "application/json"),
        (Some("a/b"), "a/b"),
    ] {
        let sent = body(content_type, json!("{\"n\": ${context.n}} $${x}"), context.clone()).await;
        assert_eq!(sent, (expected.to_owned(), "{\"n\": 1} ${x}".to_owned()));
    }
}

#[tokio::test]
async fn tsk_037_json_is_sent_as_json() {
    let literal = json!({ "z": 1, "a": [null, "${context.n}"] });
    let text = literal.to_string();
    for (content_type, expected) in
        [(None, "application/json"), (Some("application/vnd.x+json; v=1"), "application/vnd.x+json; v=1")]
    {
        assert_eq!(body(content_type, literal.clone(), json!({})).await, (expected.to_owned(), text.clone()));
    }
    assert_eq!(body(None, json!([1, 2]), json!({})).await.1, "[1,2]");
    assert_eq!(body(None, mapper("context.a"), json!({ "a": { "b": 1.5 } })).await.1, r#"{"b":1.5}"#);
    assert_eq!(body(None, mapper("context.a"), json!({ "a": "text" })).await.1, "\"text\"");
    assert_eq!(body(None, mapper("context.no"), json!({})).await.1, "null");
}

#[tokio::test]
async fn exp_012_a_body_mapper_sees_the_current_payload() {
    let sent = body(None, mapper("payload.a"), json!({ "payload": { "a": [1] } })).await;
    assert_eq!(sent.1, "[1]");
}

#[tokio::test]
async fn tsk_037_other_content_types_take_strings_and_forms() {
    assert_eq!(
        body(Some("text/csv"), mapper("context.a"), json!({ "a": "x;y" })).await,
        ("text/csv".into(), "x;y".into())
    );
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let flat = json!({ "grant type": "a&b", "n": 5.0, "t": true, "u": "ü", "z": null });
    let encoded = "grant+type=a%26b&n=5&t=true&u=%C3%BC&z=null";
    assert_eq!(body(Some(form), flat.clone(), json!({})).await, (form.into(), encoded.into()));
    assert_eq!(body(Some(form), mapper("context.a"), json!({ "a": flat })).await.1, encoded);
    assert_eq!(body(Some(form), mapper("context.a"), json!({ "a": "x=y&z" })).await.1, "x=y&z");
}

#[tokio::test]
async fn tsk_037_anything_else_fails_the_state() {
    let rig = Rig::new();
    let form = "application/x-www-form-urlencoded";
    for (content_type, body) in [
        ("text/plain", json!({ "a": 1 })),
        ("text/plain", mapper("=1")),
        ("application/xml", json!([1])),
        (form, json!({ "a": { "b": 1 } })),
        (form, json!({ "a": [1] })),
        (form, json!(["a"])),
        (form, mapper("=7")),
    ] {
        let members = json!({ "headers": { "content-type": content_type }, "body": body });
        let (code, detail) = rig.fault(&call(members), json!({})).await;
        assert_eq!(code, run_fault::INTERNAL);
        assert!(!detail.is_empty());
    }
}

#[tokio::test]
async fn exp_042_a_failing_mapper_fails_the_state_with_its_problem() {
    let (code, _) = Rig::new().fault(&call(json!({ "body": mapper("fail") })), json!({})).await;
    assert_eq!(code, "https://journeyforge.dev/problem/expressions/pick/runtime-error");
}

#[tokio::test]
async fn exp_070_named_mappers_are_as_good_as_written_ones() {
    let rig = Rig::with("  mappers: {m: {lang: pick, expr: context.a}}", &ConnectorConfig::default());
    let exchange = rig.request(&call(json!({ "body": { "mapperRef": "m" } })), json!({ "a": [1] })).await;
    assert_eq!(exchange.body.unwrap(), "[1]");
}

#[tokio::test]
async fn request_bodies_are_bounded() {
    let config: ConnectorConfig = serde_json::from_value(json!({ "maxRequestBytes": 10 })).unwrap();
    let rig = Rig::with("", &config);
    let context = json!({ "v": "12345", "w": "123456" });
    let (replaced, whole) =
        ("with its placeholders replaced, `body` is longer than 10 bytes", "it is longer than 10 bytes");
    for (fits, does_not, detail) in [
        (json!("${context.v}${context.v}"), json!("${context.v}${context.w}"), replaced),
        (json!("1234567890"), json!("12345678901"), whole),
        (json!([1, 2, 3, 4]), json!([1, 2, 3, 4, 5]), whole),
        (mapper("=[1,2]"), mapper("context"), whole),
    ] {
        assert!(rig.run(&call(json!({ "body": fits })), context.clone()).await.is_ok());
        let error = rig.run(&call(json!({ "body": does_not })), context.clone()).await.unwrap_err();
        assert_eq!(error.problem().detail.as_deref(), Some(detail));
    }
}
