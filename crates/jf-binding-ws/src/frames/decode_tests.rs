//! The schema of §5, member by member.

use std::num::NonZeroU32;

use jf_core::{Cursor, EngineError, EngineErrorKind, Epoch, EventFilter, HeadCondition, Replaying};
use serde_json::{Value, json};

use super::{Meaning, decode};
use crate::frames::client::{Hello, Request, RunRef, Wish};
use crate::frames::envelope::{Envelope, FrameLimits};

const LIMITS: FrameLimits = FrameLimits { payload_bytes: 1 << 20, payload_depth: 128, resumed: 2 };

fn envelope(text: &str) -> Envelope<'_> {
    let envelope = Envelope::read(text, LIMITS, &mut |_| Ok(()));
    envelope.unwrap_or_else(|refused| panic!("{text}: {}", refused.error))
}

fn read(frame: &Value) -> Result<Request, EngineError> {
    let text = frame.to_string();
    let read = decode(envelope(&text), |frame_type| match frame_type {
        "begin" => Ok(Meaning::Start),
        "submit" => Ok(Meaning::Step),
        _ => Err(EngineError::new(EngineErrorKind::UnknownType)),
    });
    read.map(|(_, request)| request)
}

/// Slug and named member of a refusal.
fn refused(frame: Value) -> (&'static str, String) {
    let error = read(&frame).expect_err(&frame.to_string());
    let member = error.problem().extensions.get("member").and_then(Value::as_str).unwrap_or_default();
    (error.kind().slug(), member.to_owned())
}

fn run() -> RunRef {
    RunRef::Id(jf_core::JourneyId::parse("r1").unwrap())
}

#[test]
fn the_smallest_frames_of_every_type_are_read() {
    for frame in [
        json!({"type":"begin","payload":{}}),
        json!({"type":"submit","journeyId":"r1","payload":null}),
        json!({"type":"cancel","journeyId":"r1"}),
        json!({"type":"cancel","journeyId":"r1","payload":{"reason":"x"}}),
        json!({"type":"getStatus","journeyId":"r1"}),
        json!({"type":"getOutcome","journeyId":"r1"}),
        json!({"type":"subscribe","journeyId":"r1"}),
        json!({"type":"unsubscribe","journeyId":"r1"}),
        json!({"type":"hello"}),
        json!({"type":"auth","scheme":"bearer","token":"t"}),
        json!({"type":"credit","n":1}),
        json!({"type":"ping"}),
        json!({"type":"pong","x-note":[1]}),
    ] {
        assert!(read(&frame).is_ok(), "{frame}");
    }
}

#[test]
fn a_full_start_and_a_full_step() {
    let start = read(
        &json!({"type":"begin","id":"1","key":"0123456789abcdef","payload":{"a":1},"journeyName":"order",
        "subscribe":{"events":["outcome"],"conflate":false},"ack":true,
        "trace":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","tracestate":"x=y"}}),
    );
    let Ok(Request::Start(start)) = start else { panic!("{start:?}") };
    assert_eq!(start.payload, json!({"a":1}));
    assert_eq!(start.journey_name.as_deref(), Some("order"));
    let wish = Wish { filter: EventFilter { status: false, outcome: true }, conflate: false };
    assert_eq!(start.command.subscribe, Some(Some(wish)));
    assert!(start.command.ack && start.command.key.is_some() && start.command.trace.is_some());

    let step = read(
        &json!({"type":"submit","journeyId":"r1","stepId":"a~b~c","ifSeq":4,"epoch":"e1","payload":[],"subscribe":false}),
    );
    let Ok(Request::Step(step)) = step else { panic!("{step:?}") };
    assert_eq!(step.if_head, Some(HeadCondition { epoch: Epoch::parse("e1").ok(), seq: 4 }));
    assert_eq!((step.run, step.step_id.as_deref()), (run(), Some("a~b~c")));
    assert_eq!(step.command.subscribe, Some(None));
}

#[test]
fn err_6_unknown_members_are_named_with_the_nearest_known_one() {
    let error = read(&json!({"type":"submit","journeyId":"r1","payload":1,"stepID":"a","x-a":1,"zzz":1}))
        .unwrap_err();
    assert_eq!(error.kind(), EngineErrorKind::UnknownMember);
    let problem = error.problem();
    assert_eq!(problem.detail.as_deref(), Some("the frame has no member `stepID`; did you mean `stepId`?"));
    assert_eq!(problem.extensions["members"], json!(["stepID", "zzz"]));
    for frame in [
        json!({"type":"getStatus","journeyId":"r1","payload":1}),
        json!({"type":"ping","journeyId":"r1"}),
        json!({"type":"cancel","journeyId":"r1","ack":true}),
        json!({"type":"begin","payload":{},"journeyId":"r1"}),
        json!({"type":"begin","payload":{},"subscribe":{"event":["status"]}}),
        json!({"type":"begin","payload":{},"subscribe":{"x-a":1}}),
        json!({"type":"hello","resume":[{"journeyId":"r1","id":"2"}]}),
        json!({"type":"credit","n":1,"id":"1x"}),
    ] {
        assert_eq!(refused(frame.clone()).0, "unknown-member", "{frame}");
    }
}

#[test]
fn members_that_do_not_fit_are_named() {
    for (frame, member) in [
        (json!({"type":"begin"}), "payload"),
        (json!({"type":"submit","payload":1}), "journeyId"),
        (json!({"type":"submit","journeyId":"r1"}), "payload"),
        (json!({"type":"getStatus","journeyId":7}), "journeyId"),
        (json!({"type":"getStatus","journeyId":""}), "journeyId"),
        (json!({"type":"getStatus","journeyId":"x".repeat(129)}), "journeyId"),
        (json!({"type":"begin","payload":{},"journeyName":1}), "journeyName"),
        (json!({"type":"begin","payload":{},"ack":"yes"}), "ack"),
        (json!({"type":"begin","payload":{},"subscribe":1}), "subscribe"),
        (json!({"type":"begin","payload":{},"subscribe":{"events":[]}}), "subscribe.events"),
        (json!({"type":"begin","payload":{},"subscribe":{"conflate":1}}), "subscribe.conflate"),
        (json!({"type":"begin","payload":{},"trace":"x"}), "trace"),
        (json!({"type":"begin","payload":{},"trace":{"traceparent":1}}), "trace.traceparent"),
        (json!({"type":"submit","journeyId":"r1","payload":1,"stepId":""}), "stepId"),
        (json!({"type":"submit","journeyId":"r1","payload":1,"ifSeq":-1}), "ifSeq"),
        (json!({"type":"submit","journeyId":"r1","payload":1,"ifSeq":1.5}), "ifSeq"),
        (json!({"type":"submit","journeyId":"r1","payload":1,"ifSeq":9_007_199_254_740_992_u64}), "ifSeq"),
        (json!({"type":"submit","journeyId":"r1","payload":1,"epoch":"e1"}), "epoch"),
        (json!({"type":"submit","journeyId":"r1","payload":1,"ifSeq":1,"epoch":"e.1"}), "epoch"),
        (json!({"type":"subscribe","journeyId":"r1","epoch":"e1"}), "epoch"),
        (json!({"type":"subscribe","journeyId":"r1","events":["status","status"]}), "events"),
        (json!({"type":"subscribe","journeyId":"r1","events":["state"]}), "events"),
        (json!({"type":"subscribe","journeyId":"r1","events":"status"}), "events"),
        (json!({"type":"subscribe","journeyId":"r1","replay":"some"}), "replay"),
        (json!({"type":"subscribe","journeyId":"r1","replay":"latest","after":1}), "replay"),
        (json!({"type":"subscribe","journeyId":"r1","replay":"none","after":1}), "replay"),
        (json!({"type":"hello","client":"x".repeat(129)}), "client"),
        (json!({"type":"hello","features":["a",1]}), "features"),
        (json!({"type":"hello","heartbeat":"none"}), "heartbeat"),
        (json!({"type":"hello","autoSubscribe":1}), "autoSubscribe"),
        (json!({"type":"hello","auth":{"scheme":"basic","token":"t"}}), "auth.scheme"),
        (json!({"type":"hello","resume":{}}), "resume"),
        (json!({"type":"hello","resume":[1]}), "resume[0]"),
        (json!({"type":"hello","resume":[{"journeyId":"r1"},{"after":1}]}), "resume[1].journeyId"),
        (json!({"type":"auth","scheme":"bearer"}), "token"),
        (json!({"type":"auth","scheme":"bearer","token":""}), "token"),
        (json!({"type":"auth","scheme":"bearer","token":"t".repeat((16 << 10) + 1)}), "token"),
        (json!({"type":"hello","auth":{"scheme":"bearer","token":"t".repeat(1 << 20)}}), "auth.token"),
        (json!({"type":"credit"}), "n"),
        (json!({"type":"credit","n":0}), "n"),
        (json!({"type":"credit","n":1_000_001}), "n"),
    ] {
        assert_eq!(refused(frame.clone()), ("invalid-input", member.to_owned()), "{frame}");
    }
    let twice = r#"{"type":"begin","payload":{},"subscribe":{"conflate":true,"conflate":false}}"#;
    let error = decode(envelope(twice), |_| Ok(Meaning::Start)).unwrap_err();
    assert_eq!(error.problem().extensions["member"], "subscribe.conflate");
}

#[test]
fn idem_8_a_key_has_its_own_slug() {
    for key in [json!("short"), json!("x".repeat(256)), json!("0123456789abcde f"), json!(7), json!(null)] {
        let frame = json!({"type":"cancel","journeyId":"r1","key":key});
        assert_eq!(refused(frame.clone()).0, "idempotency-key-invalid", "{frame}");
    }
}

#[test]
fn rt_1_types_of_nobody_are_unknown() {
    assert_eq!(refused(json!({"type":"welcome"})).0, "unknown-type");
    assert_eq!(refused(json!({"type":"$later"})).0, "unknown-type");
}

#[test]
fn sub_4_cursors_and_replay_modes() {
    let replay = |members: Value| {
        let mut frame = json!({"type":"subscribe","journeyId":"r1"});
        frame.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        match read(&frame) {
            Ok(Request::Subscribe(subscribe)) => subscribe.replay,
            other => panic!("{other:?}"),
        }
    };
    let after = |epoch: Option<&str>, after| {
        Replaying::After(Cursor { epoch: epoch.map(|epoch| Epoch::parse(epoch).unwrap()), after })
    };
    assert_eq!(replay(json!({})), Replaying::Latest);
    assert_eq!(replay(json!({"replay":"latest"})), Replaying::Latest);
    assert_eq!(replay(json!({"replay":"none"})), Replaying::Nothing);
    assert_eq!(replay(json!({"replay":"all"})), after(None, 0));
    assert_eq!(replay(json!({"after":4})), after(None, 4));
    assert_eq!(replay(json!({"after":4.0,"epoch":"e1","replay":"all"})), after(Some("e1"), 4));
}

#[test]
fn hello_is_taken_with_features_it_does_not_know() {
    let hello = read(
        &json!({"type":"hello","client":"shop/1","features":["bookmark","later"],"heartbeat":"message",
        "autoSubscribe":false,"auth":{"scheme":"bearer","token":"t"},"resume":[{"journeyId":"r1","after":7,"epoch":"e1"}]}),
    );
    let Ok(Request::Hello(hello)) = hello else { panic!("{hello:?}") };
    let Hello { bookmarks, message_heartbeat, auto_subscribe, auth, resume, excess: _ } = hello;
    assert_eq!((bookmarks, message_heartbeat, auto_subscribe), (true, Some(true), Some(false)));
    assert_eq!(auth.unwrap().token(), "t");
    assert_eq!((resume.len(), &resume[0].run), (1, &run()));
    assert_eq!(read(&json!({"type":"credit","n":7})).unwrap(), Request::Credit(NonZeroU32::new(7).unwrap()));
}

/// SUB-9 too: of an entry that is refused anyway only the name is kept, though all are read.
#[test]
fn lim_5_of_entries_beyond_the_limit_their_runs_are_kept() {
    let entries =
        |names: &[&str]| names.iter().map(|name| json!({"journeyId":name,"after":1})).collect::<Vec<_>>();
    let hello = read(&json!({"type":"hello","resume":entries(&["r1", "r2", "r3", "no id!"])}));
    let Ok(Request::Hello(hello)) = hello else { panic!("{hello:?}") };
    assert_eq!(hello.resume.iter().map(|entry| entry.run.as_str()).collect::<Vec<_>>(), ["r1", "r2"]);
    assert_eq!(hello.excess.iter().map(RunRef::as_str).collect::<Vec<_>>(), ["r3", "no id!"]);
    let mut list = entries(&["r1", "r2", "r3"]);
    list[2]["after"] = json!("x");
    assert_eq!(refused(json!({"type":"hello","resume":list})), ("invalid-input", "resume[2].after".into()));
}

#[test]
fn acc_3_an_id_no_run_can_have_is_kept_as_text() {
    let frame = json!({"type":"getStatus","journeyId":"no such id!"});
    assert_eq!(read(&frame).unwrap(), Request::GetStatus(RunRef::Impossible("no such id!".into())));
}

/// The frames the protocol shows are frames this crate reads.
#[test]
fn the_examples_of_the_protocol_are_read() {
    let page = include_str!("../../../../docs/spec/websocket-protocol.md");
    let section = page.split("## 3. Client frames").nth(1).unwrap().split("## 4.").next().unwrap();
    let block = section.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let frames: Vec<&str> = block.lines().filter(|line| line.starts_with('{')).collect();
    assert!(frames.len() > 10, "the page has moved its examples");
    for text in frames {
        let read = decode(envelope(text), |frame_type| match frame_type {
            "startJourney" => Ok(Meaning::Start),
            "submitStep" => Ok(Meaning::Step),
            other => panic!("{other}"),
        });
        assert!(read.is_ok(), "{text}: {read:?}");
    }
}
