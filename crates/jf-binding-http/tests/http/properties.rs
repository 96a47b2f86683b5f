//! Whatever comes in, an answer comes out, and the fault is never ours.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

use crate::fake::Script;
use crate::support::{Answer, scripted, send};

fn ask(request: Request<Body>) -> Answer {
    let (app, _) = scripted(Script::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(send(&app, request))
}

/// Text that is a route, nearly one, or nothing at all.
fn path() -> impl Strategy<Value = Vec<u8>> {
    let segment = prop_oneof![
        select(vec![
            "api", "v1", "journeys", "start", "result", "steps", "cancel", "events", "apis", "k1", "order",
            "", "..", "%", "%2F", "%zz"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..8)
            .prop_map(|raw| percent_encode(&raw, NON_ALPHANUMERIC).to_string().into_bytes()),
        vec(any::<u8>(), 0..8),
    ];
    let prefix = prop_oneof![Just(&b"/api/v1"[..]), Just(&b"/api/v1/journeys"[..]), Just(&b""[..])];
    (prefix, vec(segment, 0..6)).prop_map(|(prefix, segments)| {
        let mut path = prefix.to_vec();
        for segment in segments {
            path.push(b'/');
            path.extend(segment);
        }
        path
    })
}

fn method() -> impl Strategy<Value = Method> {
    select(vec![Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS, Method::DELETE])
}

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    let names = vec![
        "content-type",
        "content-length",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "origin",
        "cookie",
        "traceparent",
        "access-control-request-method",
        "access-control-request-headers",
    ];
    let values = prop_oneof![
        vec(any::<u8>(), 0..24),
        select(vec!["application/json", "\"e1.7\"", "*", "W/\"e1.7\"", "0123456789abcdef", "null", "7"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (select(names), values).prop_filter_map("header values have no control characters", |(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?))
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let token = select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "1", "-", "1e9", "null", "\"\\u", "\\", " ", "\n", "\u{feff}",
    ]);
    prop_oneof![
        vec(any::<u8>(), 0..64),
        vec(token, 0..64).prop_map(|tokens| tokens.concat().into_bytes()),
        (0..300_usize).prop_map(|levels| "[".repeat(levels).into_bytes()),
    ]
}

proptest! {
    /// HTTP-023, HTTP-026: every request is answered below 500, and every refusal is a Problem.
    #[test]
    fn http_026_no_request_breaks_the_binding(
        method in method(),
        path in path(),
        query in vec(any::<u8>(), 0..32),
        headers in vec(header(), 0..4),
        body in body(),
    ) {
        let mut target = path;
        if !query.is_empty() {
            target.push(b'?');
            target.extend(query);
        }
        // What is no request target never passes the HTTP parser in front.
        let Ok(uri) = Uri::try_from(target) else { return Ok(()) };
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        request.headers_mut().extend(headers);
        let answer = ask(request);
        proptest::prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
        if answer.status.is_client_error() && method != Method::HEAD {
            answer.assert_problem(answer.status.as_u16(), answer.json()["type"].as_str().unwrap().rsplit(':').next().unwrap());
        }
    }

    /// HTTP-012: what is valid JSON within the limits arrives unchanged, and nothing else arrives.
    #[test]
    fn http_012_bodies_arrive_exactly_when_they_are_json(body in body()) {
        let expected = serde_json::from_slice::<serde_json::Value>(&body);
        let request = Request::post("/api/v1/journeys/k1/steps/approve").body(Body::from(body)).unwrap();
        let (app, engine) = scripted(Script::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(send(&app, request));
        match (expected, engine.calls().pop()) {
            (Ok(value), Some(crate::fake::Call::Submit(request, _))) => proptest::prop_assert_eq!(request.payload, value),
            (Err(_), None) => answer.assert_problem(400, "invalid-input"),
            (expected, call) => proptest::prop_assert!(false, "{:?} {:?}", expected, call),
        }
    }
}
