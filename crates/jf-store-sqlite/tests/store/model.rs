//! The store in a file against the one in memory: the same operations give the same answers, however often the file is opened anew.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::support::Folder;
use futures::executor::block_on;
use futures::future::join_all;
use jf_core::dsl::{DefinitionName, Kind, StateId, Version};
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{IdempotencyKey, JourneyId, JourneyOutcome, JourneyStatus, LogDocument, Phase, ScheduleId};
use jf_store::{
    Claim, Commit, EncodeError, Fingerprint, KeyRecord, KeyScope, ListKey, LogRecord, MemoryStore, NewKey,
    NewRun, OutboxEntry, Retention, Revision, RunFilter, RunIndex, ScheduleChange, ScheduleIndex, Snapshot,
    Store, StoreErrorKind, StoredSnapshot, Swept,
};
use jf_store_sqlite::{SqliteConfig, SqliteStore, backup, check};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, TestCaseError, any, proptest};
use proptest::{option, prop_assert, prop_assert_eq, prop_oneof};

#[derive(Debug)]
struct Bytes(Vec<u8>);

impl Snapshot for Bytes {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(self.0.clone())
    }
}

/// One commit as chance has it. Numbers are small, so that things meet.
#[derive(Debug, Clone)]
struct Change {
    run: u8,
    /// Added to the expected revision.
    ahead: u8,
    stale_claim: bool,
    create_again: bool,
    events: u8,
    hole: bool,
    due: Option<u8>,
    in_motion: bool,
    ends: bool,
    compensation: bool,
    attribute: bool,
    start_key: Option<u8>,
    run_key: Option<u8>,
    snapshot: Vec<u8>,
    beyond: Beyond,
}

/// What it does beyond its run.
#[derive(Debug, Clone)]
struct Beyond {
    creates: Vec<u8>,
    wakes: Vec<u8>,
    schedules: Vec<ScheduleTurn>,
}

/// A change of one of a few schedules.
#[derive(Debug, Clone)]
struct ScheduleTurn {
    schedule: u8,
    /// 0 adds, 1 replaces, 2 removes.
    what: u8,
    stale: bool,
    due: Option<u8>,
    suspended: bool,
    sole: bool,
}

fn schedule_turn() -> impl Strategy<Value = ScheduleTurn> {
    let flags = (proptest::bool::weighted(0.1), any::<bool>(), any::<bool>());
    (0_u8..5, 0_u8..3, option::of(0_u8..30), flags).prop_map(
        |(schedule, what, due, (stale, suspended, sole))| ScheduleTurn {
            schedule,
            what,
            stale,
            due,
            suspended,
            sole,
        },
    )
}

fn schedule_id(schedule: u8) -> ScheduleId {
    ScheduleId::parse(format!("s{schedule}")).unwrap()
}

/// Some schedules are of one identity.
fn schedule_identity(schedule: u8) -> ScheduleIdentity {
    let subject = (schedule == 4).then(|| "ann".into());
    ScheduleIdentity { definition: identity(schedule / 2), subject, start: StateId::parse("s").unwrap() }
}

impl ScheduleTurn {
    /// As `store` stands.
    fn change(&self, store: &dyn Store) -> ScheduleChange {
        let id = schedule_id(self.schedule);
        let mut index = ScheduleIndex::new(schedule_identity(self.schedule));
        index.due = self.due.map(|due| at(i64::from(due)));
        index.suspended = self.suspended;
        let snapshot = Arc::new(Bytes(vec![self.schedule, self.what]));
        let present = block_on(store.schedule(&id)).unwrap();
        let revision = present.map_or(Revision::FIRST, |present| present.revision);
        let expected = if self.stale { revision.next() } else { revision };
        match self.what {
            0 => ScheduleChange::add(id, index, snapshot, self.sole),
            1 => ScheduleChange::replace(id, expected, index, snapshot),
            _ => ScheduleChange::remove(id, expected),
        }
    }
}

#[derive(Debug, Clone)]
enum Operation {
    /// Commits that are sent together; the store may take several in one transaction.
    Commits(Vec<Change>),
    Schedule(ScheduleTurn),
    Sweep {
        seconds: u16,
        limit: u8,
    },
    Claim,
    Reopen,
    /// The process is killed.
    Kill,
    /// The file is looked at and copied while it is in use.
    Inspect,
}

fn change() -> impl Strategy<Value = Change> {
    let rarely = || proptest::bool::weighted(0.05);
    let how = (0_u8..8, prop_oneof![19 => 0..1_u8, 1 => 1..3_u8], rarely(), rarely(), 0_u8..4, rarely());
    let what =
        (option::of(0_u8..30), any::<bool>(), proptest::bool::weighted(0.3), any::<bool>(), any::<bool>());
    let keys = (option::weighted(0.2, 0_u8..3), option::weighted(0.2, 0_u8..3), vec(any::<u8>(), 0..6000));
    // Two thirds touch nothing but their run.
    let few = |most: usize| prop_oneof![2 => 0..=0_usize, 1 => 0..=most];
    let beyond = (few(2), few(3), few(2)).prop_flat_map(|(creates, wakes, schedules)| {
        (vec(0_u8..8, creates), vec(0_u8..8, wakes), vec(schedule_turn(), schedules))
    });
    let beyond = beyond.prop_map(|(creates, wakes, schedules)| Beyond { creates, wakes, schedules });
    (how, what, keys, beyond).prop_map(
        |(
            (run, ahead, stale_claim, create_again, events, hole),
            (due, in_motion, ends, compensation, attribute),
            (start_key, run_key, snapshot),
            beyond,
        )| Change {
            run,
            ahead,
            stale_claim,
            create_again,
            events,
            hole,
            due,
            in_motion,
            ends,
            compensation,
            attribute,
            start_key,
            run_key,
            snapshot,
            beyond,
        },
    )
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        20 => vec(change(), 1..6).prop_map(Operation::Commits),
        6 => schedule_turn().prop_map(Operation::Schedule),
        4 => (0_u16..300, 1_u8..5).prop_map(|(seconds, limit)| Operation::Sweep { seconds, limit }),
        1 => proptest::strategy::Just(Operation::Claim),
        2 => proptest::strategy::Just(Operation::Reopen),
        3 => proptest::strategy::Just(Operation::Kill),
        1 => proptest::strategy::Just(Operation::Inspect),
    ]
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn id(run: u8) -> JourneyId {
    JourneyId::parse(format!("r{run}")).unwrap()
}

fn identity(run: u8) -> DefinitionIdentity {
    let name = DefinitionName::parse(if run.is_multiple_of(2) { "order" } else { "loan" }).unwrap();
    DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, u64::from(run % 3), 0) }
}

fn document(run: u8, index: &RunIndex, seq: u64, outcome: bool) -> LogDocument {
    let name = index.definition.name.clone();
    if outcome {
        let mut outcome =
            JourneyOutcome::new(id(run), name, index.phase, "DONE", serde_json::json!({ "seq": seq }));
        outcome.tags = index.tags.to_vec();
        outcome.attributes = (*index.attributes).clone();
        return LogDocument::Outcome(Arc::new(outcome));
    }
    let state = StateId::parse(format!("s{seq}")).unwrap();
    let mut status = JourneyStatus::new(id(run), name, Phase::Running, state, at(seq.cast_signed()));
    status.tags = index.tags.to_vec();
    LogDocument::Status(Arc::new(status))
}

/// Both stores, with the claims that an engine holds on them.
struct Pair {
    config: SqliteConfig,
    file: Option<SqliteStore>,
    memory: MemoryStore,
    claims: (Claim, Claim),
    time: i64,
    /// Files so far.
    files: usize,
}

impl Pair {
    fn new(folder: &Folder, gather: usize) -> Self {
        let retention = Retention::default()
            .with_events(5)
            .with_ended_runs(Duration::from_secs(100))
            .with_events_after_end(Duration::from_secs(40));
        let mut config = SqliteConfig::new(folder.file()).with_retention(retention);
        config.gather = gather;
        // What is brought to its place is brought there by an operation, not by a moment of rest.
        config.quiet = Duration::from_secs(3_600);
        let file = SqliteStore::open(&config).unwrap();
        let memory = MemoryStore::with_retention(retention);
        let claims = block_on(async { (file.claim().await.unwrap(), memory.claim().await.unwrap()) });
        Self { config, file: Some(file), memory, claims, time: 0, files: 1 }
    }

    fn file(&self) -> &SqliteStore {
        self.file.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.file = None;
        self.file = Some(SqliteStore::open(&self.config).unwrap());
    }

    /// The name of a further file beside the first.
    fn further(&mut self) -> PathBuf {
        self.files += 1;
        self.config.path.with_file_name(format!("runs-{}.db", self.files))
    }

    /// Goes on with what the disk has at this moment.
    fn kill(&mut self) {
        let after = self.further();
        for ending in ["", "-wal", "-commits"] {
            let with = |path: &Path| {
                let mut name = path.as_os_str().to_owned();
                name.push(ending);
                PathBuf::from(name)
            };
            fs::copy(with(&self.config.path), with(&after)).unwrap();
        }
        self.config.path = after;
        self.reopen();
    }

    /// Whether the file is whole as it stands, and a copy says the same.
    fn inspect(&mut self, page: NonZeroUsize) -> Result<(), TestCaseError> {
        let report = check(self.file().path()).unwrap();
        prop_assert!(report.faults.is_empty(), "{:?}", report.faults);
        prop_assert_eq!(report.runs, self.memory.len() as u64);
        prop_assert_eq!(report.runs - report.ended, self.memory.live_runs() as u64);
        let mut config = self.config.clone();
        config.path = self.further();
        backup(self.file().path(), &config.path).unwrap();
        let copy = SqliteStore::open(&config).unwrap();
        let now = at(self.time);
        prop_assert_eq!(block_on(view(&copy, now, page)), block_on(view(&self.memory, now, page)));
        Ok(())
    }

    /// Commits to the store in memory; gives the commit for the file, and what came of it.
    fn commit(&mut self, change: &Change) -> (Commit, Result<Revision, StoreErrorKind>) {
        self.time += 1;
        let (now, run) = (at(self.time), id(change.run));
        let before = block_on(self.memory.load(&run)).unwrap();
        let mut index = before.as_ref().map_or_else(
            || {
                let mut index = RunIndex::new(identity(change.run), now, Phase::Running);
                index.tags = (0..change.run % 3).map(|tag| format!("t{tag}")).collect();
                index
            },
            |stored| stored.index.clone(),
        );
        let was_final = index.phase.is_final();
        if change.ends && !was_final {
            index.phase = if change.in_motion { Phase::Succeeded } else { Phase::Failed };
        }
        if change.attribute && index.attributes.len() < 2 {
            let mut attributes = (*index.attributes).clone();
            attributes.insert(format!("a{}", attributes.len()), format!("{}", change.run % 2));
            index.attributes = attributes.into();
        }
        index.due = change.due.map(|due| at(i64::from(due)));
        index.in_motion = change.in_motion;
        index.compensation = change.compensation;
        let first = index.head + 1 + u64::from(change.hole);
        // Nothing follows the outcome (ENG-106).
        let count = if was_final { 0 } else { u64::from(change.events) };
        let seqs = first..first + count;
        index.head += count;
        let outcome = |seq| index.phase.is_final() && seq == index.head;
        let events: Vec<_> = seqs
            .map(|seq| LogRecord { seq, document: document(change.run, &index, seq, outcome(seq)) })
            .collect();
        let mut keys = Vec::new();
        if let Some(key) = change.run_key {
            let record = KeyRecord::new(run.clone(), Fingerprint([key; 32]), index.head);
            keys.push(NewKey { scope: KeyScope::Run(run.clone()), key: name(key), record });
        }
        if let Some(key) = change.start_key {
            let record = KeyRecord::new(run.clone(), Fingerprint([key; 32]), index.head)
                .with_target(Some("wait".into()))
                .with_kept_until(at(self.time + 20));
            keys.push(NewKey { scope: start_scope(key), key: name(key), record });
        }
        let mut outbox = Vec::new();
        for new in change.beyond.creates.iter().copied() {
            let mut index = RunIndex::new(identity(new), now, Phase::Running);
            index.head = 2;
            index.compensation = true;
            let events = (1..=2).map(|seq| LogRecord { seq, document: document(new, &index, seq, false) });
            let snapshot = Arc::new(Bytes(vec![new; 9]));
            let new = NewRun::new(id(new), snapshot, index.clone(), events.collect());
            outbox.push(OutboxEntry::Create(Box::new(new)));
        }
        outbox.extend(change.beyond.wakes.iter().map(|run| OutboxEntry::Wake(id(*run))));
        let turns = change.beyond.schedules.iter();
        outbox.extend(turns.map(|turn| OutboxEntry::Schedule(turn.change(&self.memory))));
        let commit = |claim: Claim, expected: Option<Revision>| {
            let claim = if change.stale_claim { Claim::new(0) } else { claim };
            let snapshot = Arc::new(Bytes(change.snapshot.clone()));
            let mut commit = match expected {
                None => Commit::create(claim, run.clone(), now, snapshot, index.clone()),
                Some(revision) => Commit::update(claim, run.clone(), revision, now, snapshot, index.clone()),
            };
            commit.events.clone_from(&events);
            commit.keys.clone_from(&keys);
            commit.outbox.clone_from(&outbox);
            commit
        };
        let expected = before
            .filter(|_| !change.create_again)
            .and_then(|stored| Revision::new(stored.revision.get() + u64::from(change.ahead)));
        let memory = block_on(self.memory.commit(commit(self.claims.1, expected)));
        (commit(self.claims.0, expected), memory.map_err(|error| error.kind()))
    }
}

fn name(key: u8) -> IdempotencyKey {
    IdempotencyKey::parse(format!("{key:016}")).unwrap()
}

fn start_scope(key: u8) -> KeyScope {
    KeyScope::Start { principal: (key == 1).then(|| "p".into()), journey: "order".into() }
}

fn bytes_of(snapshot: &StoredSnapshot) -> Vec<u8> {
    match snapshot {
        StoredSnapshot::Live(live) => live.encode().unwrap(),
        StoredSnapshot::Encoded(bytes) => bytes.to_vec(),
    }
}

const MANY: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// What can be asked without a list, as text.
async fn look_at(store: &dyn Store, run: u8, now: Timestamp, page: NonZeroUsize) -> Vec<String> {
    let loaded = store.load(&id(run)).await.unwrap();
    let loaded = loaded.map(|stored| (stored.revision, stored.index, bytes_of(&stored.snapshot)));
    let mut view = vec![format!("{loaded:?} {:?}", store.locate(&id(run)).await.unwrap())];
    for after in [0, 3] {
        view.push(format!("{:?}", store.events(&id(run), after, page).await.unwrap()));
    }
    view.push(format!("{:?}", store.key(&KeyScope::Run(id(run)), &name(run % 3), now).await.unwrap()));
    view.push(format!("{:?}", store.due(at(15), page).await.unwrap()));
    view.push(format!("{:?}", store.in_motion(Some(&id(2)), page).await.unwrap()));
    view
}

/// Everything that can be asked, as text.
async fn view(store: &dyn Store, now: Timestamp, page: NonZeroUsize) -> Vec<String> {
    let mut view = Vec::new();
    for run in 0..8 {
        let loaded = store.load(&id(run)).await.unwrap();
        let loaded =
            loaded.map(|stored| (stored.run, stored.revision, stored.index, bytes_of(&stored.snapshot)));
        view.push(format!("{loaded:?} {:?}", store.locate(&id(run)).await.unwrap()));
        for after in [0, 3] {
            view.push(format!("{:?}", store.events(&id(run), after, page).await.unwrap()));
        }
        for key in 0..3 {
            let found = store.key(&KeyScope::Run(id(run)), &name(key), now).await.unwrap();
            view.push(format!("{found:?}"));
        }
    }
    for key in 0..3 {
        view.push(format!("{:?}", store.key(&start_scope(key), &name(key), now).await.unwrap()));
    }
    view.push(format!("{:?}", store.due(at(15), page).await.unwrap()));
    view.push(format!("{:?}", store.due(Timestamp::MAX, MANY).await.unwrap()));
    for schedule in 0..5 {
        let stored = store.schedule(&schedule_id(schedule)).await.unwrap();
        let stored = stored.map(|at| (at.id, at.revision, at.index, bytes_of(&at.snapshot)));
        let newest = store.newest_schedule(&schedule_identity(schedule)).await.unwrap();
        view.push(format!("{stored:?} {:?}", newest.map(|newest| newest.id)));
    }
    view.push(format!("{:?}", store.due_schedules(at(15), page).await.unwrap()));
    view.push(format!("{:?}", store.due_schedules(Timestamp::MAX, MANY).await.unwrap()));
    let mut versions = store.scheduled_versions().await.unwrap();
    versions.sort_by_key(|version| format!("{version:?}"));
    for version in &versions {
        for suspended in [false, true] {
            let after = schedule_id(1);
            view.push(format!("{:?}", store.schedules_of(version, suspended, None, page).await.unwrap()));
            view.push(format!(
                "{:?}",
                store.schedules_of(version, suspended, Some(&after), MANY).await.unwrap()
            ));
        }
    }
    view.push(format!("{versions:?}"));
    view.push(format!("{:?}", store.in_motion(None, page).await.unwrap()));
    view.push(format!("{:?}", store.in_motion(Some(&id(2)), MANY).await.unwrap()));
    for filter in filters() {
        let mut listed: Vec<ListKey> = Vec::new();
        loop {
            let runs = store.list(&filter, listed.last(), page).await.unwrap();
            let found =
                runs.iter().map(|stored| (stored.revision, stored.index.clone(), bytes_of(&stored.snapshot)));
            view.extend(found.map(|found| format!("{found:?}")));
            if runs.is_empty() {
                break;
            }
            listed.extend(
                runs.into_iter().map(|stored| ListKey { created: stored.index.created, run: stored.run }),
            );
        }
        view.push(format!("{listed:?}"));
    }
    view
}

fn filters() -> Vec<RunFilter> {
    let mut filters = Vec::new();
    for journey in [None, Some("order".to_owned())] {
        for phase in [None, Some(Phase::Running), Some(Phase::Failed)] {
            for (tags, attributes) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 2)] {
                let mut filter = RunFilter::default();
                filter.journey.clone_from(&journey);
                filter.phase = phase;
                filter.tags = (0..tags).map(|tag| format!("t{tag}")).collect();
                filter.attributes =
                    (0..attributes).map(|name| (format!("a{name}"), "1".to_owned())).collect();
                filter.include_compensation = tags == 0;
                filters.push(filter);
            }
        }
    }
    filters
}

/// What several sweeps removed.
#[derive(Debug, Default, PartialEq)]
struct Removed {
    runs: Vec<JourneyId>,
    keys: usize,
}

impl Removed {
    fn add(&mut self, swept: Swept) {
        self.runs.extend(swept.runs);
        self.keys += swept.keys;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// ENG-100 to ENG-109, ENG-138: every answer is the one of the store in memory, and the file stays whole.
    #[test]
    fn a_file_answers_as_memory_does(
        operations in vec(operation(), 1..60),
        page in 1_usize..4,
        gather in 0_usize..10,
        look in any::<bool>(),
    ) {
        let folder = Folder::new();
        let mut pair = Pair::new(&folder, gather);
        let page = NonZeroUsize::new(page).unwrap();
        for operation in &operations {
            match operation {
                Operation::Commits(changes) => {
                    let (commits, memory): (Vec<_>, Vec<_>) = changes.iter().map(|change| pair.commit(change)).unzip();
                    let file = block_on(join_all(commits.into_iter().map(|commit| pair.file().commit(commit))));
                    let file: Vec<_> = file.into_iter().map(|done| done.map_err(|error| error.kind())).collect();
                    prop_assert_eq!(file, memory, "{:?}", changes);
                    if look {
                        // Runs that are ahead of their rows look no different, and looking changes nothing.
                        let now = at(pair.time);
                        for change in changes {
                            let memory = block_on(look_at(&pair.memory, change.run, now, page));
                            prop_assert_eq!(block_on(look_at(pair.file(), change.run, now, page)), memory);
                        }
                    }
                }
                Operation::Schedule(turn) => {
                    let change = || turn.change(&pair.memory);
                    let file = block_on(pair.file().change_schedule(pair.claims.0, change()));
                    let memory = block_on(pair.memory.change_schedule(pair.claims.1, change()));
                    prop_assert_eq!(file.map_err(|error| error.kind()), memory.map_err(|error| error.kind()));
                }
                Operation::Sweep { seconds, limit } => {
                    let now = at(pair.time + i64::from(*seconds));
                    let limit = NonZeroUsize::new(usize::from(*limit)).unwrap();
                    // How much one call removes is about `limit`; what all of them remove is the same.
                    let (mut file, mut memory) = (Removed::default(), Removed::default());
                    for _ in 0..operations.len() {
                        file.add(block_on(pair.file().sweep(now, limit)).unwrap());
                        memory.add(block_on(pair.memory.sweep(now, limit)).unwrap());
                    }
                    prop_assert_eq!(file, memory);
                }
                Operation::Claim => {
                    pair.claims = block_on(async {
                        (pair.file().claim().await.unwrap(), pair.memory.claim().await.unwrap())
                    });
                }
                Operation::Reopen => pair.reopen(),
                Operation::Kill => pair.kill(),
                Operation::Inspect => pair.inspect(page)?,
            }
        }
        let now = at(pair.time);
        let memory = block_on(view(&pair.memory, now, page));
        prop_assert_eq!(&block_on(view(pair.file(), now, page)), &memory);
        pair.reopen();
        prop_assert_eq!(&block_on(view(pair.file(), now, page)), &memory);
        let report = check(pair.file().path()).unwrap();
        prop_assert!(report.faults.is_empty(), "{:?}", report.faults);
    }
}
