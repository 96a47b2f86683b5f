//! What the tests of the contract share.

pub(crate) mod committing;
pub(crate) mod forgetting;
pub(crate) mod reading;

use std::num::NonZeroUsize;
use std::sync::Arc;

use jf_core::dsl::{DefinitionName, Kind, StateId, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{IdempotencyKey, JourneyId, JourneyStatus, Phase};
use jf_store::{
    Claim, Commit, EncodeError, Fingerprint, KeyRecord, KeyScope, LogDocument, LogRecord, NewKey, Retention,
    Revision, RunIndex, Snapshot, Store, StoreError, StoreErrorKind, StoredSnapshot,
};
use jiff::{SignedDuration, Timestamp};

/// Makes an empty store with a retention.
pub(crate) type Make = fn(Retention) -> Arc<dyn Store>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl Snapshot for Text {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(self.0.clone().into_bytes())
    }
}

pub(crate) fn text_of(snapshot: &StoredSnapshot) -> String {
    match snapshot {
        StoredSnapshot::Live(live) => String::from_utf8(live.encode().unwrap()).unwrap(),
        StoredSnapshot::Encoded(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

pub(crate) fn id(text: &str) -> JourneyId {
    JourneyId::parse(text).unwrap()
}

pub(crate) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(format!("key-{text:0>16}")).unwrap()
}

/// Seconds after an arbitrary beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).unwrap()
}

pub(crate) fn identity(name: &str) -> DefinitionIdentity {
    let name = DefinitionName::parse(name).unwrap();
    DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) }
}

pub(crate) fn index(created: i64) -> RunIndex {
    RunIndex::new(identity("order"), at(created), Phase::Running)
}

pub(crate) fn record(run: &JourneyId, seq: u64) -> LogRecord {
    let name = DefinitionName::parse("order").unwrap();
    let state = StateId::parse(format!("s{seq}")).unwrap();
    let status = JourneyStatus::new(run.clone(), name, Phase::Running, state, at(0));
    LogRecord { seq, document: LogDocument::Status(Arc::new(status)) }
}

pub(crate) fn records(run: &JourneyId, seqs: std::ops::RangeInclusive<u64>) -> Vec<LogRecord> {
    seqs.map(|seq| record(run, seq)).collect()
}

pub(crate) fn run_key(run: &JourneyId, name: &str) -> NewKey {
    let record = KeyRecord::new(run.clone(), Fingerprint([1; 32]), 1);
    NewKey { scope: KeyScope::Run(run.clone()), key: key(name), record }
}

pub(crate) fn start_scope() -> KeyScope {
    KeyScope::Start { principal: None, journey: "order".into() }
}

pub(crate) fn start_key(run: &JourneyId, name: &str, kept_until: Timestamp) -> NewKey {
    let record = KeyRecord::new(run.clone(), Fingerprint([1; 32]), 1).with_kept_until(kept_until);
    NewKey { scope: start_scope(), key: key(name), record }
}

pub(crate) fn kind(result: Result<Revision, StoreError>) -> StoreErrorKind {
    result.expect_err("the commit is refused").kind()
}

/// A store with the claim of its only engine.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) claim: Claim,
}

impl Bench {
    pub(crate) async fn new(make: Make) -> Self {
        Self::with(make, Retention::default()).await
    }

    pub(crate) async fn with(make: Make, retention: Retention) -> Self {
        let store = make(retention);
        let claim = store.claim().await.unwrap();
        Self { store, claim }
    }

    pub(crate) fn creation(&self, run: &JourneyId, text: &str, created: i64) -> Commit {
        Commit::create(self.claim, run.clone(), at(created), Arc::new(Text(text.to_owned())), index(created))
    }

    /// Creates a run that looks as `change` makes it.
    pub(crate) async fn create(&self, run: &str, created: i64, change: impl FnOnce(&mut Commit)) -> Revision {
        let mut commit = self.creation(&id(run), run, created);
        change(&mut commit);
        self.store.commit(commit).await.unwrap()
    }

    /// The next commit of a run, as `change` makes it.
    pub(crate) async fn next(&self, run: &str, time: i64, change: impl FnOnce(&mut Commit)) -> Commit {
        let stored = self.store.load(&id(run)).await.unwrap().expect("the run is there");
        let snapshot = Arc::new(Text(text_of(&stored.snapshot)));
        let mut commit =
            Commit::update(self.claim, id(run), stored.revision, at(time), snapshot, stored.index);
        change(&mut commit);
        commit
    }

    pub(crate) async fn update(&self, run: &str, time: i64, change: impl FnOnce(&mut Commit)) -> Revision {
        self.store.commit(self.next(run, time, change).await).await.unwrap()
    }

    /// Ends a run with one more event.
    pub(crate) async fn end(&self, run: &str, time: i64) {
        self.update(run, time, |commit| {
            commit.index.phase = Phase::Succeeded;
            commit.index.head += 1;
            commit.events = vec![record(&id(run), commit.index.head)];
            commit.index.due = None;
            commit.index.in_motion = false;
        })
        .await;
    }

    pub(crate) async fn seqs(&self, run: &str, after: u64, most: usize) -> (Vec<u64>, u64, u64) {
        let page = self.store.events(&id(run), after, limit(most)).await.unwrap().expect("the run is there");
        (page.events.iter().map(|event| event.seq).collect(), page.oldest, page.head)
    }

    /// When something is due next.
    pub(crate) async fn next_due(&self) -> Option<Timestamp> {
        let first = self.store.due(Timestamp::MAX, limit(1)).await.unwrap();
        first.first().map(|run| run.due)
    }

    pub(crate) async fn exists(&self, run: &str) -> bool {
        self.store.load(&id(run)).await.unwrap().is_some()
    }
}
