//! A journey that waits for one second: submitted in time, and timed out.

use std::time::{Duration, Instant};

use futures::StreamExt;
use jf_core::JourneyId;
use jf_testkit::{Driver, Request, Run, Start, Submit};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::binary::Serving;
use crate::support::system::System;
use crate::support::{in_time, journeys, urn};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

async fn waiting(driver: &dyn Driver) -> Run {
    let started = driver.start(Start::new("second", json!({}))).await.unwrap();
    assert_eq!(started.seen().unwrap().document["currentState"], "answer");
    started.run().unwrap()
}

/// Waits for the end of a run and gives its outcome.
async fn outcome(system: &System, run: &Run) -> Value {
    let id = JourneyId::parse(&run.id).unwrap();
    let mut watch = system.engine.watch(&id).await.unwrap();
    loop {
        let answer = system.over_engine().outcome(run, &Request::PLAIN).await.unwrap();
        if let Some(seen) = answer.seen() {
            return seen.document.clone();
        }
        in_time("the end of the run", watch.next()).await.unwrap();
    }
}

/// ENG-070, STA-067: a step that was answered in time does not time out later.
#[tokio::test]
async fn eng_070_submitted_a_millisecond_before_the_time_out() {
    let system = System::with_manual_clock().await;
    for driver in system.drivers() {
        let run = waiting(driver.as_ref()).await;
        system.clock.advance(SECOND - MILLISECOND);
        let answer = driver.submit(Submit::new(&run, "answer", json!({}))).await.unwrap();
        assert_eq!(answer.seen().unwrap().document["phase"], "SUCCEEDED", "{}", driver.name());
        system.clock.advance(SECOND);
        assert_eq!(outcome(&system, &run).await["phase"], "SUCCEEDED");
    }
}

/// ENG-070: nobody answers, so the time-out decides, and what comes later comes too late.
#[tokio::test]
async fn eng_070_timed_out_without_anybody_asking() {
    let system = System::with_manual_clock().await;
    for driver in system.drivers() {
        let run = waiting(driver.as_ref()).await;
        system.clock.advance(SECOND);
        let outcome = outcome(&system, &run).await;
        assert_eq!((&outcome["phase"], &outcome["error"]["code"]), (&json!("FAILED"), &json!("TOO_LATE")));
        let answer = driver.submit(Submit::new(&run, "answer", json!({}))).await.unwrap();
        assert_eq!(answer.problem().unwrap()["type"], urn("step-not-active"), "{}", driver.name());
    }
}

/// ENG-073: who wins does not depend on how late the scheduler is: what is overdue comes before a submission.
#[tokio::test]
async fn eng_073_a_submission_at_the_due_time_is_too_late() {
    let system = System::with_manual_clock().await;
    for driver in system.drivers() {
        for _ in 0..20 {
            let run = waiting(driver.as_ref()).await;
            // The scheduler has had no turn when the submission comes.
            system.clock.advance(SECOND);
            let answer = driver.submit(Submit::new(&run, "answer", json!({}))).await.unwrap();
            assert_eq!(answer.problem().unwrap()["type"], urn("step-not-active"), "{}", driver.name());
            assert_eq!(outcome(&system, &run).await["error"]["code"], "TOO_LATE");
        }
    }
}

/// ENG-070, ENG-072, WS-040: the same for real, through the command: one run is answered, one is left alone, and its starter is told.
#[tokio::test]
async fn eng_072_one_real_second() {
    let serving = Serving::start(&journeys().join("second.journey.yaml"), None).await;
    let mut client = serving.websocket("/ws/journeys/second").await;
    let begun = Instant::now();
    let start = json!({ "type": "second.start", "payload": {} });
    let answered = client.request(start.clone()).await.unwrap();
    let left = client.request(start).await.unwrap();
    let answer = json!({ "type": "second.answer", "journeyId": answered["journeyId"], "payload": {} });
    assert_eq!(client.request(answer).await.unwrap()["payload"]["phase"], "SUCCEEDED");

    let id = left["journeyId"].clone();
    let pushed =
        client.frame_where(|frame| frame["type"] == "outcome" && frame["journeyId"] == id).await.unwrap();
    assert_eq!(pushed["payload"]["error"]["code"], "TOO_LATE");
    assert!(begun.elapsed() >= Duration::from_secs(1), "a time-out never fires early");
    let read =
        client.request(json!({ "type": "getOutcome", "journeyId": answered["journeyId"] })).await.unwrap();
    assert_eq!(read["payload"]["phase"], "SUCCEEDED");
}
