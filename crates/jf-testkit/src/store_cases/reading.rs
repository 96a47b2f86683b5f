//! Sentences 8 to 14.

use std::sync::Arc;

use jf_core::Phase;
use jf_store::{Attributes, DueRun, ListKey, Retention, RunFilter, StoredRun, Tags};

use super::world::{
    Bench, StoreHost, Text, at, id, identity, key, limit, records, run_key, start_key, start_scope, text_of,
};

/// Sentence 8.
pub async fn s08_reads_give_what_the_last_commit_left(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let store = &bench.store;
    assert!(store.load(&id("r1")).await.unwrap().is_none());
    assert!(store.locate(&id("r1")).await.unwrap().is_none());
    assert!(store.events(&id("r1"), 0, limit(1)).await.unwrap().is_none());
    bench.create("r1", 0, |commit| commit.index.tags = ["kyc".to_owned()].into()).await;
    let second = bench
        .update("r1", 1, |commit| {
            commit.snapshot = Arc::new(Text("two".to_owned()));
            commit.index.attributes = [("orderId".to_owned(), "o-1".to_owned())].into_iter().collect();
            commit.index.due = Some(at(5));
        })
        .await;
    let stored = store.load(&id("r1")).await.unwrap().unwrap();
    assert_eq!((stored.revision, text_of(&stored.snapshot).as_str()), (second, "two"));
    assert_eq!(store.locate(&id("r1")).await.unwrap(), Some(stored.index.clone()));
    assert_eq!(stored.index.definition, identity("order"));
    assert_eq!(stored.index.created, at(0));
    assert_eq!(stored.index.due, Some(at(5)));
    assert_eq!(*stored.index.tags, ["kyc".to_owned()]);
    assert_eq!(stored.index.attributes["orderId"], "o-1");
}

/// Sentence 9: ENG-106, ENG-132.
pub async fn s09_eng_132_events_come_in_order_without_a_hole(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let run = id("r1");
    bench
        .create("r1", 0, |commit| {
            commit.index.head = 3;
            commit.events = records(&run, 1..=3);
        })
        .await;
    bench
        .update("r1", 1, |commit| {
            commit.index.head = 4;
            commit.events = records(&run, 4..=4);
        })
        .await;
    assert_eq!(bench.seqs("r1", 0, 9).await, (vec![1, 2, 3, 4], 1, 4));
    assert_eq!(bench.seqs("r1", 0, 2).await, (vec![1, 2], 1, 4));
    assert_eq!(bench.seqs("r1", 2, 9).await, (vec![3, 4], 1, 4));
    assert_eq!(bench.seqs("r1", 4, 9).await, (vec![], 1, 4));
    assert_eq!(bench.seqs("r1", u64::MAX, 9).await, (vec![], 1, 4));
    let page = bench.store.events(&run, 1, limit(2)).await.unwrap().unwrap();
    assert_eq!(page.events, records(&run, 2..=3), "as they were committed");
    assert_eq!(page.phase, Phase::Running);
}

/// Sentence 10: ENG-070, ENG-071.
pub async fn s10_eng_070_due_runs_come_earliest_first(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let store = &bench.store;
    assert_eq!(bench.next_due().await, None);
    for (run, due) in [("r1", 30), ("r2", 10), ("r3", 20), ("r4", 40)] {
        bench.create(run, 0, |commit| commit.index.due = Some(at(due))).await;
    }
    bench.create("r5", 0, |_| ()).await;
    let due = |seconds, run| DueRun { due: at(seconds), run: id(run) };
    assert_eq!(bench.next_due().await, Some(at(10)));
    assert!(store.due(at(9), limit(9)).await.unwrap().is_empty());
    assert_eq!(store.due(at(30), limit(9)).await.unwrap(), [due(10, "r2"), due(20, "r3"), due(30, "r1")]);
    assert_eq!(store.due(at(99), limit(2)).await.unwrap(), [due(10, "r2"), due(20, "r3")]);
    bench.update("r2", 1, |commit| commit.index.due = Some(at(50))).await;
    bench.update("r3", 1, |commit| commit.index.due = None).await;
    assert_eq!(store.due(at(99), limit(9)).await.unwrap(), [due(30, "r1"), due(40, "r4"), due(50, "r2")]);
    assert_eq!(bench.next_due().await, Some(at(30)));
}

/// Sentence 11: ENG-101.
pub async fn s11_eng_101_runs_with_work_pending_come_by_id(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    for run in ["r3", "r1", "r2", "r4"] {
        bench.create(run, 0, |commit| commit.index.in_motion = run != "r4").await;
    }
    let store = &bench.store;
    assert_eq!(store.in_motion(None, limit(9)).await.unwrap(), [id("r1"), id("r2"), id("r3")]);
    assert_eq!(store.in_motion(None, limit(2)).await.unwrap(), [id("r1"), id("r2")]);
    assert_eq!(store.in_motion(Some(&id("r1")), limit(9)).await.unwrap(), [id("r2"), id("r3")]);
    bench.update("r2", 1, |commit| commit.index.in_motion = false).await;
    assert_eq!(store.in_motion(None, limit(9)).await.unwrap(), [id("r1"), id("r3")]);
}

async fn names(bench: &Bench, filter: &RunFilter) -> Vec<String> {
    let runs = bench.store.list(filter, None, limit(99)).await.unwrap();
    runs.into_iter().map(|stored| stored.run.as_str().to_owned()).collect()
}

/// Sentence 12: ENG-138.
pub async fn s12_eng_138_lists_are_ordered_and_filtered(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let attributes = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Attributes>()
    };
    let tags = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect::<Tags>();
    bench.create("b", 1, |commit| commit.index.tags = tags(&["x", "y"])).await;
    bench.create("a", 1, |commit| commit.index.tags = tags(&["x"])).await;
    bench
        .create("c", 2, |commit| commit.index.attributes = attributes(&[("tenantId", "t"), ("orderId", "1")]))
        .await;
    bench.create("d", 3, |commit| commit.index.definition = identity("other")).await;
    bench.create("e", 4, |commit| commit.index.compensation = true).await;
    bench.end("c", 5).await;

    let filter = RunFilter::default;
    assert_eq!(names(&bench, &filter()).await, ["d", "c", "a", "b"]);
    let mut all = filter();
    all.include_compensation = true;
    assert_eq!(names(&bench, &all).await, ["e", "d", "c", "a", "b"]);
    let mut journey = filter();
    journey.journey = Some("order".to_owned());
    assert_eq!(names(&bench, &journey).await, ["c", "a", "b"]);
    journey.phase = Some(Phase::Running);
    assert_eq!(names(&bench, &journey).await, ["a", "b"]);
    let mut tagged = filter();
    tagged.tags = vec!["x".to_owned()];
    assert_eq!(names(&bench, &tagged).await, ["a", "b"]);
    tagged.tags.push("y".to_owned());
    assert_eq!(names(&bench, &tagged).await, ["b"]);
    let mut attributed = filter();
    attributed.attributes.insert("tenantId".to_owned(), "t".to_owned());
    assert_eq!(names(&bench, &attributed).await, ["c"]);
    attributed.attributes.insert("orderId".to_owned(), "2".to_owned());
    assert!(names(&bench, &attributed).await.is_empty());
}

fn key_of(stored: &StoredRun) -> ListKey {
    ListKey { created: stored.index.created, run: stored.run.clone() }
}

/// Sentence 12: ENG-138.
pub async fn s12_eng_138_paging_is_stable_under_inserts_and_removals(host: &dyn StoreHost) {
    let bench =
        Bench::with(host, Retention::default().with_ended_runs(std::time::Duration::from_secs(10))).await;
    for number in 0..700 {
        // Several runs share a creation time.
        bench.create(&format!("r{number:03}"), number / 3, |_| ()).await;
    }
    for number in [690, 350, 10] {
        bench.end(&format!("r{number:03}"), 300).await;
    }
    let mut seen = Vec::new();
    let mut after: Option<ListKey> = None;
    for page in 0.. {
        let runs = bench.store.list(&RunFilter::default(), after.as_ref(), limit(40)).await.unwrap();
        let Some(last) = runs.last() else { break };
        after = Some(key_of(last));
        seen.extend(runs.iter().map(key_of));
        bench.create(&format!("new{page}"), 1_000 + page, |_| ()).await;
        if page == 2 {
            bench.store.sweep(at(310), limit(100)).await.unwrap();
            assert!(!bench.exists("r350").await);
        }
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "newest first, then by id, none twice");
    assert_eq!(seen.len(), 698, "all but the two removed before their page");
}

/// Sentence 13: ENG-052.
pub async fn s13_eng_052_keys_are_found_while_they_are_kept(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let run = id("r1");
    bench.create("r1", 0, |commit| commit.keys = vec![start_key(&run, "s", at(10))]).await;
    bench
        .update("r1", 1, |commit| {
            let mut new = run_key(&run, "k");
            new.record = new.record.with_target(Some("wait".into()));
            commit.keys = vec![new];
        })
        .await;
    let store = &bench.store;
    let found = store.key(&start_scope(), &key("s"), at(9)).await.unwrap();
    assert_eq!(found, Some(start_key(&run, "s", at(10)).record));
    assert_eq!(store.key(&start_scope(), &key("s"), at(10)).await.unwrap(), None);
    assert_eq!(store.key(&start_scope(), &key("other"), at(0)).await.unwrap(), None);
    let scope = run_key(&run, "k").scope;
    let found = store.key(&scope, &key("k"), at(1_000_000)).await.unwrap().expect("as long as the run");
    assert_eq!(found.target.as_deref(), Some("wait"));
    assert_eq!(store.key(&run_key(&id("r2"), "k").scope, &key("k"), at(1)).await.unwrap(), None);
    let someone = jf_store::KeyScope::Start { principal: Some("p".into()), journey: "order".into() };
    assert_eq!(store.key(&someone, &key("s"), at(9)).await.unwrap(), None);
}

/// Sentence 14: ENG-108.
pub async fn s14_eng_108_the_epoch_is_constant(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let epoch = bench.store.epoch().await.unwrap();
    bench.create("r1", 0, |_| ()).await;
    bench.store.claim().await.unwrap();
    assert_eq!(bench.store.epoch().await.unwrap(), epoch);
    let other = host.store(Retention::default()).await.epoch().await.unwrap();
    assert_ne!(other, epoch, "an empty log is another log");
}
