//! What a program cannot be made of: parts of the language that this interpreter does not run are refused, never ignored.

use jf_dsl::{SourceFile, StaticCapabilities};
use jf_machine::Program;

use crate::support::registries;

/// A definition with every part that a build may lack, loaded by one that claims to have them all.
const EVERYTHING: &str = "
apiVersion: v1
kind: Journey
metadata: { name: everything, version: 1.0.0 }
spec:
  start: both
  states:
    both:
      type: parallel
      parallel:
        branches:
          - { name: left, start: e, states: { e: { type: succeed } } }
          - { name: right, start: e, states: { e: { type: succeed } } }
        join: { strategy: allOf, resultVar: r }
      next: call
    call: { type: subjourney, subjourney: { ref: sub }, next: done }
    done: { type: succeed }
  subjourneys: { sub: { start: e, states: { e: { type: succeed } } } }
  apis: { pets: { openApiRef: pets.yaml } }
  compensation: { start: e, states: { e: { type: succeed } } }
  access: { read: { guardRef: sub } }
  policies: { httpResilience: { definitions: {} } }
  cookies: { jar: {} }
  errors: { canonicalFormat: rfc9457 }
";

#[test]
fn def_030_parts_that_are_not_run_are_refused() {
    let source = SourceFile::new("everything.journey.yaml", EVERYTHING);
    let loaded = jf_dsl::load(&source, &StaticCapabilities::full()).unwrap();
    let refused = Program::link(&loaded, &registries()).unwrap_err();
    let paths: Vec<String> = refused.faults().iter().map(|fault| fault.path.to_string()).collect();
    let expected = ["$.spec.apis", "$.spec.policies", "$.spec.cookies"];
    assert_eq!(paths, expected, "{refused}");
}
