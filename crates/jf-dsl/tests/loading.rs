//! From text to model: what a definition says after loading, and what loading guarantees.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use jf_dsl::{
    BodyDigest, CallBody, Diagnostics, Document, EndPhase, FailedStatus, Given, Kind, Loaded, Mapper,
    RuleStatus, SourceFile, Span, StartMode, State, StateType, StaticCapabilities, TaskConfig, TerminalStyle,
    TimerDue, TransformTarget, load, load_document,
};
use serde_json::json;

fn load_text(text: &str) -> Result<Loaded, Diagnostics> {
    load(&SourceFile::new("case.journey.yaml", text), &StaticCapabilities::full())
}

fn faults(text: &str) -> Vec<(String, String)> {
    let all = match load_text(text) {
        Ok(loaded) => loaded.warnings,
        Err(faults) => faults,
    };
    all.iter().map(|item| (item.path.to_string(), item.rule.to_owned())).collect()
}

fn journey(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Journey\nmetadata: {{ name: case, version: 1.0.0 }}\nspec:\n{spec}")
}

const JOURNEY: &str = r#"
apiVersion: v1
kind: Journey
metadata:
  name: order-approval
  version: 2.1.0
  description: approves orders
  tags: [orders]
spec:
  input: { schema: { type: object, required: [amount] } }
  output:
    schema: { type: object }
    response: { outputVar: summary, schema: { type: object } }
  context: { schema: { type: object } }
  defaults:
    http:
      timeoutMs: 2500
      headers: { X-Tenant: "${platform.config.tenant}", Accept: application/json }
  platform:
    config:
      tenant: { type: string, required: true }
  execution:
    maxDurationSec: 86400
    onTimeout: { errorCode: ORDER_TIMEOUT, reason: nobody decided }
  lifecycle: { cancellable: false, startMode: async }
  httpSurface: { links: { enabled: false } }
  metadata:
    bindings:
      tags: { fromPayload: [{ path: order.channel }], fromHeaders: [{ header: X-Tag }] }
      attributes:
        fromPayload: { orderId: { path: order.id } }
        fromBaggage: { userId: { key: user } }
  mappers:
    total: { lang: jq, expr: "{ total: .context.amount }" }
  outcomes:
    approved: { when: { phase: SUCCEEDED, predicate: { lang: jq, expr: .output.ok } } }
    lost: { when: { phase: FAILED } }
  bindings:
    http:
      start:
        headersToContext: { X-User: user.id }
        queryToContext: { verbose: options.verbose }
        headersPassthrough: [{ from: X-Trace, to: X-Trace }]
      steps:
        approve: { headersToContext: { X-User: approver } }
    websocket:
      endpoint: { subprotocol: orders.v1 }
      start: { messageType: order.start }
      steps:
        approve: { messageType: order.approve }
        callback: { messageType: order.callback }
    cli: {}
  start: fetch
  states:
    fetch:
      type: task
      task: { kind: "httpCall:v1", method: POST, url: "https://example.com", resultVar: api, auth: null, accept: null, body: { note: null } }
      next: shape
    shape: { type: transform, transform: { mapperRef: total, target: { path: order.total } }, next: keep }
    keep: { type: transform, transform: { lang: jq, expr: .context, target: { kind: var }, resultVar: copy }, next: decide }
    decide:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: .context.amount > 100 } }
          next: approve
      default: callback
    approve:
      type: wait
      wait:
        channel: manual
        input: { schema: { properties: { decision: { enum: [approve, reject] } }, required: [decision] } }
        response: { outputVar: receipt, schema: { type: object } }
        timeoutSec: 3600
        onTimeout: late
      next: rest
    callback:
      type: webhook
      webhook: { input: { schema: true-ish } }
      next: rest
    rest: { type: timer, timer: { duration: PT5M }, next: until }
    until: { type: timer, timer: { until: { mapper: { lang: jq, expr: .context.due } } }, next: done }
    late: { type: fail, errorCode: LATE, reason: "order ${context.order.id} was late" }
    done: { type: succeed, outputVar: summary }
"#;

fn whole_journey() -> Loaded {
    load_text(&JOURNEY.replace("true-ish", "{ type: object }")).unwrap()
}

#[test]
fn def_030_every_block_reaches_the_model() {
    let loaded = whole_journey();
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let definition = &*loaded.definition;
    let spec = &definition.spec;
    assert_eq!((definition.kind, definition.name().as_str()), (Kind::Journey, "order-approval"));
    assert_eq!(definition.version().to_string(), "2.1.0");
    assert_eq!(definition.metadata.tags, ["orders"]);
    assert_eq!(spec.start, "fetch");
    assert_eq!(spec.defaults.http.timeout_ms.unwrap().get(), 2_500);
    assert_eq!(spec.defaults.http.headers.keys().collect::<Vec<_>>(), ["X-Tenant", "Accept"], "DEF-005");
    assert!(spec.platform.config.get("tenant").unwrap().required);
    let execution = spec.execution.as_ref().unwrap();
    assert_eq!(
        (execution.max_duration_sec.get(), &*execution.on_timeout.error_code),
        (86_400, "ORDER_TIMEOUT")
    );
    assert_eq!((spec.lifecycle.cancellable, spec.lifecycle.start_mode), (false, StartMode::Async));
    assert!(!spec.http_surface.links.enabled);
    let bindings = &spec.metadata.bindings;
    assert_eq!(bindings.tags.from_payload[0].path.as_str(), "order.channel");
    assert_eq!(bindings.tags.from_headers[0].header.as_str(), "X-Tag");
    assert_eq!(bindings.attributes.from_payload.get("orderId").unwrap().path.as_str(), "order.id");
    assert_eq!(bindings.attributes.from_baggage.get("userId").unwrap().key, "user");
    assert_eq!(spec.output.response.as_ref().unwrap().output_var, "summary");
    let outcomes: Vec<_> = spec.outcomes.iter().map(|(id, rule)| (id.as_str(), rule.when.phase)).collect();
    assert_eq!(outcomes, [("approved", EndPhase::Succeeded), ("lost", EndPhase::Failed)]);
}

#[test]
fn sta_001_states_reach_the_model() {
    let loaded = whole_journey();
    let states = &loaded.definition.spec.states;
    let ids: Vec<&str> = states.keys().map(jf_dsl::StateId::as_str).collect();
    let expected =
        ["fetch", "shape", "keep", "decide", "approve", "callback", "rest", "until", "late", "done"];
    assert_eq!(ids, expected, "DEF-005");

    let State::Task(fetch) = states.get("fetch").unwrap() else { panic!("fetch is a task") };
    let TaskConfig::HttpCall(call) = &fetch.task else { panic!("fetch is a call") };
    assert_eq!((fetch.task.kind(), call.accept.as_deref()), ("httpCall:v1", None), "DEF-009: null is absent");
    let Some(CallBody::Json(body)) = &call.body else { panic!("the body is literal") };
    assert_eq!(*body, json!({ "note": null }), "DEF-009: but not in literal bodies");

    let State::Transform(shape) = states.get("shape").unwrap() else { panic!("shape is a transform") };
    assert!(matches!(&shape.transform.mapper, Mapper::Ref(id) if *id == "total"));
    assert_eq!(
        &*loaded.definition.expression_of(&shape.transform.mapper).expr,
        "{ total: .context.amount }",
        "EXP-071"
    );
    assert!(
        matches!(&shape.transform.target, TransformTarget::Context(Some(path)) if path.as_str() == "order.total")
    );
    let State::Transform(keep) = states.get("keep").unwrap() else { panic!("keep is a transform") };
    assert!(matches!(&keep.transform.target, TransformTarget::Var(name) if *name == "copy"));

    let approve = states.get("approve").unwrap();
    let successors: Vec<&str> = approve.successors().map(jf_dsl::StateId::as_str).collect();
    assert_eq!((approve.state_type(), successors), (StateType::Wait, vec!["rest", "late"]));
    let input = approve.external_input().unwrap();
    assert_eq!(input.timeout.as_ref().unwrap().timeout_sec.get(), 3_600);
    let check = loaded.schemas.get(&input.input.schema);
    assert!(check.check(&json!({ "decision": "approve" })).is_ok());
    let violations = check.check(&json!({ "decision": "secret-value" })).unwrap_err();
    assert_eq!(violations[0].pointer, "/decision");
    assert_eq!(violations[0].keyword, "enum");
    assert_eq!(violations[0].detail, "must be one of approve, reject", "ENG-141: no echo");

    let choice: Vec<&str> = states.get("decide").unwrap().successors().map(jf_dsl::StateId::as_str).collect();
    assert_eq!(choice, ["approve", "callback"]);
    let State::Timer(until) = states.get("until").unwrap() else { panic!("until is a timer") };
    assert!(matches!(&until.timer, TimerDue::Until(Given::Mapper(Mapper::Inline(_)))));
}

#[test]
fn def_180_bindings_reach_the_model() {
    let loaded = whole_journey();
    let definition = &*loaded.definition;
    let http = &definition.spec.bindings.http;
    let (_, field) = http.start.headers_to_context.get_index(0).unwrap();
    assert_eq!(field.as_str(), "user.id");
    assert!(http.start.query_to_context.contains_key("verbose"));
    assert_eq!(http.start.headers_passthrough[0].to.as_str(), "X-Trace");
    assert!(http.steps.get("approve").is_some() && http.steps.get("callback").is_none());
    let websocket = definition.spec.bindings.websocket.as_ref().unwrap();
    assert_eq!(websocket.start.message_type, "order.start");
    assert_eq!(websocket.steps.get("callback").unwrap().message_type, "order.callback");
    assert_eq!(definition.websocket_path().unwrap(), "/ws/journeys/order-approval", "WS-005");
    assert!(definition.spec.bindings.cli.is_some() && definition.spec.bindings.function.is_none());
}

#[test]
fn def_184_api_bindings_reach_the_model() {
    let loaded = load_text(
        r"
apiVersion: v1
kind: Api
metadata: { name: price, version: 1.0.0 }
spec:
  input: { schema: {} }
  output: { schema: {} }
  bindings:
    http:
      route: { path: /prices/quote, method: POST }
      apiResponses:
        rules:
          - when: { phase: FAILED, errorType: urn:price:unknown, predicate: { lang: jq, expr: .error != null } }
            status: 404
          - when: { phase: SUCCEEDED }
            statusExpr: { lang: jq, expr: .output.status }
        default: { SUCCEEDED: 201, FAILED: fromProblemStatus }
  start: done
  states: { done: { type: succeed } }
",
    )
    .unwrap();
    let responses = &loaded.definition.spec.bindings.http.api_responses;
    assert_eq!(loaded.definition.http_route(), "/prices/quote");
    assert_eq!(responses.rules[0].status, RuleStatus::Fixed(404));
    assert!(matches!(responses.rules[1].status, RuleStatus::Computed(_)));
    assert_eq!(
        (responses.default.succeeded, responses.default.failed),
        (201, FailedStatus::FromProblemStatus)
    );
}

#[test]
fn def_029_the_digest_follows_the_body_not_the_layout() {
    let digest = |text: &str| load_text(text).unwrap().digest;
    let plain = digest(&journey("  start: done\n  states:\n    done: { type: succeed, outputVar: a }\n"));
    let other_layout = digest(&journey(
        "  # a comment\n  \"start\": 'done'\n  states: { done: { type: succeed,\n     outputVar: a } }\n",
    ));
    let other_order =
        digest(&journey("  start: done\n  states:\n    done: { outputVar: a, type: succeed }\n"));
    let other_value =
        digest(&journey("  start: done\n  states:\n    done: { type: succeed, outputVar: b }\n"));
    assert_eq!(plain, other_layout);
    assert_ne!(plain, other_order, "key order counts");
    assert_ne!(plain, other_value);
    let json = r#"{ "apiVersion": "v1", "kind": "Journey", "metadata": { "name": "case", "version": "1.0.0" },
        "spec": { "start": "done", "states": { "done": { "type": "succeed", "outputVar": "a" } } } }"#;
    let source = SourceFile::new("case.journey.json", json);
    assert_eq!(
        load(&source, &StaticCapabilities::full()).unwrap().digest,
        plain,
        "the format does not count"
    );
    assert_eq!(BodyDigest::from_bytes(*plain.as_bytes()), plain);
    assert_eq!(plain.to_string().len(), 64);
}

#[test]
fn def_009_null_is_absent() {
    let text = journey(
        "  input:\n  lifecycle: ~\n  unknown: null\n  start: done\n  states:\n    spare:\n    done: { type: succeed, outputVar: null }\n",
    );
    let loaded = load_text(&text).unwrap();
    assert!(loaded.warnings.is_empty() && loaded.definition.spec.states.len() == 1, "{}", loaded.warnings);
    let schema = journey(
        "  input: { schema: { const: null, default: null } }\n  start: done\n  states: { done: { type: succeed } }\n",
    );
    let loaded = load_text(&schema).unwrap();
    let input = loaded.definition.input_schema().unwrap();
    assert!(loaded.schemas.get(input).accepts(&json!(null)) && !loaded.schemas.get(input).accepts(&json!(1)));
}

#[test]
fn def_115_metadata_limits_are_a_document_of_their_own() {
    let text = "apiVersion: v1\nkind: MetadataLimits\nmetadata: { name: limits }\nspec:\n  attributes: { maxKeys: 3 }\n  execution: { maxDurationUpperBoundSec: 60 }\n";
    let source = SourceFile::new("limits.journey.yaml", text);
    let capabilities = StaticCapabilities::full();
    let Ok(Document::MetadataLimits { limits, warnings }) = load_document(&source, &capabilities) else {
        panic!("the document holds limits")
    };
    assert!(warnings.is_empty());
    assert_eq!((limits.attributes.max_keys, limits.attributes.max_key_length), (3, 32), "DEF-116");
    assert_eq!(limits.execution.max_duration_upper_bound_sec, Some(60));
    let refused = load(&source, &capabilities).unwrap_err();
    assert_eq!(
        refused.iter().map(|item| (item.rule, item.path.to_string())).collect::<Vec<_>>(),
        [("DEF-021", "$.kind".to_owned())]
    );
}

#[test]
fn def_010_positions_are_found_by_path() {
    let loaded = whole_journey();
    let text = loaded.positions.source().text();
    let shown = |span: Option<Span>| span.map(|span| &text[span.start..span.end]);
    let path = "$.spec.states.late.errorCode".parse().unwrap();
    assert_eq!(shown(loaded.positions.span(&path)), Some("LATE"));
    assert_eq!(shown(loaded.positions.key_span(&path)), Some("errorCode"));
    assert_eq!(loaded.positions.span(&"$.spec.states.late.nothing".parse().unwrap()), None);
}

#[test]
fn def_010_json_for_tools_has_the_promised_members() {
    let text = journey("  start: dön\n  states: { döne: { type: succeed } }\n");
    let report = load_text(&text).unwrap_err().to_json(1);
    assert_eq!(report["files"], 1);
    assert_eq!(report["errors"], 1);
    let expected = json!({
        "file": "case.journey.yaml",
        "code": "JF3001",
        "severity": "error",
        "rule": "DEF-031",
        "path": "$.spec.start",
        "message": "there is no state `dön` to start with",
        "help": "did you mean `döne`?",
        "line": 5,
        "column": 10,
        "endLine": 5,
        "endColumn": 13,
        "suggestion": "döne",
        "labels": [],
        "fixes": [{
            "message": "write `döne`",
            "applicability": "machineApplicable",
            "edits": [{ "line": 5, "column": 10, "endLine": 5, "endColumn": 13, "replacement": "döne" }],
        }],
    });
    assert_eq!(report["diagnostics"][0], expected);
    let twice = load_text("start: a\nstart: b\n").unwrap_err().to_json(1);
    let first = json!({
        "file": "case.journey.yaml", "message": "the first one", "line": 1, "column": 1, "endLine": 1, "endColumn": 6,
    });
    let diagnostics = twice["diagnostics"].as_array().unwrap();
    let fault = diagnostics.iter().find(|fault| fault["code"] == "JF1010").unwrap();
    assert_eq!(fault["labels"], json!([first]));
}

#[test]
fn def_003_json_files_have_json_scalars() {
    let json = |value: &str| {
        let text = format!(
            r#"{{ "apiVersion": "v1", "kind": "Journey", "metadata": {{ "name": "case", "version": "1.0.0" }},
            "spec": {{ "x-value": {value}, "start": "done", "states": {{ "done": {{ "type": "succeed" }} }} }} }}"#
        );
        load(&SourceFile::new("case.journey.json", text), &StaticCapabilities::full()).map(|_| ())
    };
    for good in
        ["1e3", "-0", "\"\\ud83d\\ude00\"", "\"a\\/b\"", "[\t1,\r\n2]", "null", "18446744073709551615"]
    {
        assert!(json(good).is_ok(), "{good}: {}", json(good).unwrap_err());
    }
    for bad in [
        "0x1F",
        "~",
        "True",
        "yes",
        ".5",
        "'a'",
        "[1,]",
        "{a: 1}",
        "1e999",
        "NaN",
        "\"a\nb\"",
        "\"\\x41\"",
        "&a 1",
        "01",
    ] {
        assert!(json(bad).is_err(), "{bad}");
    }
}

#[test]
fn def_003_json_strings_hold_whatever_json_allows() {
    // RFC 8259 lets all of these stand unescaped; YAML does not.
    let description = "\u{7f}\u{80}\u{85}\u{9f}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}\u{10ffff} a";
    let document = json!({
        "apiVersion": "v1", "kind": "Journey",
        "metadata": { "name": "case", "version": "1.0.0", "description": description, "versionn": 1 },
        "spec": { "start": "done", "states": { "done": { "type": "succeed" } } }
    });
    let load_json = |text: &str| load(&SourceFile::new("c.journey.json", text), &StaticCapabilities::full());
    let text = format!("\u{feff}{document}");
    let faults = load_json(&text).unwrap_err();
    let fault = faults.iter().next().unwrap();
    let mistake = text.find("\"versionn\"").unwrap();
    assert_eq!(
        (faults.iter().count(), fault.span.map(|span| span.start)),
        (1, Some(mistake)),
        "bytes are counted as they stand"
    );
    let loaded = load_json(&text.replace(",\"versionn\":1", "")).unwrap();
    assert_eq!(loaded.definition.metadata.description.as_deref(), Some(description));
}

#[test]
fn def_002_a_byte_order_mark_and_windows_line_ends_are_fine() {
    let text = journey("  start: done\n  states: { done: { type: succeed } }\n");
    for text in [format!("\u{feff}{text}"), text.replace('\n', "\r\n")] {
        assert_eq!(faults(&text), []);
    }
    let json = "\u{feff}{ \"apiVersion\": \"v1\" }";
    let all = load(&SourceFile::new("case.journey.json", json), &StaticCapabilities::full()).unwrap_err();
    assert!(all.iter().all(|item| item.rule != "DEF-002"), "{all}");
}

#[test]
fn def_014_hostile_text_is_refused_quickly_and_in_bounds() {
    let hostile = [
        "[".repeat(1_000_000),
        "{".repeat(1_000_000),
        "- ".repeat(400_000),
        "? ".repeat(400_000),
        "a: &a [".repeat(100_000),
        "[1,".repeat(300_000),
        format!("{{{}}}", "k: 1, ".repeat(100_000)),
        "\"".repeat(500_000),
        " \t".repeat(400_000),
        "---\n".repeat(200_000),
        format!("a: |\n{}", "  x\n".repeat(200_000)),
        "x".repeat(3_000_000),
    ];
    for text in hostile {
        for name in ["case.journey.yaml", "case.journey.json"] {
            let all = load(&SourceFile::new(name, text.as_str()), &StaticCapabilities::full()).unwrap_err();
            assert!(all.has_errors());
            assert!(all.iter().next().unwrap().to_terminal(TerminalStyle::Plain).len() < 20_000);
        }
    }
}
