//! The real server, driven by programs of other people: `curl`, and a Python library for WebSocket.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::binary::Serving;
use crate::support::loans::drive_loans;
use crate::support::{in_time, root, urn};

async fn examples() -> Serving {
    Serving::start(&root().join("examples/journeys"), None).await
}

/// Runs `curl`; gives status and body.
async fn curl(arguments: &[&str]) -> (u16, Value) {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code}"])
        .args(arguments);
    let output = in_time("curl", command.kill_on_drop(true).output()).await.expect("curl is installed");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn post(url: &str, body: &Value) -> (u16, Value) {
    curl(&["--header", "content-type: application/json", "--data", &body.to_string(), url]).await
}

/// HTTP-001, HTTP-020 to HTTP-024: a loan from application to signature.
#[tokio::test]
async fn http_001_curl_drives_a_loan() {
    let serving = examples().await;
    let application = json!({ "customerId": "c-17", "amount": 25000, "months": 48, "income": 3200 });
    let start = serving.url("/api/v1/journeys/loan-approval/start?campaign=spring");
    let (status, started) = post(&start, &application).await;
    assert_eq!((status, &started["currentState"]), (200, &json!("officerReview")));
    assert_eq!((&started["monthly"], &started["shareOfIncome"]), (&json!(553), &json!(18)), "{started}");
    let link = |document: &Value, relation: &str| {
        serving.url(document["_links"][relation]["href"].as_str().unwrap())
    };

    let (status, refused) = post(&link(&started, "officerReview"), &json!({ "decision": "maybe" })).await;
    assert_eq!((status, &refused["type"]), (400, &json!(urn("invalid-input"))));
    assert_eq!(refused["errors"].as_array().unwrap().len(), 2, "{refused}");
    let (status, early) = curl(&[&link(&started, "result")]).await;
    assert_eq!((status, &early["type"]), (409, &json!(urn("not-terminal"))));
    let (status, approved) =
        post(&link(&started, "officerReview"), &json!({ "decision": "approve", "officer": "mia" })).await;
    assert_eq!((status, &approved["currentState"]), (200, &json!("signature")));
    let (status, signed) = post(&link(&approved, "signature"), &json!({ "signed": true })).await;
    assert_eq!((status, &signed["phase"]), (200, &json!("SUCCEEDED")));
    let (status, outcome) = curl(&[&link(&signed, "result")]).await;
    let output = json!({ "status": "APPROVED", "monthly": 553, "months": 48, "approvedBy": "mia" });
    assert_eq!((status, &outcome["status"], &outcome["output"]), (200, &json!("APPROVED"), &output));

    let (status, again) = post(&link(&approved, "signature"), &json!({ "signed": true })).await;
    assert_eq!((status, &again["type"]), (409, &json!(urn("step-not-active"))));
    let (status, _) = curl(&[&serving.url("/api/v1/journeys/AAAAAAAAAAAAAAAAAAAAAA")]).await;
    assert_eq!(status, 404);
    let (status, listed) = curl(&[&serving.url("/api/v1/journeys?tag=lending&subjectId=c-17")]).await;
    assert_eq!((status, &listed["items"][0]["journeyId"]), (200, &started["journeyId"]));

    let (_, second) = post(&start, &application).await;
    let (status, cancelled) = curl(&["--request", "POST", &link(&second, "cancel")]).await;
    assert_eq!((status, &cancelled["phase"]), (200, &json!("FAILED")));
}

/// HTTP-020, TSK-030, ENG-059, HTTP-034: an order that is priced by another journey of the same server, and a call-back that may come
/// before the price.
#[tokio::test]
async fn eng_059_curl_drives_an_order() {
    let serving = examples().await;
    let order =
        json!({ "orderId": "A-17", "customerId": "c-17", "items": [{ "sku": "kettle", "quantity": 2 }] });
    let (status, started) = post(&serving.url("/api/v1/journeys/order-fulfilment/start"), &order).await;
    assert_eq!(status, 202, "{started}");
    let run = serving.url(started["statusUrl"].as_str().unwrap());
    let shipped = json!({ "event": "shipped", "trackingCode": "T-4711" }).to_string();
    let callback = format!("{run}/steps/shipment");
    let headers = ["--header", "content-type: application/json", "--header", "X-Carrier: DHL"];
    let (status, answer) = curl(&[&headers[..], &["--data", &shipped, &callback]].concat()).await;
    assert_eq!((status, &answer["phase"]), (200, &json!("SUCCEEDED")), "{answer}");
    let (_, outcome) = curl(&[&format!("{run}/result")]).await;
    assert_eq!(outcome["outcomeId"], "shipped");
    assert_eq!(
        outcome["output"],
        json!({ "status": "SHIPPED", "orderId": "A-17", "totalCents": 7800, "carrier": "DHL", "trackingCode": "T-4711" })
    );
}

/// HTTP-066 to HTTP-073: an Api, with its own route and statuses.
#[tokio::test]
async fn http_067_curl_calls_an_api() {
    let serving = examples().await;
    let url = serving.url("/api/v1/prices/quote");
    let (status, quote) = post(&url, &json!({ "items": [{ "sku": "tea", "quantity": 2 }] })).await;
    assert_eq!((status, &quote["totalCents"]), (200, &json!(900)));
    let (status, unknown) = post(&url, &json!({ "items": [{ "sku": "sofa", "quantity": 1 }] })).await;
    assert_eq!((status, &unknown["type"]), (422, &json!("urn:example:unknown-article")));
    let (status, bad) = post(&url, &json!({ "items": [] })).await;
    assert_eq!((status, &bad["type"]), (400, &json!(urn("invalid-input"))));
    let (status, _) = post(&serving.url("/api/v1/apis/price-quote"), &json!({})).await;
    assert_eq!(status, 404, "one address per Api (HTTP-002)");
}

/// WS-020, WS-030 to WS-045: a whole conversation by the library of another language, every frame of it as the exported contract says; see `tests/clients/loan.py`.
#[tokio::test]
async fn ws_030_a_python_client_drives_loans() {
    let serving = examples().await;
    drive_loans(&format!("ws://{}/ws/loans", serving.address()), None).await;
}
