//! Starts, submissions and cancellations.

use futures::FutureExt;
use futures::future::join_all;
use jf_core::{
    Cancel, EngineErrorKind, Epoch, Head, HeadCondition, IdempotencyKey, Phase, StartReply, StartRequest,
    StepRef, StepTarget, SubmitStep,
};
use serde_json::{Value, json};

use super::world::{APPROVAL, EngineHost, STEP, STUBBORN, World, assert_refused, in_time, next, state, step};

/// Sentence 2: when a command is admitted its commit can be read, before anybody waits for the reply (ENG-100).
pub async fn admitted_means_readable(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let request = StartRequest::new(APPROVAL, json!({ "orderId": "A-17" })).expect("a name");
    let started = world.engine.start(request, &world.caller).await.expect("the start is good");
    assert!(started.at.seq >= 1);
    let log = world.log(&started.journey_id).await;
    assert!(log.len() as u64 >= started.at.seq, "the events up to {} can be read: {log:?}", started.at);
    let id = started.journey_id.clone();
    assert!(matches!(started.settled().await, Ok(StartReply::Status(_))));

    let request = world.submission(&id, json!({ "decision": "approve" }));
    let submitted = world.engine.submit_step(request, &world.caller).await.expect("the step waits");
    assert_eq!(submitted.step, Some(StepRef::Id(state(STEP))), "the resolved step is told (RT-7)");
    let status = world.status(&id).await;
    assert!(status.at.seq >= submitted.at.seq && status.document.active_steps.is_empty());
}

/// Sentence 1: a caller that goes away changes no run.
pub async fn dropped_futures_change_nothing(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let request = StartRequest::new(APPROVAL, json!({ "orderId": "A-17" })).expect("a name");
    let started = world.engine.start(request, &world.caller).await.expect("the start is good");
    let id = started.journey_id.clone();
    drop(started);
    // A submission may come as soon as the run is known: it is held until the step is active (ENG-059), or finds it so.
    let request = world.submission(&id, json!({ "decision": "approve" }));
    let submitted = world.engine.submit_step(request, &world.caller).await.expect("the step waits");
    drop(submitted);
    assert_eq!(world.ended(&id).await.document.phase, Phase::Succeeded);

    // Dropped at its first suspension the effect is unknown, but the run is in one piece.
    let waiting = world.waiting().await;
    let id = &waiting.document.journey_id;
    let polled = world.approve(id).now_or_never();
    let again = in_time(world.approve(id)).await;
    assert!(!(matches!(polled, Some(Ok(_))) && again.is_ok()), "taken twice");
    assert_eq!(world.ended(id).await.document.phase, Phase::Succeeded);
    assert_eq!(world.log(id).await.len() as u64, world.status(id).await.at.seq);
}

/// `start`: definition, object body and schema are checked, in this order, and a refusal creates nothing (ENG-002).
pub async fn a_start_is_checked_before_anything_is_created(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let start = async |journey: &str, input: Value| {
        let request = StartRequest::new(journey, input).expect("a name");
        world.engine.start(request, &world.caller).await
    };
    assert_refused(start("suite-unknown", json!(1)).await, EngineErrorKind::NotFound);
    assert_refused(start(APPROVAL, json!([])).await, EngineErrorKind::InvalidInput);
    let error = assert_refused(start(APPROVAL, json!({ "orderId": 1 })).await, EngineErrorKind::InvalidInput);
    let violation = &error.problem().errors[0];
    assert_eq!((violation.pointer.as_str(), violation.keyword.as_str()), ("/orderId", "type"));
}

/// Sentence 3: commands given one after the other for one run apply in that order (ORD-1).
pub async fn commands_apply_in_the_order_they_are_given(host: &dyn EngineHost) {
    let world = World::new(host).await;
    for _ in 0..20 {
        let id = world.waiting().await.document.journey_id;
        // `join!` polls them in this order for the first time.
        let (cancelled, late) =
            in_time(async { futures::join!(world.cancel(Cancel::new(id.clone())), world.approve(&id)) })
                .await;
        assert_eq!(cancelled.expect("it came first").document.phase, Phase::Failed);
        assert_refused(late, EngineErrorKind::StepNotActive);

        let id = world.waiting().await.document.journey_id;
        let (accepted, late) =
            in_time(async { futures::join!(world.approve(&id), world.cancel(Cancel::new(id.clone()))) })
                .await;
        assert!(accepted.is_ok(), "it came first: {accepted:?}");
        assert_eq!(late.expect("an ended run stays as it is").document.phase, Phase::Succeeded);
    }
}

/// Sentence 4: of racing submissions and cancellations exactly one applies (ENG-045).
pub async fn exactly_one_of_racing_commands_wins(host: &dyn EngineHost) {
    let world = World::new(host).await;
    for round in 0..20 {
        let id = world.waiting().await.document.journey_id;
        let commands = (0..6).map(|n| {
            let (world, id) = (world.clone(), id.clone());
            // A task each, so that they really run side by side.
            tokio::spawn(async move {
                if (n + round) % 6 == 0 {
                    world.cancel(Cancel::new(id)).await.map(drop).map(|()| false)
                } else {
                    world.approve(&id).await.map(drop).map(|()| true)
                }
            })
        });
        let answers = in_time(join_all(commands)).await;
        let accepted = answers.into_iter().filter(|answer| match answer.as_ref().expect("no panic") {
            Ok(submitted) => *submitted,
            Err(error) => {
                assert_eq!(error.kind(), EngineErrorKind::StepNotActive, "{error}");
                false
            }
        });
        let expected = match world.ended(&id).await.document.phase {
            Phase::Succeeded => 1,
            _ => 0,
        };
        assert_eq!(accepted.count(), expected, "accepted submissions");
    }
}

/// Sentence 7: a refused command leaves the run as it was (ENG-044, ENG-143).
pub async fn a_refused_command_has_no_effect(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let id = &waiting.document.journey_id;
    let error = world.submit(world.submission(id, json!({ "decision": "perhaps" }))).await;
    let error = assert_refused(error, EngineErrorKind::InvalidInput);
    let violation = &error.problem().errors[0];
    assert_eq!((violation.pointer.as_str(), violation.keyword.as_str()), ("/decision", "enum"));
    assert_eq!(error.effect(), jf_core::Effect::None);
    world.assert_unmoved(&waiting).await;

    let elsewhere = SubmitStep::new(id.clone(), step("nowhere"), json!({ "decision": "approve" }));
    assert_refused(world.submit(elsewhere).await, EngineErrorKind::StepNotActive);
    world.assert_unmoved(&waiting).await;
    // The step is still active.
    world.approve(id).await.expect("the step waits");
}

/// The order of checks is run, key, step, precondition, body (HTTP-023).
pub async fn checks_come_in_their_order(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let id = &waiting.document.journey_id;
    let never = || Some(Vec::new());
    let bad = json!({ "decision": "perhaps" });
    let unknown = jf_core::JourneyId::random();
    for (id, step_id, condition, expected) in [
        (&unknown, "nowhere", never(), EngineErrorKind::NotFound),
        (id, "nowhere", never(), EngineErrorKind::StepNotActive),
        (id, STEP, never(), EngineErrorKind::SeqMismatch),
        (id, STEP, None, EngineErrorKind::InvalidInput),
    ] {
        let request = SubmitStep::new(id.clone(), step(step_id), bad.clone()).with_if_head(condition);
        assert_refused(world.submit(request).await, expected);
    }
    world.assert_unmoved(&waiting).await;
}

/// A precondition names heads, with or without their epoch, and holds at the commit (ENG-054).
pub async fn preconditions_hold_at_the_commit(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.waiting().await;
    let (id, head) = (&waiting.document.journey_id, &waiting.at);
    let foreign = Head::new(Epoch::parse("another").expect("an epoch"), head.seq);
    for wrong in [next(head).into(), HeadCondition { epoch: None, seq: head.seq - 1 }, foreign.into()] {
        let condition = Some(vec![wrong]);
        let submission =
            world.submission(id, json!({ "decision": "approve" })).with_if_head(condition.clone());
        assert_refused(world.submit(submission).await, EngineErrorKind::SeqMismatch);
        let cancel = Cancel::new(id.clone()).with_if_head(condition);
        assert_refused(world.cancel(cancel).await, EngineErrorKind::SeqMismatch);
    }
    world.assert_unmoved(&waiting).await;
    let one_of = Some(vec![next(head).into(), HeadCondition { epoch: None, seq: head.seq }]);
    let submission = world.submission(id, json!({ "decision": "approve" })).with_if_head(one_of);
    world.submit(submission).await.expect("one of the heads is right");
}

/// A target of covered states means the given one, else the only one (RT-6).
pub async fn a_submission_may_name_its_step_by_what_a_binding_covers(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let id = world.waiting().await.document.journey_id;
    let covered = |given: Option<&str>, ids: &[&str]| StepTarget::Covered {
        given: given.map(|id| StepRef::Id(state(id))),
        ids: ids.iter().map(|id| state(id)).collect(),
    };
    let submit = async |target| {
        world.submit(SubmitStep::new(id.clone(), target, json!({ "decision": "approve" }))).await
    };
    assert_refused(submit(covered(None, &["done"])).await, EngineErrorKind::StepNotActive);
    submit(covered(None, &[STEP])).await.expect("the only covered state waits");

    let id = world.waiting().await.document.journey_id;
    let target = covered(Some(STEP), &[STEP, "done"]);
    let submitted = SubmitStep::new(id, target, json!({ "decision": "approve" }));
    world.submit(submitted).await.expect("the given state waits");
}

/// An engine with keys applies a keyed command once (ENG-050, ENG-053); one without refuses it (`EngineCapabilities`).
pub async fn keys_are_honoured_or_refused(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let key = |text: &str| Some(IdempotencyKey::parse(text).expect("a key"));
    let start = async |order: &str| {
        let request = StartRequest::new(APPROVAL, json!({ "orderId": order })).expect("a name");
        world.engine.start(request.with_key(key("start-000000000001")), &world.caller).await
    };
    if !world.engine.capabilities().idempotency {
        assert_refused(start("A-17").await, EngineErrorKind::Unsupported);
        let waiting = world.waiting().await;
        let id = &waiting.document.journey_id;
        let submission =
            world.submission(id, json!({ "decision": "approve" })).with_key(key("step-0000000000001"));
        assert_refused(world.submit(submission).await, EngineErrorKind::Unsupported);
        world.assert_unmoved(&waiting).await;
        return;
    }
    let first = start("A-17").await.expect("the start is good");
    let again = start("A-17").await.expect("a repetition is answered");
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.journey_id, again.journey_id);
    assert_refused(start("A-18").await, EngineErrorKind::IdempotencyMismatch);

    let id = first.journey_id.clone();
    first.settled().await.expect("the run comes to rest");
    let submit = async |decision: &str| {
        let submission = world.submission(&id, json!({ "decision": decision }));
        world.engine.submit_step(submission.with_key(key("step-0000000000001")), &world.caller).await
    };
    // A refused request leaves the key free (ENG-052).
    assert_refused(submit("perhaps").await, EngineErrorKind::InvalidInput);
    let first = submit("approve").await.expect("the step waits");
    let again = submit("approve").await.expect("a repetition is answered");
    assert!(!first.replayed && again.replayed);
    assert_refused(submit("reject").await, EngineErrorKind::IdempotencyMismatch);
    let outcomes =
        world.log(&id).await.into_iter().filter(|event| event.document.kind() == jf_core::EventKind::Outcome);
    assert_eq!(outcomes.count(), 1);
}

/// `cancel` ends a running run, and changes nothing of an ended one (ENG-055, ENG-056).
pub async fn an_ended_run_is_cancelled_without_effect(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let id = world.waiting().await.document.journey_id;
    let cancelled = world.cancel(Cancel::new(id.clone())).await.expect("it can be cancelled");
    assert_eq!(cancelled.document.phase, Phase::Failed);
    assert!(cancelled.document.active_steps.is_empty());
    let outcome = world.ended(&id).await;
    let error = outcome.document.error.as_ref().expect("a failed run has an error");
    assert_eq!((error.code.as_str(), error.reason.as_str()), ("JOURNEY_CANCELLED", "Cancelled by user"));
    assert_eq!(outcome.document.output, Value::Null);

    // The precondition is ignored on an ended run (ENG-054).
    let again =
        world.cancel(Cancel::new(id.clone()).with_if_head(Some(Vec::new()))).await.expect("nothing to do");
    assert_eq!((again.at, again.document), (cancelled.at, cancelled.document));
    assert_eq!(world.ended(&id).await, outcome);
    assert_refused(world.approve(&id).await, EngineErrorKind::StepNotActive);
}

/// A definition may forbid cancellation (ENG-056).
pub async fn not_every_journey_can_be_cancelled(host: &dyn EngineHost) {
    let world = World::new(host).await;
    let waiting = world.begun(STUBBORN, json!({})).await;
    let id = &waiting.document.journey_id;
    assert_refused(world.cancel(Cancel::new(id.clone())).await, EngineErrorKind::NotCancellable);
    world.assert_unmoved(&waiting).await;
    let submission = SubmitStep::new(id.clone(), step("answer"), Value::Null);
    world.submit(submission).await.expect("any JSON value is a payload (ENG-043)");
    let ended =
        world.cancel(Cancel::new(id.clone())).await.expect("an ended run is answered with its status");
    assert_eq!(ended.document.phase, Phase::Succeeded);
}
