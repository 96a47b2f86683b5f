//! The definitions as the page needs them: names, schemas, graphs.

use bytes::Bytes;
use jf_dsl::{Catalog, Kind, Loaded, StartMode};
use serde_json::{Value, json};

use crate::graph;

/// Every deployed version of every journey, by name and version.
pub(crate) fn document(catalog: &Catalog) -> Bytes {
    let journeys = catalog.iter().filter(|loaded| loaded.definition.kind == Kind::Journey);
    let journeys: Vec<Value> = journeys.map(|loaded| journey(catalog, loaded)).collect();
    Bytes::from(json!({ "journeys": journeys }).to_string())
}

fn journey(catalog: &Catalog, loaded: &Loaded) -> Value {
    let definition = &loaded.definition;
    let (metadata, spec) = (&definition.metadata, &definition.spec);
    let serving = catalog.journey(metadata.name.as_str());
    let serving = serving.is_some_and(|serving| serving.definition.version() == definition.version());
    let mut journey = json!({
        "name": metadata.name,
        "version": metadata.version.to_string(),
        "serving": serving,
        "tags": metadata.tags,
        "startMode": match spec.lifecycle.start_mode {
            StartMode::Sync => "sync",
            StartMode::Async => "async",
        },
        "cancellable": spec.lifecycle.cancellable,
        "guarded": spec.access.read.as_ref().is_some_and(|read| read.guard_ref.is_some()),
        "graph": graph::scope(&spec.start, &spec.states),
        "subjourneys": graph::subjourneys(definition),
    });
    if let Some(description) = &metadata.description {
        journey["description"] = Value::from(description.as_str());
    }
    if let Some(input) = &spec.input {
        journey["input"] = input.schema.json().clone();
    }
    if let Some(compensation) = &spec.compensation {
        journey["compensation"] = graph::scope(&compensation.start, &compensation.states);
    }
    journey
}
