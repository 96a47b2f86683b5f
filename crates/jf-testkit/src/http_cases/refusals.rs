//! What goes wrong.

use http::Method;

use super::world::{HttpHost, Lines, World, assert_problem, json, run_of};

const ORDER: &str = r#"{"orderId":"A-17"}"#;
const YES: &str = r#"{"decision":"approve"}"#;

/// Method, path (`{run}` waits, `{ended}` has ended), header lines, body; status and Problem.
type Wrong = (Method, &'static str, Lines<'static>, &'static str, u16, &'static str);

const TEXT: Lines<'static> = &[("content-type", "text/plain")];
const OTHER: Lines<'static> = &[("if-match", "\"x.1\"")];
const START: &str = "/api/v1/journeys/suite-approval/start";
const STEP: &str = "{run}/steps/approval";
const CANCEL: &str = "{run}/steps/cancel";

const WRONG: &[Wrong] = &[
    (Method::GET, "/", &[], "", 404, "not-found"),
    (Method::GET, "/api/v1/journeys/", &[], "", 404, "not-found"),
    (Method::GET, "{run}/", &[], "", 404, "not-found"),
    (Method::GET, "{run}/%2572esult", &[], "", 404, "not-found"),
    (Method::POST, "/api/v1/apis/none", &[], "{}", 404, "not-found"),
    (Method::POST, "/api/v1/journeys/none/start", &[], "{}", 404, "not-found"),
    (Method::DELETE, "{run}", &[], "", 405, "method-not-allowed"),
    (Method::POST, "{run}/result", &[], "", 405, "method-not-allowed"),
    (Method::POST, "{run}/events", &[], "", 405, "method-not-allowed"),
    (Method::GET, START, &[], "", 405, "method-not-allowed"),
    (Method::GET, STEP, &[], "", 405, "method-not-allowed"),
    (Method::PUT, CANCEL, &[], "", 405, "method-not-allowed"),
    (Method::POST, START, TEXT, ORDER, 415, "unsupported-media-type"),
    (Method::POST, STEP, TEXT, YES, 415, "unsupported-media-type"),
    (Method::POST, START, &[], "{", 400, "invalid-input"),
    (Method::POST, START, &[], "[]", 400, "invalid-input"),
    (Method::POST, START, &[], "", 400, "invalid-input"),
    (Method::POST, START, &[], "{\"orderId\":7}", 400, "invalid-input"),
    (Method::POST, STEP, &[], "", 400, "invalid-input"),
    (Method::POST, STEP, &[], "{\"decision\":\"later\"}", 400, "invalid-input"),
    (Method::POST, START, &[("idempotency-key", "short")], ORDER, 400, "idempotency-key-invalid"),
    (Method::POST, STEP, &[("idempotency-key", "short")], YES, 400, "idempotency-key-invalid"),
    (Method::POST, CANCEL, &[("idempotency-key", "short")], "", 400, "idempotency-key-invalid"),
    (Method::POST, STEP, &[("if-match", "x.1")], YES, 400, "invalid-input"),
    (Method::POST, STEP, OTHER, YES, 412, "seq-mismatch"),
    (Method::POST, CANCEL, OTHER, "", 412, "seq-mismatch"),
    (Method::POST, STEP, OTHER, "{\"decision\":\"later\"}", 412, "seq-mismatch"),
    (Method::POST, "{run}/steps/other", OTHER, YES, 409, "step-not-active"),
    (Method::POST, "{run}/steps/a%20b", &[], YES, 409, "step-not-active"),
    (Method::POST, "{ended}/steps/approval", &[], YES, 409, "step-not-active"),
    (Method::GET, "{run}/result", &[], "", 409, "not-terminal"),
    (Method::GET, "{run}/events?color=red", &[], "", 400, "invalid-input"),
    (Method::GET, "{run}/events?conflate=maybe", &[], "", 400, "invalid-input"),
];

/// HTTP-003, HTTP-010 to HTTP-024, HTTP-072, HTTP-101: each with its status and its Problem, in the order of HTTP-023.
pub async fn wrong_requests_have_their_problems(host: &dyn HttpHost) {
    let world = World::new(host).await;
    let (run, ended) = (world.waiting().await, world.ended().await);
    for (method, path, lines, body, status, slug) in WRONG {
        let path = path.replace("{run}", &run).replace("{ended}", &ended);
        let answer = world.ask(method.clone(), &path, lines, body).await;
        assert_problem(&answer, *status, slug, &format!("{method} {path} {lines:?} {body}"));
    }
}

/// ENG-143: and nothing has happened; also where a run cannot be cancelled.
pub async fn refusals_change_nothing(host: &dyn HttpHost) {
    let world = World::new(host).await;
    let run = world.waiting().await;
    let before = world.get(&run).await;
    for (method, path, lines, body, ..) in WRONG {
        let path = path.replace("{run}", &run).replace("{ended}", &run);
        if method == Method::POST && path.ends_with("/steps/approval") && lines.is_empty() && *body == YES {
            continue;
        }
        world.ask(method.clone(), &path, lines, body).await;
    }
    let after = world.get(&run).await;
    assert_eq!((&after.body, after.header("etag")), (&before.body, before.header("etag")));

    let stubborn = run_of(&world.post("/api/v1/journeys/suite-stubborn/start", "{}").await);
    let answer = world.post(&format!("{stubborn}/steps/cancel"), "").await;
    assert_problem(&answer, 409, "not-cancellable", "a run that cannot be cancelled");
    assert_eq!(json(&world.get(&stubborn).await).get("_links"), None, "HTTP-053");
}

/// HTTP-076: on every operation, to the byte.
pub async fn absent_runs_look_alike(host: &dyn HttpHost) {
    let world = World::new(host).await;
    world.waiting().await;
    let mut seen = Vec::new();
    for id in ["A".repeat(22), "B".repeat(22), "no.id".to_owned(), "%20".to_owned()] {
        let run = format!("/api/v1/journeys/{id}");
        for (method, below, lines) in [
            (Method::GET, "", &[][..]),
            (Method::GET, "", &[("if-none-match", "*")]),
            (Method::GET, "/result", &[]),
            (Method::GET, "/events", &[]),
            (Method::GET, "/events?after=7", &[]),
            (Method::POST, "/steps/approval", &[]),
            (Method::POST, "/steps/approval", OTHER),
            (Method::POST, "/steps/cancel", &[]),
            (Method::POST, "/steps/cancel", OTHER),
        ] {
            let body = if method == Method::POST { YES } else { "" };
            let mut answer = world.ask(method, &format!("{run}{below}"), lines, body).await;
            answer.headers.remove("date");
            assert_problem(&answer, 404, "not-found", &format!("{run}{below}"));
            seen.push((answer.headers, answer.body));
        }
    }
    assert_eq!(seen[0].1, r#"{"type":"urn:journeyforge:error:not-found","title":"Not Found","status":404}"#);
    assert!(seen.iter().all(|answer| *answer == seen[0]));
}
