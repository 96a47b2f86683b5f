//! Restarted after every step: another engine takes over the store, and nobody can tell (ENG-100, ENG-101).

use std::sync::Arc;

use jf_core::{At, Engine, Event, JourneyId};
use serde_json::{Value, json};

use crate::support::{Bench, Setup, breathe, caller, journey, key, step};

/// One step of a story.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The task at that state ends, and its answer names the state.
    Done(&'static str),
    /// The task at that state reports a Problem.
    Fail(&'static str),
    /// A submission, with a key of its own.
    Submit(&'static str),
    /// So many seconds pass.
    Pass(i64),
    Cancel,
}

use Act::{Cancel, Done, Fail, Pass, Submit};

/// What a story has come to: the log, and that of the compensation if there was one.
type Told = (Vec<Value>, Vec<Value>);

/// What an event says, beside ids and times.
fn says(event: &At<Event>) -> Value {
    match &event.document {
        Event::Status(status) => {
            let steps: Vec<_> =
                status.active_steps.iter().map(|step| (&step.step_id, &step.address)).collect();
            json!([event.at.seq, status.current_state, steps, status.attributes])
        }
        Event::Outcome(outcome) => {
            let code = outcome.error.as_ref().map(|error| &error.code);
            json!([event.at.seq, outcome.phase, outcome.status, code, outcome.output, outcome.attributes])
        }
    }
}

/// What tasks answer and clients send: an object that `serde_json` may take for something else when it reads it back.
fn told(text: &str) -> Value {
    json!({ "$serde_json::private::RawValue": text })
}

async fn log(bench: &Bench, id: &JourneyId) -> Vec<Value> {
    bench.events(id).await.iter().map(says).collect()
}

/// The next engine on the store of this one, which has lost its claim before it goes: nothing that it still does counts.
async fn restarted(bench: Bench, definitions: &[String]) -> Bench {
    let mut setup = Setup::new(definitions).store(Arc::clone(&bench.store));
    setup.clock = bench.clock.clone();
    let next = setup.build().await;
    drop(bench);
    breathe().await;
    next
}

/// Takes a run through a story, with a restart after every step or without any.
async fn tell(spec: &str, story: &[Act], restarts: bool) -> Told {
    let definitions = [journey("story", spec)];
    let mut bench = Bench::new(&definitions).await;
    let id = bench.start("story", json!({ "k": 1, "own": [told("no JSON")] })).await.journey_id;
    for (at, act) in story.iter().enumerate() {
        breathe().await;
        if restarts {
            bench = restarted(bench, &definitions).await;
        }
        match *act {
            Done(state) | Fail(state) => {
                let job = bench.desk.next().await;
                assert!(job.context.state == *state && bench.desk.is_empty().await, "step {at}");
                if matches!(act, Fail(_)) { job.fail("urn:failed") } else { job.done(told(state)) }
            }
            Submit(address) => {
                let submission = || step(&id, address, told(address)).with_key(key(&at.to_string()));
                let admitted =
                    bench.submit(submission()).await.unwrap_or_else(|error| panic!("step {at}: {error}"));
                assert!(!admitted.replayed);
                if restarts {
                    breathe().await;
                    bench = restarted(bench, &definitions).await;
                    assert!(bench.submit(submission()).await.unwrap().replayed, "ENG-050: the key is known");
                }
            }
            Pass(seconds) => bench.pass(seconds).await,
            // Not waited for: a synchronous compensation may follow.
            Cancel => drop(bench.engine.cancel(jf_core::Cancel::new(id.clone()), &caller()).await.unwrap()),
        }
    }
    breathe().await;
    let outcome = bench.until_ended(&id).await;
    let compensation = outcome.links.as_ref().and_then(|links| links.get("compensation"));
    let compensation = match compensation.as_ref().and_then(|link| link.href.rsplit('/').next()) {
        Some(id) => log(&bench, &JourneyId::parse(id).unwrap()).await,
        None => Vec::new(),
    };
    (log(&bench, &id).await, compensation)
}

async fn cannot_be_told(spec: &str, story: &[Act], events: usize) {
    let whole = tell(spec, story, false).await;
    assert_eq!(whole.0.len(), events, "{whole:#?}");
    assert_eq!(tell(spec, story, true).await, whole);
}

#[tokio::test]
async fn eng_101_restarts_of_a_run_with_everything_in_a_row() {
    let spec = "\
start: first
states:
  first: { type: task, task: { kind: 'desk:v1' }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: note }
  note: { type: transform, transform: { mapper: { lang: tiny, expr: '{\"seen\":\"=payload\"}' }, target: { kind: attributes } }, next: nap }
  nap: { type: timer, timer: { duration: PT10S }, next: run }
  run: { type: subjourney, subjourney: { ref: sub, resultVar: r }, next: hurry }
  hurry: { type: webhook, webhook: { input: { schema: {} }, timeoutSec: 5, onTimeout: done }, next: missed }
  missed: { type: fail, errorCode: MISSED, reason: nobody was to come }
  done: { type: succeed, outputVar: r }
subjourneys:
  sub:
    start: sign
    states:
      sign: { type: wait, wait: { input: { schema: {} } }, next: call }
      call: { type: task, task: { kind: 'desk:v1' }, next: end }
      end: { type: succeed, outputVar: answer }
";
    let story = [Done("first"), Submit("wait"), Pass(10), Submit("run~sign"), Done("call"), Pass(5)];
    cannot_be_told(spec, &story, 7).await;
}

#[tokio::test]
async fn eng_101_restarts_of_a_run_with_branches() {
    let spec = "\
start: both
states:
  both:
    type: parallel
    parallel:
      branches:
        - name: left
          start: sign
          states:
            sign: { type: wait, wait: { input: { schema: {} } }, next: call }
            call: { type: task, task: { kind: 'desk:v1' }, next: inner }
            inner:
              type: parallel
              parallel:
                branches:
                  - { name: p, start: nap, states: { nap: { type: timer, timer: { duration: PT5S }, next: e }, e: { type: succeed } } }
                  - { name: q, start: sign, states: { sign: { type: wait, wait: { input: { schema: {} } }, next: e }, e: { type: succeed, outputVar: payload } } }
                join: { strategy: anyOf, resultVar: inner, mapper: { lang: tiny, expr: '\"=branches.p._outcome.terminationKind\"' } }
              next: end
            end: { type: succeed, outputVar: inner }
        - name: right
          start: sign
          states:
            sign: { type: webhook, webhook: { input: { schema: {} }, timeoutSec: 60, onTimeout: late }, next: end }
            late: { type: fail, errorCode: LATE, reason: r }
            end: { type: succeed, outputVar: payload }
      join: { strategy: allOf, resultVar: all, mapper: { lang: tiny, expr: '{\"l\":\"=branches.left._outcome\",\"r\":\"=branches.right._outcome\"}' } }
    next: done
  done: { type: succeed, outputVar: all }
";
    let story =
        [Submit("both~left~sign"), Done("call"), Submit("both~left~inner~q~sign"), Submit("both~right~sign")];
    cannot_be_told(spec, &story, 6).await;
    let story = [Submit("both~left~sign"), Done("call"), Pass(5), Pass(55)];
    cannot_be_told(spec, &story, 6).await;
}

fn compensated(mode: &str) -> String {
    format!(
        "\
start: ask
states:
  ask: {{ type: wait, wait: {{ input: {{ schema: {{}} }} }}, next: call }}
  call: {{ type: task, task: {{ kind: 'desk:v1' }}, next: done }}
  done: {{ type: succeed }}
compensation:
  mode: {mode}
  start: undo
  states:
    undo: {{ type: task, task: {{ kind: 'desk:v1' }}, next: rest }}
    rest: {{ type: timer, timer: {{ duration: PT5S }}, next: note }}
    note: {{ type: transform, transform: {{ mapper: {{ lang: tiny, expr: '\"=outcome.error.code\"' }}, target: {{ kind: var }}, resultVar: code }}, next: end }}
    end: {{ type: succeed, outputVar: code }}
"
    )
}

/// Also ENG-096.
#[tokio::test]
async fn eng_101_restarts_between_a_run_and_its_compensation() {
    for (mode, events) in [("async", 4), ("sync", 5)] {
        let spec = compensated(mode);
        cannot_be_told(&spec, &[Submit("ask"), Fail("call"), Done("undo"), Pass(5)], events).await;
    }
    for (mode, events) in [("async", 3), ("sync", 4)] {
        cannot_be_told(&compensated(mode), &[Cancel, Done("undo"), Pass(5)], events).await;
    }
}
