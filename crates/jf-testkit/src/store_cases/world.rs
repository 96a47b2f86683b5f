//! What the cases share: a store, runs that are no more than a text, and short ways to commit them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::future::BoxFuture;
use jf_core::dsl::{DefinitionName, Kind, StateId, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{IdempotencyKey, JourneyId, JourneyStatus, LogDocument, Phase};
use jf_store::{
    Claim, Commit, EncodeError, Fingerprint, KeyRecord, KeyScope, LogRecord, NewKey, Retention, Revision,
    RunIndex, Snapshot, Store, StoreError, StoreErrorKind, StoredSnapshot,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// Makes stores for the cases; implemented by closures.
pub trait StoreHost: Send + Sync {
    /// An empty store with that retention. Each is a store of its own, with a log of its own (ENG-108).
    fn store(&self, retention: Retention) -> BoxFuture<'_, Arc<dyn Store>>;
}

impl<F, R> StoreHost for F
where
    F: Fn(Retention) -> R + Send + Sync,
    R: Future<Output = Arc<dyn Store>> + Send + 'static,
{
    fn store(&self, retention: Retention) -> BoxFuture<'_, Arc<dyn Store>> {
        Box::pin(self(retention))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl Snapshot for Text {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(self.0.clone().into_bytes())
    }
}

pub(super) fn text_of(snapshot: &StoredSnapshot) -> String {
    match snapshot {
        StoredSnapshot::Live(live) => String::from_utf8(live.encode().unwrap()).unwrap(),
        StoredSnapshot::Encoded(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

pub(super) fn id(text: &str) -> JourneyId {
    JourneyId::parse(text).unwrap()
}

pub(super) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(format!("key-{text:0>16}")).unwrap()
}

/// Seconds after an arbitrary beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap() + SignedDuration::from_secs(seconds)
}

pub(super) fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).unwrap()
}

pub(super) fn identity(name: &str) -> DefinitionIdentity {
    let name = DefinitionName::parse(name).unwrap();
    DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) }
}

pub(super) fn index(created: i64) -> RunIndex {
    RunIndex::new(identity("order"), at(created), Phase::Running)
}

/// Every other document has a member that a store must not take for anything but a name.
pub(super) fn record(run: &JourneyId, seq: u64) -> LogRecord {
    let name = DefinitionName::parse("order").unwrap();
    let state = StateId::parse(format!("s{seq}")).unwrap();
    let mut status = JourneyStatus::new(run.clone(), name, Phase::Running, state, at(0));
    if seq.is_multiple_of(2) {
        let odd = json!({ "$serde_json::private::RawValue": "no JSON" });
        status.projection.insert("shown".to_owned(), odd);
    }
    LogRecord { seq, document: LogDocument::Status(Arc::new(status)) }
}

pub(super) fn records(run: &JourneyId, seqs: std::ops::RangeInclusive<u64>) -> Vec<LogRecord> {
    seqs.map(|seq| record(run, seq)).collect()
}

pub(super) fn run_key(run: &JourneyId, name: &str) -> NewKey {
    let record = KeyRecord::new(run.clone(), Fingerprint([1; 32]), 1);
    NewKey { scope: KeyScope::Run(run.clone()), key: key(name), record }
}

pub(super) fn start_scope() -> KeyScope {
    KeyScope::Start { principal: None, journey: "order".into() }
}

pub(super) fn start_key(run: &JourneyId, name: &str, kept_until: Timestamp) -> NewKey {
    let record = KeyRecord::new(run.clone(), Fingerprint([1; 32]), 1).with_kept_until(kept_until);
    NewKey { scope: start_scope(), key: key(name), record }
}

pub(super) fn kind(result: Result<Revision, StoreError>) -> StoreErrorKind {
    result.expect_err("the commit is refused").kind()
}

/// A store with the claim of its only engine.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) claim: Claim,
}

impl Bench {
    pub(super) async fn new(host: &dyn StoreHost) -> Self {
        Self::with(host, Retention::default()).await
    }

    pub(super) async fn with(host: &dyn StoreHost, retention: Retention) -> Self {
        let store = host.store(retention).await;
        let claim = store.claim().await.unwrap();
        Self { store, claim }
    }

    pub(super) fn creation(&self, run: &JourneyId, text: &str, created: i64) -> Commit {
        Commit::create(self.claim, run.clone(), at(created), Arc::new(Text(text.to_owned())), index(created))
    }

    /// Creates a run that looks as `change` makes it.
    pub(super) async fn create(&self, run: &str, created: i64, change: impl FnOnce(&mut Commit)) -> Revision {
        let mut commit = self.creation(&id(run), run, created);
        change(&mut commit);
        self.store.commit(commit).await.unwrap()
    }

    /// The next commit of a run, as `change` makes it.
    pub(super) async fn next(&self, run: &str, time: i64, change: impl FnOnce(&mut Commit)) -> Commit {
        let stored = self.store.load(&id(run)).await.unwrap().expect("the run is there");
        let snapshot = Arc::new(Text(text_of(&stored.snapshot)));
        let mut commit =
            Commit::update(self.claim, id(run), stored.revision, at(time), snapshot, stored.index);
        change(&mut commit);
        commit
    }

    pub(super) async fn update(&self, run: &str, time: i64, change: impl FnOnce(&mut Commit)) -> Revision {
        self.store.commit(self.next(run, time, change).await).await.unwrap()
    }

    /// Ends a run with one more event.
    pub(super) async fn end(&self, run: &str, time: i64) {
        self.update(run, time, |commit| {
            commit.index.phase = Phase::Succeeded;
            commit.index.head += 1;
            commit.events = vec![record(&id(run), commit.index.head)];
            commit.index.due = None;
            commit.index.in_motion = false;
        })
        .await;
    }

    pub(super) async fn seqs(&self, run: &str, after: u64, most: usize) -> (Vec<u64>, u64, u64) {
        let page = self.store.events(&id(run), after, limit(most)).await.unwrap().expect("the run is there");
        (page.events.iter().map(|event| event.seq).collect(), page.oldest, page.head)
    }

    /// When something is due next.
    pub(super) async fn next_due(&self) -> Option<Timestamp> {
        let first = self.store.due(Timestamp::MAX, limit(1)).await.unwrap();
        first.first().map(|run| run.due)
    }

    /// Sweeps until nothing more is removed.
    pub(super) async fn sweep_all(&self, time: i64) {
        while !self.store.sweep(at(time), limit(9)).await.unwrap().is_empty() {}
    }

    pub(super) async fn exists(&self, run: &str) -> bool {
        self.store.load(&id(run)).await.unwrap().is_some()
    }
}
