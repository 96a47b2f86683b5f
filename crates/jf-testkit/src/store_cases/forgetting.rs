//! Sentences 15 to 17.

use std::time::Duration;

use jf_store::Retention;

use super::world::{Bench, StoreHost, at, id, key, limit, record, records, run_key, start_key, start_scope};

fn short() -> Retention {
    Retention::default()
        .with_ended_runs(Duration::from_secs(100))
        .with_events_after_end(Duration::from_secs(50))
        .with_events(3)
}

/// Sentence 15: ENG-109.
pub async fn s15_eng_109_the_last_events_of_a_run_are_kept(host: &dyn StoreHost) {
    let bench = Bench::with(host, short()).await;
    let run = id("r1");
    bench
        .create("r1", 0, |commit| {
            commit.index.head = 2;
            commit.events = records(&run, 1..=2);
        })
        .await;
    for seq in 3..=7 {
        bench
            .update("r1", 1, |commit| {
                commit.index.head = seq;
                commit.events = vec![record(&run, seq)];
            })
            .await;
    }
    bench.store.sweep(at(1_000), limit(9)).await.unwrap();
    let (events, oldest, head) = bench.seqs("r1", 0, 99).await;
    assert_eq!(head, 7);
    assert!(events.ends_with(&[5, 6, 7]), "{events:?}");
    assert_eq!(events.first(), Some(&oldest), "events before the oldest are missing, not empty");
    assert_eq!(bench.seqs("r1", 5, 99).await.0, [6, 7]);
}

/// Sentence 15: ENG-109.
pub async fn s15_eng_109_a_log_outlives_its_run_for_a_while_and_the_outcome_stays(host: &dyn StoreHost) {
    let bench = Bench::with(host, short()).await;
    let run = id("r1");
    bench
        .create("r1", 0, |commit| {
            commit.index.head = 1;
            commit.events = records(&run, 1..=1);
        })
        .await;
    bench.end("r1", 10).await;
    bench.store.sweep(at(59), limit(9)).await.unwrap();
    assert_eq!(bench.seqs("r1", 0, 9).await, (vec![1, 2], 1, 2));
    let swept = bench.store.sweep(at(60), limit(9)).await.unwrap();
    assert_eq!((swept.logs, swept.runs.len()), (1, 0));
    assert_eq!(bench.seqs("r1", 0, 9).await, (vec![2], 2, 2));
    assert!(bench.store.sweep(at(60), limit(9)).await.unwrap().is_empty());
}

/// Sentence 16: ENG-104, ENG-052.
pub async fn s16_eng_104_ended_runs_go_with_all_that_is_theirs(host: &dyn StoreHost) {
    let bench = Bench::with(host, short()).await;
    let run = id("r1");
    bench.create("r1", 0, |commit| commit.keys = vec![start_key(&run, "s", at(100_000))]).await;
    bench.update("r1", 1, |commit| commit.keys = vec![run_key(&run, "k")]).await;
    bench.end("r1", 10).await;
    // A later commit of an ended run does not postpone its removal.
    bench.update("r1", 20, |_| ()).await;
    assert!(bench.store.sweep(at(109), limit(9)).await.unwrap().runs.is_empty());
    assert!(bench.exists("r1").await);
    assert_eq!(bench.store.sweep(at(110), limit(9)).await.unwrap().runs, std::slice::from_ref(&run));
    assert!(!bench.exists("r1").await);
    assert!(bench.store.locate(&run).await.unwrap().is_none());
    assert!(bench.store.events(&run, 0, limit(9)).await.unwrap().is_none());
    assert!(bench.store.list(&Default::default(), None, limit(9)).await.unwrap().is_empty());
    assert!(bench.store.key(&start_scope(), &key("s"), at(110)).await.unwrap().is_none());
    assert!(bench.store.key(&run_key(&run, "k").scope, &key("k"), at(110)).await.unwrap().is_none());
    bench.create("r2", 120, |commit| commit.keys = vec![start_key(&id("r2"), "s", at(100_000))]).await;
    assert!(bench.store.sweep(at(120), limit(9)).await.unwrap().is_empty());
}

/// Sentence 16: ENG-104.
pub async fn s16_eng_104_runs_that_go_on_are_never_removed(host: &dyn StoreHost) {
    let bench = Bench::with(host, short()).await;
    bench.create("r1", 0, |commit| commit.keys = vec![start_key(&id("r1"), "s", at(10))]).await;
    let swept = bench.store.sweep(at(1_000_000), limit(9)).await.unwrap();
    assert!(swept.runs.is_empty());
    assert!(bench.exists("r1").await);
    assert_eq!(swept.keys, 1, "its start key is kept 24 hours only");
}

/// Sentence 17: ENG-104.
pub async fn s17_eng_104_memory_keeps_the_youngest_ended_runs(host: &dyn StoreHost) {
    let bench = Bench::with(host, Retention::default().with_memory_runs(2)).await;
    for run in ["r1", "r2", "r3", "r4", "open"] {
        bench.create(run, 0, |commit| commit.keys = vec![start_key(&id(run), run, at(1_000))]).await;
    }
    for (run, time) in [("r3", 1), ("r1", 2), ("r4", 3), ("r2", 4)] {
        bench.end(run, time).await;
    }
    let mut kept = Vec::new();
    for run in ["r1", "r2", "r3", "r4", "open"] {
        if bench.exists(run).await {
            kept.push(run);
        }
    }
    assert_eq!(kept, ["r2", "r4", "open"]);
    assert!(bench.store.key(&start_scope(), &key("r3"), at(5)).await.unwrap().is_none());
    assert!(bench.store.key(&start_scope(), &key("open"), at(5)).await.unwrap().is_some());
}
