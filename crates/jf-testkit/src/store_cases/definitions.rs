//! Sentences 18 and 19.

use std::time::Duration;

use jf_core::dsl::Version;
use jf_store::{DefinitionSource, FileSource, Retention, StoreErrorKind};

use super::world::{Bench, StoreHost, at, identity, limit};

fn source(text: &str) -> DefinitionSource {
    let file = FileSource::new("apis/stock.yaml", format!("of {text}"));
    DefinitionSource::new("order.journey.yaml", text, [7; 32]).with_file(file)
}

/// Sentence 18: ENG-117.
pub async fn s18_eng_117_definitions_are_kept_by_version(host: &dyn StoreHost) {
    let mut bench = Bench::new(host).await;
    let first = identity("order");
    assert_eq!(bench.store.definition(&first).await.unwrap(), None);
    bench.store.keep_definition(bench.claim, &first, source("first")).await.unwrap();
    let mut second = identity("order");
    second.version = Version::new(1, 1, 0);
    assert_eq!(bench.store.definition(&second).await.unwrap(), None);
    bench.store.keep_definition(bench.claim, &second, source("second")).await.unwrap();
    assert_eq!(bench.store.definition(&first).await.unwrap(), Some(source("first")));
    assert_eq!(bench.store.definition(&second).await.unwrap(), Some(source("second")));
    assert_eq!(bench.store.definition(&identity("other")).await.unwrap(), None);

    bench.store.keep_definition(bench.claim, &first, source("changed")).await.unwrap();
    assert_eq!(bench.store.definition(&first).await.unwrap(), Some(source("changed")));
    let earlier = bench.claim;
    bench.claim = bench.store.claim().await.unwrap();
    let late = bench.store.keep_definition(earlier, &first, source("late")).await;
    assert_eq!(late.expect_err("the claim is lost").kind(), StoreErrorKind::LostClaim);
    assert_eq!(bench.store.definition(&first).await.unwrap(), Some(source("changed")));
}

/// Sentence 19: ENG-117.
pub async fn s19_eng_117_a_definition_outlives_its_deployment_as_long_as_a_run_of_it_is_kept(
    host: &dyn StoreHost,
) {
    let retention = Retention::default().with_ended_runs(Duration::from_secs(100));
    let mut bench = Bench::with(host, retention).await;
    let order = identity("order");
    bench.store.keep_definition(bench.claim, &order, source("order")).await.unwrap();
    bench.sweep_all(0).await;
    assert!(bench.store.definition(&order).await.unwrap().is_some(), "deployed, and without runs");

    bench.create("r1", 0, |_| ()).await;
    bench.claim = bench.store.claim().await.unwrap();
    bench.sweep_all(1).await;
    assert!(
        bench.store.definition(&order).await.unwrap().is_some(),
        "not deployed, and with a run that goes on"
    );
    bench.end("r1", 2).await;
    bench.sweep_all(101).await;
    assert!(
        bench.store.definition(&order).await.unwrap().is_some(),
        "not deployed, and with a run that ended"
    );
    let swept = bench.store.sweep(at(102), limit(9)).await.unwrap();
    assert_eq!(swept.runs.len(), 1);
    // From here on it may go; deployed again it is there.
    bench.sweep_all(103).await;
    bench.store.keep_definition(bench.claim, &order, source("again")).await.unwrap();
    bench.sweep_all(104).await;
    assert_eq!(bench.store.definition(&order).await.unwrap(), Some(source("again")));
}
