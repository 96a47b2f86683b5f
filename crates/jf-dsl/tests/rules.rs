//! One table of faults: where each rule reports, and that it reports nothing else.

use jf_dsl::{Diagnostics, SourceFile, StaticCapabilities, load};

fn judge(text: &str) -> Diagnostics {
    match load(&SourceFile::new("case.journey.yaml", text), &StaticCapabilities::full()) {
        Ok(loaded) => loaded.warnings,
        Err(faults) => faults,
    }
}

fn document(kind: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata: {{ name: case, version: 1.0.0 }}\nspec:\n{spec}")
}

/// A document with the extra lines in `spec` beside a trivial graph.
fn with(kind: &str, extra: &str) -> String {
    let contract = if kind == "Api" { "  input: { schema: {} }\n  output: { schema: {} }\n" } else { "" };
    let graph = "  start: done\n  states: { done: { type: succeed } }\n";
    let contract = if extra.contains("put:") { "" } else { contract };
    document(kind, &format!("{contract}  {extra}\n{graph}"))
}

/// A journey whose state `s` is the given one.
fn state(body: &str) -> String {
    document(
        "Journey",
        &format!(
            "  lifecycle: {{ startMode: async }}\n  mappers: {{ m: {{ lang: jq, expr: .context }} }}\n  start: s\n  states:\n    \
             s: {{ {body} }}\n    use: {{ type: transform, transform: {{ mapperRef: m }}, next: done }}\n    done: {{ type: succeed }}\n"
        ),
    )
}

/// What is reported, warnings about the helper states left out.
fn found(text: &str) -> Vec<String> {
    let all = judge(text);
    let noise = ["$.spec.states.use", "$.spec.states.done"];
    let items = all.iter().map(|item| (item.rule, item.path.to_string()));
    items
        .filter(|(_, path)| !noise.contains(&path.as_str()))
        .map(|(rule, path)| format!("{rule} {path}"))
        .collect()
}

fn check(cases: &[(String, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(found(text), *expected, "{text}");
    }
}

#[test]
fn def_020_to_035_document_and_metadata() {
    let doc =
        |head: &str| format!("{head}\nspec: {{ start: done, states: {{ done: {{ type: succeed }} }} }}\n");
    check(&[
        (
            doc("apiVersion: v2\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }"),
            &["DEF-020 $.apiVersion"],
        ),
        (
            doc("apiVersion: 1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }"),
            &["DEF-020 $.apiVersion"],
        ),
        (doc("apiVersion: v1\nkind: Jurney\nmetadata: { name: case, version: 1.0.0 }"), &["DEF-021 $.kind"]),
        (doc("apiVersion: v1\nkind: Journey\nmetadata: { version: 1.0.0 }"), &["DEF-023 $.metadata.name"]),
        (
            doc("apiVersion: v1\nkind: Journey\nmetadata: { name: a-, version: 1.0.0 }"),
            &["DEF-023 $.metadata.name"],
        ),
        (doc("apiVersion: v1\nkind: Journey\nmetadata: { name: case }"), &["DEF-024 $.metadata.version"]),
        (
            doc("apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1 }"),
            &["DEF-024 $.metadata.version"],
        ),
        (
            doc("apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0, description: '' }"),
            &["DEF-025 $.metadata.description"],
        ),
        (
            doc("apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0, tags: [a, '', 1] }"),
            &["DEF-026 $.metadata.tags[1]", "DEF-026 $.metadata.tags[2]"],
        ),
        (doc("apiVersion: v1\nkind: Journey\nmetadata: []"), &["DEF-023 $.metadata"]),
        (
            "apiVersion: v1\nkind: Journey\nmetadata: { name: case, version: 1.0.0 }\n".into(),
            &["DEF-030 $.spec"],
        ),
        (document("Journey", "  states: { done: { type: succeed } }\n"), &["DEF-031 $.spec.start"]),
        (
            document("Journey", "  start: ''\n  states: { done: { type: succeed } }\n"),
            &["DEF-031 $.spec.start"],
        ),
        (document("Journey", "  start: done\n"), &["DEF-032 $.spec.states"]),
        (document("Journey", "  start: done\n  states: {}\n"), &["DEF-032 $.spec.states"]),
        (
            document("Journey", "  start: a/b\n  states: { a/b: { type: succeed } }\n"),
            &["DEF-033 $.spec.states[\"a/b\"]"],
        ),
        ("[1, 2]\n".into(), &["DEF-001 $"]),
    ]);
}

#[test]
fn def_030_members_of_the_other_kind() {
    check(&[
        (
            with(
                "Api",
                "output: { schema: {}, response: { outputVar: a, schema: {} } }\n  input: { schema: {} }",
            ),
            &["DEF-030 $.spec.output.response"],
        ),
        (with("Api", "metadata: { bindings: {} }"), &["DEF-030 $.spec.metadata"]),
        (with("Api", "httpSurface: {}"), &["DEF-030 $.spec.httpSurface"]),
        (with("Api", "lifecycle: {}"), &["DEF-100 $.spec.lifecycle"]),
        (with("Api", "bindings: { queue: {} }"), &["DEF-181 $.spec.bindings.queue"]),
        (with("Journey", "bindings: { grpc: {} }"), &["DEF-181 $.spec.bindings.grpc"]),
        (
            with("Journey", "bindings: { http: { route: {}, apiResponses: {} } }"),
            &["DEF-184 $.spec.bindings.http.route", "DEF-184 $.spec.bindings.http.apiResponses"],
        ),
    ]);
}

#[test]
fn def_012_retired_spellings() {
    check(&[
        (with("Journey", "apiResponses: {}"), &["DEF-012 $.spec.apiResponses"]),
        (with("Journey", "resources: {}"), &["DEF-012 $.spec.resources"]),
        (with("Journey", "bindings: { http: { security: {} } }"), &["DEF-012 $.spec.bindings.http.security"]),
        (
            with("Journey", "policies: { httpSecurity: {} }"),
            &["DEF-030 $.spec.policies", "DEF-012 $.spec.policies.httpSecurity"],
        ),
        (
            state("type: transform, transform: { exprRef: x }, next: use"),
            &["DEF-012 $.spec.states.s.transform.exprRef"],
        ),
        (
            state("type: transform, transform: { mapper: { lang: jq, exprRef: x } }, next: use"),
            &["DEF-012 $.spec.states.s.transform.mapper.exprRef"],
        ),
        (
            state("type: webhook, webhook: { input: { schema: {} }, security: {} }, next: use"),
            &["DEF-012 $.spec.states.s.webhook.security"],
        ),
        (
            state("type: task, task: { kind: 'httpCall:v1', params: { body: {} } }, next: use"),
            &["DEF-012 $.spec.states.s.task.params.body"],
        ),
        (state("type: task, task: { kind: httpCall }, next: use"), &["DEF-012 $.spec.states.s.task.kind"]),
    ]);
}

#[test]
fn def_049_to_061_schemas() {
    let input = |schema: &str| with("Journey", &format!("input: {{ schema: {schema} }}"));
    check(&[
        (with("Journey", "context: { shcema: {} }"), &["DEF-049 $.spec.context.shcema"]),
        (input("[]"), &["DEF-050 $.spec.input.schema"]),
        (input("{ type: objekt }"), &["DEF-050 $.spec.input.schema"]),
        (input("{ pattern: '(?=x)' }"), &["DEF-050 $.spec.input.schema"]),
        (input("{ $schema: other }"), &["DEF-051 $.spec.input.schema[\"$schema\"]"]),
        (input("{ $ref: '#/$defs/a' }"), &["DEF-052 $.spec.input.schema[\"$ref\"]"]),
        (input("{ $ref: other.json }"), &["DEF-052 $.spec.input.schema[\"$ref\"]"]),
        (
            input("{ anyOf: [{ items: { $ref: 'x:y' } }] }"),
            &["DEF-052 $.spec.input.schema.anyOf[0].items[\"$ref\"]"],
        ),
        (input("{ $ref: '#nowhere' }"), &["DEF-052 $.spec.input.schema"]),
        (input("{ $ref: '#' }"), &["DEF-050 $.spec.input.schema"]),
        (input("{ properties: { next: { $ref: '#' } } }"), &[]),
        (input("{ $defs: { a: { $anchor: x } }, $ref: '#x' }"), &[]),
        (
            input("{ $id: 'https://a/b', $defs: { c: {} }, $ref: '#/$defs/c' }"),
            &["DEF-051 $.spec.input.schema[\"$id\"]"],
        ),
        (input("{ properties: { $ref: { type: string } }, const: { $ref: x } }"), &[]),
        (input("{ format: date, default: 5, type: string }"), &[]),
        (
            with("Journey", "output: { response: { schema: {} } }"),
            &["DEF-058 $.spec.output.response.outputVar"],
        ),
        (
            with(
                "Journey",
                "output: { response: { outputVar: a, schema: { properties: { outcomeId: {}, error: {} } } } }",
            ),
            &[
                "DEF-059 $.spec.output.response.schema.properties.outcomeId",
                "DEF-059 $.spec.output.response.schema.properties.error",
            ],
        ),
    ]);
}

#[test]
fn def_070_to_102_small_blocks() {
    check(&[
        (
            with("Journey", "defaults: { http: { timeoutMs: 0 } }"),
            &["DEF-070 $.spec.defaults.http.timeoutMs"],
        ),
        (
            with("Journey", "defaults: { http: { timeoutMs: 1.5 } }"),
            &["DEF-070 $.spec.defaults.http.timeoutMs"],
        ),
        (
            with("Journey", "defaults: { http: { timeoutMs: '5' } }"),
            &["DEF-070 $.spec.defaults.http.timeoutMs"],
        ),
        (
            with("Journey", "defaults: { http: { headers: { A: 1 } } }"),
            &["DEF-071 $.spec.defaults.http.headers.A"],
        ),
        (
            with("Journey", "defaults: { http: { headers: { A: '${x}' } } }"),
            &["EXP-051 $.spec.defaults.http.headers.A"],
        ),
        (with("Journey", "defaults: { tasks: {} }"), &["DEF-073 $.spec.defaults.tasks"]),
        (
            with("Journey", "platform: { config: { a-b: { type: string } } }"),
            &["DEF-080 $.spec.platform.config[\"a-b\"]"],
        ),
        (
            with("Journey", "platform: { config: { a: { type: text } } }"),
            &["DEF-080 $.spec.platform.config.a.type"],
        ),
        (with("Journey", "platform: { config: { a: {} } }"), &["DEF-080 $.spec.platform.config.a.type"]),
        (with("Journey", "execution: { maxDurationSec: 5 }"), &["DEF-090 $.spec.execution.onTimeout"]),
        (
            with("Journey", "execution: { maxDurationSec: -1, onTimeout: { errorCode: '' } }"),
            &[
                "DEF-090 $.spec.execution.maxDurationSec",
                "DEF-090 $.spec.execution.onTimeout.reason",
                "DEF-090 $.spec.execution.onTimeout.errorCode",
            ],
        ),
        (with("Journey", "lifecycle: { startMode: lazy }"), &["DEF-101 $.spec.lifecycle.startMode"]),
        (
            with("Journey", "httpSurface: { links: { enabled: 1 } }"),
            &["DEF-102 $.spec.httpSurface.links.enabled"],
        ),
    ]);
}

#[test]
fn def_105_to_110_metadata_bindings() {
    let bindings = |body: &str| with("Journey", &format!("metadata: {{ bindings: {{ {body} }} }}"));
    check(&[
        (with("Journey", "metadata: { tags: {} }"), &["DEF-105 $.spec.metadata.tags"]),
        (bindings("fromPayload: []"), &["DEF-105 $.spec.metadata.bindings.fromPayload"]),
        (bindings("tags: { fromCookies: [] }"), &["DEF-105 $.spec.metadata.bindings.tags.fromCookies"]),
        (
            bindings("tags: { fromPayload: { path: a } }"),
            &["DEF-106 $.spec.metadata.bindings.tags.fromPayload"],
        ),
        (
            bindings("tags: { fromPayload: [{ path: '' }] }"),
            &["DEF-106 $.spec.metadata.bindings.tags.fromPayload[0].path"],
        ),
        (
            bindings("tags: { fromPayload: [{ path: 'a[0]' }] }"),
            &["EXP-060 $.spec.metadata.bindings.tags.fromPayload[0].path"],
        ),
        (
            bindings("tags: { fromHeaders: [{}] }"),
            &["DEF-106 $.spec.metadata.bindings.tags.fromHeaders[0].header"],
        ),
        (bindings("attributes: { a: { header: X } }"), &["DEF-105 $.spec.metadata.bindings.attributes.a"]),
        (
            bindings("attributes: { fromBaggage: { a: {} } }"),
            &["DEF-107 $.spec.metadata.bindings.attributes.fromBaggage.a.key"],
        ),
        (
            bindings("attributes: { fromBaggage: [] }"),
            &["DEF-107 $.spec.metadata.bindings.attributes.fromBaggage"],
        ),
    ]);
}

#[test]
fn def_125_to_128_and_exp_001_mappers_and_expressions() {
    let used = |mapper: &str| {
        state("type: wait, wait: { input: { schema: {} } }, next: use")
            .replace("{ lang: jq, expr: .context }", mapper)
    };
    check(&[
        (used("{ lang: jq }"), &["EXP-001 $.spec.mappers.m.expr"]),
        (used("{ expr: x }"), &["EXP-001 $.spec.mappers.m.lang"]),
        (used("{ lang: jq, expr: '' }"), &["EXP-001 $.spec.mappers.m.expr"]),
        (used("{ lang: jq, expr: x, note: y }"), &["DEF-125 $.spec.mappers.m.note"]),
        (with("Journey", "mappers: { m: { lang: jq, expr: x } }"), &["DEF-128 $.spec.mappers.m"]),
        (with("Journey", "mappers: { '': { lang: jq, expr: x } }"), &["DEF-125 $.spec.mappers[\"\"]"]),
        (
            state("type: transform, transform: { mapper: { lang: jq, expr: x }, mapperRef: m }, next: use"),
            &["DEF-126 $.spec.states.s.transform.mapperRef"],
        ),
        (
            state("type: transform, transform: { mapperRef: 5 }, next: use"),
            &["DEF-126 $.spec.states.s.transform.mapperRef"],
        ),
        (
            state(
                "type: choice, choices: [{ when: { predicate: { mapperRef: m } }, next: use }], default: done",
            ),
            &["EXP-070 $.spec.states.s.choices[0].when.predicate.mapperRef"],
        ),
    ]);
}

#[test]
fn def_150_outcomes() {
    let outcome = |body: &str| with("Journey", &format!("outcomes: {{ o: {{ {body} }} }}"));
    check(&[
        (outcome("x-note: 1"), &["DEF-150 $.spec.outcomes.o.when"]),
        (outcome("phase: FAILED"), &["DEF-150 $.spec.outcomes.o.phase"]),
        (outcome("when: {}"), &["DEF-150 $.spec.outcomes.o.when.phase"]),
        (outcome("when: { phase: RUNNING }"), &["DEF-150 $.spec.outcomes.o.when.phase"]),
        (outcome("when: { phase: FAILED, lang: jq, expr: x }"), &["DEF-150 $.spec.outcomes.o.when.lang"]),
        (
            outcome("when: { phase: FAILED, predicate: { lang: jq } }"),
            &["EXP-001 $.spec.outcomes.o.when.predicate.expr"],
        ),
        (outcome("when: { phase: FAILED, predicate: { lang: jq, expr: x } }"), &[]),
    ]);
}

#[test]
fn def_180_to_196_http_bindings() {
    let http = |body: &str| with("Journey", &format!("bindings: {{ http: {{ {body} }} }}"));
    let api = |body: &str| with("Api", &format!("bindings: {{ http: {{ {body} }} }}"));
    let start = "$.spec.bindings.http.start";
    assert_eq!(
        found(&http("start: { headersToContext: { 'a b': x } }")),
        [format!("DEF-188 {start}.headersToContext[\"a b\"]")]
    );
    assert_eq!(
        found(&http("start: { headersToContext: { A: 'x[0]' } }")),
        [format!("DEF-187 {start}.headersToContext.A")]
    );
    assert_eq!(
        found(&http("start: { headersToContext: { A: a-b } }")),
        [format!("DEF-187 {start}.headersToContext.A")]
    );
    assert_eq!(
        found(&http("start: { headersToContext: { A: payload } }")),
        [format!("DEF-187 {start}.headersToContext.A")]
    );
    assert_eq!(
        found(&http("start: { queryToContext: { '': a } }")),
        [format!("DEF-185 {start}.queryToContext[\"\"]")]
    );
    assert_eq!(
        found(&http("start: { headersPassthrough: [{ from: A }] }")),
        [format!("DEF-185 {start}.headersPassthrough[0].to")]
    );
    for name in ["Proxy-Authorization", "tE", "transfer-encoding", "Keep-Alive"] {
        let text = http(&format!("start: {{ headersPassthrough: [{{ from: A, to: {name} }}] }}"));
        assert_eq!(found(&text), [format!("DEF-188 {start}.headersPassthrough[0].to")], "{name}");
    }
    for path in
        ["prices", "//host/a", "/a//b", "/a/", "/a?b", "/a#b", "/{id}", "/journeys", "/journeys/x", "/a b"]
    {
        let text = api(&format!("route: {{ path: '{path}' }}"));
        assert_eq!(found(&text), ["DEF-189 $.spec.bindings.http.route.path"], "{path}");
    }
    // Requests are decoded before they are looked up: no request would ever find these.
    for path in ["/a%20b", "/gr%C3%B6%C3%9Fe", "/100%"] {
        let text = api(&format!("route: {{ path: '{path}' }}"));
        assert_eq!(found(&text), ["DEF-189 $.spec.bindings.http.route.path"], "{path}");
    }
    for path in ["/journeys-old/x", "/größe"] {
        assert_eq!(found(&api(&format!("route: {{ path: {path} }}"))), Vec::<String>::new());
    }
    check(&[
        (http("steps: { done: {} }"), &["DEF-186 $.spec.bindings.http.steps.done"]),
        (api("route: { method: GET }"), &["DEF-190 $.spec.bindings.http.route.method"]),
        (
            api("apiResponses: { rules: [{ when: { phase: FAILED } }] }"),
            &["DEF-192 $.spec.bindings.http.apiResponses.rules[0].status"],
        ),
        (
            api(
                "apiResponses: { rules: [{ when: { phase: FAILED }, status: 400, statusExpr: { lang: jq, expr: x } }] }",
            ),
            &["DEF-192 $.spec.bindings.http.apiResponses.rules[0].statusExpr"],
        ),
        (
            api("apiResponses: { rules: [{ when: { phase: SUCCEEDED, errorType: x }, status: 200 }] }"),
            &["DEF-192 $.spec.bindings.http.apiResponses.rules[0].when.errorType"],
        ),
        (
            api("apiResponses: { rules: [{ status: 200 }] }"),
            &["DEF-192 $.spec.bindings.http.apiResponses.rules[0].when"],
        ),
        (
            api("apiResponses: { rules: [{ when: { phase: FAILED }, status: 600 }] }"),
            &["DEF-193 $.spec.bindings.http.apiResponses.rules[0].status"],
        ),
        (
            api("apiResponses: { default: { SUCCEEDED: ok } }"),
            &["DEF-194 $.spec.bindings.http.apiResponses.default.SUCCEEDED"],
        ),
        (
            api("apiResponses: { default: { FAILED: fromProblem } }"),
            &["DEF-194 $.spec.bindings.http.apiResponses.default.FAILED"],
        ),
        (
            with("Journey", "bindings: { function: { x-note: 1 } }"),
            &["DEF-196 $.spec.bindings.function[\"x-note\"]"],
        ),
        (with("Journey", "bindings: { kafka: {} }"), &["DEF-180 $.spec.bindings.kafka"]),
    ]);
}

#[test]
fn ws_001_to_014_websocket_bindings() {
    let ws = |body: &str| with("Journey", &format!("bindings: {{ websocket: {{ {body} }} }}"));
    let w = "$.spec.bindings.websocket";
    let case = |body: &str, rule: &str| {
        assert_eq!(found(&ws(body)), [rule.replace("W.", &format!("{w}."))], "{body}");
    };
    case("start: { messageType: a }, security: {}", "WS-001 W.security");
    case("start: { messageType: a, extra: 1 }", "WS-001 W.start.extra");
    case("start: { messageType: a }, endpoint: { host: h }", "WS-001 W.endpoint.host");
    for path in ["ws", "//h/ws", "/ws?x", "/ws#x", "/ws/{id}", "/w s", ""] {
        case(
            &format!("start: {{ messageType: a }}, endpoint: {{ path: '{path}' }}"),
            "WS-004 W.endpoint.path",
        );
    }
    case("start: { messageType: a }, endpoint: { subprotocol: 'a b' }", "WS-007 W.endpoint.subprotocol");
    case("endpoint: {}", "WS-008 W.start");
    case("start: {}", "WS-008 W.start.messageType");
    case("start: { messageType: '' }", "WS-008 W.start.messageType");
    case("start: { messageType: $a }", "WS-013 W.start.messageType");
    case("start: { messageType: hello }", "WS-013 W.start.messageType");
    case("start: { messageType: goaway }", "WS-013 W.start.messageType");
    case("start: { messageType: a }, steps: { done: { messageType: b } }", "WS-009 W.steps.done");
    let branch = document(
        "Journey",
        "  bindings:\n    websocket:\n      start: { messageType: a }\n      steps: { inner: { messageType: b } }\n  start: p\n  states:\n    \
         p:\n      type: parallel\n      parallel:\n        branches:\n          - name: l\n            start: inner\n            \
         states: { inner: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } }\n          - name: r\n            \
         start: e\n            states: { e: { type: succeed } }\n        join: { strategy: allOf, resultVar: r }\n      next: done\n    done: { type: succeed }\n",
    );
    assert_eq!(found(&branch), Vec::<String>::new(), "branch states are covered");
}

#[test]
fn sta_002_to_038_states() {
    check(&[
        (state("next: use"), &["STA-001 $.spec.states.s.type"]),
        (state("type: task, next: use"), &["STA-002 $.spec.states.s.task"]),
        (state("type: task, task: [], next: use"), &["STA-020 $.spec.states.s.task"]),
        (state("type: task, task: {}, next: use"), &["TSK-001 $.spec.states.s.task.kind"]),
        (state("type: task, task: { kind: 'a b:v1' }, next: use"), &["TSK-001 $.spec.states.s.task.kind"]),
        (
            state("type: task, task: { kind: 'httpCall:v2' }, next: use"),
            &["TSK-002 $.spec.states.s.task.kind"],
        ),
        (state("type: succeed, next: use"), &["DEF-007 $.spec.states.s.next"]),
        (state("type: succeed, outputVar: a.b"), &["STA-037 $.spec.states.s.outputVar"]),
        (state("type: fail, errorCode: a"), &["STA-038 $.spec.states.s.reason"]),
        (state("type: fail, errorCode: 5, reason: a"), &["STA-038 $.spec.states.s.errorCode"]),
        (
            state("type: fail, errorCode: 'a ${context.b[0]}', reason: a"),
            &["EXP-051 $.spec.states.s.errorCode"],
        ),
        (state("type: choice, choices: [], default: use"), &["STA-025 $.spec.states.s.choices"]),
        (state("type: choice, default: use"), &["STA-002 $.spec.states.s.choices"]),
        (
            state("type: choice, choices: [{ when: { predicate: { lang: jq, expr: x } } }], default: use"),
            &["STA-025 $.spec.states.s.choices[0].next"],
        ),
        (
            state("type: choice, choices: [{ next: use }], default: use"),
            &["STA-025 $.spec.states.s.choices[0].when"],
        ),
        (
            state("type: choice, choices: [{ when: {}, next: use }], default: use"),
            &["STA-025 $.spec.states.s.choices[0].when.predicate"],
        ),
    ]);
}

#[test]
fn sta_003_and_050_to_053_transforms() {
    let transform = |body: &str| state(&format!("type: transform, transform: {{ {body} }}, next: use"));
    let at = |rule: &str| format!("{rule} $.spec.states.s.transform");
    assert_eq!(found(&transform("target: {}")), [at("STA-050")]);
    assert_eq!(found(&transform("lang: jq, expr: x, mapperRef: m")), [at("STA-050")]);
    check(&[
        (transform("lang: jq"), &["EXP-001 $.spec.states.s.transform.expr"]),
        (
            transform("lang: jq, expr: x, target: { kind: variable }"),
            &["STA-051 $.spec.states.s.transform.target.kind"],
        ),
        (
            transform("lang: jq, expr: x, target: { kind: var }"),
            &["STA-052 $.spec.states.s.transform.resultVar"],
        ),
        (transform("lang: jq, expr: x, resultVar: y"), &["STA-052 $.spec.states.s.transform.resultVar"]),
        (
            transform("lang: jq, expr: x, target: { kind: var, path: a }, resultVar: y"),
            &["STA-052 $.spec.states.s.transform.target.path"],
        ),
        (
            transform("lang: jq, expr: x, target: { kind: attributes, path: a }"),
            &["STA-052 $.spec.states.s.transform.target.path"],
        ),
        (
            transform("lang: jq, expr: x, target: { path: 'a.b-c' }"),
            &["STA-053 $.spec.states.s.transform.target.path"],
        ),
        (transform("lang: jq, expr: x, target: { path: '' }"), &[]),
        (transform("lang: jq, expr: x, target: { kind: attributes }"), &[]),
        (
            transform("lang: jq, expr: x, target: { kind: var }, resultVar: 1x"),
            &["STA-006 $.spec.states.s.transform.resultVar"],
        ),
        (
            state(
                "type: transform, transform: { lang: jq, expr: x, target: { kind: var } }, resultVar: y, next: use",
            ),
            &["STA-003 $.spec.states.s.resultVar"],
        ),
        (
            state(
                "type: transform, transform: { lang: jq, expr: x, target: { kind: var }, resultVar: z }, resultVar: y, next: use",
            ),
            &["STA-003 $.spec.states.s.resultVar"],
        ),
    ]);
}

#[test]
fn sta_060_to_065_waits_and_webhooks() {
    let wait = |body: &str| state(&format!("type: wait, wait: {{ {body} }}, next: use"));
    check(&[
        (wait("input: { schema: {} }, channel: email"), &["STA-060 $.spec.states.s.wait.channel"]),
        (
            state("type: webhook, webhook: { input: { schema: {} }, channel: manual }, next: use"),
            &["STA-060 $.spec.states.s.webhook.channel"],
        ),
        (wait("channel: manual"), &["STA-061 $.spec.states.s.wait.input.schema"]),
        (wait("input: {}"), &["STA-061 $.spec.states.s.wait.input.schema"]),
        (wait("input: { schema: {} }, timeoutSec: 5"), &["STA-062 $.spec.states.s.wait.onTimeout"]),
        (
            wait("input: { schema: {} }, timeoutSec: 0, onTimeout: done"),
            &["STA-062 $.spec.states.s.wait.timeoutSec"],
        ),
        (
            wait("input: { schema: {} }, timeoutSec: 5, onTimeout: nope"),
            &["STA-005 $.spec.states.s.wait.onTimeout"],
        ),
        (wait("input: { schema: {} }, default: done"), &["STA-063 $.spec.states.s.wait.default"]),
        (wait("input: { schema: {} }, default: use"), &["STA-063 $.spec.states.s.wait.default"]),
        (state("type: wait, wait: { input: { schema: {} } }"), &["STA-063 $.spec.states.s.next"]),
        (
            wait(
                "input: { schema: {} }, response: { outputVar: r, schema: { properties: { updatedAt: {} } } }",
            ),
            &["STA-064 $.spec.states.s.wait.response.schema.properties.updatedAt"],
        ),
        (wait("input: { schema: {} }, choices: []"), &["STA-065 $.spec.states.s.wait.choices"]),
        (wait("input: { schema: {}, mapper: {} }"), &["STA-065 $.spec.states.s.wait.input.mapper"]),
    ]);
}

#[test]
fn sta_075_and_076_timers() {
    let timer = |body: &str| state(&format!("type: timer, timer: {{ {body} }}, next: use"));
    check(&[
        (timer("x-a: 1"), &["STA-075 $.spec.states.s.timer"]),
        (timer("duration: PT1M, until: '2026-01-01T00:00:00Z'"), &["STA-075 $.spec.states.s.timer"]),
        (timer("duration: 60"), &["STA-075 $.spec.states.s.timer.duration"]),
        (timer("duration: pt1m"), &["STA-076 $.spec.states.s.timer.duration"]),
        (timer("duration: -PT1M"), &["STA-076 $.spec.states.s.timer.duration"]),
        (timer("until: 2026-01-01"), &["STA-076 $.spec.states.s.timer.until"]),
        (timer("until: { lang: jq, expr: x }"), &["STA-075 $.spec.states.s.timer.until.lang"]),
        (timer("until: {}"), &["STA-075 $.spec.states.s.timer.until.mapper"]),
        (timer("until: { mapperRef: m }"), &[]),
        (timer("until: '2026-01-01T00:00:00+01:00'"), &[]),
    ]);
}

#[test]
fn sta_085_subjourneys() {
    let subjourney = |body: &str| state(&format!("type: subjourney, subjourney: {{ {body} }}, next: use"));
    check(&[
        (subjourney("resultVar: r"), &["STA-085 $.spec.states.s.subjourney.ref"]),
        (
            subjourney("ref: a, resultVar: r, resultKind: all"),
            &["STA-085 $.spec.states.s.subjourney.resultKind"],
        ),
        (
            subjourney("ref: a, onFailure: { behavior: capture }"),
            &["STA-086 $.spec.states.s.subjourney.onFailure.behavior"],
        ),
        (subjourney("ref: a, input: {}"), &["STA-085 $.spec.states.s.subjourney.input.mapper"]),
        (subjourney("ref: a, input: { mapperRef: m }, resultVar: r"), &[]),
    ]);
}

#[test]
fn sta_100_to_102_parallels() {
    let branch = |name: &str| format!("{{ name: {name}, start: e, states: {{ e: {{ type: succeed }} }} }}");
    let parallel = |branches: &str, join: &str| {
        state(&format!(
            "type: parallel, parallel: {{ branches: [{branches}], join: {{ {join} }} }}, next: use"
        ))
    };
    let two = format!("{}, {}", branch("l"), branch("r"));
    check(&[
        (parallel("", "strategy: allOf, resultVar: r"), &["STA-100 $.spec.states.s.parallel.branches"]),
        (parallel(&two, "resultVar: r"), &["STA-102 $.spec.states.s.parallel.join.strategy"]),
        (parallel(&two, "strategy: one, resultVar: r"), &["STA-102 $.spec.states.s.parallel.join.strategy"]),
        (
            parallel(&two, "strategy: allOf, errorPolicy: none, resultVar: r"),
            &["STA-102 $.spec.states.s.parallel.join.errorPolicy"],
        ),
        (
            parallel(&format!("{}, {}", branch("_outcome"), branch("r")), "strategy: allOf, resultVar: r"),
            &["STA-101 $.spec.states.s.parallel.branches[0].name"],
        ),
        (
            parallel(
                &format!("{{ name: l, start: x, states: {{ e: {{ type: succeed }} }} }}, {}", branch("r")),
                "strategy: allOf, resultVar: r",
            ),
            &["STA-017 $.spec.states.s.parallel.branches[0].start"],
        ),
        (
            parallel(&format!("{{ name: l, start: x }}, {}", branch("r")), "strategy: allOf, resultVar: r"),
            &["STA-101 $.spec.states.s.parallel.branches[0].states"],
        ),
        (
            state("type: parallel, parallel: {}, next: use"),
            &["STA-100 $.spec.states.s.parallel.branches", "STA-100 $.spec.states.s.parallel.join"],
        ),
    ]);
}
