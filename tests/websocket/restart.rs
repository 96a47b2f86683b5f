//! A server whose store is its memory, and that ends.

use serde_json::{Value, json};
use tungstenite::Message;

use crate::memory::{Memory, MemoryLine, Settings};
use crate::runtime;

async fn asked(line: &mut MemoryLine, frame: Value) -> Value {
    line.put(Message::text(frame.to_string()));
    line.frame().await
}

/// INV-9 too: what comes afterwards is another log, in which the old cursor stands for nothing.
#[test]
fn seq_4_after_a_restart_in_memory_earlier_runs_are_not_to_be_found() {
    runtime().block_on(async {
        let settings = Settings::new(&[], false).unwrap();
        let order = json!({ "type": "placeOrder", "payload": { "orderId": "A-17" }, "subscribe": false });
        let before = Memory::open(settings.clone()).await;
        let mut line = before.client("/ws/journeys/order");
        line.frame().await;
        let old = asked(&mut line, order.clone()).await;
        drop((line, before));

        let after = Memory::open(settings).await;
        let mut line = after.client("/ws/journeys/order");
        line.frame().await;
        let cursor = json!({ "journeyId": old["journeyId"], "epoch": old["epoch"], "after": old["seq"] });
        assert_eq!(asked(&mut line, json!({ "type": "hello", "resume": [cursor] })).await["type"], "welcome");
        let refused = line.frame().await;
        assert_eq!(refused["problem"]["type"], "urn:journeyforge:error:not-found", "{refused}");
        assert_eq!(refused["journeyId"], old["journeyId"]);
        let new = asked(&mut line, order).await;
        assert_ne!(new["epoch"], old["epoch"]);
        // The cursor of the old log is none of the new one, though a number like it is there.
        let foreign =
            json!({ "type": "subscribe", "journeyId": new["journeyId"], "epoch": old["epoch"], "after": 1 });
        assert_eq!(asked(&mut line, foreign).await["recovered"], false);
        let gap = line.frame().await;
        assert_eq!(
            (&gap["type"], &gap["reason"], &gap["epoch"]),
            (&json!("gap"), &json!("epoch"), &new["epoch"])
        );
    });
}
