//! Headers that are passed on: to the calls of the segment that their request began, and to no other (HTTP-040 to HTTP-043).

use std::sync::Arc;

use jf_core::spi::TaskOutput;
use jf_core::{Engine, JourneyId, StartRequest, StepRef, StepTarget, SubmitStep};
use serde_json::{Value, json};

use crate::support::{Bench, Job, Setup, breathe, caller_with, journey};

/// A call before two branches that each wait and call, a subjourney in one of them, and a call after they have met.
const FORK: &str = "\
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: fork }
  fork:
    type: parallel
    parallel:
      branches:
        - name: left
          start: askLeft
          states:
            askLeft: { type: wait, wait: { input: { schema: {} } }, next: callLeft }
            callLeft: { type: task, task: { kind: 'desk:v1' }, next: endLeft }
            endLeft: { type: succeed }
        - name: right
          start: askRight
          states:
            askRight: { type: wait, wait: { input: { schema: {} } }, next: below }
            below: { type: subjourney, subjourney: { ref: deep }, next: endRight }
            endRight: { type: succeed }
      join: { strategy: allOf }
    next: last
  last: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed }
subjourneys:
  deep: { start: callRight, states: { callRight: { type: task, task: { kind: 'desk:v1' }, next: end }, end: { type: succeed } } }
bindings:
  http:
    start: { headersPassthrough: [{ from: X-Ticket, to: X-Sent }] }
    steps:
      askLeft: { headersPassthrough: [{ from: X-Ticket, to: X-Sent }] }
      askRight: { headersPassthrough: [{ from: X-Ticket, to: X-Sent }] }
";

fn sent(job: &Job) -> (String, Value) {
    let header = job.context.passthrough.get("x-sent").map(|value| value.to_str().unwrap());
    (job.context.state.to_string(), json!(header))
}

fn is(state: &str, header: Option<&str>) -> (String, Value) {
    (state.to_owned(), json!(header))
}

async fn begun(bench: &Bench) -> JourneyId {
    let start = StartRequest::new("fork", json!({})).unwrap();
    let caller = caller_with(&[("x-ticket", "of the start")]);
    bench.engine.start(start, &caller).await.unwrap().journey_id
}

async fn submit(bench: &Bench, id: &JourneyId, step: &str, ticket: &'static str) {
    let target = StepTarget::Any(StepRef::parse(step).unwrap());
    let caller = caller_with(&[("x-ticket", ticket)]);
    let submitted = bench.engine.submit_step(SubmitStep::new(id.clone(), target, json!(1)), &caller).await;
    drop(submitted.unwrap());
}

/// Also HTTP-040: in branches and subjourneys, and after the join with the request that completed it. Also HTTP-035: by the state, however
/// the request names it.
#[tokio::test]
async fn http_043_each_request_reaches_the_calls_of_the_flow_it_moved() {
    let bench = Bench::new(&[journey("fork", FORK)]).await;
    let id = begun(&bench).await;
    let first = bench.desk.next().await;
    assert_eq!(sent(&first), is("first", Some("of the start")));
    first.give(TaskOutput::none());
    bench.until(&id, |status| status.active_steps.len() == 2).await;
    submit(&bench, &id, "askLeft", "of the left").await;
    submit(&bench, &id, "fork~right~askRight", "of the right").await;
    let (left, right) = (bench.desk.next().await, bench.desk.next().await);
    assert_eq!(sent(&left), is("callLeft", Some("of the left")));
    assert_eq!(sent(&right), is("callRight", Some("of the right")), "both run at the same time");
    right.give(TaskOutput::none());
    breathe().await;
    left.give(TaskOutput::none());
    assert_eq!(sent(&bench.desk.next().await), is("last", Some("of the left")), "it completed the join");
}

/// A task that is repeated by another process has lost them.
#[tokio::test]
async fn http_041_they_are_in_the_memory_of_the_process_and_nowhere_else() {
    let definitions = [journey("fork", FORK)];
    let bench = Bench::new(&definitions).await;
    begun(&bench).await;
    assert_eq!(sent(&bench.desk.next().await), is("first", Some("of the start")));
    let mut setup = Setup::new(&definitions).store(Arc::clone(&bench.store));
    setup.clock = bench.clock.clone();
    let next = setup.build().await;
    drop(bench);
    assert_eq!(sent(&next.desk.next().await), is("first", None));
}

/// Nor does what follows a run see the request that began it.
#[tokio::test]
async fn http_041_a_compensation_has_none() {
    let spec = "\
start: call
states:
  call: { type: task, task: { kind: 'desk:v1' }, next: bad }
  bad: { type: fail, errorCode: NO, reason: because }
compensation: { start: undo, states: { undo: { type: task, task: { kind: 'desk:v1' }, next: end }, end: { type: succeed } } }
bindings: { http: { start: { headersPassthrough: [{ from: X-Ticket, to: X-Sent }] } } }
";
    let bench = Bench::new(&[journey("fork", spec)]).await;
    begun(&bench).await;
    let call = bench.desk.next().await;
    assert_eq!(sent(&call), is("call", Some("of the start")));
    call.give(TaskOutput::none());
    assert_eq!(sent(&bench.desk.next().await), is("undo", None));
}
