//! What goes well.

use serde_json::json;

use super::world::{World, WsHost, about, ask, assert_refused, decide, run_of, seq_of};

/// WS-030 to WS-043, SUB-1, SUB-2, ORD-3: one starts and is told; another one decides and is not.
pub async fn a_run_is_driven_and_watched(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut asking = world.client().await;
    let welcome = asking.client().welcome().clone();
    assert_eq!((&welcome["protocol"], &welcome["revision"]), (&json!("journeyforge.v1"), &json!(1)));
    let names: Vec<&str> = welcome["journeys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["journeyName"].as_str())
        .collect();
    assert!(names.contains(&"suite-approval") && names.contains(&"suite-stubborn"), "MUX-2: {welcome}");

    let started = asking.ask(ask(true)).await;
    let (run, first) = (run_of(&started), seq_of(&started));
    assert_eq!((&started["type"], &started["subscribed"]), (&json!("status"), &json!(true)));
    assert_eq!(
        (&started["payload"]["phase"], &started["payload"]["currentState"]),
        (&json!("RUNNING"), &json!("approval"))
    );
    assert_eq!(
        started["actions"],
        json!([{ "type": "suite.decide", "stepId": "approval" }, { "type": "cancel" }]),
        "OP-10"
    );
    let mut deciding = world.client().await;
    let decided = deciding.ask(decide(&run, "approve")).await;
    assert_eq!((&decided["type"], &decided["stepId"]), (&json!("status"), &json!("approval")), "RT-7");
    assert_eq!(decided["payload"]["phase"], "SUCCEEDED");
    assert_eq!(decided.get("subscribed"), None, "SUB-2");

    let outcome = asking.next("outcome").await;
    assert_eq!((run_of(&outcome), &outcome["payload"]["phase"]), (run.clone(), &json!("SUCCEEDED")));
    assert_eq!(seq_of(&outcome), seq_of(&decided), "SEQ-2");
    let elided = outcome["skipped"].as_u64().unwrap_or(0);
    let told = asking.client().kept().iter().filter(|frame| frame["type"] == "status").count() as u64;
    assert_eq!(first + told + elided + 1, seq_of(&outcome), "FLOW-2: {outcome}");
    asking.client().kept().clear();
    let done = asking.expect("unsubscribed").await;
    assert_eq!((run_of(&done), &done["reason"]), (run, &json!("completed")), "SUB-10");
    asking.quiet().await;
    deciding.quiet().await;
}

/// OP-6, OP-8, RT-10: reads and pushes show the same documents; what has ended is not cancelled.
pub async fn documents_are_those_of_the_reads(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut client = world.client().await;
    let (run, started) = client.waiting().await;
    let status = client.ask(about("getStatus", &run)).await;
    for member in ["seq", "epoch", "payload", "actions"] {
        assert_eq!(status[member], started[member], "{member}");
    }
    client.ask(about("subscribe", &run)).await;
    let snapshot = client.expect("status").await;
    assert_eq!((&snapshot["payload"], &snapshot["snapshot"]), (&status["payload"], &json!(true)), "ENG-137");
    let decided = client.ask(decide(&run, "approve")).await;
    let pushed = client.next("outcome").await;
    let read = client.ask(about("getOutcome", &run)).await;
    assert_eq!((&read["payload"], &read["seq"]), (&pushed["payload"], &pushed["seq"]));
    let status = client.ask(about("getStatus", &run)).await;
    let cancelled = client.ask(about("cancel", &run)).await;
    assert_eq!((&cancelled["payload"], &cancelled["seq"]), (&status["payload"], &decided["seq"]), "RT-10");

    let other = client.waiting().await.0;
    let cancelled = client.ask(about("cancel", &other)).await;
    assert_eq!((&cancelled["type"], &cancelled["payload"]["phase"]), (&json!("status"), &json!("FAILED")));
    let outcome = client.ask(about("getOutcome", &other)).await;
    assert_eq!(outcome["payload"]["error"]["code"], "JOURNEY_CANCELLED");
}

/// SUB-3, SUB-4, SUB-7, SUB-9, SUB-10, SUB-12: cursors, from the beginning, from the middle, from the end and from elsewhere.
pub async fn subscriptions_go_on_where_they_were(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut client = world.client().await;
    let (run, started) = client.waiting().await;
    let decided = client.ask(decide(&run, "approve")).await;
    let (middle, head, epoch) = (seq_of(&started), seq_of(&decided), started["epoch"].clone());
    for after in [0, middle, head - 1, head] {
        let mut frame = about("subscribe", &run);
        frame["after"] = json!(after);
        frame["epoch"] = epoch.clone();
        frame["conflate"] = json!(false);
        let subscribed = client.ask(frame).await;
        assert_eq!(
            (&subscribed["type"], &subscribed["after"], &subscribed["head"], &subscribed["recovered"]),
            (&json!("subscribed"), &json!(after), &json!(head), &json!(true))
        );
        for seq in after + 1..=head {
            let event = client.expect(if seq == head { "outcome" } else { "status" }).await;
            assert_eq!((run_of(&event), seq_of(&event)), (run.clone(), seq));
        }
        let done = client.next("unsubscribed").await;
        assert_eq!(done["reason"], "completed");
        client.client().kept().retain(|frame| frame["type"] != "bookmark");
    }
    for (after, epoch) in [(head + 5, epoch.clone()), (middle, json!("elsewhere"))] {
        let mut frame = about("subscribe", &run);
        (frame["after"], frame["epoch"]) = (json!(after), epoch);
        assert_eq!(client.ask(frame).await["recovered"], false);
        assert_eq!(client.expect("gap").await["reason"], "epoch");
        assert_eq!(client.expect("outcome").await["snapshot"], true);
        client.expect("unsubscribed").await;
    }
    let none = client.ask(about("unsubscribe", &run)).await;
    assert_eq!((&none["type"], &none["reason"]), (&json!("unsubscribed"), &json!("requested")));

    let mut back = world.client().await;
    let cursor = json!({ "journeyId": run, "epoch": epoch, "after": head - 1 });
    assert_eq!(back.ask(json!({ "type": "hello", "resume": [cursor] })).await["type"], "welcome");
    assert_eq!(back.expect("subscribed").await["recovered"], true);
    assert_eq!(seq_of(&back.expect("outcome").await), head);
}

/// ORD-2, ORD-4, OP-3: with an id and without one, and an id again once it is free.
pub async fn every_request_has_one_reply(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut client = world.client().await;
    client.send(&ask(false)).await;
    let started = client.expect("status").await;
    assert_eq!(started.get("id"), None);
    let run = run_of(&started);
    for kind in ["getStatus", "cancel"] {
        let mut frame = about(kind, &run);
        frame["id"] = json!("once-and-again");
        client.send(&frame).await;
        assert_eq!(client.expect("status").await["id"], "once-and-again");
    }
    let mut frame = ask(false);
    (frame["id"], frame["ack"]) = (json!("acknowledged"), json!(true));
    client.send(&frame).await;
    let accepted = client.expect("accepted").await;
    let status = client.expect("status").await;
    assert_eq!((&accepted["id"], &status["id"]), (&json!("acknowledged"), &json!("acknowledged")));
    assert_eq!(run_of(&accepted), run_of(&status));
    client.quiet().await;
}

/// ORD-1, IDEM-9: what is sent for one run without waiting is applied in that order, and `ifSeq` sees it.
pub async fn commands_are_applied_in_their_order(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut client = world.client().await;
    for round in 0..10 {
        let (run, started) = client.waiting().await;
        let mut guarded = decide(&run, "reject");
        (guarded["ifSeq"], guarded["epoch"]) = (started["seq"].clone(), started["epoch"].clone());
        let first = client.client().begin(decide(&run, "approve")).await.expect("the connection is open");
        let second = client.client().begin(decide(&run, "reject")).await.expect("the connection is open");
        let third = client.client().begin(about("cancel", &run)).await.expect("the connection is open");
        let replies = [
            client.client().reply(&first).await.expect("a reply"),
            client.client().reply(&second).await.expect("a reply"),
            client.client().reply(&third).await.expect("a reply"),
        ];
        assert_eq!(replies[0]["payload"]["phase"], "SUCCEEDED", "{round}: {replies:?}");
        assert_refused(&replies[1], "step-not-active", "the second of two");
        assert_eq!(replies[2]["payload"]["phase"], "SUCCEEDED", "{round}: {replies:?}");
        let late = client.ask(guarded).await;
        assert_eq!(late["type"], "error", "{late}");
    }
}

/// WS-025, WS-044, SUB-11: a run goes on, and others are told, when the connection that began it has gone.
pub async fn a_connection_that_goes_takes_nothing_along(host: &dyn WsHost) {
    let world = World::new(host).await;
    let mut first = world.client().await;
    let started = first.ask(ask(true)).await;
    let run = run_of(&started);
    let mut second = world.client().await;
    assert_eq!(second.ask(about("subscribe", &run)).await["type"], "subscribed");
    drop(first);
    let mut third = world.client().await;
    assert_eq!(third.ask(about("getStatus", &run)).await["payload"], started["payload"]);
    assert_eq!(third.ask(decide(&run, "approve")).await["payload"]["phase"], "SUCCEEDED");
    assert_eq!(second.next("outcome").await["payload"]["phase"], "SUCCEEDED");
}
