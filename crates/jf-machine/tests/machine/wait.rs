use jf_core::{Phase, StepType};
use serde_json::json;

use crate::support::{World, at, journey, refusal, submission, urn};

const APPROVAL: &str = "
start: hold
states:
  hold:
    type: wait
    wait:
      input: { schema: { type: object, required: [ok] } }
      timeoutSec: 60
      onTimeout: late
    next: judge
  judge:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: '\"=payload.ok\"' } }, next: done }]
    default: hold
  late: { type: fail, errorCode: LATE, reason: nobody came }
  done: { type: succeed }
";

/// Also ENG-031, STA-068.
#[test]
fn sta_066_a_wait_parks_as_an_active_step_without_payload() {
    let world = World::start(journey(APPROVAL), json!({ "payload": "of the body", "a": 1 }));
    assert_eq!((world.run.phase(), world.steps()), (Phase::Running, vec!["hold"]));
    assert!(world.run.is_settled());
    let step = &world.run.active_steps()[0];
    assert_eq!((step.step_type, step.due_at), (StepType::Wait, Some(at("2026-01-01T00:01:00Z"))), "ENG-031");
    assert_eq!(step.address, None);
}

#[test]
fn def_005_removing_the_payload_keeps_the_order_of_the_rest() {
    let world = World::start(journey(APPROVAL), json!({ "payload": 1, "z": 2, "y": 3, "x": 4 }));
    assert_eq!(world.context().as_object().unwrap().keys().collect::<Vec<_>>(), ["z", "y", "x"]);
}

/// Also ENG-045.
#[test]
fn sta_067_a_submission_is_the_payload_and_takes_next() {
    let mut world = World::start(journey(APPROVAL), json!({ "a": 1 }));
    world.submit("hold", json!({ "ok": true, "by": "me" }));
    assert_eq!(world.output(), &json!({ "a": 1, "payload": { "ok": true, "by": "me" } }));
}

/// Also STA-060.
#[test]
fn eng_043_the_payload_is_any_value_the_schema_takes() {
    let spec = "start: hold\nstates:\n  hold: { type: webhook, webhook: { input: { schema: true } }, next: done }\n  done: { type: succeed, outputVar: payload }\n";
    let spec = spec.replace("schema: true", "schema: {}");
    for payload in [
        json!(null),
        json!(false),
        json!(7),
        json!("text"),
        json!([1]),
        json!({ "payload": 1, "eventType": "x" }),
    ] {
        let mut world = World::start(journey(&spec), json!({}));
        assert_eq!(world.run.active_steps()[0].step_type, StepType::Webhook);
        world.submit("hold", payload.clone());
        assert_eq!(world.output(), &payload);
    }
}

#[test]
fn sta_069_a_time_out_takes_its_own_way_without_payload() {
    let mut world = World::start(journey(APPROVAL), json!({}));
    world.pass(59);
    assert_eq!(world.run.phase(), Phase::Running);
    world.pass(1);
    assert_eq!(world.error(), ("LATE", "nobody came"));
}

/// Also ENG-073.
#[test]
fn sta_069_submission_and_time_out_exclude_each_other() {
    let mut world = World::start(journey(APPROVAL), json!({}));
    world.now = at("2026-01-01T00:01:00Z");
    let (slug, status, _) = refusal(world.try_submit(submission("hold", json!({ "ok": true }))));
    assert_eq!((slug, status), ("step-not-active", 409), "ENG-073: the time-out was overdue");
    assert_eq!(world.error().0, "LATE");

    let mut world = World::start(journey(APPROVAL), json!({}));
    world.now = at("2026-01-01T00:00:59.999Z");
    world.submit("hold", json!({ "ok": true }));
    assert_eq!(world.run.phase(), Phase::Succeeded);
}

/// Also ENG-071.
#[test]
fn sta_070_re_entry_is_a_new_activation_with_a_fresh_time_out() {
    let mut world = World::start(journey(APPROVAL), json!({}));
    world.pass(50);
    world.submit("hold", json!({ "ok": false }));
    assert_eq!(world.run.active_steps()[0].due_at, Some(at("2026-01-01T00:01:50Z")));
    // The time-out of the first activation is gone (ENG-071).
    world.pass(20);
    assert_eq!(world.steps(), ["hold"]);
    world.submit("hold", json!({ "ok": true }));
    assert_eq!(world.output(), &json!({ "payload": { "ok": true } }));
}

/// Also ENG-141.
#[test]
fn eng_044_a_payload_that_violates_the_schema_changes_nothing() {
    let mut world = World::start(journey(APPROVAL), json!({}));
    world.pass(30);
    let (slug, status, problem) =
        refusal(world.try_submit(submission("hold", json!({ "secret": "s3cr3t" }))));
    assert_eq!((slug, status), ("invalid-input", 400));
    assert_eq!((problem.errors.len(), &*problem.errors[0].keyword), (1, "required"), "ENG-141");
    assert!(!serde_json::to_string(&problem).unwrap().contains("s3cr3t"));
    assert_eq!(
        world.run.active_steps()[0].due_at,
        Some(at("2026-01-01T00:01:00Z")),
        "the time-out keeps running"
    );
    world.pass(30);
    assert_eq!(world.error().0, "LATE");
}

#[test]
fn eng_061_time_outs_are_clamped_to_the_deadline_which_comes_first() {
    let spec = format!(
        "{APPROVAL}execution: {{ maxDurationSec: 30, onTimeout: {{ errorCode: TOO_LONG, reason: r }} }}\n"
    );
    let mut world = World::start(journey(&spec), json!({}));
    assert_eq!(world.run.active_steps()[0].due_at, Some(at("2026-01-01T00:00:30Z")));
    world.pass(60);
    assert_eq!(world.error().0, "TOO_LONG");
}

#[test]
fn def_203_a_submission_that_makes_the_context_too_large_fails_its_state() {
    let spec = APPROVAL.to_owned() + "output: { response: { outputVar: view, schema: { type: object } } }\n";
    let mut world = World::with(journey(&spec), json!({ "view": { "kept": 1 } }), |world| {
        world.limits.context_bytes = 100
    });
    world.submit("hold", json!({ "ok": "x".repeat(100) }));
    assert_eq!(world.error().0, urn("internal"));
    assert_eq!(world.outcome().projection["kept"], 1);
}
