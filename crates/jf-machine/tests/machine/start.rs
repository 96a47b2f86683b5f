use http::{HeaderMap, Method};
use jf_core::{Caller, EngineError};
use jf_machine::{InitialContext, Limits, prepare_start};
use serde_json::{Value, json};

use crate::support::{World, caller, journey, program};

const SPEC: &str = "
start: done
states:
  done: { type: succeed }
input: { schema: { type: object, required: [user] } }
bindings:
  http:
    start:
      queryToContext: { user: user, page: paging.page }
      headersToContext: { X-User: user, X-Trace: trace.id }
metadata:
  bindings:
    tags:
      fromPayload: [{ path: kind }, { path: order.tag }]
      fromHeaders: [{ header: X-Tag }]
      fromBaggage: [{ key: team }]
    attributes:
      fromPayload: { orderId: { path: order.id }, first: { path: user } }
      fromHeaders: { tenantId: { header: X-Tenant } }
      fromBaggage: { channel: { key: channel } }
";

fn request(headers: &[(&'static str, &str)], query: &[(&str, &str)]) -> Caller {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Caller::request("http", Method::POST, "/").headers(map).query(query).build()
}

fn start(body: Value, caller: &Caller) -> Result<InitialContext, EngineError> {
    prepare_start(&journey(SPEC), body, caller, &Limits::default())
}

fn slug(result: Result<InitialContext, EngineError>) -> &'static str {
    result.unwrap_err().kind().slug()
}

fn context(body: Value, caller: &Caller) -> Value {
    let program = journey(SPEC);
    let initial = prepare_start(&program, body, caller, &Limits::default()).unwrap();
    let world = World::prepared(program, json!({ "user": "" }), |_| {});
    let env = jf_machine::Env::new(world.now, 1, &world.epoch, &world.platform, &world.limits);
    let mut run = jf_machine::Run::new(&world.program, world.run.journey_id().clone(), initial, &env, || {
        jf_core::JourneyId::parse("r2").unwrap()
    });
    jf_machine::apply(&world.program, &mut run, jf_machine::Input::Begin, &env).unwrap();
    run.outcome().unwrap().output.clone()
}

#[test]
fn def_060_the_body_is_an_object() {
    for body in [json!(null), json!("text"), json!([{}]), json!(1)] {
        assert_eq!(slug(start(body, &caller())), "invalid-input");
    }
}

/// Also DEF-005.
#[test]
fn eng_004_the_body_is_the_context() {
    let body = json!({ "user": "ann", "payload": "kept", "z": 1, "a": 2 });
    let output = context(body.clone(), &caller());
    assert_eq!(output, body);
    assert_eq!(
        output.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["user", "payload", "z", "a"],
        "DEF-005"
    );
}

#[test]
fn http_030_body_then_query_then_headers() {
    let body = || json!({ "user": "body" });
    assert_eq!(context(body(), &request(&[], &[]))["user"], "body");
    assert_eq!(context(body(), &request(&[], &[("user", "query")]))["user"], "query");
    let all = request(&[("x-user", "header")], &[("user", "query"), ("page", "2")]);
    assert_eq!(context(body(), &all), json!({ "user": "header", "paging": { "page": "2" } }));
}

#[test]
fn http_031_absent_values_change_nothing_and_empty_ones_are_empty_texts() {
    assert_eq!(context(json!({ "user": "x" }), &request(&[("x-user", "")], &[]))["user"], "");
    assert_eq!(context(json!({ "user": "x" }), &request(&[], &[("user", "")]))["user"], "");
}

#[test]
fn http_032_repeated_headers_are_joined_and_the_first_parameter_counts() {
    let caller = request(&[("x-user", "a"), ("X-USER", "b")], &[]);
    assert_eq!(context(json!({}), &caller)["user"], "a, b");
    let caller = request(&[], &[("user", "first"), ("user", "second"), ("USER", "other")]);
    assert_eq!(context(json!({}), &caller)["user"], "first");
}

#[test]
fn http_033_a_path_through_another_value_is_a_conflict() {
    let caller = request(&[], &[("page", "1")]);
    assert_eq!(slug(start(json!({ "user": "x", "paging": "text" }), &caller)), "projection-conflict");
    assert_eq!(context(json!({ "user": "x", "paging": null }), &caller)["paging"]["page"], "1");
}

#[test]
fn def_054_the_schema_checks_the_context_after_projection() {
    assert_eq!(slug(start(json!({}), &request(&[], &[]))), "invalid-input");
    assert!(start(json!({}), &request(&[("x-user", "ann")], &[])).is_ok());
    let error = start(json!({ "id": "s3cr3t" }), &caller()).unwrap_err();
    assert_eq!(error.problem().errors[0].keyword, "required");
    assert_eq!(error.kind().status(), 400);
}

#[test]
fn eng_120_tags_are_a_set_in_the_order_of_their_sources() {
    let caller = request(&[("x-tag", "header"), ("baggage", "team=blue%20one;p=1, team=second")], &[]);
    let body = json!({ "user": "x", "kind": "body", "order": { "tag": "static" } });
    assert_eq!(start(body, &caller).unwrap().tags, ["static", "body", "header", "blue one"]);
    let body = json!({ "user": "x", "kind": "", "order": { "tag": 7 } });
    assert_eq!(
        start(body, &request(&[("x-tag", "")], &[])).unwrap().tags,
        ["static"],
        "only non-empty texts count"
    );
}

/// Also EXP-062.
#[test]
fn eng_121_attributes_are_texts_of_what_is_there() {
    let caller = request(&[("x-tenant", "t1"), ("x-user", "projected"), ("baggage", "channel=web")], &[]);
    let body = json!({ "user": "sent", "order": { "id": 7.0 } });
    let attributes = start(body, &caller).unwrap().attributes;
    let expected = json!({ "orderId": "7", "first": "sent", "tenantId": "t1", "channel": "web" });
    assert_eq!(
        serde_json::to_value(attributes).unwrap(),
        expected,
        "EXP-062: payload paths read the body as sent"
    );
    let attributes =
        start(json!({ "user": "x", "order": { "id": null } }), &crate::support::caller()).unwrap().attributes;
    assert_eq!(serde_json::to_value(attributes).unwrap(), json!({ "first": "x" }));
}

/// Also DEF-118.
#[test]
fn def_119_metadata_beyond_the_limits_refuses_the_start() {
    let body = |tag: String, id: String| json!({ "user": "x", "kind": tag, "order": { "id": id } });
    assert!(start(body("ü".repeat(40), "ü".repeat(256)), &caller()).is_ok(), "DEF-118: characters count");
    assert_eq!(slug(start(body("ü".repeat(41), String::new()), &caller())), "metadata-limit");
    assert_eq!(slug(start(body(String::new(), "ü".repeat(257)), &caller())), "metadata-limit");
    let mut limits = Limits::default();
    limits.metadata.instance_tags.max_count = 1;
    let refused = prepare_start(&journey(SPEC), body("second".into(), String::new()), &caller(), &limits);
    assert_eq!(slug(refused), "metadata-limit");
    limits = Limits::default();
    limits.metadata.attributes.max_keys = 1;
    assert_eq!(
        slug(prepare_start(&journey(SPEC), body(String::new(), "1".into()), &caller(), &limits)),
        "metadata-limit"
    );
}

#[test]
fn eng_002_checks_come_in_their_order() {
    let caller = request(&[], &[("page", "1")]);
    // Everything is wrong: projection first, then schema, then limits.
    let body = json!({ "paging": 1, "kind": "x".repeat(99) });
    assert_eq!(slug(start(body, &caller)), "projection-conflict");
    assert_eq!(slug(start(json!({ "kind": "x".repeat(99) }), &caller)), "invalid-input");
    assert_eq!(slug(start(json!({ "kind": "x".repeat(99), "user": "x" }), &caller)), "metadata-limit");
}

#[test]
fn def_203_an_input_beyond_the_ceiling_is_refused() {
    let mut limits = Limits::default();
    limits.context_bytes = 20;
    let refused = prepare_start(&journey(SPEC), json!({ "user": "x".repeat(20) }), &caller(), &limits);
    assert_eq!(slug(refused), "too-large");
}

#[test]
fn http_030_api_calls_are_projected_alike() {
    let spec = "
start: done
states:
  done: { type: succeed }
input: { schema: { type: object } }
output: { schema: { type: object } }
bindings: { http: { start: { queryToContext: { q: search } } } }
";
    let initial =
        prepare_start(&program("Api", spec), json!({}), &request(&[], &[("q", "x")]), &Limits::default())
            .unwrap();
    assert!(initial.tags.contains(&"static".to_owned()) && initial.attributes.is_empty());
}
