//! The same tests on the SQLite store: every run is encoded and read back, and nothing is shared with what was committed.

#![expect(clippy::unwrap_used, reason = "tests: most of this are helpers that clippy does not see as tests")]

mod engine;

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use engine::support::{self, Setup, breathe, journey, step};
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{Epoch, Event, IdempotencyKey, JourneyId, ScheduleId};
use jf_store::{
    Claim, Commit, DefinitionSource, DueRun, DueSchedule, EventPage, KeyRecord, KeyScope, ListKey, Retention,
    Revision, RunFilter, RunIndex, ScheduleChange, Store, StoreError, StoredRun, StoredSchedule, Swept,
};
use jf_store_sqlite::{SqliteConfig, SqliteStore, Synchronous};
use jf_testkit::ManualClock;
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

/// Whether a fault of the store is tried: one of five, since each needs files and threads; all are tried in memory.
const fn tries_fault(number: usize) -> bool {
    number.is_multiple_of(5)
}

/// A new and empty store.
fn store(retention: Retention) -> Arc<dyn Store> {
    let folder = tempfile::tempdir().unwrap();
    // The power does not fail in here.
    let config = SqliteConfig::new(folder.path().join("runs.db"))
        .with_synchronous(Synchronous::Normal)
        .with_retention(retention);
    Arc::new(InPlace { store: SqliteStore::open(&config).unwrap(), _folder: Some(folder) })
}

/// A payload, a result and an output whose members `serde_json` may take for something of its own: after every step everything is
/// read from the file by a store and an engine that have never seen it.
#[tokio::test]
async fn eng_101_members_may_have_any_name_in_a_file_that_is_opened_again() {
    let spec = "\
start: ask
states:
  ask: { type: wait, wait: { input: { schema: {} } }, next: call }
  call: { type: task, task: { kind: 'desk:v1' }, next: again }
  again: { type: wait, wait: { input: { schema: {} } }, next: all }
  all: { type: transform, transform: { mapper: { lang: tiny, expr: '\"=context\"' }, target: { kind: var }, resultVar: all }, next: done }
  done: { type: succeed, outputVar: all }
output: { response: { outputVar: view, schema: { type: object } } }
";
    let odd = |text: &str| json!({ "$serde_json::private::RawValue": text, "more": [{ "$serde_json::private::Number": text }] });
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::default();
    let bench = async || {
        let config = SqliteConfig::new(folder.path().join("runs.db")).with_synchronous(Synchronous::Normal);
        let store = InPlace { store: SqliteStore::open(&config).unwrap(), _folder: None };
        let mut setup = Setup::new(&[journey("odd", spec)]).store(Arc::new(store));
        setup.clock = clock.clone();
        setup.build().await
    };
    let view = json!({ "shown": odd("no JSON") });
    let first = bench().await;
    let id = first.parked("odd", json!({ "own": odd("[1]"), "view": view })).await;
    drop(first);
    breathe().await;

    let second = bench().await;
    drop(second.submit(step(&id, "ask", odd("1"))).await.unwrap());
    second.desk.next().await.done(odd("{}"));
    second.until(&id, |status| status.current_state.as_str() == "again").await;
    drop(second);
    breathe().await;

    let third = bench().await;
    drop(third.submit(step(&id, "again", odd("no JSON"))).await.unwrap());
    let outcome = third.until_ended(&id).await;
    let members = ["own", "view", "answer", "payload"].map(|name| &outcome.output[name]);
    assert_eq!(members, [&odd("[1]"), &view, &odd("{}"), &odd("no JSON")]);
    drop(third);
    breathe().await;

    let fourth = bench().await;
    assert_eq!(fourth.outcome(&id).await, outcome);
    assert_eq!(outcome.projection["shown"], odd("no JSON"));
    let events = fourth.events(&id).await;
    let Event::Outcome(last) = &events.last().unwrap().document else { panic!("the last is the outcome") };
    assert_eq!((&last.output, &last.projection), (&outcome.output, &outcome.projection), "ENG-106");
}

/// A store that is waited for in place. Virtual time stands still meanwhile, so a test that lets everything run until it has to wait
/// knows that it waits for nothing but the test.
#[derive(Debug)]
struct InPlace {
    store: SqliteStore,
    /// Goes with the store.
    _folder: Option<TempDir>,
}

/// Waits for the thread of the store, which needs no runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[async_trait]
impl Store for InPlace {
    fn is_durable(&self) -> bool {
        self.store.is_durable()
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        block_on(self.store.epoch())
    }

    async fn claim(&self) -> Result<Claim, StoreError> {
        block_on(self.store.claim())
    }

    async fn commit(&self, commit: Commit) -> Result<Revision, StoreError> {
        block_on(self.store.commit(commit))
    }

    async fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        block_on(self.store.load(run))
    }

    async fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        block_on(self.store.locate(run))
    }

    async fn events(
        &self,
        run: &JourneyId,
        after: u64,
        limit: NonZeroUsize,
    ) -> Result<Option<EventPage>, StoreError> {
        block_on(self.store.events(run, after, limit))
    }

    async fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        block_on(self.store.due(until, limit))
    }

    async fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        block_on(self.store.in_motion(after, limit))
    }

    async fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        block_on(self.store.list(filter, after, limit))
    }

    async fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        block_on(self.store.key(scope, key, now))
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, StoreError> {
        block_on(self.store.sweep(now, limit))
    }

    async fn keep_definition(
        &self,
        claim: Claim,
        identity: &DefinitionIdentity,
        source: DefinitionSource,
    ) -> Result<(), StoreError> {
        block_on(self.store.keep_definition(claim, identity, source))
    }

    async fn definition(
        &self,
        identity: &DefinitionIdentity,
    ) -> Result<Option<DefinitionSource>, StoreError> {
        block_on(self.store.definition(identity))
    }

    async fn schedule(&self, id: &ScheduleId) -> Result<Option<StoredSchedule>, StoreError> {
        block_on(self.store.schedule(id))
    }

    async fn newest_schedule(
        &self,
        identity: &ScheduleIdentity,
    ) -> Result<Option<StoredSchedule>, StoreError> {
        block_on(self.store.newest_schedule(identity))
    }

    async fn due_schedules(
        &self,
        until: Timestamp,
        limit: NonZeroUsize,
    ) -> Result<Vec<DueSchedule>, StoreError> {
        block_on(self.store.due_schedules(until, limit))
    }

    async fn scheduled_versions(&self) -> Result<Vec<DefinitionIdentity>, StoreError> {
        block_on(self.store.scheduled_versions())
    }

    async fn schedules_of(
        &self,
        definition: &DefinitionIdentity,
        suspended: bool,
        after: Option<&ScheduleId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ScheduleId>, StoreError> {
        block_on(self.store.schedules_of(definition, suspended, after, limit))
    }

    async fn change_schedule(&self, claim: Claim, change: ScheduleChange) -> Result<(), StoreError> {
        block_on(self.store.change_schedule(claim, change))
    }
}
