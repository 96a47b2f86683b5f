//! A journey whose runs stand on the shelf.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::sync::Arc;

use custom_store::Shelf;
use jf_core::dsl::{Catalog, SourceFile, load};
use jf_core::spi::Registries;
use jf_core::{Caller, Engine, Phase, StartReply, StartRequest, StepRef, StepTarget, SubmitStep};
use jf_engine::EmbeddedEngine;
use jf_store::{Retention, Store};
use serde_json::json;

const QUESTION: &str = "\
apiVersion: v1
kind: Journey
metadata: { name: question, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  start: answer
  states:
    answer: { type: wait, wait: { input: { schema: { type: object, required: [text] } } }, next: done }
    done: { type: succeed, outputVar: payload }
";

async fn engine(store: &Arc<dyn Store>) -> EmbeddedEngine {
    let registries = Registries::builder().binding("http").binding("websocket").build().unwrap();
    let loaded = load(&SourceFile::new("question.journey.yaml", QUESTION), &registries).unwrap();
    let engine = EmbeddedEngine::builder(Catalog::new(vec![loaded]).unwrap()).registries(registries);
    engine.store(Arc::clone(store)).build().await.unwrap()
}

/// ENG-101, ENG-102: the second engine takes the shelf over with the run that waits on it.
#[tokio::test]
async fn eng_101_a_run_goes_on_with_another_engine() {
    let store: Arc<dyn Store> = Arc::new(Shelf::new(Retention::default()));
    let caller = Caller::request("http", http::Method::POST, "/").build();
    let first = engine(&store).await;
    let started = first.start(StartRequest::new("question", json!({})).unwrap(), &caller).await.unwrap();
    let run = started.journey_id.clone();
    assert!(matches!(started.settled().await.unwrap(), StartReply::Status(_)));

    let second = engine(&store).await;
    let answer = || {
        let step = StepTarget::Any(StepRef::parse("answer").unwrap());
        SubmitStep::new(run.clone(), step, json!({ "text": "yes" }))
    };
    assert!(first.submit_step(answer(), &caller).await.is_err(), "it has lost its claim");
    let answered = second.submit_step(answer(), &caller).await.unwrap().settled().await.unwrap();
    assert_eq!(answered.document.phase, Phase::Succeeded);
    let outcome = second.get_outcome(&run, &caller).await.unwrap().document;
    assert_eq!(outcome.output, json!({ "text": "yes" }));
}
