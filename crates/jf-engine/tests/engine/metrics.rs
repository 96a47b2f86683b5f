//! What an engine counts (ENG-072, ENG-135).

use jf_core::{CallApi, Engine};
use jf_engine::EngineMetrics;
use jf_testkit::Fate;
use serde_json::json;

use crate::support::{Bench, Setup, api, caller, faulty_store, journey, soon, step};

const FLOW: &str = "\
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: rest }
  rest: { type: timer, timer: { duration: PT5S }, next: wait }
  wait: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed, outputVar: answer }
";

#[track_caller]
fn holds(metrics: &EngineMetrics, line: &str) {
    let text = metrics.to_text();
    assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
}

#[tokio::test]
async fn eng_135_runs_are_counted_and_measured() {
    let bench = Bench::new(&[
        journey("flow", FLOW),
        api("quote", "start: done\nstates: { done: { type: succeed } }"),
    ])
    .await;
    let metrics = bench.engine.metrics();
    let started = bench.start("flow", json!({})).await;
    let id = started.journey_id.clone();
    let flow = r#"kind="Journey",name="flow",purpose="run""#;
    holds(&metrics, &format!(r#"journey_runs_started_total{{{flow},version="1.0.0"}} 1"#));
    let job = bench.desk.next().await;
    holds(&metrics, "journeyforge_tasks_running 1");
    holds(&metrics, "journeyforge_runs_in_motion 1");
    holds(&metrics, "journeyforge_active_runs 1");
    job.done(json!(1));
    soon(started.settled()).await.unwrap();
    crate::support::breathe().await;
    holds(&metrics, "journeyforge_active_runs 0");
    bench.pass(7).await;
    holds(&metrics, "journeyforge_timer_lag_seconds_sum 2");
    bench.submitted(step(&id, "wait", json!(1))).await.unwrap();

    let ended = r#"kind="Journey",name="flow",phase="SUCCEEDED",purpose="run""#;
    holds(
        &metrics,
        &format!(r#"journey_runs_completed_total{{{ended},termination="Success",version="1.0.0"}} 1"#),
    );
    holds(&metrics, &format!(r#"journey_run_duration_seconds_sum{{{ended},version="1.0.0"}} 7"#));
    holds(&metrics, r#"journeyforge_tasks_total{result="ok",task="desk:v1"} 1"#);
    holds(&metrics, "journeyforge_commits_total 4");
    holds(&metrics, "journeyforge_commit_duration_seconds_count 4");

    bench.engine.call_api(CallApi::new("quote".parse().unwrap(), json!({})), &caller()).await.unwrap();
    holds(&metrics, r#"journey_runs_started_total{kind="Api",name="quote",purpose="run",version="1.0.0"} 1"#);
}

#[tokio::test]
async fn eng_135_failures_and_refusals_are_counted() {
    let store = faulty_store();
    let bench = Setup::new(&[journey("flow", FLOW)])
        .store(store.clone())
        .config(|config| config.admission = 1)
        .build()
        .await;
    let metrics = bench.engine.metrics();
    let started = bench.start("flow", json!({})).await;
    let job = bench.desk.next().await;
    bench.try_start("flow", json!({})).await.unwrap_err();
    holds(&metrics, r#"journeyforge_commands_refused_total{reason="admission"} 1"#);
    holds(&metrics, "journeyforge_admitted 1");
    holds(&metrics, "journeyforge_admission_limit 1");
    job.fail("urn:example:broke");
    soon(started.settled()).await.unwrap();
    holds(&metrics, r#"journeyforge_tasks_total{result="problem",task="desk:v1"} 1"#);
    store.fail_next(&[Fate::Refused]);
    bench.try_start("flow", json!({})).await.unwrap_err();
    holds(&metrics, "journeyforge_commit_failures_total 1");
}
