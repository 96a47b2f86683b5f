use serde_json::Value;

use crate::support::{folder, jf};

const GREETING: &str = "\
apiVersion: v1
kind: Journey
metadata: { name: greeting, version: 1.0.0 }
spec:
  start: done
  bindings: { websocket: { start: { messageType: greet }, steps: {} } }
  states: { done: { type: succeed } }
";

fn addresses(document: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(document).expect("it is JSON");
    let channels = document["channels"].as_object().expect("it has channels").values();
    channels.map(|channel| channel["address"].as_str().expect("it has an address").to_owned()).collect()
}

/// Also MUX-2.
#[test]
fn aa_1_the_shared_endpoint_is_described_where_there_is_one() {
    let folder = folder(&[
        ("greeting.journey.yaml", GREETING),
        ("jf.yaml", "websocket.sharedEndpoint: /ws/all\n"),
        ("plain.yaml", "{}\n"),
    ]);
    let own = "/ws/journeys/greeting".to_owned();
    for (options, shared) in [
        (&["--config", "plain.yaml"][..], None),
        (&["--config", "jf.yaml"], Some("/ws/all")),
        (&["--config", "plain.yaml", "--shared-endpoint", "/ws/every"], Some("/ws/every")),
        (&["--config", "jf.yaml", "--shared-endpoint", "/ws/every"], Some("/ws/every")),
    ] {
        let arguments = [&["export", "asyncapi", "greeting.journey.yaml"], options].concat();
        let ran = jf(folder.path(), &arguments);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{options:?}");
        let mut found = addresses(&ran.out);
        assert!(found.contains(&own), "{options:?}");
        found.retain(|address| *address != own);
        assert_eq!(found, shared.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{options:?}");
    }
    for path in ["ws/all", "/api/ws", "/readyz"] {
        let ran =
            jf(folder.path(), &["export", "asyncapi", "greeting.journey.yaml", "--shared-endpoint", path]);
        assert_eq!(ran.status, 2, "{path}: {ran}");
    }
}

/// WS-003: without a binding there is nothing to describe, which is told beside the document.
#[test]
fn ws_003_definitions_that_are_not_served_over_websocket_are_named() {
    let silent = GREETING
        .replace("name: greeting", "name: silent")
        .replace("  bindings: { websocket: { start: { messageType: greet }, steps: {} } }\n", "");
    let folder = folder(&[("greeting.journey.yaml", GREETING), ("silent.journey.yaml", &silent)]);
    let ran = jf(folder.path(), &["export", "asyncapi", "."]);
    let told = "note: `silent` 1.0.0 has no `spec.bindings.websocket`, so it is not in the document\n";
    assert_eq!((ran.status, ran.err.as_str()), (0, told));
    assert_eq!(addresses(&ran.out), ["/ws/journeys/greeting"]);
    let ran = jf(folder.path(), &["export", "openapi", "."]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "every definition has its addresses over HTTP");
}

#[test]
fn a_server_of_a_contract_is_a_url() {
    let folder = folder(&[("greeting.journey.yaml", GREETING)]);
    for (what, server, status) in [
        ("openapi", "https://orders.example.org/api/v1", 0),
        ("openapi", "/flows/api/v1", 0),
        ("openapi", "foo", 2),
        ("openapi", "wss://orders.example.org", 2),
        ("openapi", "https://", 2),
        ("openapi", "https://a.example/b?c", 2),
        ("asyncapi", "wss://orders.example.org:8443/flows", 0),
        ("asyncapi", "https://orders.example.org", 0),
        ("asyncapi", "foo", 2),
        ("asyncapi", "/ws", 2),
    ] {
        let ran = jf(folder.path(), &["export", what, "greeting.journey.yaml", "--server", server]);
        assert_eq!(ran.status, status, "{what} {server}: {ran}");
        assert_eq!(ran.err.contains("must be a URL such as"), status == 2, "{what} {server}: {ran}");
    }
}
