//! Sentences 19 and 23 to 27: schedules.

use std::sync::Arc;

use jf_core::ScheduleId;
use jf_core::dsl::{StateId, Version};
use jf_core::spi::ScheduleIdentity;
use jf_store::{
    DefinitionSource, DueSchedule, OutboxEntry, Retention, Revision, ScheduleChange, ScheduleIndex,
    StoreErrorKind, StoredSchedule,
};
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::world::{Bench, StoreHost, Text, at, id, identity, kind, limit, text_of};

pub(super) fn schedule_id(name: &str) -> ScheduleId {
    ScheduleId::parse(name).unwrap()
}

fn about(subject: Option<&str>, start: &str) -> ScheduleIdentity {
    let start = StateId::parse(start).unwrap();
    ScheduleIdentity { definition: identity("order"), subject: subject.map(Into::into), start }
}

pub(super) fn schedule_index(subject: Option<&str>) -> ScheduleIndex {
    ScheduleIndex::new(about(subject, "remind"))
}

fn due_at(mut index: ScheduleIndex, due: i64) -> ScheduleIndex {
    index.due = Some(at(due));
    index
}

fn add(name: &str, index: ScheduleIndex, sole: bool) -> ScheduleChange {
    ScheduleChange::add(schedule_id(name), index, Arc::new(Text(name.to_owned())), sole)
}

fn replace(name: &str, expected: Revision, index: ScheduleIndex) -> ScheduleChange {
    ScheduleChange::replace(schedule_id(name), expected, index, Arc::new(Text(format!("{name} again"))))
}

fn remove(name: &str, expected: Revision) -> ScheduleChange {
    ScheduleChange::remove(schedule_id(name), expected)
}

impl Bench {
    async fn change(&self, change: ScheduleChange) {
        self.store.change_schedule(self.claim, change).await.unwrap();
    }

    async fn refused(&self, change: ScheduleChange) -> StoreErrorKind {
        self.store.change_schedule(self.claim, change).await.expect_err("the change is refused").kind()
    }

    async fn schedule(&self, name: &str) -> Option<StoredSchedule> {
        self.store.schedule(&schedule_id(name)).await.unwrap()
    }

    async fn newest(&self, identity: &ScheduleIdentity) -> Option<String> {
        let newest = self.store.newest_schedule(identity).await.unwrap();
        newest.map(|schedule| schedule.id.to_string())
    }
}

/// Sentences 23, 24 and 27: TSK-105.
pub async fn s23_tsk_105_a_schedule_changes_with_the_commit_or_alone(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    bench
        .create("r1", 0, |commit| {
            commit.outbox =
                vec![OutboxEntry::Schedule(add("s1", due_at(schedule_index(Some("ann")), 9), true))];
        })
        .await;
    let stored = bench.schedule("s1").await.expect("it was added");
    assert_eq!((stored.revision, text_of(&stored.snapshot).as_str()), (Revision::FIRST, "s1"));
    assert_eq!(stored.index, due_at(schedule_index(Some("ann")), 9));
    let second = stored.revision.next();
    bench.change(replace("s1", stored.revision, schedule_index(Some("ann")))).await;
    let stored = bench.schedule("s1").await.unwrap();
    assert_eq!((stored.revision, text_of(&stored.snapshot).as_str()), (second, "s1 again"));
    assert_eq!(stored.index.due, None);

    // Behind, ahead, about something else, of another name.
    let index = || schedule_index(Some("ann"));
    assert_eq!(bench.refused(replace("s1", Revision::FIRST, index())).await, StoreErrorKind::StaleSchedule);
    assert_eq!(bench.refused(remove("s1", second.next())).await, StoreErrorKind::StaleSchedule);
    assert_eq!(
        bench.refused(replace("s1", second, schedule_index(None))).await,
        StoreErrorKind::StaleSchedule
    );
    assert_eq!(bench.refused(remove("s2", second)).await, StoreErrorKind::StaleSchedule);
    assert_eq!(bench.refused(add("s1", schedule_index(None), false)).await, StoreErrorKind::StaleSchedule);
    let stale = bench.next("r1", 1, |commit| {
        commit.outbox = vec![OutboxEntry::Schedule(remove("s1", Revision::FIRST))];
    });
    let stale = stale.await;
    assert_eq!(kind(bench.store.commit(stale).await), StoreErrorKind::StaleSchedule);
    assert_eq!(bench.schedule("s1").await.unwrap().revision, second);

    bench.update("r1", 1, |commit| commit.outbox = vec![OutboxEntry::Schedule(remove("s1", second))]).await;
    assert!(bench.schedule("s1").await.is_none());
    assert_eq!(bench.newest(&about(Some("ann"), "remind")).await, None);
    bench.change(add("s1", index(), true)).await;
}

/// Sentence 23: TSK-104.
pub async fn s23_tsk_104_of_concurrent_only_schedules_one_succeeds(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    for round in 0..20 {
        let subject = format!("subject-{round}");
        let mut racers = JoinSet::new();
        for racer in 0..4 {
            let run = format!("r{round}-{racer}");
            let mut commit = bench.creation(&id(&run), &run, 0);
            let name = format!("s{round}-{racer}");
            commit.outbox = vec![OutboxEntry::Schedule(add(&name, schedule_index(Some(&subject)), true))];
            let store = Arc::clone(&bench.store);
            racers.spawn(async move { (run, store.commit(commit).await.map_err(|error| error.kind())) });
        }
        let results = racers.join_all().await;
        assert_eq!(results.iter().filter(|(_, result)| result.is_ok()).count(), 1, "{results:?}");
        for (run, result) in results {
            assert_eq!(bench.exists(&run).await, result.is_ok());
            assert!(result.is_ok() || result == Err(StoreErrorKind::StaleSchedule));
        }
    }
}

/// Sentence 24: TSK-104.
pub async fn s24_tsk_104_the_newest_schedule_of_an_identity_is_found(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    let mut other_version = schedule_index(None);
    other_version.identity.definition.version = Version::new(1, 1, 0);
    // By name the newest is neither first nor last.
    for (name, index) in [
        ("c", schedule_index(None)),
        ("a", schedule_index(None)),
        ("b", schedule_index(None)),
        ("of-ann", schedule_index(Some("ann"))),
        ("of-nobody", schedule_index(Some(""))),
        ("elsewhere", ScheduleIndex::new(about(None, "other"))),
        ("later", other_version.clone()),
    ] {
        bench.change(add(name, index, false)).await;
    }
    let newest = async |subject, start| bench.newest(&about(subject, start)).await;
    assert_eq!(newest(None, "remind").await.as_deref(), Some("b"));
    assert_eq!(newest(Some("ann"), "remind").await.as_deref(), Some("of-ann"));
    assert_eq!(newest(Some(""), "remind").await.as_deref(), Some("of-nobody"));
    assert_eq!(newest(None, "other").await.as_deref(), Some("elsewhere"));
    assert_eq!(newest(Some("ann"), "other").await, None);
    assert_eq!(bench.newest(&other_version.identity).await.as_deref(), Some("later"));
    assert_eq!(bench.refused(add("d", schedule_index(None), true)).await, StoreErrorKind::StaleSchedule);
    bench.change(replace("c", Revision::FIRST, schedule_index(None))).await;
    assert_eq!(newest(None, "remind").await.as_deref(), Some("b"), "a change makes none younger");
    bench.change(remove("b", Revision::FIRST)).await;
    assert_eq!(newest(None, "remind").await.as_deref(), Some("a"));
}

/// Sentence 25: ENG-080.
pub async fn s25_eng_080_due_schedules_come_earliest_first(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    for (name, due) in [("b", Some(5)), ("c", Some(5)), ("a", Some(9)), ("rests", None)] {
        let mut index = schedule_index(Some(name));
        index.due = due.map(at);
        bench.change(add(name, index, true)).await;
    }
    let due = async |until: Timestamp, most| {
        let found = bench.store.due_schedules(until, limit(most)).await.unwrap();
        found.into_iter().map(|DueSchedule { due, schedule }| (due, schedule.to_string())).collect::<Vec<_>>()
    };
    let expected = |names: &[(&str, i64)]| {
        names.iter().map(|(name, due)| (at(*due), (*name).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(due(at(4), 9).await, expected(&[]));
    assert_eq!(due(at(5), 9).await, expected(&[("b", 5), ("c", 5)]));
    assert_eq!(due(Timestamp::MAX, 1).await, expected(&[("b", 5)]));
    bench.change(replace("b", Revision::FIRST, due_at(schedule_index(Some("b")), 10))).await;
    bench.change(replace("c", Revision::FIRST, schedule_index(Some("c")))).await;
    assert_eq!(due(Timestamp::MAX, 9).await, expected(&[("a", 9), ("b", 10)]));
    bench.change(remove("a", Revision::FIRST)).await;
    assert_eq!(due(Timestamp::MAX, 9).await, expected(&[("b", 10)]));
}

/// Sentence 26: ENG-086.
pub async fn s26_eng_086_schedules_are_found_by_version(host: &dyn StoreHost) {
    let bench = Bench::new(host).await;
    assert!(bench.store.scheduled_versions().await.unwrap().is_empty());
    let mut later = schedule_index(None);
    later.identity.definition.version = Version::new(2, 0, 0);
    for name in ["c", "a", "b"] {
        bench.change(add(name, due_at(schedule_index(Some(name)), 5), true)).await;
    }
    bench.change(add("later", later.clone(), true)).await;
    let mut versions = bench.store.scheduled_versions().await.unwrap();
    versions.sort_by_key(|version| version.version.to_string());
    assert_eq!(versions, [identity("order"), later.identity.definition.clone()]);
    let of = async |suspended, after: Option<&str>, most| {
        let after = after.map(schedule_id);
        let (order, most) = (identity("order"), limit(most));
        let found = bench.store.schedules_of(&order, suspended, after.as_ref(), most).await.unwrap();
        found.into_iter().map(|id| id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(false, None, 9).await, ["a", "b", "c"]);
    assert_eq!(of(false, None, 2).await, ["a", "b"]);
    assert_eq!(of(false, Some("a"), 9).await, ["b", "c"]);
    assert!(of(true, None, 9).await.is_empty());
    let mut resting = schedule_index(Some("b"));
    resting.suspended = true;
    bench.change(replace("b", Revision::FIRST, resting)).await;
    assert_eq!(of(false, None, 9).await, ["a", "c"]);
    assert_eq!(of(true, None, 9).await, ["b"]);
    bench.change(remove("later", Revision::FIRST)).await;
    assert_eq!(bench.store.scheduled_versions().await.unwrap(), [identity("order")]);
}

/// Sentence 27: ENG-102.
pub async fn s27_eng_102_the_latest_claim_alone_may_change_a_schedule(host: &dyn StoreHost) {
    let mut bench = Bench::new(host).await;
    bench.change(add("s1", schedule_index(None), true)).await;
    let later = bench.store.claim().await.unwrap();
    assert_eq!(bench.refused(remove("s1", Revision::FIRST)).await, StoreErrorKind::LostClaim);
    assert_eq!(bench.refused(add("s2", schedule_index(None), false)).await, StoreErrorKind::LostClaim);
    bench.claim = later;
    bench.change(remove("s1", Revision::FIRST)).await;
}

/// Sentence 19: ENG-117.
pub async fn s19_eng_117_a_definition_outlives_its_deployment_as_long_as_a_schedule_of_it_is_kept(
    host: &dyn StoreHost,
) {
    let mut bench = Bench::with(host, Retention::default()).await;
    let order = identity("order");
    let source = DefinitionSource::new("order.journey.yaml", "text", [7; 32]);
    bench.store.keep_definition(bench.claim, &order, source).await.unwrap();
    bench.change(add("s1", schedule_index(None), true)).await;
    bench.claim = bench.store.claim().await.unwrap();
    bench.sweep_all(1_000_000_000).await;
    assert!(bench.store.definition(&order).await.unwrap().is_some());
    assert!(bench.schedule("s1").await.is_some(), "schedules are not swept");
}
