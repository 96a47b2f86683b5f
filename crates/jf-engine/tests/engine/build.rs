//! Building an engine.

use futures::FutureExt;
use jf_core::Engine;
use jf_core::spi::Registries;
use jf_dsl::{Catalog, SourceFile, StaticCapabilities};
use jf_engine::{BuildFault, EmbeddedEngine, EngineConfig, NoHttp};
use std::sync::Arc;

use crate::support::{APPROVAL, Bench, journey};

fn catalog(spec: &str) -> Catalog {
    let source = SourceFile::new("test.journey.yaml", journey("test", spec));
    let everything = StaticCapabilities::full().with_task("desk:v1").with_task("shelf:v1");
    Catalog::new(vec![jf_dsl::load(&source, &everything).unwrap()]).unwrap()
}

#[tokio::test]
async fn everything_that_is_missing_is_told_at_once() {
    let spec = "\
platform: { config: { url: { type: string, required: true } } }
start: ask
states:
  ask: { type: task, task: { kind: 'desk:v1' }, next: other }
  other: { type: task, task: { kind: 'shelf:v1' }, next: done }
  done: { type: succeed }
";
    let mut config = EngineConfig::default();
    config.admission = 0;
    let builder = EmbeddedEngine::builder(catalog(spec)).registries(Registries::default()).config(config);
    let error = builder.build().await.unwrap_err();
    let text = error.to_string();
    for missing in ["`admission`", "no HTTP connector", "desk:v1", "shelf:v1"] {
        assert!(text.contains(missing), "{missing} is not told of in:\n{text}");
    }
    assert!(error.faults().iter().any(|fault| matches!(fault, BuildFault::NoConnector)));
}

#[tokio::test]
async fn a_whole_set_and_single_pieces_exclude_each_other() {
    let builder = EmbeddedEngine::builder(catalog(APPROVAL)).registries(Registries::default());
    let builder = builder.expression(Arc::new(crate::support::Tiny));
    let error = builder.build().await.unwrap_err();
    assert!(matches!(error.faults(), [BuildFault::RegistriesAndPieces]), "{error}");
}

#[test]
fn an_engine_is_built_inside_a_runtime() {
    let built = EmbeddedEngine::builder(catalog(APPROVAL)).build().now_or_never().unwrap();
    assert!(matches!(built.unwrap_err().faults(), [BuildFault::NoRuntime]));
}

#[tokio::test]
async fn an_engine_needs_little() {
    let engine = EmbeddedEngine::builder(catalog(APPROVAL)).http(Arc::new(NoHttp)).build().await.unwrap();
    assert_eq!(engine.catalog().iter().count(), 1);
    let abilities = engine.capabilities();
    assert!(abilities.list && abilities.events && abilities.idempotency && !abilities.durable);
}

#[tokio::test]
async fn a_dropped_engine_leaves_nothing_behind() {
    let bench = Bench::new(&[journey("approval", APPROVAL)]).await;
    bench.parked("approval", serde_json::json!({})).await;
    crate::support::breathe().await;
    assert_eq!(bench.clock.sleepers(), 2, "the scheduler and the sweeper");
    let clock = bench.clock.clone();
    drop(bench);
    crate::support::breathe().await;
    assert_eq!(clock.sleepers(), 0);
}
