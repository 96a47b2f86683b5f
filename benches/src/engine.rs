//! Start → outcome through the engine alone, on one core and without a transport: what is left of a request when HTTP is taken away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jf_core::{Caller, Engine, JourneyId, StartReply, StartRequest, StepRef, StepTarget, SubmitStep};
use serde_json::json;

use crate::load::cpu_time;
use crate::report::Report;
use crate::{Effort, system};

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    runtime.block_on(async {
        let engine = system::engine().await;
        let rate = median(effort, async || start(&*engine, "three-states").await).await;
        report.figure("engine start → outcome, one core, no transport", rate, "/s");
        let rate = median(effort, async || start(&*engine, "three-tasks").await).await;
        report.figure("engine three tasks, one core, no transport", rate, "/s");
        let run = wait(&*engine).await;
        let rate = median(effort, async || submit(&*engine, &run).await).await;
        report.figure("engine step → status, one core, no transport", rate, "/s");
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, cores] {
        let cost = runtime.block_on(async { side_by_side(&system::engine().await, threads, effort.time) });
        report.figure(&format!("engine start → outcome, {threads} threads: time of cores each"), cost, " µs");
    }
}

/// Starts by several threads at once, each on its own: what one costs more than by one thread is what threads lose to each other.
fn side_by_side(engine: &Arc<dyn Engine>, threads: usize, time: Duration) -> f64 {
    let before = cpu_time();
    let threads: Vec<_> = (0..threads)
        .map(|_| {
            let engine = Arc::clone(engine);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime can be built").block_on(async {
                    let (begin, mut done) = (Instant::now(), 0_u32);
                    while begin.elapsed() < time {
                        start(&*engine, "three-states").await;
                        done += 1;
                    }
                    f64::from(done)
                })
            })
        })
        .collect();
    let done: f64 = threads.into_iter().map(|thread| thread.join().expect("no start fails")).sum();
    let spent = cpu_time().zip(before).map_or(Duration::ZERO, |(now, before)| now - before);
    spent.as_secs_f64() * 1e6 / done
}

/// How often something can be done in a second.
async fn median(effort: Effort, mut once: impl AsyncFnMut()) -> f64 {
    let mut rates = Vec::new();
    for _ in 0..effort.rounds {
        let (begin, mut done) = (Instant::now(), 0_u32);
        while begin.elapsed() < effort.time {
            once().await;
            done += 1;
        }
        rates.push(f64::from(done) / begin.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

async fn start(engine: &dyn Engine, journey: &str) {
    let input = json!({ "orderId": "A-1017", "amount": 120, "customer": { "id": "c-9", "tier": "gold" } });
    let request = StartRequest::new(journey, input).expect("a valid name");
    let started = engine.start(request, &Caller::internal("bench")).await.expect("the start is admitted");
    let reply = started.settled().await.expect("the run goes on");
    assert!(matches!(reply, StartReply::Outcome { .. }));
}

/// A run that waits, and waits again after each submission.
async fn wait(engine: &dyn Engine) -> JourneyId {
    let request = StartRequest::new("loop", json!({})).expect("a valid name");
    let started = engine.start(request, &Caller::internal("bench")).await.expect("the start is admitted");
    let run = started.journey_id.clone();
    started.settled().await.expect("the run comes to rest");
    run
}

async fn submit(engine: &dyn Engine, run: &JourneyId) {
    let step = StepTarget::Any(StepRef::parse("ask").expect("a valid id"));
    let payload = json!({ "decision": "again", "comment": "fine" });
    let request = SubmitStep::new(run.clone(), step, payload);
    let submitted = engine.submit_step(request, &Caller::internal("bench")).await.expect("it is taken");
    let status = submitted.settled().await.expect("the run comes to rest");
    assert!(!status.document.phase.is_final());
}
