//! Branches, subjourneys, timers, calls and compensation through the real server, over HTTP and over WebSocket: one conversation, equal
//! documents (OP-8).

use jf_dsl::{Catalog, SourceFile, load};
use jf_testkit::{Answer, CancelRun, Driver, HttpDriver, Request, Run, Start, Submit, WebSocketDriver};
use serde_json::{Value, json};

use crate::support::binary::Serving;
use crate::support::ledger::Ledger;
use crate::support::system::registries;
use crate::support::{in_time, root, urn};

const PLAIN: &Request = &Request::PLAIN;

/// The catalog of orders and reminders.
pub(crate) fn catalog() -> Catalog {
    let loaded = ["order", "reminder"].map(|name| {
        let file = root().join(format!("tests/orders/{name}.journey.yaml"));
        let loaded = load(&SourceFile::from_path(file).unwrap(), &registries());
        loaded.unwrap_or_else(|found| panic!("{}", found.to_terminal(Default::default())))
    });
    Catalog::new(loaded.into()).unwrap()
}

/// Reads the outcome of a run that comes to its end by itself.
pub(crate) async fn outcome(driver: &dyn Driver, run: &Run) -> Value {
    in_time("the end of a run", async {
        loop {
            match driver.outcome(run, PLAIN).await.unwrap() {
                Answer::Outcome(seen) => return seen.document,
                // A timer or a call goes on.
                Answer::Error(problem) if problem["type"] == urn("not-terminal") => {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                other => panic!("{other:?}"),
            }
        }
    })
    .await
}

/// The run that a document links to as its compensation.
pub(crate) fn compensation(document: &Value) -> Option<Run> {
    let href = document["_links"]["compensation"]["href"].as_str()?;
    Some(Run::new("order", href.rsplit('/').next()?))
}

async fn started(driver: &dyn Driver, number: u64, broken: bool) -> (Run, Answer) {
    let input = json!({ "number": number, "broken": broken });
    let answer = driver.start(Start::new("order", input)).await.unwrap();
    (answer.run().unwrap(), answer)
}

fn approve(run: &Run) -> Submit {
    Submit::new(run, "both~money~approve", json!({ "by": "mia" }))
}

fn confirm(run: &Run) -> Submit {
    Submit::new(run, "confirm", json!({ "yes": true }))
}

/// What must be equal on both ways. Numbers of calls depend on who came first, and so does how many events an order makes: what ends
/// last makes the outcome alone (ENG-107).
fn shown(answer: &Answer) -> Value {
    let mut shown = answer.comparable();
    if answer.result() == "outcome" {
        shown["seq"] = json!("<seq>");
    }
    let output = shown.pointer_mut("/document/output").and_then(Value::as_object_mut);
    for (name, member) in output.into_iter().flatten() {
        if ["charge", "reserved", "call"].contains(&name.as_str()) {
            *member = json!("<call>");
        }
    }
    shown
}

/// Three orders, one that goes well, one that is broken and undone, one that is cancelled and undone; gives what was shown. What waits in a subjourney
/// is submitted over HTTP in any case (WS-009).
async fn converse(driver: &dyn Driver, http: &dyn Driver, first: u64) -> Vec<Value> {
    let mut seen = Vec::new();
    let (run, start) = started(driver, first, false).await;
    let status = &start.seen().unwrap().document;
    assert_eq!((&status["phase"], &status["currentState"]), (&json!("RUNNING"), &json!("both")), "ENG-022");
    let steps = status["activeSteps"].as_array().unwrap();
    let addresses: Vec<&str> = steps.iter().map(|step| step["address"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["both~money~approve", "both~buyer~confirmation~confirm"], "ENG-031");
    seen.push(shown(&start));
    let wrong = http.submit(Submit::new(&run, "confirm", json!({ "no": 1 }))).await.unwrap();
    assert_eq!(wrong.problem().unwrap()["type"], urn("invalid-input"), "ENG-044");
    seen.push(shown(&wrong));
    let approved = driver.submit(approve(&run)).await.unwrap();
    assert_eq!(approved.result(), "status", "ENG-047: the branch has ended, the run has not");
    let again = driver.submit(approve(&run)).await.unwrap();
    assert_eq!(again.problem().unwrap()["type"], urn("step-not-active"), "ENG-042");
    seen.push(shown(&again));
    http.submit(confirm(&run)).await.unwrap();
    let ended = outcome(driver, &run).await;
    assert_eq!(
        (&ended["output"]["confirmed"], &ended["output"]["fired"]),
        (&json!({ "yes": true }), &json!(3)),
        "{ended}"
    );
    assert!(ended["output"]["charge"].is_u64() && ended["output"]["reserved"].is_u64(), "{ended}");
    seen.push(shown(&driver.outcome(&run, PLAIN).await.unwrap()));

    let (run, _) = started(driver, first + 1, true).await;
    http.submit(confirm(&run)).await.unwrap();
    driver.submit(approve(&run)).await.unwrap();
    let ended = outcome(driver, &run).await;
    assert_eq!(
        (&ended["phase"], &ended["error"]["code"]),
        (&json!("FAILED"), &json!("ORDER_BROKEN")),
        "{ended}"
    );
    seen.extend(undone(driver, &ended, "ORDER_BROKEN").await);

    let (run, _) = started(driver, first + 2, false).await;
    driver.submit(approve(&run)).await.unwrap();
    let cancelled = driver.cancel(CancelRun::new(&run)).await.unwrap();
    assert_eq!(cancelled.seen().unwrap().document["phase"], "FAILED", "ENG-055");
    let ended = outcome(driver, &run).await;
    seen.extend(undone(driver, &ended, "JOURNEY_CANCELLED").await);
    seen
}

/// ENG-092, ENG-094: what an outcome links to as its compensation, up to its end.
async fn undone(driver: &dyn Driver, ended: &Value, why: &str) -> Vec<Value> {
    let undoing = compensation(ended).unwrap_or_else(|| panic!("{ended}"));
    let refused = driver.cancel(CancelRun::new(&undoing)).await.unwrap();
    // Nobody cancels it; and once it has ended there is nothing to cancel.
    assert!(refused.problem().is_none_or(|problem| problem["type"] == urn("not-cancellable")), "{refused:?}");
    let undone = outcome(driver, &undoing).await;
    assert_eq!((&undone["phase"], &undone["output"]["why"]), (&json!("SUCCEEDED"), &json!(why)), "{undone}");
    let Answer::Events(events) = driver.events(&undoing, 0).await.unwrap_or(Answer::Events(Vec::new()))
    else {
        panic!("the log of a compensation is one like any other")
    };
    let numbers: Vec<u64> = events.iter().map(|event| event.at.seq).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "ENG-106: {numbers:?}");
    vec![shown(&driver.outcome(&undoing, PLAIN).await.unwrap())]
}

/// OP-8, ENG-031, ENG-040, ENG-092, STA-105
#[tokio::test(flavor = "multi_thread")]
async fn op_8_orders_look_the_same_over_http_and_websocket() {
    let ledger = Ledger::open().await;
    let serving =
        Serving::start_with(&root().join("tests/orders"), Some(&ledger.config()), &["--store", "memory"])
            .await;
    let http = HttpDriver::new(serving.address(), catalog());
    let websocket = WebSocketDriver::new(serving.address(), catalog());
    let over_http = converse(&http, &http, 1).await;
    let over_websocket = converse(&websocket, &http, 1).await;
    assert_eq!(over_http, over_websocket);

    let calls = ledger.calls();
    let count =
        |what: &str, order: u64| calls.iter().filter(|call| call.what == what && call.order == order).count();
    for (what, expected) in [("reserve", [2, 2, 2]), ("charge", [2, 2, 2]), ("refund", [0, 2, 2])] {
        assert_eq!([1, 2, 3].map(|order| count(what, order)), expected, "{what}: once per order and way");
    }
    // ENG-094: compensation runs are left out of lists unless asked for.
    let listed = async |parameters: &[(String, String)]| {
        let Answer::Page(page) = http.list(parameters).await.unwrap() else { panic!("a page") };
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(listed(&[]).await, 6);
    assert_eq!(listed(&[("includeCompensation".to_owned(), "true".to_owned())]).await, 10);
    serving.terminate().await;
    let (status, _, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
}

/// BND-051: a run is started over one binding, and goes on over the other.
#[tokio::test(flavor = "multi_thread")]
async fn bnd_051_branches_of_one_run_are_driven_over_both_bindings() {
    let ledger = Ledger::open().await;
    let serving =
        Serving::start_with(&root().join("tests/orders"), Some(&ledger.config()), &["--store", "memory"])
            .await;
    let http = HttpDriver::new(serving.address(), catalog());
    let websocket = WebSocketDriver::new(serving.address(), catalog());
    let (run, _) = started(&websocket, 7, false).await;
    let (approved, confirmed) = tokio::join!(websocket.submit(approve(&run)), http.submit(confirm(&run)));
    assert_eq!((approved.unwrap().result(), confirmed.unwrap().result()), ("status", "status"));
    assert_eq!(outcome(&http, &run).await, outcome(&websocket, &run).await);
    let [one, other] = [http.events(&run, 0).await, websocket.events(&run, 0).await].map(Result::ok);
    let logs: Vec<Value> = [one, other].into_iter().flatten().map(|log| log.comparable()).collect();
    assert!(logs.windows(2).all(|logs| logs[0] == logs[1]) && !logs.is_empty());
}
