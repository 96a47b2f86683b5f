//! OpenAPI documents beside a definition.

use jf_dsl::{SourceFile, StaticCapabilities};

use crate::show::show;

/// Calls operations in all ways: ids that the seeds have, with parameters and without, with a body and without.
const DEFINITION: &str = "
apiVersion: v1
kind: Journey
metadata: { name: fuzz, version: 1.0.0 }
spec:
  apis:
    yaml: { openApiRef: api.yaml }
    json: { openApiRef: api.json }
  start: a
  states:
    a: { type: task, task: { kind: httpCall:v1, operationRef: yaml.listPets, params: { query: { limit: 5 }, headers: { X-Tenant: t } }, resultVar: r }, next: b }
    b: { type: task, task: { kind: httpCall:v1, operationRef: yaml.addPet, params: { body: { name: rex } }, resultVar: r }, next: c }
    c: { type: task, task: { kind: httpCall:v1, operationRef: yaml.getPet, params: { path: { petId: 5 } }, resultVar: r }, next: d }
    d: { type: task, task: { kind: httpCall:v1, operationRef: json.listPets, resultVar: r }, next: done }
    done: { type: succeed }
";

/// Whatever the document says, what is said of it points into it and into the definition.
pub(crate) fn load(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let capabilities = StaticCapabilities::full().with_file("api.yaml", text).with_file("api.json", text);
    let said = jf_dsl::load(&SourceFile::new("fuzz.journey.yaml", DEFINITION), &capabilities);
    show(&said.map_or_else(|faults| faults, |loaded| loaded.warnings));
}
