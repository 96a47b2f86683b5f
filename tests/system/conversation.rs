//! One conversation over three transports (OP-8): what clients see does not depend on the way they came.

use jf_core::Head;
use jf_testkit::{Answer, CancelRun, Driver, DriverError, Request, Run, Start, StubReply, StubRule, Submit};
use serde_json::{Value, json};

use crate::support::system::System;
use crate::support::urn;

const PLAIN: &Request = &Request::PLAIN;
const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// What was asked and what came back, in order.
#[derive(Default)]
struct Transcript(Vec<(&'static str, Option<Value>)>);

impl Transcript {
    /// Notes a refusal by the binding itself, which explains it in its own terms.
    fn note_refusal(&mut self, what: &'static str, answer: Result<Answer, DriverError>) {
        self.note(what, answer);
        let noted = self.0.last_mut().and_then(|(_, answer)| answer.as_mut());
        noted.unwrap()["problem"].as_object_mut().unwrap().remove("detail").unwrap();
    }

    fn note(&mut self, what: &'static str, answer: Result<Answer, DriverError>) -> Option<Answer> {
        let answer = match answer {
            Ok(answer) => Some(answer),
            Err(DriverError::NotCarried { .. }) => None,
            Err(error) => panic!("{what}: {error}"),
        };
        self.0.push((what, answer.as_ref().map(Answer::comparable)));
        answer
    }

    fn get(&self, what: &str) -> &Value {
        let found = self.0.iter().find(|(noted, _)| *noted == what);
        found.and_then(|(_, answer)| answer.as_ref()).unwrap_or_else(|| panic!("no answer to {what}"))
    }
}

fn head_of(answer: Option<Answer>) -> Head {
    answer.unwrap().seen().expect("a document").head.clone()
}

fn review(amount: u32) -> Start {
    Start::new("review", json!({ "orderId": "A-17", "amount": amount }))
}

fn decide(run: &Run, decision: &str) -> Submit {
    Submit::new(run, "draft", json!({ "decision": decision }))
}

fn keyed(mut submit: Submit, key: &str) -> Submit {
    submit.key = Some(key.to_owned());
    submit
}

async fn whole_life(d: &dyn Driver, t: &mut Transcript) -> Run {
    let started = t.note("start", d.start(review(1200)).await).unwrap();
    let run = started.run().unwrap();
    t.note("status while waiting", d.status(&run, PLAIN).await);
    t.note("outcome while waiting", d.outcome(&run, PLAIN).await);
    t.note(
        "payload with two faults",
        d.submit(Submit::new(&run, "draft", json!({ "decision": "no", "x": 1 }))).await,
    );
    t.note("step that does not wait", d.submit(Submit::new(&run, "sign", json!({ "by": "mia" }))).await);
    let head = head_of(Some(started));
    let stale = Head::new(head.epoch.clone(), head.seq - 1);
    t.note("stale head", d.submit(decide(&run, "revise").if_head(stale.clone())).await);
    t.note("stale head on cancel", d.cancel(CancelRun::new(&run).if_head(stale)).await);
    t.note("revise at the head", d.submit(decide(&run, "revise").if_head(head)).await);
    t.note("status after a round", d.status(&run, PLAIN).await);
    t.note("approve", d.submit(decide(&run, "approve")).await);
    t.note("sign", d.submit(Submit::new(&run, "sign", json!({ "by": "mia" }))).await);
    t.note("status after the end", d.status(&run, PLAIN).await);
    t.note("outcome", d.outcome(&run, PLAIN).await);
    t.note("step of an ended run", d.submit(Submit::new(&run, "sign", json!({ "by": "mia" }))).await);
    t.note("cancel of an ended run", d.cancel(CancelRun::new(&run)).await);
    t.note("events", d.events(&run, 0).await);
    t.note("events from the middle", d.events(&run, 3).await);
    run
}

async fn other_ends(d: &dyn Driver, t: &mut Transcript) {
    let run = t.note("start of a second run", d.start(review(10)).await).unwrap().run().unwrap();
    t.note("cancel", d.cancel(CancelRun::new(&run)).await);
    t.note("outcome of a cancelled run", d.outcome(&run, PLAIN).await);
    t.note("events of a cancelled run", d.events(&run, 0).await);

    let run = t.note("start of a third run", d.start(review(10)).await).unwrap().run().unwrap();
    t.note("refuse", d.submit(decide(&run, "refuse")).await);
    t.note("outcome of a failed run", d.outcome(&run, PLAIN).await);
}

async fn faults(d: &dyn Driver, t: &mut Transcript) {
    t.note(
        "input against the schema",
        d.start(Start::new("review", json!({ "orderId": "", "amount": 0 }))).await,
    );
    t.note("input that is no object", d.start(Start::new("review", json!([1]))).await);
    t.note("unknown journey", d.start(Start::new("no-such-journey", json!({}))).await);
    for (id, labels) in [
        (
            UNKNOWN,
            ["unknown: status", "unknown: outcome", "unknown: submit", "unknown: cancel", "unknown: events"],
        ),
        ("?!", ["no id: status", "no id: outcome", "no id: submit", "no id: cancel", "no id: events"]),
    ] {
        let nobody = Run::new("review", id);
        t.note(labels[0], d.status(&nobody, PLAIN).await);
        t.note(labels[1], d.outcome(&nobody, PLAIN).await);
        t.note(labels[2], d.submit(decide(&nobody, "approve")).await);
        t.note(labels[3], d.cancel(CancelRun::new(&nobody)).await);
        t.note(labels[4], d.events(&nobody, 0).await);
    }
}

async fn keys(d: &dyn Driver, t: &mut Transcript) {
    let start = |amount, key: &str| {
        let mut start = review(amount);
        start.key = Some(key.to_owned());
        d.start(start)
    };
    let run = t.note("keyed start", start(1200, "start-000000000001").await).unwrap().run().unwrap();
    let again = t.note("keyed start again", start(1200, "start-000000000001").await).unwrap();
    assert_eq!(again.run().unwrap(), run, "one key, one run (IDEM-2)");
    t.note("keyed start with another input", start(1300, "start-000000000001").await);
    t.note_refusal("unusable key", start(1200, "short").await);
    let key = "round-00000000001";
    t.note("keyed round, refused", d.submit(keyed(decide(&run, "perhaps"), key)).await);
    t.note("keyed round", d.submit(keyed(decide(&run, "revise"), key)).await);
    t.note("keyed round again", d.submit(keyed(decide(&run, "revise"), key)).await);
    t.note("keyed round with another payload", d.submit(keyed(decide(&run, "approve"), key)).await);
    t.note("status after keyed rounds", d.status(&run, PLAIN).await);
    let mut cancel = CancelRun::new(&run);
    cancel.key = Some("cancel-0000000001".to_owned());
    t.note("keyed cancel", d.cancel(cancel.clone()).await);
    t.note("keyed cancel again", d.cancel(cancel).await);
}

async fn asynchronous(d: &dyn Driver, t: &mut Transcript) {
    let start = Start::new("report", json!({ "format": "pdf" }));
    let run = t.note("asynchronous start", d.start(start).await).unwrap().run().unwrap();
    // It may come before the step is active: then it is held until it is (ENG-059).
    t.note("early submission", d.submit(Submit::new(&run, "collect", json!("mia"))).await);
    t.note("outcome of an asynchronous run", d.outcome(&run, PLAIN).await);
    t.note("events of an asynchronous run", d.events(&run, 0).await);

    let start = Start::new("report", json!({ "format": "svg" }));
    let run = t.note("start of one more", d.start(start).await).unwrap().run().unwrap();
    t.note("cancel where it is forbidden", d.cancel(CancelRun::new(&run)).await);
}

async fn beyond_runs(d: &dyn Driver, t: &mut Transcript) {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let ended = [
        pair("journeyName", "review"),
        pair("phase", "SUCCEEDED"),
        pair("tag", "tests"),
        pair("orderId", "A-17"),
    ];
    t.note("list", d.list(&ended).await);
    t.note("list of nothing", d.list(&[pair("orderId", "A-18")]).await);
    t.note("api", d.call_api("double", json!({ "n": 21 }), PLAIN).await);
    t.note("api that fails", d.call_api("double", json!({ "n": 51 }), PLAIN).await);
    t.note("api with bad input", d.call_api("double", json!({ "n": "x" }), PLAIN).await);
    t.note("unknown api", d.call_api("triple", json!({}), PLAIN).await);
}

/// Every driver talks to a system of its own, so that listings are equal too.
async fn conversation(pick: usize) -> Transcript {
    let system = System::start().await;
    let made = StubReply::json(200, json!({ "pages": 3 }));
    system.services.add(StubRule::new("pdf").method("POST").url("http://reports.example/make").reply(made));
    let driver = &system.drivers()[pick];
    let driver = driver.as_ref();
    let mut transcript = Transcript::default();
    whole_life(driver, &mut transcript).await;
    beyond_runs(driver, &mut transcript).await;
    other_ends(driver, &mut transcript).await;
    faults(driver, &mut transcript).await;
    keys(driver, &mut transcript).await;
    asynchronous(driver, &mut transcript).await;
    transcript
}

/// OP-8, WS-050, ENG-106: equal documents at equal numbers, and equal Problems, whatever the transport; where a transport cannot carry
/// something it says so.
#[tokio::test(flavor = "multi_thread")]
async fn op_8_one_conversation_over_three_transports() {
    let (engine, http, websocket) = tokio::join!(conversation(0), conversation(1), conversation(2));
    for ((what, direct), others) in engine.0.iter().zip(http.0.iter().zip(&websocket.0)) {
        let direct = direct.as_ref().expect("the engine carries everything");
        let ((_, http), (_, websocket)) = others;
        for (name, other) in [("http", http), ("websocket", websocket)] {
            match other {
                Some(other) => assert_eq!(other, direct, "{what}: {name} differs from the engine"),
                None if name == "http" => assert!(what.contains("events"), "{what} over HTTP"),
                None => assert!(what.contains("list") || what.contains("api"), "{what} over WebSocket"),
            }
        }
    }
    assert_eq!((http.0.len(), websocket.0.len()), (engine.0.len(), engine.0.len()));

    // The conversation is worth something only if it went as it should.
    let slug = |what: &str| engine.get(what)["problem"]["type"].as_str().unwrap_or_default().to_owned();
    for (what, expected) in [
        ("outcome while waiting", "not-terminal"),
        ("payload with two faults", "invalid-input"),
        ("step that does not wait", "step-not-active"),
        ("stale head", "seq-mismatch"),
        ("stale head on cancel", "seq-mismatch"),
        ("step of an ended run", "step-not-active"),
        ("input against the schema", "invalid-input"),
        ("input that is no object", "invalid-input"),
        ("unknown journey", "not-found"),
        ("unknown: status", "not-found"),
        ("unknown: outcome", "not-found"),
        ("unknown: submit", "not-found"),
        ("unknown: cancel", "not-found"),
        ("unknown: events", "not-found"),
        ("no id: submit", "not-found"),
        ("keyed start with another input", "idempotency-mismatch"),
        ("unusable key", "idempotency-key-invalid"),
        ("keyed round, refused", "invalid-input"),
        ("keyed round with another payload", "idempotency-mismatch"),
        ("cancel where it is forbidden", "not-cancellable"),
        ("unknown api", "not-found"),
    ] {
        assert_eq!(slug(what), urn(expected), "{what}");
    }
    assert_eq!(engine.get("payload with two faults")["problem"]["errors"].as_array().unwrap().len(), 2);
    assert_eq!(engine.get("input against the schema")["problem"]["errors"].as_array().unwrap().len(), 2);
}

/// ENG-048: the members of the `response` block are in the answers to start and submission, and nowhere else; ENG-106, ENG-107: each
/// accepted submission moves the head by one.
#[tokio::test(flavor = "multi_thread")]
async fn eng_048_response_members_are_the_submitters_alone() {
    let t = conversation(1).await;
    assert_eq!(t.get("start")["document"]["risk"], "high");
    assert_eq!(t.get("revise at the head")["document"]["rounds"], 1);
    assert_eq!(t.get("approve")["document"]["rounds"], 1, "the block of the step that was submitted");
    for (what, seq) in
        [("start", 2), ("status while waiting", 2), ("revise at the head", 3), ("approve", 4), ("sign", 5)]
    {
        assert_eq!(t.get(what)["seq"], seq, "{what}");
    }
    for what in ["status while waiting", "status after a round", "sign", "status after the end"] {
        let document = &t.get(what)["document"];
        assert!(document.get("risk").is_none() && document.get("rounds").is_none(), "{what}: {document}");
    }
    let log = conversation(2).await;
    let events = log.get("events")["events"].as_array().unwrap().clone();
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["status", "status", "status", "status", "outcome"]);
    assert!(events.iter().all(|event| event["document"].get("risk").is_none()));
    assert_eq!(
        log.get("outcome")["document"]["output"],
        json!({ "status": "SIGNED", "by": "mia", "rounds": 1 })
    );
    assert_eq!(log.get("outcome")["document"]["status"], "SIGNED");
}

/// SUB-13, IDEM-2, WS-044: a run started over one transport goes on over every other one, and a key is known to all of them.
#[tokio::test(flavor = "multi_thread")]
async fn ws_044_a_run_goes_on_over_any_transport() {
    let system = System::start().await;
    let [engine, http, websocket] = system.drivers();
    let run = http.start(review(1200)).await.unwrap().run().unwrap();
    let key = "round-00000000001";
    let over_websocket = websocket.submit(keyed(decide(&run, "revise"), key)).await.unwrap();
    let over_http = http.submit(keyed(decide(&run, "revise"), key)).await.unwrap();
    let (first, again) = (over_websocket.seen().unwrap(), over_http.seen().unwrap());
    assert_eq!((&first.document, &first.head), (&again.document, &again.head));
    assert!(!first.replayed && again.replayed);
    engine.submit(decide(&run, "approve")).await.unwrap();
    websocket.submit(Submit::new(&run, "sign", json!({ "by": "mia" }))).await.unwrap();
    let outcomes = futures::future::join_all([
        engine.outcome(&run, PLAIN),
        http.outcome(&run, PLAIN),
        websocket.outcome(&run, PLAIN),
    ])
    .await;
    let seen = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().seen().unwrap());
    let seen: Vec<_> = seen.map(|seen| (&seen.document, &seen.head, seen.replayed)).collect();
    assert_eq!((seen[0], seen[0]), (seen[1], seen[2]), "not even masked: one run, one log");
}
