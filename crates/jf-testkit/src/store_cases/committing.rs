//! Sentences 1 to 7.

use std::sync::Arc;

use futures::FutureExt;
use jf_core::Phase;
use jf_store::{Attributes, Revision, StoreErrorKind};
use tokio::task::JoinSet;

use super::world::{
    Bench, StoreHost, Text, at, id, identity, key, kind, limit, record, records, run_key, start_key,
    start_scope, text_of,
};

/// Sentence 1: ENG-100, ENG-106.
pub async fn s01_eng_100_a_commit_is_visible_as_a_whole(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let run = id("r1");
    bench
        .create("r1", 0, |commit| {
            commit.index.head = 2;
            commit.events = records(&run, 1..=2);
            commit.index.due = Some(at(9));
            commit.index.in_motion = true;
            commit.keys = vec![run_key(&run, "a"), start_key(&run, "b", at(100))];
        })
        .await;
    let store = &bench.store;
    assert_eq!(text_of(&store.load(&run).await.unwrap().unwrap().snapshot), "r1");
    assert_eq!(bench.seqs("r1", 0, 9).await, (vec![1, 2], 1, 2));
    assert_eq!(bench.next_due().await, Some(at(9)));
    assert_eq!(store.in_motion(None, limit(9)).await.unwrap(), std::slice::from_ref(&run));
    assert!(store.key(&run_key(&run, "a").scope, &key("a"), at(0)).await.unwrap().is_some());
    assert!(store.key(&start_scope(), &key("b"), at(0)).await.unwrap().is_some());
}

/// Sentence 1: nothing of a refused commit shows.
pub async fn s01_a_refused_commit_changes_nothing(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let run = id("r1");
    bench.create("r1", 0, |commit| commit.keys = vec![run_key(&run, "a")]).await;
    let change = |commit: &mut jf_store::Commit| {
        commit.snapshot = Arc::new(Text("changed".to_owned()));
        commit.index.head = 1;
        commit.events = records(&run, 1..=1);
        commit.index.due = Some(at(9));
        commit.index.in_motion = true;
        commit.keys = vec![run_key(&run, "new"), run_key(&run, "a")];
    };
    let commit = bench.next("r1", 1, change).await;
    assert_eq!(kind(bench.store.commit(commit).await), StoreErrorKind::KeyTaken);
    let stored = bench.store.load(&run).await.unwrap().unwrap();
    assert_eq!((stored.revision, text_of(&stored.snapshot).as_str()), (Revision::FIRST, "r1"));
    assert_eq!(bench.seqs("r1", 0, 9).await, (vec![], 1, 0));
    assert_eq!(bench.next_due().await, None);
    assert!(bench.store.in_motion(None, limit(9)).await.unwrap().is_empty());
    assert!(bench.store.key(&run_key(&run, "new").scope, &key("new"), at(1)).await.unwrap().is_none());
}

/// Sentence 2.
pub async fn s02_a_run_is_created_once(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    assert_eq!(bench.create("r1", 0, |_| ()).await, Revision::FIRST);
    let again = bench.creation(&id("r1"), "other", 1);
    assert_eq!(kind(bench.store.commit(again).await), StoreErrorKind::Exists);
    assert_eq!(text_of(&bench.store.load(&id("r1")).await.unwrap().unwrap().snapshot), "r1");
}

/// Sentence 3: behind, ahead and unknown.
pub async fn s03_only_the_expected_revision_is_replaced(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    bench.create("r1", 0, |_| ()).await;
    let stale = bench.next("r1", 1, |_| ()).await;
    let second = bench.update("r1", 1, |_| ()).await;
    assert_eq!(second, Revision::FIRST.next());
    assert_eq!(kind(bench.store.commit(stale.clone()).await), StoreErrorKind::StaleRevision);
    let ahead = bench.next("r1", 2, |commit| commit.expected = Some(second.next())).await;
    assert_eq!(kind(bench.store.commit(ahead).await), StoreErrorKind::StaleRevision);
    let mut unknown = stale;
    unknown.run = id("nobody");
    assert_eq!(kind(bench.store.commit(unknown).await), StoreErrorKind::StaleRevision);
}

/// Sentence 3: ENG-045.
pub async fn s03_eng_045_of_concurrent_commits_one_succeeds(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    bench.create("r1", 0, |_| ()).await;
    for round in 0..50 {
        let commit = bench.next("r1", round, |_| ()).await;
        let mut racers = JoinSet::new();
        for _ in 0..4 {
            let (store, commit) = (Arc::clone(&bench.store), commit.clone());
            racers.spawn(async move { store.commit(commit).await });
        }
        let results = racers.join_all().await;
        let won = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(won, 1, "{results:?}");
        assert!(
            results
                .into_iter()
                .filter(Result::is_err)
                .all(|lost| kind(lost) == StoreErrorKind::StaleRevision)
        );
    }
}

/// Sentence 4: ENG-102.
pub async fn s04_eng_102_the_latest_claim_alone_may_commit(host: &dyn StoreHost) {
    let mut bench = Bench::new(host).await;
    bench.create("r1", 0, |_| ()).await;
    let later = bench.store.claim().await.unwrap();
    assert!(later > bench.claim);
    let commit = bench.next("r1", 1, |_| ()).await;
    assert_eq!(kind(bench.store.commit(commit).await), StoreErrorKind::LostClaim);
    let creation = bench.creation(&id("r2"), "r2", 1);
    assert_eq!(kind(bench.store.commit(creation).await), StoreErrorKind::LostClaim);
    bench.claim = later;
    bench.update("r1", 1, |_| ()).await;
}

/// Sentence 5: ENG-050.
pub async fn s05_eng_050_a_caller_key_is_used_once(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    bench.create("r1", 0, |_| ()).await;
    bench.create("r2", 0, |_| ()).await;
    bench.update("r1", 1, |commit| commit.keys = vec![run_key(&id("r1"), "a")]).await;
    let again = bench.next("r1", 2, |commit| commit.keys = vec![run_key(&id("r1"), "a")]).await;
    assert_eq!(kind(bench.store.commit(again).await), StoreErrorKind::KeyTaken);
    bench.update("r2", 3, |commit| commit.keys = vec![run_key(&id("r2"), "a")]).await;
}

/// Sentence 5: ENG-050, ENG-052.
pub async fn s05_eng_052_a_start_key_counts_across_runs_and_may_be_used_anew_when_no_longer_kept(
    host: &dyn StoreHost,
) {
    let bench = Bench::new(host).await;
    bench.create("r1", 0, |commit| commit.keys = vec![start_key(&id("r1"), "a", at(10))]).await;
    let mut early = bench.creation(&id("r2"), "r2", 9);
    early.keys = vec![start_key(&id("r2"), "a", at(19))];
    assert_eq!(kind(bench.store.commit(early.clone()).await), StoreErrorKind::KeyTaken);
    assert!(!bench.exists("r2").await);
    early.at = at(10);
    bench.store.commit(early).await.unwrap();
    let record = bench.store.key(&start_scope(), &key("a"), at(10)).await.unwrap().expect("in use again");
    assert_eq!(record.run, id("r2"));
}

fn attributes(names: &[&str]) -> Attributes {
    names.iter().map(|name| ((*name).to_owned(), "t".to_owned())).collect()
}

/// Sentence 6: ENG-106, ENG-020.
pub async fn s06_eng_106_contradictions_are_refused(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let run = id("r1");
    let begin = |commit: &mut jf_store::Commit| {
        commit.index.head = 1;
        commit.events = records(&run, 1..=1);
        commit.index.attributes = attributes(&["tenantId", "orderId"]);
    };
    bench.create("r1", 0, begin).await;
    type Fault<'a> = &'a dyn Fn(&mut jf_store::Commit);
    let faults: [(&str, Fault<'_>); 11] = [
        ("a hole", &|commit| {
            commit.index.head = 3;
            commit.events = vec![record(&run, 3)];
        }),
        ("a number again", &|commit| commit.events = vec![record(&run, 1)]),
        ("a head without event", &|commit| commit.index.head = 2),
        ("an event beyond the head", &|commit| commit.events = vec![record(&run, 2)]),
        ("another creation", &|commit| commit.index.created = at(1)),
        ("another definition", &|commit| commit.index.definition = identity("other")),
        ("another tag", &|commit| commit.index.tags = ["new".to_owned()].into()),
        ("attributes in another order", &|commit| {
            commit.index.attributes = attributes(&["orderId", "tenantId"])
        }),
        ("an attribute less", &|commit| commit.index.attributes = Attributes::default()),
        ("a key of another run", &|commit| commit.keys = vec![run_key(&id("r2"), "a")]),
        ("a record of another run", &|commit| commit.keys = vec![start_key(&id("r2"), "a", at(9))]),
    ];
    for (what, fault) in faults {
        let commit = bench.next("r1", 1, fault).await;
        assert_eq!(kind(bench.store.commit(commit).await), StoreErrorKind::Invalid, "{what}");
    }
    bench.end("r1", 2).await;
    let reopened = bench.next("r1", 3, |commit| commit.index.phase = Phase::Failed).await;
    assert_eq!(kind(bench.store.commit(reopened).await), StoreErrorKind::Invalid, "another final phase");
}

/// Sentence 7: not polled at all, and polled once.
pub async fn s07_a_dropped_commit_happens_as_a_whole_or_not_at_all(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let run = id("r1");
    bench.create("r1", 0, |_| ()).await;
    let change = |commit: &mut jf_store::Commit| {
        commit.snapshot = Arc::new(Text("changed".to_owned()));
        commit.index.head += 1;
        commit.events = vec![record(&run, commit.index.head)];
    };
    let unpolled = bench.store.commit(bench.next("r1", 1, change).await);
    drop(unpolled);
    let _ = bench.store.commit(bench.next("r1", 1, change).await).now_or_never();
    // A store may still be at work on what nobody waits for: only reads with nothing between them can be compared.
    let (stored, seqs) = loop {
        let stored = bench.store.load(&run).await.unwrap().unwrap();
        let seqs = bench.seqs("r1", 0, 9).await.0;
        if bench.store.load(&run).await.unwrap().unwrap().revision == stored.revision {
            break (stored, seqs);
        }
    };
    let applied = text_of(&stored.snapshot) == "changed";
    assert_eq!(stored.index.head, u64::from(applied));
    assert_eq!(stored.revision == Revision::FIRST, !applied);
    assert_eq!(seqs.len(), usize::from(applied));
}
