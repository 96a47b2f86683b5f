//! Definitions for the scripted engine.

use std::sync::Arc;

use jf_dsl::{Catalog, SourceFile, StaticCapabilities, load};

/// `order` at its default path: three steps, two of which share a type.
pub(crate) const ORDER: &str = r"
apiVersion: v1
kind: Journey
metadata: { name: order, version: 1.0.0 }
spec:
  bindings:
    websocket:
      start: { messageType: placeOrder }
      steps:
        approve: { messageType: decide }
        docs: { messageType: decide }
        sign: { messageType: sign }
  start: approve
  states:
    approve: { type: wait, wait: { channel: manual, input: { schema: {} } }, next: docs }
    docs: { type: wait, wait: { channel: manual, input: { schema: {} } }, next: sign }
    sign: { type: wait, wait: { channel: manual, input: { schema: {} } }, next: done }
    done: { type: succeed }
";

/// A journey of one step with the given name, lifecycle and endpoint.
pub(crate) fn journey(name: &str, version: &str, extra: &str, websocket: &str) -> String {
    format!(
        r"
apiVersion: v1
kind: Journey
metadata: {{ name: {name}, version: {version} }}
spec:
  {extra}
  bindings:
    websocket: {websocket}
  start: approve
  states:
    approve: {{ type: wait, wait: {{ channel: manual, input: {{ schema: {{}} }} }}, next: done }}
    done: {{ type: succeed }}
"
    )
}

pub(crate) fn catalog(texts: &[&str]) -> Arc<Catalog> {
    let loaded = texts.iter().map(|text| {
        let source = SourceFile::new("definition.journey.yaml", *text);
        load(&source, &StaticCapabilities::full()).unwrap_or_else(|problems| panic!("{problems:?}"))
    });
    Arc::new(Catalog::new(loaded.collect()).unwrap_or_else(|problems| panic!("{problems:?}")))
}

/// What most tests need.
pub(crate) fn shop() -> Arc<Catalog> {
    let report = journey(
        "report",
        "1.0.0",
        "lifecycle: { startMode: async, cancellable: false }\n  httpSurface: { links: { enabled: false } }",
        "{ start: { messageType: makeReport }, steps: { approve: { messageType: decide } } }",
    );
    let endpoint = "endpoint: { path: /ws/shop }, steps: { approve: { messageType: decide } }";
    let claim = journey("claim", "1.0.0", "", &format!("{{ start: {{ messageType: begin }}, {endpoint} }}"));
    let refund =
        journey("refund", "1.0.0", "", &format!("{{ start: {{ messageType: begin }}, {endpoint} }}"));
    let private = journey(
        "private",
        "1.0.0",
        "",
        "{ endpoint: { subprotocol: shop.v2 }, start: { messageType: begin }, steps: {} }",
    );
    catalog(&[ORDER, &report, &claim, &refund, &private])
}
