//! Many runs at once, over both bindings, in no particular order.

use std::sync::Arc;

use futures::future::join_all;
use jf_core::EventKind;
use jf_testkit::{Answer, CancelRun, Driver, Request, Run, Start, Submit};
use serde_json::{Value, json};

use crate::support::system::System;
use crate::support::{in_time, urn};

const RUNS: u64 = 200;

/// Numbers that look random and are the same every time (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((n ^ (n >> 31)) >> 33).unwrap() % sides
    }
}

/// Drives one run to an end of its choice; gives the run, the events it must have made, and how it ended.
async fn live(drivers: &[Box<dyn Driver>], mut dice: Dice, number: u64) -> (Run, u64, &'static str) {
    let start = Start::new("review", json!({ "orderId": format!("A-{number}"), "amount": 1 + number }));
    let started = drivers[dice.below(2)].start(start).await.unwrap();
    let run = started.run().unwrap();
    let mut seq = started.seen().unwrap().head.seq;
    loop {
        let (this, other) = (&drivers[dice.below(2)], &drivers[dice.below(2)]);
        match dice.below(6) {
            // A refusal between other things moves nothing.
            0 => {
                let bad = this.submit(Submit::new(&run, "draft", json!({ "decision": 1 }))).await.unwrap();
                assert_eq!(bad.problem().unwrap()["type"], urn("invalid-input"));
            }
            1 => {
                let wrong = this.submit(Submit::new(&run, "sign", json!({ "by": "x" }))).await.unwrap();
                assert_eq!(wrong.problem().unwrap()["type"], urn("step-not-active"));
            }
            2 => {
                this.cancel(CancelRun::new(&run)).await.unwrap();
                return (run, seq + 1, "JOURNEY_CANCELLED");
            }
            3 => {
                this.submit(Submit::new(&run, "draft", json!({ "decision": "refuse" }))).await.unwrap();
                return (run, seq + 1, "REVIEW_REFUSED");
            }
            4 => {
                // Two approvals at once, one is taken.
                let approve = || Submit::new(&run, "draft", json!({ "decision": "approve" }));
                let (one, two) = tokio::join!(this.submit(approve()), other.submit(approve()));
                let taken =
                    [one.unwrap(), two.unwrap()].iter().filter(|answer| answer.seen().is_some()).count();
                assert_eq!(taken, 1);
                other.submit(Submit::new(&run, "sign", json!({ "by": "mia" }))).await.unwrap();
                return (run, seq + 2, "SIGNED");
            }
            _ => {
                let revised =
                    this.submit(Submit::new(&run, "draft", json!({ "decision": "revise" }))).await.unwrap();
                let seen = revised.seen().unwrap();
                assert_eq!(seen.head.seq, seq + 1);
                seq += 1;
            }
        }
    }
}

fn assert_log(answer: &Answer, run: &Run, length: u64, end: &str) {
    let Answer::Events(events) = answer else { panic!("{answer:?}") };
    let numbers: Vec<u64> = events.iter().map(|event| event.at.seq).collect();
    assert_eq!(numbers, (1..=length).collect::<Vec<_>>(), "{run:?}");
    let (last, rest) = events.split_last().unwrap();
    assert!(rest.iter().all(|event| event.kind == EventKind::Status));
    assert_eq!(last.kind, EventKind::Outcome);
    let ended = match &last.document["error"]["code"] {
        Value::Null => &last.document["status"],
        code => code,
    };
    assert_eq!(ended, end, "{run:?}");
    assert!(
        events.iter().all(|event| event.document["journeyId"] == run.id.as_str()),
        "no event of another run"
    );
}

/// ENG-106, SEQ-1, ENG-045: two hundred runs side by side over HTTP and WebSocket: every log is without a hole, holds exactly
/// what was applied, and is the same for a subscriber and for the engine.
#[tokio::test(flavor = "multi_thread")]
async fn eng_106_logs_of_two_hundred_runs_have_no_hole() {
    let system = System::start().await;
    let [engine, http, websocket] = system.drivers();
    let drivers: Arc<Vec<_>> = Arc::new(vec![http, websocket]);
    let lives = (0..RUNS).map(|number| {
        let drivers = Arc::clone(&drivers);
        tokio::spawn(async move { live(&drivers, Dice(number), number).await })
    });
    let lives = in_time("all lives", join_all(lives)).await;
    for life in lives {
        let (run, length, end) = life.unwrap();
        let direct = engine.events(&run, 0).await.unwrap();
        assert_log(&direct, &run, length, end);
        let pushed = drivers[1].events(&run, 0).await.unwrap();
        assert_eq!(pushed.comparable(), direct.comparable());
        let outcome = drivers[0].outcome(&run, &Request::PLAIN).await.unwrap();
        assert_eq!(outcome.seen().unwrap().head.seq, length);
    }
}
