//! Every class of wrong request of chapter 06, byte by byte to the real server: its status, its Problem, and a server that is none the
//! worse.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::links::TWICE;
use super::{VISIT, apis::ECHO};
use crate::support::binary::Serving;
use crate::support::raw::{RawAnswer, RawHttp};
use crate::support::urn;

/// Asks for an object with `ok`, of an order with an id.
const ORDER: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: order, version: 1.0.0 }
spec:
  metadata: { bindings: { attributes: { fromPayload: { orderId: { path: id } } } } }
  input: { schema: { type: object, required: [id], properties: { id: { type: string } } } }
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: { type: object, required: [ok] } } }, next: done }
    done: { type: succeed }
";

const FIXED: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: fixed, version: 1.0.0 }
spec:
  lifecycle: { cancellable: false }
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: {} } }, next: done }
    done: { type: succeed }
";

/// Nobody may read it.
pub(super) const SEALED: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: sealed, version: 1.0.0 }
spec:
  access: { read: { guardRef: nobody } }
  subjourneys:
    nobody: { start: no, states: { no: { type: fail, errorCode: SEALED, reason: nobody } } }
  start: ask
  states:
    ask: { type: wait, wait: { input: { schema: {} } }, next: done }
    done: { type: succeed }
";

/// Wraps its errors.
const MILD: &str = r"
apiVersion: v1
kind: Api
metadata: { name: mild, version: 1.0.0 }
spec:
  errors: { envelope: { format: custom, mapper: { lang: jq, expr: '{ sorry: .error.type, code: .error.status }' } } }
  input: { schema: { type: object, required: [n] } }
  output: { schema: {} }
  start: done
  states:
    done: { type: succeed, outputVar: n }
";

/// Rule, method and path, further header lines, body; status and Problem of the answer.
type Wrong = (&'static str, &'static str, &'static str, &'static str, u16, &'static str);

const KEY: &str = "idempotency-key: 0123456789abcdef\r\n";
const TEXT: &str = "content-type: text/plain\r\n";
const READ: &str = "GET, HEAD";

/// What stands in braces is the id of a run in that state.
const WRONG: &[Wrong] = &[
    // Addresses.
    ("HTTP-002", "POST /api/v1/apis/echo", "", "{}", 404, "not-found"),
    ("HTTP-003", "GET /", "", "", 404, "not-found"),
    ("HTTP-003", "GET /api/v1", "", "", 404, "not-found"),
    ("HTTP-003", "GET /api/v1/journeys/", "", "", 404, "not-found"),
    ("HTTP-003", "GET /api/v1/journeys/{order}/", "", "", 404, "not-found"),
    ("HTTP-003", "GET /api/v1/journeys/{order}/result/", "", "", 404, "not-found"),
    ("HTTP-003", "GET /api/v1/journeys/{order}/events/", "", "", 404, "not-found"),
    ("HTTP-003", "GET /api/v1/journeys/{order}/steps", "", "", 404, "not-found"),
    ("HTTP-003", "POST /api/v1/journeys/{order}/steps/ask/", "", "{}", 404, "not-found"),
    ("HTTP-003", "POST /api/v1/journeys/order/start/", "", "{}", 404, "not-found"),
    ("HTTP-003", "POST /api/v1/echo/of/it/", "", "{}", 404, "not-found"),
    ("HTTP-003", "GET //api/v1/journeys", "", "", 404, "not-found"),
    ("HTTP-003", "GET /API/v1/journeys", "", "", 404, "not-found"),
    ("HTTP-004", "GET /api/v1/journeys%2F{order}", "", "", 404, "not-found"),
    ("HTTP-004", "GET /api/v1/journeys/%ff", "", "", 404, "not-found"),
    ("HTTP-004", "GET /api/v1/journeys/{order}/%2572esult", "", "", 404, "not-found"),
    ("HTTP-004", "POST /api/v1/journeys/{order}/steps/%2561sk", "", "{}", 409, "step-not-active"),
    // Methods.
    ("HTTP-003", "POST /api/v1/journeys", "", "", 405, READ),
    ("HTTP-003", "DELETE /api/v1/journeys/{order}", "", "", 405, READ),
    ("HTTP-003", "POST /api/v1/journeys/{order}", "", "", 405, READ),
    ("HTTP-003", "PUT /api/v1/journeys/{order}/result", "", "", 405, READ),
    ("HTTP-003", "PATCH /api/v1/journeys/{order}/events", "", "", 405, READ),
    ("HTTP-003", "GET /api/v1/journeys/order/start", "", "", 405, "POST"),
    ("HTTP-003", "GET /api/v1/journeys/{order}/steps/ask", "", "", 405, "POST"),
    ("HTTP-005", "GET /api/v1/journeys/{order}/steps/cancel", "", "", 405, "POST"),
    ("HTTP-003", "GET /api/v1/apis/mild", "", "", 405, "POST"),
    ("HTTP-028", "OPTIONS /api/v1/journeys", "origin: https://evil.example\r\n", "", 405, READ),
    ("HTTP-029", "POST /livez", "", "", 405, READ),
    ("HTTP-003", "BREW /api/v1/journeys", "", "", 405, READ),
    // Bodies.
    ("HTTP-010", "POST /api/v1/journeys/order/start", TEXT, "{}", 415, "unsupported-media-type"),
    ("HTTP-010", "POST /api/v1/journeys/{order}/steps/ask", TEXT, "{}", 415, "unsupported-media-type"),
    (
        "HTTP-010",
        "POST /api/v1/journeys/order/start",
        "content-type: application/json\r\ncontent-type: text/plain\r\n",
        "{}",
        415,
        "unsupported-media-type",
    ),
    (
        "HTTP-010",
        "POST /api/v1/journeys/order/start",
        "content-type: multipart/form-data; boundary=x\r\n",
        "--x--",
        415,
        "unsupported-media-type",
    ),
    (
        "HTTP-010",
        "POST /api/v1/journeys/order/start",
        "content-encoding: gzip\r\n",
        "\u{1f}",
        415,
        "unsupported-media-type",
    ),
    ("HTTP-010", "POST /api/v1/echo/of/it", TEXT, "{}", 415, "unsupported-media-type"),
    ("HTTP-011", "POST /api/v1/journeys/{order}/steps/ask", "", "", 400, "invalid-input"),
    ("HTTP-011", "POST /api/v1/journeys/order/start", "", "", 400, "invalid-input"),
    ("HTTP-012", "POST /api/v1/journeys/order/start", "", "{\"id\":", 400, "invalid-input"),
    ("HTTP-012", "POST /api/v1/journeys/order/start", "", "{'id':'a'}", 400, "invalid-input"),
    ("HTTP-012", "POST /api/v1/journeys/order/start", "", "[]", 400, "invalid-input"),
    ("HTTP-012", "POST /api/v1/journeys/order/start", "", "null", 400, "invalid-input"),
    ("HTTP-012", "POST /api/v1/journeys/order/start", "", "{\"id\":\"a\",\"id\":7}", 400, "invalid-input"),
    ("HTTP-012", "POST /api/v1/journeys/{order}/steps/ask", "", "ok", 400, "invalid-input"),
    ("HTTP-012", "POST /api/v1/echo/of/it", "", "[1]", 400, "invalid-input"),
    ("HTTP-020", "POST /api/v1/journeys/order/start", "", "{\"id\":7}", 400, "invalid-input"),
    ("HTTP-022", "POST /api/v1/journeys/{order}/steps/ask", "", "{}", 400, "invalid-input"),
    ("HTTP-022", "POST /api/v1/journeys/{order}/steps/ask", "", "[]", 400, "invalid-input"),
    ("HTTP-033", "POST /api/v1/journeys/visit/start?who=x", "", "{\"seen\":1}", 400, "projection-conflict"),
    // Keys.
    (
        "HTTP-015",
        "POST /api/v1/journeys/order/start",
        "idempotency-key: short\r\n",
        "{\"id\":\"a\"}",
        400,
        "idempotency-key-invalid",
    ),
    (
        "HTTP-015",
        "POST /api/v1/journeys/order/start",
        "idempotency-key:\r\n",
        "{\"id\":\"a\"}",
        400,
        "idempotency-key-invalid",
    ),
    (
        "HTTP-015",
        "POST /api/v1/journeys/{order}/steps/ask",
        "idempotency-key: \"0123456789abcde\"\r\n",
        "{\"ok\":1}",
        400,
        "idempotency-key-invalid",
    ),
    (
        "HTTP-015",
        "POST /api/v1/journeys/{order}/steps/ask",
        "idempotency-key: 0123456789 abcdef\r\n",
        "{\"ok\":1}",
        400,
        "idempotency-key-invalid",
    ),
    (
        "HTTP-015",
        "POST /api/v1/journeys/{order}/steps/cancel",
        "idempotency-key: 0123456789abcd\u{e9}\r\n",
        "",
        400,
        "idempotency-key-invalid",
    ),
    (
        "HTTP-015",
        "POST /api/v1/journeys/{order}/steps/cancel",
        "idempotency-key: 0123456789abcdef\r\nidempotency-key: 0123456789abcdef\r\n",
        "",
        400,
        "idempotency-key-invalid",
    ),
    ("HTTP-020", "POST /api/v1/journeys/order/start", KEY, "{\"id\":\"other\"}", 422, "idempotency-mismatch"),
    ("HTTP-022", "POST /api/v1/journeys/{ended}/steps/ask", KEY, "{\"ok\":2}", 422, "idempotency-mismatch"),
    ("HTTP-024", "POST /api/v1/journeys/{ended}/steps/cancel", KEY, "", 422, "idempotency-mismatch"),
    // Preconditions.
    (
        "HTTP-018",
        "POST /api/v1/journeys/{order}/steps/ask",
        "if-match: e1.2\r\n",
        "{\"ok\":1}",
        400,
        "invalid-input",
    ),
    ("HTTP-018", "POST /api/v1/journeys/{order}/steps/cancel", "if-match: \"a\r\n", "", 400, "invalid-input"),
    (
        "HTTP-018",
        "POST /api/v1/journeys/{order}/steps/ask",
        "if-match: \"e1.99\"\r\n",
        "{\"ok\":1}",
        412,
        "seq-mismatch",
    ),
    (
        "HTTP-018",
        "POST /api/v1/journeys/{order}/steps/ask",
        "if-match: W/{tag}\r\n",
        "{\"ok\":1}",
        412,
        "seq-mismatch",
    ),
    (
        "HTTP-018",
        "POST /api/v1/journeys/{order}/steps/cancel",
        "if-match: \"x\"\r\n",
        "",
        412,
        "seq-mismatch",
    ),
    // Where runs stand.
    ("HTTP-020", "POST /api/v1/journeys/none/start", "", "{}", 404, "not-found"),
    ("HTTP-020", "POST /api/v1/journeys/No%20Name/start", "", "{}", 404, "not-found"),
    ("HTTP-021", "GET /api/v1/journeys/{order}/result", "", "", 409, "not-terminal"),
    ("HTTP-022", "POST /api/v1/journeys/{order}/steps/done", "", "{}", 409, "step-not-active"),
    ("HTTP-022", "POST /api/v1/journeys/{order}/steps/nothing", "", "{}", 409, "step-not-active"),
    ("HTTP-022", "POST /api/v1/journeys/{ended}/steps/ask", "", "{\"ok\":1}", 409, "step-not-active"),
    ("HTTP-022", "POST /api/v1/journeys/{twice}/steps/gr%C3%B6%C3%9Fe", "", "{}", 409, "step-ambiguous"),
    ("HTTP-024", "POST /api/v1/journeys/{fixed}/steps/cancel", "", "", 409, "not-cancellable"),
    ("DEF-115", "POST /api/v1/journeys/order/start", "", "{\"id\":\"{long}\"}", 400, "metadata-limit"),
    // Several at once: the order of HTTP-023.
    (
        "HTTP-023",
        "POST /api/v1/journeys/{nobody}/steps/nothing",
        "if-match: \"x\"\r\n",
        "[]",
        404,
        "not-found",
    ),
    (
        "HTTP-023",
        "POST /api/v1/journeys/{order}/steps/nothing",
        "if-match: \"x\"\r\n",
        "[]",
        409,
        "step-not-active",
    ),
    ("HTTP-023", "POST /api/v1/journeys/{order}/steps/ask", "if-match: \"x\"\r\n", "[]", 412, "seq-mismatch"),
    (
        "HTTP-023",
        "POST /api/v1/journeys/{ended}/steps/nothing",
        "idempotency-key: 0123456789abcdef\r\nif-match: \"x\"\r\n",
        "[]",
        422,
        "idempotency-mismatch",
    ),
    (
        "HTTP-023",
        "POST /api/v1/journeys/{fixed}/steps/cancel",
        "if-match: \"x\"\r\n",
        "",
        409,
        "not-cancellable",
    ),
    ("HTTP-023", "POST /api/v1/journeys/{sealed}/steps/cancel", "if-match: \"x\"\r\n", "", 404, "not-found"),
    // Runs that are not there, and runs that are for nobody.
    ("HTTP-076", "GET /api/v1/journeys/{nobody}", "", "", 404, "not-found"),
    ("HTTP-076", "GET /api/v1/journeys/{nobody}/result", "", "", 404, "not-found"),
    ("HTTP-076", "GET /api/v1/journeys/{nobody}/events", "", "", 404, "not-found"),
    ("HTTP-076", "POST /api/v1/journeys/{nobody}/steps/ask", "", "{}", 404, "not-found"),
    ("HTTP-076", "POST /api/v1/journeys/{nobody}/steps/cancel", "", "", 404, "not-found"),
    ("HTTP-076", "GET /api/v1/journeys/{sealed}", "", "", 404, "not-found"),
    ("HTTP-019", "GET /api/v1/journeys/{sealed}", "if-none-match: *\r\n", "", 404, "not-found"),
    ("HTTP-021", "GET /api/v1/journeys/{sealed}/result", "", "", 404, "not-found"),
    ("HTTP-100", "GET /api/v1/journeys/{sealed}/events", "", "", 404, "not-found"),
    ("HTTP-104", "GET /api/v1/journeys/{sealed}/events?after=99", "", "", 404, "not-found"),
    // Listing.
    ("HTTP-081", "GET /api/v1/journeys?journeyname=order", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?journeyName=No+Name", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?phase=running", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?orderId=a&orderId=a", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?pageSize=0", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?pageSize=%2B5", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?pageSize=201", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?pageSize=1e1", "", "", 400, "invalid-input"),
    ("HTTP-081", "GET /api/v1/journeys?includeCompensation=1", "", "", 400, "invalid-input"),
    ("HTTP-082", "GET /api/v1/journeys?pageToken=made-up", "", "", 400, "invalid-input"),
    (
        "HTTP-082",
        "GET /api/v1/journeys?pageSize=1&phase=RUNNING&pageToken={token}",
        "",
        "",
        400,
        "invalid-input",
    ),
    // Events.
    ("HTTP-101", "GET /api/v1/journeys/{order}/events?from=1", "", "", 400, "invalid-input"),
    ("HTTP-101", "GET /api/v1/journeys/{order}/events?events=all", "", "", 400, "invalid-input"),
    ("HTTP-101", "GET /api/v1/journeys/{order}/events?conflate=1", "", "", 400, "invalid-input"),
    ("HTTP-101", "GET /api/v1/journeys/{order}/events?after=1&after=1", "", "", 400, "invalid-input"),
    // Pages of other origins.
    (
        "HTTP-028",
        "POST /api/v1/journeys/order/start",
        "origin: https://evil.example\r\ncookie: a=1\r\n",
        "{\"id\":\"a\"}",
        403,
        "forbidden",
    ),
    (
        "HTTP-028",
        "POST /api/v1/journeys/{order}/steps/cancel",
        "origin: null\r\ncookie: a=1\r\n",
        "",
        403,
        "forbidden",
    ),
];

/// Problems that a wrong request alone does not bring about, with where they are tested.
const ELSEWHERE: [&str; 8] = [
    // By an embedder's list mode: `crates/jf-binding-http/tests/http/listing.rs`.
    "unauthenticated",
    // Below, over the limits.
    "too-large",
    "headers-too-large",
    "rate-limited",
    "subscription-limit",
    // By the engine: `crates/jf-binding-http/tests/http/errors.rs`, `tests/system/shutdown.rs`.
    "internal",
    "unavailable",
    "draining",
];

async fn serving(config: &str) -> (Serving, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (at, text) in [VISIT, ORDER, FIXED, SEALED, TWICE, ECHO, MILD].into_iter().enumerate() {
        fs::write(folder.path().join(format!("{at}.journey.yaml")), text).unwrap();
    }
    (Serving::start(folder.path(), Some(config)).await, folder)
}

fn written(line: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{line} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

async fn succeeds(http: &mut RawHttp, line: &str, headers: &str, body: &str) -> RawAnswer {
    let answer = http.exchange(&written(line, headers, body)).await;
    assert!((200..300).contains(&answer.status), "{line}: {answer:?}");
    answer
}

/// Runs in every state that the table names, and other values it has braces for.
async fn world(http: &mut RawHttp) -> Vec<(&'static str, String)> {
    let mut world = vec![("nobody", "A".repeat(22)), ("long", "x".repeat(1_000))];
    for (name, journey, headers) in [
        ("fixed", "fixed", ""),
        ("twice", "twice", ""),
        ("sealed", "sealed", ""),
        ("ended", "order", KEY),
        ("order", "order", ""),
    ] {
        let start = format!("POST /api/v1/journeys/{journey}/start");
        let answer = succeeds(http, &start, headers, r#"{"id":"a"}"#).await;
        world.push((name, answer.json()["journeyId"].as_str().unwrap().to_owned()));
        if name == "order" {
            world.push(("tag", answer.header("etag").unwrap().to_owned()));
        }
        if name == "ended" {
            let step = filled("POST /api/v1/journeys/{ended}/steps/ask", &world);
            succeeds(http, &step, KEY, r#"{"ok":1}"#).await;
        }
    }
    let page = succeeds(http, "GET /api/v1/journeys?pageSize=1", "", "").await;
    world.push(("token", page.json()["nextPageToken"].as_str().unwrap().to_owned()));
    world
}

fn filled(text: &str, world: &[(&'static str, String)]) -> String {
    world.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// The rules are those of the table.
#[tokio::test]
async fn http_023_every_wrong_request_has_its_status_and_its_problem() {
    let (serving, _folder) = serving("").await;
    let mut http = RawHttp::connect(serving.address()).await;
    let world = world(&mut http).await;
    let mut slugs = BTreeSet::new();
    for (rule, line, headers, body, status, told) in WRONG {
        let request = [line, headers, body].map(|text| filled(text, &world));
        let answer = http.exchange(&written(&request[0], &request[1], &request[2])).await;
        let what = format!("{rule} {line} {headers:?} {body:?}: {answer:?}");
        assert_eq!(answer.status, *status, "{what}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        let slug = if *status == 405 { "method-not-allowed" } else { told };
        let problem = answer.json();
        assert_eq!(problem["type"], urn(slug), "{what}");
        assert_eq!(problem["status"], *status, "{what}");
        assert_eq!(answer.header("allow"), (*status == 405).then_some(*told), "{what}");
        assert_eq!(answer.header("etag"), None, "{what}");
        let members = problem.as_object().unwrap().len();
        assert!(*status != 404 || members == 3, "HTTP-076 {what}");
        slugs.insert(slug);
    }
    // Nothing of it has moved anything.
    for (name, seq) in [("order", 2), ("fixed", 2), ("ended", 3)] {
        let status =
            succeeds(&mut http, &filled(&format!("GET /api/v1/journeys/{{{name}}}"), &world), "", "").await;
        assert!(status.header("etag").unwrap().ends_with(&format!(".{seq}\"")), "{name}: {status:?}");
    }
    let page = include_str!("../../../docs/reference/http.md");
    let listed = page.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5"));
    let listed = listed.filter_map(|line| line.split(" | ").nth(1)?.strip_prefix('`')?.strip_suffix('`'));
    for slug in listed.filter(|slug| *slug != "unsupported") {
        assert!(slugs.contains(slug) || ELSEWHERE.contains(&slug), "no wrong request is answered {slug}");
    }
}

/// Also HTTP-074: with an envelope of its own, an Api answers in it whatever is wrong once it is found.
#[tokio::test]
async fn http_073_wrong_calls_are_answered_in_the_envelope_of_the_api() {
    let (serving, _folder) = serving("limits: { bodyBytes: 64, jsonDepth: 4 }").await;
    let mut http = RawHttp::connect(serving.address()).await;
    let long = format!("{{\"n\":\"{}\"}}", "x".repeat(64));
    for (headers, body, status, slug) in [
        ("", "{", 400, "invalid-input"),
        ("", "[1]", 400, "invalid-input"),
        ("", "{}", 400, "invalid-input"),
        ("", "{\"n\":[[[[]]]]}", 400, "invalid-input"),
        (TEXT, "{}", 415, "unsupported-media-type"),
        ("", long.as_str(), 413, "too-large"),
    ] {
        let answer = http.exchange(&written("POST /api/v1/apis/mild", headers, body)).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{body}");
        let expected = serde_json::json!({ "sorry": urn(slug), "code": status });
        assert_eq!(answer.json(), expected, "{body}");
    }
}

/// Also HTTP-026, HTTP-105: limits are the operator's, and each has its status.
#[tokio::test]
async fn http_013_limits_are_configurable_and_have_their_statuses() {
    let config = "limits: { bodyBytes: 64, jsonDepth: 4 }\nhttp: { headerBytes: 1024, list: 'off', requestsPerSecond: 40, maxStreamsPerCaller: 0 }";
    let (serving, _folder) = serving(config).await;
    let mut http = RawHttp::connect(serving.address()).await;
    let start = "POST /api/v1/journeys/order/start";
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(64));
    let headers = format!("x-large: {}\r\n", "x".repeat(1024));
    for (line, headers, body, status, slug) in [
        (start, "", long.as_str(), 413, "too-large"),
        (start, "", "{\"id\":[[[[]]]]}", 400, "invalid-input"),
        (start, &headers, "{\"id\":\"a\"}", 431, "headers-too-large"),
        ("GET /api/v1/journeys", "", "", 404, "not-found"),
        ("POST /api/v1/journeys", "", "", 404, "not-found"),
    ] {
        let answer = http.exchange(&written(line, headers, body)).await;
        assert_eq!(
            (answer.status, &answer.json()["type"]),
            (status, &urn(slug).into()),
            "{line}: {answer:?}"
        );
    }
    let started = succeeds(&mut http, start, "", "{\"id\":\"a\"}").await.json();
    let events = format!("GET /api/v1/journeys/{}/events", started["journeyId"].as_str().unwrap());
    let refused = http.exchange(&written(&events, "", "")).await;
    assert_eq!((refused.status, &refused.json()["type"]), (429, &urn("subscription-limit").into()));
    assert_eq!(refused.header("retry-after"), Some("1"));
    // Without an announced length, too.
    let chunked = format!(
        "{start} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n50\r\n{}\r\n0\r\n\r\n",
        " ".repeat(80)
    );
    assert_eq!(http.exchange(chunked.as_bytes()).await.status, 413);
    let mut refused = None;
    for _ in 0..200 {
        let answer = http.exchange(&written("GET /api/v1/nothing", "", "")).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("more requests than a second takes");
    assert_eq!(refused.json()["type"], urn("rate-limited"));
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
}
