use jf_machine::{Program, Run};
use serde_json::{Value, json};

use crate::support::{World, journey, load};

/// Also EXP-012.
#[test]
fn exp_010_every_name_is_bound_at_every_state() {
    let spec = "
start: hold
states:
  hold: { type: wait, wait: { input: { schema: {} } }, next: show }
  show: { type: transform, transform: { mapper: { lang: mini, expr: '{\"$bindings\":1}' }, target: { kind: var }, resultVar: seen }, next: done }
  done: { type: succeed, outputVar: seen }
";
    let mut world = World::start(journey(spec), json!({ "a": 1 }));
    world.submit("hold", json!({ "p": 1 }));
    let seen = world.output().as_object().unwrap();
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["context", "payload", "error", "platform"]);
    assert_eq!(seen["context"], json!({ "a": 1, "payload": { "p": 1 } }));
    assert_eq!(seen["payload"], json!({ "p": 1 }), "EXP-012");
    assert_eq!(seen["error"], Value::Null);
}

const SEEDS: &str = "
start: one
states:
  one: { type: transform, transform: { mapper: { lang: mini, expr: '{\"$seed\":1}' }, target: { kind: var }, resultVar: a }, next: two }
  two: { type: transform, transform: { mapper: { lang: mini, expr: '{\"$seed\":1}' }, target: { kind: var }, resultVar: b }, next: done }
  done: { type: succeed }
";

/// Also EXP-007.
#[test]
fn exp_006_each_evaluation_has_a_seed_of_its_own_and_equal_inputs_equal_ones() {
    let outputs: Vec<Value> =
        (0..2).map(|_| World::start(journey(SEEDS), json!({})).output().clone()).collect();
    assert_ne!(outputs[0]["a"], outputs[0]["b"]);
    assert_eq!(outputs[0], outputs[1], "EXP-007");
}

#[test]
fn the_types_cross_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Program>();
    shared::<Run>();
    shared::<jf_machine::Effects>();
    shared::<jf_machine::Refused>();
}

/// A variable is a member of the context and no name of its own; a load that reads it as one is refused.
#[test]
fn exp_016_variables_are_reached_through_the_context() {
    let spec = |expr: &str| {
        format!(
            "
start: keep
states:
  keep: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '7' }}, target: {{ kind: var }}, resultVar: kept }}, next: show }}
  show: {{ type: transform, transform: {{ mapper: {{ lang: mini, expr: '\"={expr}\"' }}, target: {{ kind: var }}, resultVar: seen }}, next: done }}
  done: {{ type: succeed, outputVar: seen }}
"
        )
    };
    assert_eq!(World::start(journey(&spec("context.kept")), json!({})).output(), 7);
    let refused = load("Journey", &spec("kept")).unwrap_err().to_string();
    assert!(refused.contains("nothing is bound to `kept`"), "{refused}");
}
