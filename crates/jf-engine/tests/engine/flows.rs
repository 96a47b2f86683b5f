//! Branches and subjourneys through the engine: steps by address, tasks and timers per flow.

use jf_core::EngineErrorKind;
use serde_json::json;

use crate::support::{Bench, Job, as_status, breathe, caller_with, journey, kind, soon, step};

/// Two branches that wait for the same step id, one of them inside a subjourney, and a third that is done with a timer.
const TREE: &str = "\
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - name: left
          start: sign
          states:
            sign: { type: wait, wait: { input: { schema: {} }, response: { outputVar: payload } }, next: call }
            call: { type: task, task: { kind: 'desk:v1' }, next: end }
            end: { type: succeed, outputVar: answer }
        - name: right
          start: run
          states:
            run: { type: subjourney, subjourney: { ref: signing, resultVar: signed }, next: end }
            end: { type: succeed, outputVar: signed }
        - name: clock
          start: nap
          states:
            nap: { type: timer, timer: { duration: PT10S }, next: end }
            end: { type: succeed }
      join: { strategy: allOf, resultVar: all, mapper: { lang: tiny, expr: '{\"l\":\"=branches.left._outcome.output\",\"r\":\"=branches.right._outcome.output\"}' } }
    next: last
  last: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: all }
subjourneys:
  signing:
    start: sign
    states:
      sign: { type: webhook, webhook: { input: { schema: {} }, timeoutSec: 3600, onTimeout: late }, next: call }
      call: { type: task, task: { kind: 'desk:v1' }, next: end }
      late: { type: fail, errorCode: LATE, reason: r }
      end: { type: succeed, outputVar: answer }
";

async fn job(bench: &Bench) -> Job {
    soon(bench.desk.next()).await
}

/// Also ENG-031, ENG-040, ENG-042, ENG-046, ENG-048, STA-105.
#[tokio::test]
async fn http_051_steps_of_branches_are_linked_and_submitted_by_their_addresses() {
    let bench = Bench::new(&[journey("tree", TREE)]).await;
    let status = as_status(bench.run("tree", json!({})).await).document;
    assert_eq!(status.current_state, *"both");
    let addresses: Vec<_> = status.active_steps.iter().filter_map(|step| step.address.as_deref()).collect();
    assert_eq!(addresses, ["both~left~sign", "both~right~run~sign"]);
    let links: Vec<_> =
        status.links.iter().flat_map(jf_core::Links::iter).map(|(relation, _)| relation.to_owned()).collect();
    assert_eq!(links, ["self", "result", "both~left~sign", "both~right~run~sign", "cancel"]);
    let id = status.journey_id;
    assert_eq!(kind(bench.submit(step(&id, "sign", json!(1))).await), EngineErrorKind::StepAmbiguous);

    let left = bench.submit(step(&id, "both~left~sign", json!({ "seen": 1 }))).await.unwrap();
    assert_eq!(left.step.as_ref().unwrap().to_string(), "both~left~sign");
    let first = job(&bench).await;
    let right = bench.submit(step(&id, "sign", json!(2))).await.unwrap();
    let second = job(&bench).await;
    assert_eq!(first.context.evaluation.context(), &json!({ "payload": { "seen": 1 } }));
    assert_eq!(second.context.evaluation.context(), &json!({ "payload": 2 }), "the subjourney's own");
    second.done(json!("R"));
    soon(right.settled()).await.unwrap();
    first.done(json!("L"));
    let answer = soon(left.settled()).await.unwrap().document;
    assert_eq!(answer.projection["seen"], 1, "as it was when the branch ended");

    bench.pass(10).await;
    job(&bench).await.done(json!(null));
    let outcome = bench.until_ended(&id).await;
    assert_eq!(outcome.output, json!({ "l": "L", "r": "R" }));
    assert!(bench.desk.is_empty().await);
}

/// Also TSK-013.
#[tokio::test]
async fn sta_108_tasks_of_losing_branches_are_dropped() {
    let spec = "\
start: race
states:
  race:
    type: parallel
    parallel:
      branches:
        - { name: a, start: call, states: { call: { type: task, task: { kind: 'desk:v1' }, next: end }, end: { type: succeed } } }
        - { name: b, start: call, states: { call: { type: task, task: { kind: 'desk:v1' }, next: end }, end: { type: succeed } } }
      join: { strategy: firstCompleted }
    next: done
  done: { type: succeed }
";
    let bench = Bench::new(&[journey("race", spec)]).await;
    let started = bench.start("race", json!({})).await;
    let (first, second) = (job(&bench).await, job(&bench).await);
    assert!(!second.is_abandoned());
    first.done(json!(1));
    soon(started.settled()).await.unwrap();
    breathe().await;
    assert!(second.is_abandoned());
}

/// Also ENG-047: a start is answered when no flow is in motion, whichever flow it is.
#[tokio::test]
async fn tsk_008_the_request_goes_with_the_segment_into_branches_and_behind_the_join() {
    let spec = TREE.replace(
        "type: wait, wait: { input: { schema: {} }, response: { outputVar: payload } }",
        "type: task, task: { kind: 'desk:v1' }",
    );
    let bench = Bench::new(&[journey("tree", &spec)]).await;
    let seen = |job: &Job| job.context.caller.as_ref().and_then(|caller| caller.header("x-who"));
    let request = jf_core::StartRequest::new("tree", json!({})).unwrap();
    let started =
        jf_core::Engine::start(&*bench.engine, request, &caller_with(&[("x-who", "ann")])).await.unwrap();
    let id = started.journey_id.clone();
    let sign = job(&bench).await;
    assert_eq!(seen(&sign).as_deref(), Some("ann"), "into the branch");
    sign.done(json!(1));
    let call = job(&bench).await;
    assert_eq!(seen(&call).as_deref(), Some("ann"));
    call.done(json!("L"));
    soon(started.settled()).await.unwrap();
    bench.pass(10).await;
    let mut submission = step(&id, "sign", json!(1));
    submission.key = None;
    let taken = jf_core::Engine::submit_step(&*bench.engine, submission, &caller_with(&[("x-who", "bob")]))
        .await
        .unwrap();
    let call = job(&bench).await;
    assert_eq!(seen(&call).as_deref(), Some("bob"));
    call.done(json!("R"));
    let last = job(&bench).await;
    assert_eq!(seen(&last).as_deref(), Some("bob"), "behind the join that this branch completed");
    last.done(json!(null));
    soon(taken.settled()).await.unwrap();
    assert_eq!(bench.outcome(&id).await.output, json!({ "l": "L", "r": "R" }));
}
