//! The indexes of [`MemoryStore`] against a model that looks at every run each time.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::FutureExt;
use futures::executor::block_on;
use jf_core::dsl::{DefinitionName, Kind, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{JourneyId, Phase};
use jf_store::{
    Commit, DueRun, EncodeError, ListKey, MemoryStore, NewRun, OutboxEntry, Revision, RunFilter, RunIndex,
    Snapshot, Store, StoreErrorKind,
};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::{option, prop_oneof};

#[derive(Debug)]
struct Nothing;

impl Snapshot for Nothing {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(Vec::new())
    }
}

#[derive(Debug, Clone)]
enum Change {
    Commit { run: u8, created: i64, due: Option<i64>, in_motion: bool, ends: bool },
    Sweep { now: i64 },
}

fn change() -> impl Strategy<Value = Change> {
    let commit = (0_u8..20, 0_i64..5, option::of(0_i64..50), any::<bool>(), proptest::bool::weighted(0.2));
    prop_oneof![
        9 => commit.prop_map(|(run, created, due, in_motion, ends)| Change::Commit { run, created, due, in_motion, ends }),
        1 => (0_i64..4_000_000).prop_map(|now| Change::Sweep { now }),
    ]
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn id(run: u8) -> JourneyId {
    JourneyId::parse(format!("r{run}")).unwrap()
}

const MANY: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

proptest! {
    /// ENG-070, ENG-101, ENG-104, ENG-138
    #[test]
    fn indexes_agree_with_the_runs(changes in vec(change(), 1..120), page in 1_usize..8) {
        let store = MemoryStore::new();
        let claim = block_on(store.claim()).unwrap();
        let mut model: BTreeMap<JourneyId, (Revision, RunIndex)> = BTreeMap::new();
        for change in changes {
            match change {
                Change::Commit { run, created, due, in_motion, ends } => {
                    let run = id(run);
                    let before = model.get(&run).cloned();
                    let name = DefinitionName::parse("order").unwrap();
                    let identity = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
                    let fresh = RunIndex::new(identity, at(created), Phase::Running);
                    let mut index = before.as_ref().map_or(fresh, |(_, index)| index.clone());
                    (index.due, index.in_motion) = (due.map(at), in_motion);
                    if ends {
                        index.phase = Phase::Succeeded;
                    }
                    let (now, nothing) = (at(0), Arc::new(Nothing));
                    let commit = match before {
                        None => Commit::create(claim, run.clone(), now, nothing, index.clone()),
                        Some((revision, _)) => Commit::update(claim, run.clone(), revision, now, nothing, index.clone()),
                    };
                    let revision = block_on(store.commit(commit)).unwrap();
                    model.insert(run, (revision, index));
                }
                Change::Sweep { now } => {
                    let removed = block_on(store.sweep(at(now), MANY)).unwrap().runs.len();
                    let before = model.len();
                    // 30 days after the one time of all commits.
                    model.retain(|_, (_, index)| !index.phase.is_final() || now < 2_592_000);
                    prop_assert_eq!(removed, before - model.len());
                }
            }
        }
        prop_assert_eq!(store.len(), model.len());
        let live = model.values().filter(|(_, index)| !index.phase.is_final()).count();
        prop_assert_eq!(store.live_runs(), live);
        for (run, (revision, index)) in &model {
            let stored = block_on(store.load(run)).unwrap().unwrap();
            prop_assert_eq!((stored.revision, &stored.index), (*revision, index));
        }

        let mut due: Vec<DueRun> =
            model.iter().filter_map(|(run, (_, index))| Some(DueRun { due: index.due?, run: run.clone() })).collect();
        due.sort();
        prop_assert_eq!(block_on(store.due(Timestamp::MAX, NonZeroUsize::MIN)).unwrap(), due.iter().take(1).cloned().collect::<Vec<_>>());
        prop_assert_eq!(block_on(store.due(Timestamp::MAX, MANY)).unwrap(), due);

        let moving: Vec<JourneyId> =
            model.iter().filter(|(_, (_, index))| index.in_motion).map(|(run, _)| run.clone()).collect();
        prop_assert_eq!(block_on(store.in_motion(None, MANY)).unwrap(), moving);

        let mut order: Vec<ListKey> =
            model.iter().map(|(run, (_, index))| ListKey { created: index.created, run: run.clone() }).collect();
        order.sort();
        let mut listed: Vec<ListKey> = Vec::new();
        loop {
            let limit = NonZeroUsize::new(page).unwrap();
            let runs = block_on(store.list(&RunFilter::default(), listed.last(), limit)).unwrap();
            if runs.is_empty() {
                break;
            }
            listed.extend(runs.into_iter().map(|stored| ListKey { created: stored.index.created, run: stored.run }));
        }
        prop_assert_eq!(listed, order);
    }
}

/// Sentence 28: beyond the bound nothing begins; what ends makes room, and what was refused takes none.
#[test]
fn s28_http_026_as_many_runs_go_on_as_may() {
    let store = MemoryStore::new().with_live_runs(2);
    let claim = block_on(store.claim()).unwrap();
    let name = DefinitionName::parse("order").unwrap();
    let identity = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
    let index = |ended| {
        let phase = if ended { Phase::Succeeded } else { Phase::Running };
        RunIndex::new(identity.clone(), at(0), phase)
    };
    let create = |run, ended| Commit::create(claim, id(run), at(0), Arc::new(Nothing), index(ended));
    let begin = |run, ended| block_on(store.commit(create(run, ended))).map_err(|error| error.kind());
    assert_eq!((begin(0, false), begin(1, false)), (Ok(Revision::FIRST), Ok(Revision::FIRST)));
    assert_eq!(begin(2, false), Err(StoreErrorKind::Full));
    assert_eq!(begin(3, true), Ok(Revision::FIRST), "it is at its end already");
    let end = |run, revision| Commit::update(claim, id(run), revision, at(1), Arc::new(Nothing), index(true));
    let undone = NewRun::new(id(4), Arc::new(Nothing), index(false), Vec::new());
    let last = end(0, Revision::FIRST).with_outbox(OutboxEntry::Create(Box::new(undone)));
    block_on(store.commit(last)).unwrap();
    assert_eq!((store.live_runs(), begin(2, false)), (2, Err(StoreErrorKind::Full)));
    block_on(store.commit(end(1, Revision::FIRST))).unwrap();
    block_on(store.commit(end(1, Revision::FIRST.next()))).unwrap();
    assert_eq!(begin(1, false), Err(StoreErrorKind::Exists));
    assert_eq!((store.live_runs(), begin(2, false)), (1, Ok(Revision::FIRST)));
}

/// ENG-138: a search that finds nothing looks at every run, and lets others have the thread meanwhile.
#[test]
fn eng_138_a_long_search_gives_way() {
    let store = MemoryStore::new();
    let claim = block_on(store.claim()).unwrap();
    let name = DefinitionName::parse("order").unwrap();
    let identity = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
    let index = RunIndex::new(identity, at(0), Phase::Running);
    for run in 0..20_000 {
        let run = JourneyId::parse(format!("r{run}")).unwrap();
        let commit = Commit::create(claim, run, at(0), Arc::new(Nothing), index.clone());
        block_on(store.commit(commit)).unwrap();
    }
    let mut filter = RunFilter::default();
    filter.tags = vec!["none has it".to_owned()];
    let mut search = store.list(&filter, None, MANY);
    let mut pauses = 0;
    let found = loop {
        match (&mut search).now_or_never() {
            Some(found) => break found.unwrap(),
            None => pauses += 1,
        }
    };
    assert!(found.is_empty() && pauses >= 16, "{pauses} pauses");
}
