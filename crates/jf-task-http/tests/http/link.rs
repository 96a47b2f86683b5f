//! What is said of a call when its definition is linked: only what the plugin cannot honour yet.

use std::sync::Arc;

use jf_core::dsl::{Capabilities, Feature};
use jf_core::spi::Registries;
use jf_task_http::{ConnectorConfig, HttpCallTask};
use serde_json::{Value, json};

use crate::rig::Rig;

fn call(members: Value) -> Value {
    let mut task = json!({ "method": "POST", "url": "https://h/", "resultVar": "api" });
    for (name, value) in members.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

#[track_caller]
fn refused(rig: &Rig, config: &Value, expected: &str) {
    let findings = rig.link(config).expect_err("it is refused");
    let shown: Vec<_> = findings.iter().map(|finding| format!("{} {}", finding.rule, finding.path)).collect();
    assert_eq!(shown, [expected]);
    assert!(
        findings[0].message.ends_with("is not supported by this build of the engine"),
        "{}",
        findings[0].message
    );
}

#[test]
fn what_this_build_cannot_do_is_refused() {
    let rig = Rig::new();
    refused(&rig, &call(json!({ "auth": { "policyRef": "token" } })), "TSK-029 $.auth");
    refused(&rig, &call(json!({ "resiliencePolicyRef": "patient" })), "TSK-029 $.resiliencePolicyRef");
    let plain = call(json!({}));
    assert!(rig.link(&plain).is_ok());
}

#[test]
fn def_072_a_default_policy_is_not_passed_over_in_silence() {
    let with = |spec: &str| Rig::with(spec, &ConnectorConfig::default());
    let plain = call(json!({}));
    let of_tasks = with("  defaults: {tasks: {resiliencePolicyRef: patient}}");
    refused(&of_tasks, &plain, "TSK-029 $.resiliencePolicyRef");
    let of_policies = with("  policies: {httpResilience: {default: patient, definitions: {}}}");
    refused(&of_policies, &plain, "TSK-029 $.resiliencePolicyRef");
}

#[test]
fn tsk_031_a_build_with_the_plugin_has_api_catalogues_and_their_servers() {
    let plugin = Arc::new(HttpCallTask::new(&ConnectorConfig::default()));
    let without = Registries::builder().build().unwrap();
    let with = Registries::builder()
        .task(plugin)
        .api_server("calls", "pets", "https://staging.example")
        .build()
        .unwrap();
    assert!(
        with.supports(Feature::Apis) && !with.supports(Feature::Policies) && !without.supports(Feature::Apis)
    );
    let server =
        |definition: &str, api: &str| with.api_server(&definition.parse().unwrap(), &api.parse().unwrap());
    assert_eq!(server("calls", "pets").as_deref(), Some("https://staging.example"));
    assert_eq!((server("calls", "other"), server("others", "pets")), (None, None));
}
