use jf_core::Problem;
use jf_core::spi::TaskErrorKind;
use jf_machine::{Run, Schedule, SnapshotError, TaskFailure};
use serde_json::{Value, json};

use crate::support::{NUMBER, RAW, World, journey};

fn stored() -> Vec<u8> {
    World::start(journey("start: w\nstates:\n  w: { type: wait, wait: { input: { schema: {} } }, next: e }\n  e: { type: succeed }\n"), json!({}))
        .run
        .to_snapshot()
}

/// ENG-101: a run is read back by any version that knows its form.
#[test]
fn eng_101_a_snapshot_begins_with_its_format() {
    let bytes = stored();
    assert_eq!(bytes[0], 1);
    assert!(Run::from_snapshot(&bytes).is_ok());
}

#[test]
fn eng_101_a_snapshot_of_a_later_version_is_refused_with_a_clear_error() {
    let mut bytes = stored();
    bytes[0] = 2;
    let error = Run::from_snapshot(&bytes).unwrap_err();
    assert!(matches!(error, SnapshotError::Newer { found: 2, known: 1 }));
    let message = "it was stored in format 2 by a later version; this one reads formats up to 1";
    assert_eq!(error.to_string(), message);
}

#[test]
fn eng_101_other_bytes_are_no_snapshot() {
    let bytes = stored();
    for wrong in
        [&[][..], &[0], &[1], b"{}", &bytes[1..], &bytes[..bytes.len() - 1], &[&bytes[..], b" x"].concat()]
    {
        assert!(matches!(Run::from_snapshot(wrong), Err(SnapshotError::Malformed(_))), "{wrong:?}");
    }
}

/// A run with branches, one of them in a subjourney.
fn tree() -> Value {
    let spec = "
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - { name: a, start: w, states: { w: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
        - { name: b, start: r, states: { r: { type: subjourney, subjourney: { ref: sub }, next: e }, e: { type: succeed } } }
      join: { strategy: allOf }
    next: e
  e: { type: succeed }
subjourneys: { sub: { start: w, states: { w: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } } }
";
    let bytes = World::start(journey(spec), json!({})).run.to_snapshot();
    serde_json::from_slice(&bytes[1..]).unwrap()
}

fn read(run: &Value) -> Result<Run, SnapshotError> {
    Run::from_snapshot(&[&[1], serde_json::to_vec(run).unwrap().as_slice()].concat())
}

/// INV-1: what is read back can be relied on, so that nothing panics later.
#[test]
fn inv_1_a_snapshot_that_no_run_can_have_is_refused() {
    let sound = tree();
    assert!(read(&sound).is_ok());
    let set = |place: &'static str, value: Value| (place, value);
    let scope = sound["flows"][1]["scopes"][0].clone();
    let outcome = World::start(journey("start: e\nstates: { e: { type: succeed } }\n"), json!({}));
    let end: Value = serde_json::from_slice(&outcome.run.to_snapshot()[1..]).unwrap();
    let wrong = [
        set("/flows", json!([])),
        set("/flows/0/scopes", json!([])),
        set("/flows/2/scopes", json!([])),
        set("/flows/1/scopes/0/context", json!(7)),
        set("/flows/1/branch/flow", json!(2)),
        set("/flows/1/branch/flow", json!(1)),
        set("/flows/2/branch/flow", json!(99)),
        set("/flows/2/branch/flow", json!(1)),
        set("/flows/0/position", json!("moving")),
        set("/flows/0/branch", json!({ "flow": 1, "name": "a" })),
        set("/flows/1/branch", json!(null)),
        set("/flows/1/scopes", Value::Array(vec![scope; 300])),
        set("/end", end["end"].clone()),
    ];
    for (place, value) in wrong {
        let mut run = sound.clone();
        let shown = value.to_string();
        match run.pointer_mut(place) {
            Some(slot) => *slot = value,
            None => {
                let (outer, name) = place.rsplit_once('/').unwrap();
                run.pointer_mut(outer).unwrap()[name] = value;
            }
        }
        assert!(matches!(read(&run), Err(SnapshotError::Malformed(None))), "{place} {shown:.60}");
    }
}

#[test]
fn def_203_a_snapshot_cannot_exhaust_the_stack() {
    let place = |depth: usize| {
        let context = format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let text = tree().to_string();
        assert_eq!(text.matches("\"context\":{}").count(), 4);
        [&[1], text.replacen("\"context\":{}", &format!("\"context\":{context}"), 1).as_bytes()].concat()
    };
    assert!(Run::from_snapshot(&place(300)).is_ok(), "deeper than any context");
    for depth in [600, 1_000_000] {
        assert!(matches!(Run::from_snapshot(&place(depth)), Err(SnapshotError::Malformed(Some(_)))));
        let opened = [&[1][..], "[".repeat(depth).as_bytes()].concat();
        assert!(Run::from_snapshot(&opened).is_err());
    }
    let quoted = place(1).len();
    let text = String::from_utf8(place(1)[1..].to_vec()).unwrap();
    let texts = text.replace("[1]", &format!("[\"{}\\\"{}\"]", "[".repeat(700), "{".repeat(700)));
    assert!(texts.len() > quoted + 1_000);
    assert!(Run::from_snapshot(&[&[1], texts.as_bytes()].concat()).is_ok(), "brackets in texts do not count");
}

/// Reads a run back and writes it again. It holds so many values with a name that is not for `serde_json` to understand.
fn comes_back(run: &Run, odd: usize) {
    let bytes = run.to_snapshot();
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!((text.matches(RAW).count(), text.matches(NUMBER).count()), (odd, odd), "{text}");
    assert_eq!(Run::from_snapshot(&bytes).unwrap().to_snapshot(), bytes, "{text}");
}

fn odd() -> Value {
    json!([{ RAW: "no JSON" }, { NUMBER: "1" }])
}

#[test]
fn eng_101_members_may_have_any_name_in_contexts_and_results_of_branches() {
    let spec = "
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - { name: a, start: w, states: { w: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed, outputVar: payload } } }
        - { name: b, start: t, states: { t: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed } } }
        - { name: c, start: w, states: { w: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed } } }
      join: { strategy: allOf, errorPolicy: collectAll }
    next: e
  e: { type: succeed, outputVar: view }
output: { response: { outputVar: view, schema: { type: object } } }
";
    let mut world = World::start(journey(spec), json!({ "view": { "odd": odd() } }));
    comes_back(&world.run, 4);
    world.submit("both~a~w", odd());
    comes_back(&world.run, 6);
    let problem = Problem::new("urn:x", "x").with("told", odd());
    world.fail_task(TaskFailure { kind: TaskErrorKind::Reported, problem });
    comes_back(&world.run, 7);
    world.submit("both~c~w", json!(1));
    // The output and the members of the response.
    comes_back(&world.run, 2);
}

/// Also ENG-096.
#[test]
fn eng_101_members_may_have_any_name_in_problems_and_compensations() {
    let spec = "
start: t
states:
  t: { type: task, task: { kind: 'fake:v1' }, next: w }
  w: { type: wait, wait: { input: { schema: {} }, response: { outputVar: view } }, next: e }
  e: { type: succeed, outputVar: odd }
compensation:
  alsoFor: [{ when: {} }]
  start: undo
  states: { undo: { type: task, task: { kind: 'fake:v1' }, next: e }, e: { type: succeed } }
";
    let begun = World::start(journey(spec), json!({ "odd": odd() }));
    comes_back(&begun.run, 1);

    let mut failed = begun.clone();
    let problem = Problem::new("urn:x", "x").with("told", odd());
    failed.fail_task(TaskFailure { kind: TaskErrorKind::Reported, problem });
    assert!(failed.problem()["told"][0].get(RAW).is_some());
    let (contexts, problem) = (2, 1);
    comes_back(&failed.run, contexts + problem);

    let mut succeeded = begun;
    succeeded.finish(&[]);
    succeeded.submit("w", json!(1));
    let output = 2;
    comes_back(&succeeded.run, contexts + output);
    // Its context, and the output that it compensates.
    comes_back(&succeeded.compensate().run, 2);
}

/// TSK-105: what one run leaves to the next.
#[test]
fn eng_101_members_may_have_any_name_in_schedules() {
    let spec = "
start: plan
states:
  plan: { type: task, task: { kind: 'schedule:v1', start: e, interval: PT1H, maxRuns: 3 }, next: e }
  e: { type: succeed }
";
    let mut world = World::start(journey(spec), json!({ "odd": odd() }));
    world.found(None);
    let bytes = world.schedule().to_snapshot();
    assert!(String::from_utf8_lossy(&bytes).contains(RAW));
    assert_eq!(Schedule::from_snapshot(&bytes).unwrap().to_snapshot(), bytes);
}
