use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jf_core::{Caller, StepRef, StepTarget};
use jf_dsl::StateId;
use jf_machine::{Hold, Program, Submission};
use serde_json::{Value, json};

use crate::support::{World, any, caller, head, journey, refusal, submission, urn};

/// Two steps in a loop with a task between them.
const LOOP: &str = "
start: ask
states:
  ask: { type: wait, wait: { input: { schema: { type: object } }, response: { outputVar: view } }, next: call }
  call: { type: task, task: { kind: 'fake:v1' }, next: confirm }
  confirm: { type: webhook, webhook: { input: { schema: {} } }, next: ask }
  done: { type: succeed }
bindings:
  http:
    start:
      headersPassthrough: [{ from: X-Start, to: X-Out }]
    steps:
      ask:
        queryToContext: { a: q.a, b: q.b }
        headersToContext: { X-User: user, X-A: q.a }
        headersPassthrough: [{ from: X-One, to: X-Out }, { from: X-Two, to: x-out }, { from: X-Three, to: X-Third }]
";

fn covered(given: Option<&str>, ids: &[&str]) -> StepTarget {
    let given = given.map(|name| StepRef::parse(name).unwrap());
    StepTarget::Covered { given, ids: ids.iter().map(|id| StateId::parse(*id).unwrap()).collect() }
}

fn request(headers: &[(&'static str, &str)], query: &[(&str, &str)]) -> Caller {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Caller::request("http", Method::POST, "/").headers(map).query(query).build()
}

/// Also ENG-047.
#[test]
fn eng_042_only_the_active_step_is_taken() {
    let mut world = World::start(journey(LOOP), json!({}));
    for step in ["confirm", "call", "done", "nowhere", "x~ask"] {
        let (slug, status, problem) = refusal(world.try_submit(submission(step, json!({}))));
        assert_eq!((slug, status), ("step-not-active", 409), "{step}");
        assert!(problem.extensions.is_empty(), "nothing of the run is revealed");
    }
    let taken = world.try_submit(submission("ask", json!({}))).unwrap();
    let accepted = taken.accepted().unwrap();
    assert_eq!((accepted.step.to_string(), accepted.state.as_str()), ("ask".to_owned(), "ask"));
    let segment = accepted.segment;
    assert!(!world.run.has_stopped(segment), "ENG-047: a task is running");
    world.finish(&[]);
    assert!(world.run.has_stopped(segment));
}

#[test]
fn eng_042_ended_runs_have_no_steps() {
    let mut world = World::start(journey(LOOP), json!({}));
    world.cancel().unwrap();
    let refused = world.try_submit(submission("ask", json!({}))).unwrap_err();
    assert_eq!((refused.kind().slug(), refused.hold()), ("step-not-active", Hold::Never));
}

/// Also INV-5.
#[test]
fn ws_034_a_message_type_means_its_covered_step() {
    let cases = [
        (covered(None, &["ask"]), Ok("ask")),
        (covered(None, &["ask", "confirm"]), Ok("ask")),
        (covered(Some("ask"), &["ask", "confirm"]), Ok("ask")),
        (covered(None, &["confirm"]), Err("step-not-active")),
        (covered(Some("confirm"), &["ask", "confirm"]), Err("step-not-active")),
        (covered(Some("ask"), &["confirm"]), Err("step-type-mismatch")),
        (covered(Some("nowhere"), &["ask"]), Err("step-type-mismatch")),
    ];
    for (target, expected) in cases {
        let mut world = World::start(journey(LOOP), json!({}));
        let result = world.try_submit(Submission::new(target.clone(), json!({}), caller()));
        match expected {
            Ok(step) => assert_eq!(result.unwrap().accepted().unwrap().step.to_string(), step, "{target:?}"),
            Err(slug) => assert_eq!(refusal(result).0, slug, "INV-5: {target:?}"),
        }
    }
}

/// The same id under `spec.states`, in a branch and in a subjourney.
const CHECKS: &str = "
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - { name: a, start: check, states: { check: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
        - { name: b, start: child, states: { child: { type: subjourney, subjourney: { ref: sub }, next: e }, e: { type: succeed } } }
      join: { strategy: allOf }
    next: last
  last: { type: subjourney, subjourney: { ref: sub }, next: check }
  check: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
subjourneys:
  sub: { start: check, states: { check: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
";

/// Also RT-6, WS-032.
#[test]
fn ws_034_an_address_is_covered_as_a_whole() {
    for (given, expected) in [
        ("both~a~check", Ok("both~a~check")),
        ("check", Ok("both~a~check")),
        ("both~b~child~check", Err("step-type-mismatch")),
        ("last~check", Err("step-type-mismatch")),
        ("both~a", Err("step-type-mismatch")),
        ("both~b~check", Err("step-type-mismatch")),
        ("nowhere~x~check", Err("step-type-mismatch")),
        ("both~a~nowhere", Err("step-type-mismatch")),
    ] {
        let mut world = World::start(journey(CHECKS), json!({}));
        assert_eq!(world.addresses(), ["both~a~check", "both~b~child~check"]);
        let result = world.try_submit(Submission::new(covered(Some(given), &["check"]), json!({}), caller()));
        match expected {
            Ok(step) => assert_eq!(result.unwrap().accepted().unwrap().address.to_string(), step, "{given}"),
            Err(slug) => assert_eq!(refusal(result).0, slug, "{given}"),
        }
    }
}

#[test]
fn eng_054_a_precondition_names_the_head() {
    let mut world = World::start(journey(LOOP), json!({}));
    assert_eq!(world.run.seq(), 2);
    let with = |heads| submission("ask", json!({})).with_if_head(Some(heads));
    for heads in [vec![], vec![head(None, 1)], vec![head(None, 3)], vec![head(Some("e2"), 2)]] {
        let (slug, status, _) = refusal(world.try_submit(with(heads.clone())));
        assert_eq!((slug, status), ("seq-mismatch", 412), "{heads:?}");
    }
    world.try_submit(with(vec![head(None, 9), head(Some("e1"), 2)])).unwrap();
}

#[test]
fn http_023_step_before_precondition_before_payload() {
    let mut world = World::start(journey(LOOP), json!({}));
    let all_wrong = |step| submission(step, json!("no object")).with_if_head(Some(Vec::new()));
    assert_eq!(refusal(world.try_submit(all_wrong("confirm"))).0, "step-not-active");
    assert_eq!(refusal(world.try_submit(all_wrong("ask"))).0, "seq-mismatch");
    assert_eq!(refusal(world.try_submit(submission("ask", json!("no object")))).0, "invalid-input");
}

#[test]
fn eng_059_what_may_be_held() {
    let hold = |world: &mut World, submission: Submission| world.try_submit(submission).unwrap_err().hold();
    let mut world = World::start(journey(LOOP), json!({}));
    assert_eq!(hold(&mut world, submission("confirm", json!(1))), Hold::Never, "no flow is in motion");
    world.submit("ask", json!({}));
    assert_eq!(hold(&mut world, submission("confirm", json!(1))), Hold::Always, "a callback that came early");
    assert_eq!(
        hold(&mut world, submission("nowhere", json!(1))),
        Hold::Never,
        "not a step of the definition"
    );
    assert_eq!(hold(&mut world, submission("call", json!(1))), Hold::Never, "not a step of the definition");
    let conditional = submission("confirm", json!(1)).with_if_head(Some(vec![head(None, 3)]));
    assert_eq!(hold(&mut world, conditional), Hold::Never, "with a precondition");
    assert_eq!(hold(&mut world, submission("ask", json!({}))), Hold::WithKey, "a second click");
    let by_type = |ids: &[&str]| Submission::new(covered(None, ids), json!({}), caller());
    assert_eq!(hold(&mut world, by_type(&["confirm"])), Hold::Always);
    assert_eq!(hold(&mut world, by_type(&["ask", "confirm"])), Hold::WithKey);

    let held =
        world.try_submit(submission("confirm", json!("early"))).unwrap_err().into_submission().unwrap();
    world.finish(&[]);
    world.try_submit(held).unwrap();
    assert_eq!(world.steps(), ["ask"]);
    assert_eq!(hold(&mut world, submission("confirm", json!(1))), Hold::Never, "the segment is over");
}

/// Also HTTP-035.
#[test]
fn http_034_query_then_headers_then_payload_in_one_step() {
    let mut world = World::start(journey(LOOP), json!({}));
    let caller = request(
        &[("x-user", "ann"), ("x-a", "header")],
        &[("a", "query"), ("b", ""), ("a", "second"), ("c", "x")],
    );
    world.try_submit(Submission::new(any("ask"), json!({ "q": "payload" }), caller)).unwrap();
    let expected = json!({ "q": { "a": "header", "b": "" }, "user": "ann", "payload": { "q": "payload" } });
    assert_eq!(world.task().evaluation.context(), &expected);
}

/// Also HTTP-033.
#[test]
fn http_034_a_refused_submission_projects_nothing() {
    let mut world = World::start(journey(LOOP), json!({ "q": 7 }));
    let query = [("a", "x")];
    let (slug, status, problem) = refusal(world.try_submit(Submission::new(
        any("ask"),
        json!({}),
        request(&[("x-user", "ann")], &query),
    )));
    assert_eq!((slug, status), ("projection-conflict", 400), "HTTP-033");
    assert!(problem.detail.unwrap().contains("q.a"));
    // `World` has compared the runs; another request still finds the step.
    world.try_submit(Submission::new(any("ask"), json!({}), request(&[("x-user", "ann")], &[]))).unwrap();
    assert_eq!(world.task().evaluation.context()["user"], "ann");
}

#[test]
fn ws_024_projections_belong_to_their_binding() {
    let mut world = World::start(journey(LOOP), json!({}));
    let caller = Caller::request("websocket", Method::GET, "/").query(vec![("a".into(), "x".into())]).build();
    world.try_submit(Submission::new(any("ask"), json!({}), caller)).unwrap();
    assert_eq!(world.task().evaluation.context(), &json!({ "payload": {} }));
}

/// Also HTTP-042, TSK-010.
#[test]
fn http_040_pass_through_headers_of_a_request() {
    let program = journey(LOOP);
    let ask = StateId::parse("ask").unwrap();
    let show = |step: Option<&StateId>, headers: &[(&'static str, &str)]| -> Value {
        let headers = program.passthrough(step, &request(headers, &[]));
        headers
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    assert_eq!(show(Some(&ask), &[("x-one", "1"), ("x-two", "2")]), json!({ "x-out": "2" }), "HTTP-042");
    assert_eq!(show(Some(&ask), &[("x-one", "1"), ("x-other", "2")]), json!({ "x-out": "1" }));
    assert_eq!(show(Some(&ask), &[]), json!({}));
    assert_eq!(show(None, &[("x-one", "1"), ("x-start", "s")]), json!({ "x-out": "s" }));
    assert_eq!(show(StateId::parse("confirm").as_ref().ok(), &[("x-one", "1")]), json!({}));
    let hidden = format!("{:?}", program.passthrough(Some(&ask), &request(&[("x-one", "s3cr3t")], &[])));
    assert!(!hidden.contains("s3cr3t"), "TSK-010: {hidden}");
}

#[test]
fn http_040_pass_through_keeps_every_byte() {
    let latin = HeaderValue::from_bytes(b"gr\xfc\xdfe").unwrap();
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-one"), latin.clone())]);
    let caller = Caller::request("http", Method::POST, "/").headers(headers).build();
    let passed = journey(LOOP).passthrough(StateId::parse("ask").as_ref().ok(), &caller);
    assert_eq!(passed.get("x-out"), Some(&latin));
}

#[test]
fn eng_058_the_projected_query_of_a_request() {
    let program = journey(LOOP);
    let caller = request(&[], &[("b", "2"), ("c", "3"), ("a", "1"), ("a", "9")]);
    let ask = StateId::parse("ask").unwrap();
    assert_eq!(program.projected_query(Some(&ask), &caller), [("a", "1"), ("b", "2")]);
    assert!(program.projected_query(None, &caller).is_empty());
}

/// Also ENG-029.
#[test]
fn eng_048_the_response_block_of_a_step() {
    let view = json!({ "ref": "R1", "phase": "mine", "_links": 1 });
    let mut world = World::start(journey(LOOP), json!({ "view": view }));
    let start = world.run.start_response(&world.program);
    assert_eq!(
        Value::Object(start.members),
        json!({ "ref": "R1" }),
        "a start that parks at exactly one step"
    );
    assert_eq!(start.facts.len(), 1, "ENG-029");
    let accepted = world.try_submit(submission("ask", json!({}))).unwrap().accepted().unwrap().clone();
    let (step, segment) = (accepted.address, Some(accepted.segment));
    world.finish(&[("view", json!({ "ref": "R2" }))]);
    let response =
        |world: &World| Value::Object(world.run.step_response(&world.program, &step, segment).members);
    assert_eq!(response(&world), json!({ "ref": "R2" }), "as it is now");
    assert!(world.run.start_response(&world.program).members.is_empty(), "the step it waits at has no block");
    assert!(world.run.status().projection.is_empty(), "events and reads never do");
    world.cancel().unwrap();
    assert_eq!(response(&world), json!({ "ref": "R2" }), "as it was when the scope ended");
    let elsewhere = StepRef::parse("race~a~ask").unwrap();
    assert!(world.run.step_response(&world.program, &elsewhere, None).members.is_empty());
}

#[test]
fn http_016_the_trace_of_the_last_request() {
    let spec = "
start: ask
states:
  ask: { type: wait, wait: { input: { schema: {} } }, next: note }
  note: { type: transform, transform: { mapper: { lang: mini, expr: '\"=platform.run.traceparent\"' }, target: { kind: var }, resultVar: seen }, next: again }
  again: { type: wait, wait: { input: { schema: {} } }, next: last }
  last: { type: transform, transform: { mapper: { lang: mini, expr: '\"=platform.run.traceparent\"' }, target: { kind: var }, resultVar: then }, next: done }
  done: { type: succeed }
";
    let program: Program = journey(spec);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut world = World::start(program, json!({}));
    world.try_submit(Submission::new(any("ask"), json!(1), request(&[("traceparent", trace)], &[]))).unwrap();
    world.submit("again", json!(1));
    assert_eq!(world.output()["seen"], trace);
    assert_eq!(world.output()["then"], Value::Null, "until the next inbound request");
}

/// Also DEF-203.
#[test]
fn sta_008_a_failed_submission_takes_its_projections_back() {
    let spec = format!("{LOOP}output: {{ response: {{ outputVar: q, schema: {{ type: object }} }} }}\n");
    let mut world = World::with(journey(&spec), json!({}), |world| world.limits.context_bytes = 60);
    let caller = request(&[], &[("a", "projected")]);
    world.try_submit(Submission::new(any("ask"), json!({ "x": "x".repeat(100) }), caller)).unwrap();
    assert_eq!(world.error().0, urn("internal"), "DEF-203");
    assert!(world.outcome().projection.is_empty());
}
