use jf_core::TerminationKind;
use jf_machine::PlatformValues;
use serde_json::{Value, json};

use crate::support::{World, journey, program, urn};

const SPEC: &str = "
start: show
states:
  show: { type: transform, transform: { mapper: { lang: mini, expr: '\"=platform\"' }, target: { kind: var }, resultVar: seen }, next: done }
  done: { type: succeed, outputVar: seen }
platform:
  config:
    url: { type: string, required: true }
    limit: { type: integer }
    ratio: { type: number }
    on: { type: boolean }
    more: { type: object }
";

fn with(config: Value) -> impl FnOnce(&mut World) {
    move |world| world.platform = PlatformValues::new("staging", config.as_object().unwrap().clone())
}

/// Also DEF-081.
#[test]
fn exp_015_what_expressions_see_of_the_platform() {
    let config = json!({ "undeclared": 1, "url": "https://x", "limit": 5.0 });
    let world = World::with(journey(SPEC), json!({}), with(config));
    let expected = json!({
        "environment": "staging",
        "journey": { "name": "test", "kind": "Journey", "version": "1.2.0" },
        "run": { "id": "r1", "startedAt": "2026-01-01T00:00:00.000Z", "traceparent": null },
        "config": { "url": "https://x", "limit": 5.0 },
    });
    assert_eq!(world.output(), &expected, "DEF-081");
    let api = SPEC.replace("required: true", "required: false");
    let world = World::start(program("Api", &api), json!({}));
    assert_eq!(world.output()["journey"]["kind"], "Api");
}

#[test]
fn def_082_missing_or_wrong_values_end_new_runs_before_the_first_state() {
    for config in [
        json!({}),
        json!({ "url": null }),
        json!({ "url": 1 }),
        json!({ "url": "x", "limit": 1.5 }),
        json!({ "url": "x", "ratio": "1" }),
        json!({ "url": "x", "on": 1 }),
        json!({ "url": "x", "more": [] }),
    ] {
        let world = World::with(journey(SPEC), json!({}), with(config.clone()));
        assert_eq!(world.error().0, urn("platform-config"), "{config}");
        assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
        assert_eq!(world.story(), ["show []", "FAILED"]);
        assert!(!world.facts.iter().any(|fact| matches!(fact, jf_machine::Fact::StateEntered(_))));
        assert_eq!(world.program.check_config(&world.platform).len(), 1, "what a deployment would say");
    }
}
