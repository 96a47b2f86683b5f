//! Clients that race for one step.

use futures::future::join_all;
use http::Method;
use jf_testkit::{Driver, HttpClient, Start, WebSocketClient};
use serde_json::{Value, json};

use crate::support::system::System;
use crate::support::urn;

const ROUNDS: usize = 60;

/// A client of either kind, with a connection of its own.
enum Racer {
    Http(Box<HttpClient>),
    WebSocket(Box<WebSocketClient>),
}

impl Racer {
    /// Submits and gives the status and the Problem type of a refusal.
    async fn submit(&mut self, run: &str, payload: &Value) -> Result<(), (u64, String)> {
        let problem = match self {
            Self::Http(client) => {
                let path = format!("/api/v1/journeys/{run}/steps/draft");
                let response = client.send(Method::POST, &path, Some(payload)).await.unwrap();
                let document = response.json().unwrap();
                if response.status == 200 {
                    return Ok(());
                }
                document
            }
            Self::WebSocket(client) => {
                let frame = json!({ "type": "review.draft", "journeyId": run, "stepId": "draft", "payload": payload });
                let mut reply = client.request(frame).await.unwrap();
                if reply["type"] == "status" {
                    return Ok(());
                }
                assert_eq!((&reply["type"], &reply["effect"]), (&json!("error"), &json!("none")));
                reply["problem"].take()
            }
        };
        Err((problem["status"].as_u64().unwrap(), problem["type"].as_str().unwrap().to_owned()))
    }
}

async fn race(mut racers: Vec<Racer>, system: &System) {
    let driver = system.over_engine();
    for round in 0..ROUNDS {
        let start = Start::new("review", json!({ "orderId": "A-17", "amount": 1 }));
        let run = driver.start(start).await.unwrap().run().unwrap();
        let payload = json!({ "decision": "approve", "note": round.to_string() });
        let turns = racers.iter_mut().map(|racer| racer.submit(&run.id, &payload));
        let answers = join_all(turns).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}: {lost:?}");
        assert!(
            lost.iter().all(|lost| *lost == Err((409, urn("step-not-active")))),
            "round {round}: {lost:?}"
        );
        let status = driver.status(&run, &jf_testkit::Request::PLAIN).await.unwrap();
        let seen = status.seen().unwrap();
        assert_eq!(
            (&seen.document["currentState"], seen.head.seq),
            (&json!("sign"), 3),
            "one submission, one event"
        );
    }
}

/// ENG-045: two clients of any kind race for one step: in every round exactly one is taken, the other is told 409.
#[tokio::test(flavor = "multi_thread")]
async fn eng_045_exactly_one_of_two_clients_is_taken() {
    let system = System::start().await;
    let http = || Racer::Http(Box::new(system.http()));
    race(vec![http(), http()], &system).await;
    let websocket = async || Racer::WebSocket(Box::new(system.websocket("review").await));
    race(vec![http(), websocket().await], &system).await;
    race(vec![websocket().await, websocket().await], &system).await;
}

/// ENG-045: a crowd is no different.
#[tokio::test(flavor = "multi_thread")]
async fn eng_045_exactly_one_of_a_crowd_is_taken() {
    let system = System::start().await;
    let mut racers = Vec::new();
    for _ in 0..5 {
        racers.push(Racer::Http(Box::new(system.http())));
        racers.push(Racer::WebSocket(Box::new(system.websocket("review").await)));
    }
    race(racers, &system).await;
}

/// ENG-055, INV-4: a submission and a cancellation at the same time, each over a connection of its own. What was acknowledged is in the
/// log: a submission that was taken stands before the end, and one that came too late was told so and left nothing.
#[tokio::test(flavor = "multi_thread")]
async fn eng_055_a_submission_and_a_cancellation_are_one_after_the_other() {
    let system = System::start().await;
    let (driver, submitter, canceller) = (system.over_engine(), system.http(), system.http());
    for round in 0..ROUNDS {
        let start = Start::new("review", json!({ "orderId": "A-17", "amount": 1 }));
        let run = driver.start(start).await.unwrap().run().unwrap();
        let path = |step: &str| format!("/api/v1/journeys/{}/steps/{step}", run.id);
        let (draft, cancel, payload) = (path("draft"), path("cancel"), json!({ "decision": "approve" }));
        let submit = submitter.send(Method::POST, &draft, Some(&payload));
        let (submitted, cancelled) = tokio::join!(submit, canceller.send(Method::POST, &cancel, None));
        let (submitted, cancelled) = (submitted.unwrap(), cancelled.unwrap());
        assert_eq!((cancelled.status.as_u16(), &cancelled.json().unwrap()["phase"]), (200, &json!("FAILED")));
        let result = format!("/api/v1/journeys/{}/result", run.id);
        let outcome = submitter.send(Method::GET, &result, None).await.unwrap();
        assert_eq!(outcome.json().unwrap()["error"]["code"], "JOURNEY_CANCELLED", "round {round}");
        let head = outcome.header("etag").unwrap().trim_matches('"').rsplit('.').next().unwrap().to_owned();
        match submitted.status.as_u16() {
            200 => assert_eq!(head, "4", "round {round}: the submission, then the end"),
            409 => {
                assert_eq!(submitted.json().unwrap()["type"], urn("step-not-active"));
                assert_eq!(head, "3", "round {round}: the end alone");
            }
            _ => panic!("round {round}: {submitted}"),
        }
    }
}
