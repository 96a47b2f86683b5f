//! One input moves one flow and what it continues into, and nothing beside it (STA-104, STA-105, STA-112).

use std::collections::BTreeMap;

use jf_machine::Run;
use serde_json::Value;

use super::parse;

/// The flows of a run by their numbers.
type Flows = BTreeMap<u64, Value>;

/// Compares a run before and after one input.
pub(super) fn check(before: &Run, after: &Run) {
    let before = flows(before);
    if before.len() < 2 {
        return;
    }
    let after = flows(after);
    let changed: Vec<u64> = before
        .iter()
        .filter(|(id, flow)| after.get(id).is_some_and(|after| after != *flow))
        .map(|(id, _)| *id)
        .collect();
    // Who changed lies on one way from the root down: branches beside it stay as they are, their payload included.
    for (at, one) in changed.iter().enumerate() {
        for other in &changed[at + 1..] {
            let related = way(&before, *other).contains(one) || way(&before, *one).contains(other);
            assert!(related, "one input moved both {one} and {other} of {before:?} to {after:?}");
        }
    }
    // A flow that waits for its branches before and after may have lost its payload, and learned of the end of a branch.
    for id in changed {
        let (before, after) = (&before[&id], &after[&id]);
        if before["position"] != "split" || after["position"] != "split" || joined(before, after) {
            continue;
        }
        let scopes = |flow: &Value| flow["scopes"].as_array().unwrap().clone();
        for (mut before, after) in scopes(before).into_iter().zip(scopes(after)) {
            if before["context"] != after["context"] {
                before["context"].as_object_mut().unwrap().remove("payload");
            }
            assert_eq!(before, after, "a branch wrote to the context around it");
        }
    }
}

/// Whether a flow has been through its join and has split anew: what it had collected is gone then, or its segment is another one.
fn joined(before: &Value, after: &Value) -> bool {
    let ended = |flow: &Value| flow["ended"].as_array().map_or(0, Vec::len);
    ended(after) <= ended(before) && before["transitions"] != after["transitions"]
        || before["segment"] != after["segment"]
}

fn flows(run: &Run) -> Flows {
    let mut run = parse(&run.to_snapshot());
    let Value::Array(flows) = run["flows"].take() else { panic!("flows") };
    flows.into_iter().map(|flow| (flow["id"].as_u64().unwrap(), flow)).collect()
}

/// The flows from one up to the root.
fn way(flows: &Flows, id: u64) -> Vec<u64> {
    let mut way = vec![id];
    while let Some(above) = flows[&way[way.len() - 1]].get("branch").and_then(|of| of["flow"].as_u64()) {
        way.push(above);
    }
    way
}
