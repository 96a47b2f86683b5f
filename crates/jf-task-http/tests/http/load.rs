//! What is said of a configuration when its definition is loaded.

use jf_core::dsl::Severity;
use jf_task_http::ConnectorConfig;
use serde_json::{Value, json};

use crate::rig::Rig;

/// A valid task with some members replaced; `null` removes one.
fn task(members: Value) -> Value {
    let mut task = json!({ "method": "POST", "url": "https://api.example.com/x", "resultVar": "api" });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

#[track_caller]
fn holds(cases: &[(Value, &[&str])]) {
    let rig = Rig::new();
    for (members, expected) in cases {
        assert_eq!(rig.findings(&task(members.clone())), *expected, "{members}");
    }
}

#[test]
fn tsk_004_a_plain_call_is_fine() {
    holds(&[
        (json!({}), &[]),
        (json!({ "x-note": { "any": "thing" }, "mode": "requestResponse" }), &[]),
        (json!({ "mode": "notify", "resultVar": null }), &[]),
        (
            json!({
                "params": { "query": { "a": "${context.a}", "b": 1, "c": true, "d": null }, "headers": { "x-a": 1 } },
                "headers": { "X-B": "${platform.run.id}" },
                "body": { "literal": true },
                "accept": "text/plain",
                "timeoutMs": 1,
                "errorMapping": {
                    "when": "nonOk",
                    "mapper": { "lang": "pick", "expr": "payload" },
                    "target": { "kind": "context", "path": "a.b" },
                },
            }),
            &[],
        ),
    ]);
}

#[test]
fn def_007_unknown_members_are_named_with_the_nearest_known_one() {
    let rig = Rig::new();
    let config = task(json!({ "timeoutMS": 1, "retries": 3, "params": { "querry": {} } }));
    let findings = rig.raw_findings(&config);
    let said: Vec<_> =
        findings.iter().map(|f| (f.path.to_string(), f.rule, f.suggestion.as_deref())).collect();
    let expected = [
        ("$.timeoutMS".to_owned(), "DEF-007", Some("timeoutMs")),
        ("$.retries".to_owned(), "DEF-007", None),
        ("$.params.querry".to_owned(), "DEF-007", Some("query")),
    ];
    assert_eq!(said, expected);
    assert!(findings.iter().all(|finding| finding.help.is_some() && finding.severity == Severity::Error));
}

#[test]
fn tsk_021_there_is_exactly_one_target() {
    holds(&[
        (json!({ "method": null, "url": null }), &["E TSK-021 $.operationRef"]),
        (json!({ "method": null }), &["E TSK-021 $.method"]),
        (json!({ "url": null }), &["E TSK-021 $.url"]),
        (
            json!({ "operationRef": "a.b" }),
            &["E TSK-021 $.method", "E TSK-021 $.url", "E TSK-031 $.operationRef"],
        ),
    ]);
}

#[test]
fn tsk_022_the_method_is_one_of_four() {
    holds(&[
        (json!({ "method": "GET" }), &[]),
        (json!({ "method": "PUT" }), &[]),
        (json!({ "method": "DELETE" }), &[]),
        (json!({ "method": "PATCH" }), &["E TSK-022 $.method"]),
        (json!({ "method": 1 }), &["E TSK-022 $.method"]),
    ]);
    let finding = Rig::new().raw_findings(&task(json!({ "method": "get" }))).remove(0);
    assert_eq!(finding.suggestion.as_deref(), Some("GET"));
}

#[test]
fn tsk_022_the_url_is_absolute_http_as_far_as_the_text_tells() {
    let rig = Rig::new();
    for good in [
        "http://h",
        "HTTPS://h/p?q#f",
        "https://${context.host}/x",
        "https://api.${context.region}.example.com/x",
        "https://h:${context.port}",
        "${context.base}/x",
        "h${context.rest}",
        "https://h/$${literal}/${context.a}",
        "https://[::1]:8080/${context.a}",
        "https://h/a@b/${context.a}",
    ] {
        assert_eq!(rig.findings(&task(json!({ "url": good }))), [""; 0], "{good}");
    }
    for bad in [
        "",
        "/x",
        "ftp://h/x",
        "h/x",
        "https:///x",
        "https:h/x",
        "https://h\\x",
        "https://",
        "file:///${context.a}",
        "//h/${context.a}",
        "/x/${context.a}",
        "https://h:99999/${context.a}",
        "https:// h/x",
        "https://h/a\nb",
        "https://user:pw@h/x",
        "https://user@h/${context.a}",
        "https://user@${context.host}/x",
    ] {
        assert_eq!(rig.findings(&task(json!({ "url": bad }))), ["E TSK-022 $.url"], "{bad}");
    }
    assert_eq!(rig.findings(&task(json!({ "url": 1 }))), ["E TSK-022 $.url"]);
}

#[test]
fn exp_051_placeholders_are_checked_at_every_site() {
    let rig = Rig::new();
    for (bad, text) in [
        ("${x.a}", "root"),
        ("${context.a[0]}", "path"),
        ("${platform.config.nope}", "key"),
        ("${context.a", "end"),
    ] {
        let url = format!("https://h/{bad}");
        let config = task(json!({
            "url": url, "headers": { "a": bad }, "params": { "query": { "b": bad }, "headers": { "c": bad } }, "body": bad,
        }));
        let expected = ["$.body", "$.headers.a", "$.params.headers.c", "$.params.query.b", "$.url"];
        assert_eq!(rig.findings(&config), expected.map(|path| format!("E EXP-051 {path}")), "{text}");
    }
    assert_eq!(rig.findings(&task(json!({ "url": "${platform.config.base}/x" }))), [""; 0]);
}

#[test]
fn tsk_023_get_has_no_body() {
    holds(&[
        (json!({ "method": "GET", "body": "x" }), &["E TSK-023 $.body"]),
        (json!({ "method": "GET", "body": null }), &[]),
        (json!({ "method": "DELETE", "body": "x" }), &[]),
    ]);
}

#[test]
fn tsk_024_mode_and_result_var_fit_together() {
    let mapping = json!({ "mapper": { "lang": "pick", "expr": "payload" } });
    holds(&[
        (json!({ "resultVar": null }), &["E TSK-024 $.resultVar"]),
        (json!({ "mode": "notify" }), &["E TSK-024 $.resultVar"]),
        (
            json!({ "mode": "notify", "errorMapping": mapping }),
            &["E TSK-024 $.errorMapping", "E TSK-024 $.resultVar"],
        ),
        (json!({ "mode": "async" }), &["E TSK-024 $.mode"]),
        (json!({ "resultVar": "a.b" }), &["E STA-006 $.resultVar"]),
        (json!({ "resultVar": 1 }), &["E STA-006 $.resultVar"]),
        (json!({ "resultVar": "payload" }), &["W STA-006 $.resultVar"]),
    ]);
}

#[test]
fn tsk_025_the_time_out_is_a_positive_integer() {
    for bad in [json!(0), json!(-1), json!(1.5), json!("1000"), json!(true)] {
        assert_eq!(Rig::new().findings(&task(json!({ "timeoutMs": bad }))), ["E TSK-025 $.timeoutMs"]);
    }
}

#[test]
fn tsk_026_params_are_maps_of_scalars_and_have_no_path_here() {
    holds(&[
        (json!({ "params": [] }), &["E TSK-026 $.params"]),
        (json!({ "params": { "path": { "id": 1 } } }), &["E TSK-026 $.params.path"]),
        (json!({ "params": { "query": "a=b" } }), &["E TSK-026 $.params.query"]),
        (json!({ "params": { "query": { "a": [] } } }), &["E TSK-026 $.params.query.a"]),
        (json!({ "params": { "headers": { "x y": 1 } } }), &[r#"E TSK-004 $.params.headers["x y"]"#]),
        (json!({ "headers": { "a": {} } }), &["E TSK-026 $.headers.a"]),
        (json!({ "headers": ["a"] }), &["E TSK-035 $.headers"]),
    ]);
}

#[test]
fn tsk_027_a_header_is_set_once() {
    holds(&[
        (
            json!({ "headers": { "X-Id": "1" }, "params": { "headers": { "x-id": "2", "other": "3" } } }),
            &[r#"E TSK-027 $.params.headers["x-id"]"#],
        ),
        (json!({ "headers": { "A": "1", "a": "1" } }), &["E TSK-027 $.headers.a"]),
    ]);
}

#[test]
fn headers_of_the_transport_cannot_be_chosen() {
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Upgrade",
        "TE",
        "Trailer",
        "Keep-Alive",
        "Proxy-Authorization",
    ] {
        let findings = Rig::new().raw_findings(&task(json!({ "headers": { name: "x" } })));
        assert_eq!((findings.len(), findings[0].rule), (1, "TSK-004"), "{name}");
        assert!(findings[0].message.contains("set by the transport"), "{name}");
    }
}

#[test]
fn def_071_default_headers_are_checked_where_they_are_used() {
    let with = |header: &str| {
        let spec = format!("  defaults: {{http: {{headers: {{{header}}}}}}}");
        Rig::with(&spec, &ConnectorConfig::default())
            .raw_findings(&task(json!({ "headers": { "Own": "1" } })))
    };
    assert_eq!(with("X-A: 1a, 'own': b"), []);
    let findings = with("Host: h, X-B: \"a\\nb\"");
    let messages: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.message.as_str())).collect();
    let expected = [
        (
            "DEF-071",
            "the header `Host` of `spec.defaults.http.headers` is set by the transport and cannot be chosen",
        ),
        (
            "DEF-071",
            "the header `X-B` of `spec.defaults.http.headers` holds a character that headers must not have",
        ),
    ];
    assert_eq!(messages, expected);
}

#[test]
fn exp_056_literal_header_values_are_checked() {
    holds(&[
        (json!({ "headers": { "a": "x\ny" } }), &["E EXP-056 $.headers.a"]),
        (json!({ "headers": { "a": "x\r${context.a}" } }), &["E EXP-056 $.headers.a"]),
        (json!({ "params": { "headers": { "a": "\0" } } }), &["E EXP-056 $.params.headers.a"]),
        (json!({ "headers": { "a": "grün" } }), &[]),
    ]);
}

#[test]
fn tsk_028_the_body_is_text_json_or_a_mapper() {
    holds(&[
        (json!({ "body": "x ${context.a}" }), &[]),
        (json!({ "body": [] }), &[]),
        (json!({ "body": {} }), &[]),
        (json!({ "body": { "mapper": { "lang": "pick", "expr": "payload" } } }), &[]),
        (json!({ "body": { "mapper": 1, "more": 2 } }), &[]),
        (json!({ "body": 1 }), &["E TSK-028 $.body"]),
        (json!({ "body": true }), &["E TSK-028 $.body"]),
        (json!({ "body": { "mapper": "payload" } }), &["E EXP-001 $.body.mapper"]),
        (json!({ "body": { "mapper": { "lang": "nope", "expr": "x" } } }), &["E EXP-002 $.body.mapper.lang"]),
        (
            json!({ "body": { "mapper": { "lang": "pick", "expr": "f(" } } }),
            &["E EXP-004 $.body.mapper.expr"],
        ),
        (json!({ "body": { "mapperRef": "nope" } }), &["E DEF-126 $.body.mapperRef"]),
    ]);
}

#[test]
fn exp_057_placeholders_in_a_literal_body_are_worth_a_warning() {
    holds(&[
        (json!({ "body": { "a": ["${context.a}"] } }), &["W EXP-057 $.body"]),
        (json!({ "body": { "${context.a}": 1 } }), &["W EXP-057 $.body"]),
        (json!({ "body": { "a": "$ {}" } }), &[]),
    ]);
}

#[test]
fn tsk_036_accept_is_a_header_value_and_yields_to_a_header() {
    holds(&[
        (json!({ "accept": "text/csv" }), &[]),
        (json!({ "accept": "" }), &["E TSK-036 $.accept"]),
        (json!({ "accept": "a\nb" }), &["E TSK-036 $.accept"]),
        (json!({ "accept": 1 }), &["E TSK-036 $.accept"]),
        (json!({ "accept": "text/csv", "headers": { "accept": "x/y" } }), &["W TSK-036 $.accept"]),
        (
            json!({ "accept": "text/csv", "params": { "headers": { "Accept": "x/y" } } }),
            &["W TSK-036 $.accept"],
        ),
    ]);
}

#[test]
fn what_this_build_cannot_do_is_refused() {
    let rig = Rig::new();
    let mapping = json!({ "normaliserRef": "n" });
    for (name, value, path) in [
        ("operationRef", json!("pets.get"), "$.operationRef"),
        ("auth", json!({ "policyRef": "p" }), "$.auth"),
        ("resiliencePolicyRef", json!("p"), "$.resiliencePolicyRef"),
        ("cookies", json!({ "useJar": false }), "$.cookies"),
        ("errorMapping", mapping, "$.errorMapping.normaliserRef"),
    ] {
        let findings = rig.raw_findings(&task(json!({ name: value })));
        let finding = findings.iter().find(|finding| finding.path.to_string() == path).expect(path);
        assert_eq!(finding.severity, Severity::Error);
        assert!(
            finding.message.ends_with("is not supported by this build of the engine"),
            "{}",
            finding.message
        );
        assert!(finding.help.is_some());
    }
}

#[test]
fn tsk_045_error_mapping_is_checked() {
    let mapper = json!({ "lang": "pick", "expr": "payload" });
    let with = |members: Value| {
        let mut mapping = json!({ "mapper": mapper });
        for (name, value) in members.as_object().unwrap() {
            mapping[name] = value.clone();
        }
        json!({ "errorMapping": mapping })
    };
    holds(&[
        (with(json!({})), &[]),
        (with(json!({ "target": { "kind": "var" }, "resultVar": "problem" })), &[]),
        (with(json!({ "target": { "path": "" } })), &[]),
        (json!({ "errorMapping": "x" }), &["E TSK-045 $.errorMapping"]),
        (with(json!({ "mapper": null })), &["E TSK-045 $.errorMapping.mapper"]),
        (with(json!({ "mapperRef": "m" })), &["E DEF-126 $.errorMapping.mapperRef"]),
        (with(json!({ "when": "always" })), &["E TSK-045 $.errorMapping.when"]),
        (with(json!({ "wen": "nonOk" })), &["E DEF-007 $.errorMapping.wen"]),
        (with(json!({ "target": "var" })), &["E STA-051 $.errorMapping.target"]),
        (with(json!({ "target": { "kind": "attributes" } })), &["E TSK-045 $.errorMapping.target.kind"]),
        (with(json!({ "target": { "kind": "elsewhere" } })), &["E STA-051 $.errorMapping.target.kind"]),
        (with(json!({ "target": { "kind": "var" } })), &["E STA-052 $.errorMapping.resultVar"]),
        (with(json!({ "resultVar": "problem" })), &["E STA-052 $.errorMapping.resultVar"]),
        (
            with(json!({ "target": { "kind": "var", "path": "a" }, "resultVar": "problem" })),
            &["E STA-052 $.errorMapping.target.path"],
        ),
        (with(json!({ "target": { "path": "a-b" } })), &["E STA-053 $.errorMapping.target.path"]),
        (with(json!({ "target": { "path": 1 } })), &["E STA-053 $.errorMapping.target.path"]),
        (with(json!({ "target": { "paht": "a" } })), &["E DEF-007 $.errorMapping.target.paht"]),
    ]);
}

#[test]
fn def_010_all_faults_are_reported_at_once() {
    let config = json!({
        "mode": "requestResponse",
        "method": "FETCH",
        "url": "nowhere",
        "params": { "query": { "a": {} }, "headers": { "bad name": "1" } },
        "headers": { "b": "x\ny" },
        "body": 7,
        "accept": 7,
        "timeoutMs": 0,
        "errorMapping": {},
        "auth": {},
        "surprise": 1,
    });
    let expected = [
        "E DEF-007 $.surprise",
        "E EXP-056 $.headers.b",
        r#"E TSK-004 $.params.headers["bad name"]"#,
        "E TSK-022 $.method",
        "E TSK-022 $.url",
        "E TSK-024 $.resultVar",
        "E TSK-025 $.timeoutMs",
        "E TSK-026 $.params.query.a",
        "E TSK-028 $.body",
        "E TSK-029 $.auth",
        "E TSK-036 $.accept",
        "E TSK-045 $.errorMapping.mapper",
    ];
    assert_eq!(Rig::new().findings(&config), expected);
}

#[test]
fn a_configuration_that_is_no_object_is_refused() {
    for config in [json!(null), json!([]), json!("x")] {
        assert_eq!(Rig::new().findings(&config), ["E STA-020 $"]);
    }
}

#[test]
fn def_010_documents_show_each_fault_once_and_in_its_place() {
    let task = "{kind: httpCall:v1, method: POST, url: 'https://h/', resultVar: a, timeoutMs: 0, \
                params: {body: {}, quary: {}}, headers: {X-A: 'ok', x-a: 'twice'}, errorMapping: {mapperRef: nope}}";
    let expected = [
        "DEF-007 $.spec.states.call.task.params.quary",
        "DEF-012 $.spec.states.call.task.params.body",
        "DEF-126 $.spec.states.call.task.errorMapping.mapperRef",
        "TSK-025 $.spec.states.call.task.timeoutMs",
        r#"TSK-027 $.spec.states.call.task.headers["x-a"]"#,
    ];
    assert_eq!(Rig::new().diagnose(task), expected);
    let good = "{kind: httpCall:v1, method: POST, url: 'https://h/', resultVar: a, accept: null, body: {keep: null}}";
    assert_eq!(Rig::new().diagnose(good), [""; 0]);
}

/// Warnings are told when a definition is loaded; linking has no place for them (TSK-004).
#[test]
fn tsk_004_a_task_that_cannot_be_prepared_gives_its_errors_only() {
    let rig = Rig::new();
    let config = task(json!({ "timeoutMs": -1, "body": { "a": "${context.a}" } }));
    assert_eq!(rig.findings(&config).len(), 2);
    assert_eq!(rig.refusal(&config), ["E TSK-025 $.timeoutMs"]);
}
