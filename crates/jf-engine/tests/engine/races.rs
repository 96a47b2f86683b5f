//! Races, on several threads: exactly one wins (ENG-045).

use jf_core::{Cancel, Engine, EngineErrorKind, Phase};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Barrier;

use crate::support::{APPROVAL, Bench, Setup, caller, journey, soon, step};

const ROUNDS: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eng_045_of_a_submission_and_a_time_out_exactly_one_wins() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    let mut submitted = 0;
    for _ in 0..ROUNDS {
        let id = bench.parked("approval", json!({})).await;
        let barrier = Arc::new(Barrier::new(2));
        let (engine, request, start) =
            (bench.engine.clone(), step(&id, "wait", json!({ "ok": true })), barrier.clone());
        let submission = tokio::spawn(async move {
            start.wait().await;
            engine.submit_step(request, &caller()).await.map(|submitted| submitted.at.seq)
        });
        barrier.wait().await;
        bench.clock.advance(SignedDuration::from_secs(60));
        let accepted = soon(submission).await.unwrap();
        let outcome = bench.until_ended(&id).await;
        match accepted {
            Ok(seq) => {
                assert_eq!((outcome.phase, seq), (Phase::Succeeded, 3));
                submitted += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), EngineErrorKind::StepNotActive);
                assert_eq!(outcome.error.unwrap().code, "LATE");
            }
        }
        assert_eq!(bench.events(&id).await.len(), 3);
    }
    // How often which side wins is chance; that nobody ever loses both ways is not.
    assert!(submitted <= ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eng_045_of_concurrent_submissions_exactly_one_is_accepted() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    for _ in 0..ROUNDS {
        let id = bench.parked("approval", json!({})).await;
        let barrier = Arc::new(Barrier::new(4));
        let submissions: Vec<_> = (0..4)
            .map(|_| {
                let (engine, request) = (bench.engine.clone(), step(&id, "wait", json!({ "ok": true })));
                let barrier = barrier.clone();
                tokio::spawn(async move {
                    barrier.wait().await;
                    engine.submit_step(request, &caller()).await
                })
            })
            .collect();
        let mut accepted = 0;
        for submission in submissions {
            match soon(submission).await.unwrap() {
                Ok(_) => accepted += 1,
                Err(error) => assert_eq!(error.kind(), EngineErrorKind::StepNotActive),
            }
        }
        assert_eq!(accepted, 1);
        assert_eq!(bench.events(&id).await.len(), 3);
    }
}

/// A step that is submitted again and again by many: each acceptance is one event, none is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eng_106_every_acceptance_moves_the_head_once() {
    let spec = "start: wait\nstates:\n  wait: { type: wait, wait: { input: { schema: {} } }, next: wait }";
    let bench = Bench::new(&[journey("loop", spec)]).await;
    let id = bench.parked("loop", json!({})).await;
    let submitters: Vec<_> = (0..8)
        .map(|_| {
            let (engine, id) = (bench.engine.clone(), id.clone());
            tokio::spawn(async move {
                let mut seqs = Vec::new();
                for round in 0..100 {
                    let submitted =
                        engine.submit_step(step(&id, "wait", json!(round)), &caller()).await.unwrap();
                    seqs.push(submitted.at.seq);
                }
                assert!(seqs.is_sorted_by(|a, b| a < b), "one caller's commands are applied in order");
                seqs
            })
        })
        .collect();
    let mut all = Vec::new();
    for submitter in submitters {
        all.extend(soon(submitter).await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (3..=802).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eng_045_cancellation_result_and_deadline_race() {
    let spec = "\
execution: { maxDurationSec: 20, onTimeout: { errorCode: TOO_SLOW, reason: no time left } }
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: done }
  done: { type: succeed, outputVar: answer }
";
    let bench = Setup::new(&[journey("asking", spec)]).build().await;
    for _ in 0..ROUNDS {
        let started = bench.start("asking", json!({})).await;
        let id = started.journey_id.clone();
        let reply = tokio::spawn(started.settled());
        let job = bench.desk.next().await;
        let barrier = Arc::new(Barrier::new(3));
        let (engine, cancel, at_cancel) = (bench.engine.clone(), Cancel::new(id.clone()), barrier.clone());
        let cancelling = tokio::spawn(async move {
            at_cancel.wait().await;
            engine.cancel(cancel, &caller()).await.unwrap().settled().await
        });
        let at_done = barrier.clone();
        let finishing = tokio::spawn(async move {
            at_done.wait().await;
            job.done(json!("done"));
        });
        barrier.wait().await;
        bench.clock.advance(SignedDuration::from_secs(20));
        soon(finishing).await.unwrap();
        assert!(soon(cancelling).await.unwrap().unwrap().document.phase.is_final());
        let replied = crate::support::as_outcome(soon(reply).await.unwrap().unwrap()).document;
        assert_eq!(replied, bench.outcome(&id).await, "ENG-020: an outcome never changes");
        let events = bench.events(&id).await;
        assert_eq!(events.len(), 2, "creation and outcome");
    }
}
