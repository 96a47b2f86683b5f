//! What a program is made of: parts of the language that this interpreter does not run are refused, never ignored, and plugins are told
//! where their tasks stand.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jf_core::spi::{LoadContext, PreparedTask, Registries, TaskDescriptor, TaskPlugin};
use jf_dsl::{SiteClass, SourceFile, StaticCapabilities, TaskConfig};
use jf_machine::Program;
use serde_json::json;

use crate::support::{FakeTask, Mini, registries};

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
    let expected = ["$.spec.apis", "$.spec.policies"];
    assert_eq!(paths, expected, "{refused}");
}

/// What the plugin was told about one task: the folder of the definition, and what became of its expression.
type Told = (Option<PathBuf>, bool);

/// Notes where its tasks stand.
#[derive(Debug)]
struct Curious {
    descriptor: TaskDescriptor,
    told: Arc<Mutex<Vec<Told>>>,
}

impl TaskPlugin for Curious {
    fn descriptor(&self) -> &TaskDescriptor {
        &self.descriptor
    }

    fn prepare(&self, config: &TaskConfig, load: &mut LoadContext<'_>) -> Option<Arc<dyn PreparedTask>> {
        let TaskConfig::Plugin(task) = config else { return None };
        let path = jf_dsl::JsonPath::root();
        let compiled = load.mapper(&path, task.config.as_object()?, SiteClass::Task);
        self.told.lock().unwrap().push((load.base().map(PathBuf::from), compiled.is_some()));
        Some(Arc::new(FakeTask::new("curious:v1")))
    }
}

/// Also DEF-065: at load and at link alike, `outcome` is a known name inside of compensation and nowhere else.
#[test]
fn exp_011_plugins_know_the_names_and_the_folder_of_their_tasks() {
    let call = |expr: &str| {
        format!(
            "{{ type: task, task: {{ kind: 'curious:v1', mapper: {{ lang: mini, expr: '\"={expr}\"' }} }}, next: e }}"
        )
    };
    let definition = |main: &str| {
        format!(
            "
apiVersion: v1
kind: Journey
metadata: {{ name: told, version: 1.0.0 }}
spec:
  start: s
  states: {{ s: {}, e: {{ type: succeed }} }}
  compensation: {{ start: s, states: {{ s: {}, e: {{ type: succeed }} }} }}
",
            call(main),
            call("outcome.phase")
        )
    };
    let told = Arc::new(Mutex::new(Vec::new()));
    let descriptor = TaskDescriptor::new("curious:v1", json!({}));
    let curious = Curious { descriptor, told: Arc::clone(&told) };
    let registries = Registries::builder()
        .expression(Arc::new(Mini))
        .task(Arc::new(curious))
        .features(Program::FEATURES.iter().copied())
        .build()
        .unwrap();
    let source =
        |main: &str| SourceFile::new("told.journey.yaml", definition(main)).with_base("/definitions/told");
    let loaded = jf_dsl::load(&source("context.a"), &registries).unwrap_or_else(|faults| panic!("{faults}"));
    let at_load = std::mem::take(&mut *told.lock().unwrap());
    assert_eq!(at_load, vec![(Some(PathBuf::from("/definitions/told")), true); 2]);
    Program::link(&loaded, &registries).unwrap();
    assert_eq!(*told.lock().unwrap(), at_load, "linking tells what loading has told");
    let refused = jf_dsl::load(&source("outcome.phase"), &registries).unwrap_err().to_string();
    assert!(refused.contains("nothing is bound to `outcome`"), "{refused}");
}
