//! Sentences 20 to 22: what a commit does to other runs.

use std::sync::Arc;

use jf_core::Phase;
use jf_store::{NewRun, OutboxEntry, Revision, ScheduleChange, StoreErrorKind};

use super::schedules::{schedule_id, schedule_index};
use super::world::{Bench, StoreHost, Text, at, id, index, kind, limit, records, run_key, text_of};

fn new_run(run: &str, created: i64) -> NewRun {
    let mut index = index(created);
    (index.head, index.due, index.compensation) = (2, Some(at(50)), true);
    NewRun::new(id(run), Arc::new(Text(run.to_owned())), index, records(&id(run), 1..=2))
}

fn create(new: NewRun) -> OutboxEntry {
    OutboxEntry::Create(Box::new(new))
}

/// Sentences 20 and 21: ENG-096.
pub async fn s21_eng_096_a_commit_creates_other_runs(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    bench.create("r1", 0, |commit| commit.outbox = vec![create(new_run("r2", 0))]).await;
    bench.end("r1", 1).await;
    bench.create("r3", 2, |_| ()).await;
    bench
        .update("r3", 3, |commit| {
            commit.outbox = (4..20).map(|n| create(new_run(&format!("r{n}"), 3))).collect()
        })
        .await;
    for run in ["r2", "r4", "r19"] {
        let stored = bench.store.load(&id(run)).await.unwrap().expect("it was created");
        assert_eq!((stored.revision, text_of(&stored.snapshot).as_str()), (Revision::FIRST, run));
        assert!(stored.index.compensation);
        assert_eq!(bench.seqs(run, 0, 9).await, (vec![1, 2], 1, 2));
    }
    assert_eq!(bench.store.due(at(50), limit(99)).await.unwrap().len(), 17);
    // From here on it is a run like any other.
    bench.update("r2", 4, |commit| commit.index.due = None).await;
    bench.end("r2", 5).await;
    assert_eq!(bench.store.due(at(50), limit(99)).await.unwrap().len(), 16);
}

/// Sentence 20: nothing of the commit or of its outbox shows when one part is refused.
pub async fn s20_a_refused_part_refuses_the_whole_commit(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    bench.create("r1", 0, |commit| commit.keys = vec![run_key(&id("r1"), "a")]).await;
    bench.create("r2", 0, |_| ()).await;
    let sole = |name: &str| {
        let snapshot = Arc::new(Text(name.to_owned()));
        OutboxEntry::Schedule(ScheduleChange::add(schedule_id(name), schedule_index(None), snapshot, true))
    };
    bench.update("r2", 1, |commit| commit.outbox = vec![sole("s1")]).await;
    let outbox = |last: OutboxEntry| vec![create(new_run("r3", 1)), OutboxEntry::Wake(id("r2")), last];
    for (last, expected) in
        [(create(new_run("r2", 1)), StoreErrorKind::Exists), (sole("s2"), StoreErrorKind::StaleSchedule)]
    {
        // The second one would speak of `r2` twice.
        let mut entries = outbox(last);
        if expected == StoreErrorKind::Exists {
            entries.remove(1);
        }
        let commit = bench.next("r1", 2, |commit| {
            commit.snapshot = Arc::new(Text("changed".to_owned()));
            commit.keys = vec![run_key(&id("r1"), "b")];
            commit.outbox = entries;
        });
        let commit = commit.await;
        assert_eq!(kind(bench.store.commit(commit).await), expected);
    }
    let taken = bench.next("r1", 2, |commit| {
        commit.keys = vec![run_key(&id("r1"), "a")];
        commit.outbox = vec![create(new_run("r3", 1)), OutboxEntry::Wake(id("r2"))];
    });
    let taken = taken.await;
    assert_eq!(kind(bench.store.commit(taken).await), StoreErrorKind::KeyTaken);
    assert!(!bench.exists("r3").await);
    assert!(bench.store.in_motion(None, limit(9)).await.unwrap().is_empty());
    let stored = bench.store.load(&id("r1")).await.unwrap().unwrap();
    assert_eq!((stored.revision, text_of(&stored.snapshot).as_str()), (Revision::FIRST, "r1"));
    assert!(bench.store.schedule(&schedule_id("s2")).await.unwrap().is_none());
}

/// Sentence 20: what can be said without looking at what is stored.
pub async fn s20_an_outbox_that_contradicts_itself_is_refused(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    bench.create("r1", 0, |_| ()).await;
    let mut hole = new_run("r2", 1);
    hole.events.remove(0);
    let mut short = new_run("r2", 1);
    short.index.head = 3;
    let add = |name: &str| {
        let snapshot = Arc::new(Text(name.to_owned()));
        OutboxEntry::Schedule(ScheduleChange::add(schedule_id(name), schedule_index(None), snapshot, false))
    };
    for outbox in [
        vec![create(hole)],
        vec![create(short)],
        vec![create(new_run("r1", 1))],
        vec![create(new_run("r2", 1)), OutboxEntry::Wake(id("r2"))],
        vec![OutboxEntry::Wake(id("r1"))],
        vec![add("s1"), add("s1")],
        vec![add("s1"), add("s2")],
    ] {
        let commit = bench.next("r1", 1, |commit| commit.outbox = outbox).await;
        assert_eq!(kind(bench.store.commit(commit).await), StoreErrorKind::Invalid);
    }
    assert!(!bench.exists("r2").await);
}

/// Sentence 22: ENG-092, ENG-101.
pub async fn s22_eng_101_a_run_that_is_woken_has_work_pending_until_its_next_commit(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    for run in ["r1", "r2", "r3"] {
        bench.create(run, 0, |_| ()).await;
    }
    bench.end("r3", 1).await;
    let waking = bench.next("r2", 2, |_| ()).await;
    let wakes = ["r1", "r3", "nobody"].map(|run| OutboxEntry::Wake(id(run)));
    bench.update("r2", 2, |commit| commit.outbox = wakes.to_vec()).await;
    assert_eq!(bench.store.in_motion(None, limit(9)).await.unwrap(), [id("r1")]);
    let woken = bench.store.load(&id("r1")).await.unwrap().unwrap();
    assert_eq!((woken.revision, woken.index.phase), (Revision::FIRST, Phase::Running));
    assert_eq!(kind(bench.store.commit(waking).await), StoreErrorKind::StaleRevision);
    bench.update("r1", 3, |commit| commit.index.in_motion = false).await;
    assert!(bench.store.in_motion(None, limit(9)).await.unwrap().is_empty());
}
