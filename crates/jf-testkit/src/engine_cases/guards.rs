//! Who may read.

use jf_core::{
    Cancel, Cursor, EngineErrorKind, HeadCondition, IdempotencyKey, JourneyId, Phase, StartReply,
    StartRequest, Started,
};
use serde_json::{Value, json};

use super::world::{EngineHost, GUARDED, World, assert_refused};

impl World {
    /// A start whose run can be read or not, by what the guard makes of `decision`.
    async fn guarded(&self, decision: &Value, key: Option<IdempotencyKey>) -> Started {
        let request = StartRequest::new(GUARDED, json!({ "decision": decision })).expect("a name");
        self.engine.start(request.with_key(key), &self.caller).await.expect("the start is good")
    }

    /// Whether the engine has guards. If it has none it must not run what declares one.
    async fn has_guards(&self) -> bool {
        if self.engine.capabilities().read_guards {
            return true;
        }
        let request = StartRequest::new(GUARDED, json!({})).expect("a name");
        assert_refused(self.engine.start(request, &self.caller).await, EngineErrorKind::Unsupported);
        false
    }
}

/// Every read of a run asks its guard, and only `allowed: true` allows (ENG-110 to ENG-113). What was denied looks like what never was.
pub async fn a_denied_read_looks_like_absence(host: &dyn EngineHost) {
    let world = World::new(host).await;
    if !world.has_guards().await {
        return;
    }
    let (engine, caller) = (&world.engine, &world.caller);
    let one = 1.try_into().expect("not 0");
    for decision in
        [json!({ "allowed": false }), json!({ "allowed": "true" }), json!({}), json!(true), Value::Null]
    {
        let started = world.guarded(&decision, None).await;
        let id = started.journey_id.clone();
        let reply = started.settled().await.expect("the run comes to rest");
        assert!(matches!(reply, StartReply::Status(_)), "ENG-051: the first answer is not guarded");
        for run in [&id, &JourneyId::random()] {
            for refusal in [
                engine.get_status(run, caller).await.map(drop),
                // Before the Conflict that there is no outcome yet.
                engine.get_outcome(run, caller).await.map(drop),
                engine.events(run, Cursor::beginning(), one, caller).await.map(drop),
                world.cancel(Cancel::new(run.clone())).await.map(drop),
            ] {
                let error = assert_refused(refusal, EngineErrorKind::NotFound);
                let text = serde_json::to_string(error.problem()).expect("serialises");
                assert_eq!(
                    text,
                    r#"{"type":"urn:journeyforge:error:not-found","title":"Not Found","status":404}"#
                );
                assert!(!error.is_replayed() && error.retry_after().is_none());
            }
        }
        // ENG-057: a cancellation that was denied has had no effect.
        let answer = world.approve(&id).await.expect("the step waits, and its first answer is not guarded");
        assert_eq!(answer.document.phase, Phase::Succeeded);
        assert_refused(engine.get_outcome(&id, caller).await, EngineErrorKind::NotFound);
        assert_refused(world.cancel(Cancel::new(id)).await, EngineErrorKind::NotFound);
    }
}

/// Who may read sees what there is, and may cancel (ENG-057, ENG-111).
pub async fn an_allowed_read_is_a_read(host: &dyn EngineHost) {
    let world = World::new(host).await;
    if !world.has_guards().await {
        return;
    }
    let started = world.guarded(&json!({ "allowed": true }), None).await;
    let id = started.journey_id.clone();
    started.settled().await.expect("the run comes to rest");
    let waiting = world.status(&id).await;
    assert_eq!(world.log(&id).await.len() as u64, waiting.at.seq);
    assert_refused(world.engine.get_outcome(&id, &world.caller).await, EngineErrorKind::NotTerminal);
    let cancelled = world.cancel(Cancel::new(id.clone())).await.expect("it can be cancelled");
    assert_eq!(cancelled.document.phase, Phase::Failed);
    assert_eq!(world.ended(&id).await.at, cancelled.at);
}

/// A repeated command is a read: on denial it tells that it was applied, and nothing more (ENG-053).
pub async fn a_repeated_command_is_guarded(host: &dyn EngineHost) {
    let world = World::new(host).await;
    if !world.has_guards().await || !world.engine.capabilities().idempotency {
        return;
    }
    let key = |text: &str| Some(IdempotencyKey::parse(text).expect("a key"));
    for allowed in [true, false] {
        let name = if allowed { "start-000000000001" } else { "start-000000000002" };
        let start = async || world.guarded(&json!({ "allowed": allowed }), key(name)).await;
        let first = start().await;
        let id = first.journey_id.clone();
        first.settled().await.expect("the run comes to rest");
        let again = start().await;
        assert!(again.replayed && again.journey_id == id);
        match again.settled().await.expect("it is answered at once") {
            StartReply::Status(status) => assert!(allowed && status.document.journey_id == id),
            StartReply::Started(_) => assert!(!allowed),
            other => panic!("the run goes on: {other:?}"),
        }
        let submit = async || {
            let submission = world.submission(&id, json!(1)).with_key(key("step-0000000000001"));
            world.engine.submit_step(submission, &world.caller).await
        };
        assert!(!submit().await.expect("the step waits").replayed);
        match submit().await {
            Ok(submitted) => assert!(allowed && submitted.replayed),
            Err(error) => {
                assert!(
                    !allowed && error.kind() == EngineErrorKind::NotFound && error.is_replayed(),
                    "{error}"
                );
            }
        }
    }
}

/// A precondition that does not hold tells the head to those who may read it (ENG-054).
pub async fn the_head_is_told_to_readers_alone(host: &dyn EngineHost) {
    let world = World::new(host).await;
    if !world.has_guards().await {
        return;
    }
    for allowed in [true, false] {
        let started = world.guarded(&json!({ "allowed": allowed }), None).await;
        let id = started.journey_id.clone();
        started.settled().await.expect("the run comes to rest");
        let wrong = Some(vec![HeadCondition { epoch: None, seq: 77 }]);
        let submission = world.submission(&id, json!(1)).with_if_head(wrong);
        let error = assert_refused(world.submit(submission).await, EngineErrorKind::SeqMismatch);
        assert_eq!(error.problem().extensions.contains_key("head"), allowed, "{error}");
    }
}
