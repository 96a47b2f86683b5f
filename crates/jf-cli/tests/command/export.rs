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
