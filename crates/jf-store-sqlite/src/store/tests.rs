use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join_all;
use jf_core::dsl::{DefinitionName, Kind, StateId, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{JourneyId, JourneyStatus, LogDocument, Phase};
use jf_store::{
    Claim, Commit, EncodeError, KeyScope, LogRecord, Retention, Revision, RunIndex, Snapshot, Store,
    StoreErrorKind, StoredSnapshot,
};
use jiff::{SignedDuration, Timestamp};

use super::SqliteStore;
use crate::config::SqliteConfig;
use crate::open;

#[derive(Debug)]
struct Large(usize);

impl Snapshot for Large {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(vec![7; self.0])
    }
}

fn id(run: usize) -> JourneyId {
    JourneyId::parse(format!("r{run}")).unwrap()
}

fn index() -> RunIndex {
    let name = DefinitionName::parse("order").unwrap();
    let definition = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
    RunIndex::new(definition, Timestamp::UNIX_EPOCH, Phase::Running)
}

fn creation(claim: Claim, run: usize, bytes: usize) -> Commit {
    Commit::create(claim, id(run), Timestamp::UNIX_EPOCH, Arc::new(Large(bytes)), index())
}

fn log_length(path: &Path) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).map_or(0, |about| about.len())
}

#[test]
fn eng_143_a_full_disk_refuses_commits_and_nothing_of_them_happens() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("runs.db"));
    let opened = open::open(&config).unwrap();
    let pages: i64 = opened.writer.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    opened.writer.query_row(&format!("PRAGMA max_page_count = {}", pages + 40), [], |_| Ok(())).unwrap();
    let store = SqliteStore::assemble(opened, &config).unwrap();
    block_on(async {
        let claim = store.claim().await.unwrap();
        store.commit(creation(claim, 0, 1_000)).await.unwrap();
        let error = store.commit(creation(claim, 1, 1_000_000)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert_eq!(error.context().next(), Some(("reason", "the disk is full")));
        assert!(store.load(&id(1)).await.unwrap().is_none());
        // What fits is taken.
        assert_eq!(store.commit(creation(claim, 2, 1_000)).await.unwrap(), Revision::FIRST);
        assert!(store.load(&id(0)).await.unwrap().is_some() && store.load(&id(2)).await.unwrap().is_some());
    });
    drop(store);
    assert!(crate::check(&config.path).unwrap().faults.is_empty());
}

#[test]
fn commits_that_come_together_are_refused_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&SqliteConfig::new(folder.path().join("runs.db"))).unwrap();
    block_on(async {
        let claim = store.claim().await.unwrap();
        // Each run twice, all at once.
        let commits = (0..200).map(|n| store.commit(creation(claim, n / 2, 100)));
        let done = join_all(commits).await;
        for pair in done.chunks(2) {
            assert_eq!(*pair[0].as_ref().unwrap(), Revision::FIRST);
            assert_eq!(pair[1].as_ref().unwrap_err().kind(), StoreErrorKind::Exists);
        }
    });
}

#[test]
fn commits_beyond_the_queue_are_refused_without_effect() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = SqliteConfig::new(folder.path().join("runs.db"));
    config.queue = 4;
    let store = SqliteStore::open(&config).unwrap();
    block_on(async {
        let claim = store.claim().await.unwrap();
        let done = join_all((0..2_000).map(|n| store.commit(creation(claim, n, 10)))).await;
        for (run, result) in done.iter().enumerate() {
            if let Err(error) = result {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable);
            }
            assert_eq!(store.load(&id(run)).await.unwrap().is_some(), result.is_ok());
        }
        assert!(done.iter().any(Result::is_err) && done.iter().any(Result::is_ok));
    });
}

#[test]
fn the_log_of_the_database_does_not_grow_with_what_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("runs.db"));
    let store = SqliteStore::open(&config).unwrap();
    block_on(async {
        let claim = store.claim().await.unwrap();
        for round in 0..40 {
            let commits = (0..32).map(|n| store.commit(creation(claim, round * 32 + n, 60_000)));
            assert!(join_all(commits).await.iter().all(Result::is_ok));
        }
    });
    let (file, log) = (std::fs::metadata(&config.path).unwrap().len(), log_length(store.path()));
    assert!(file > 40 << 20, "it is in the file: {file}");
    assert!(log < 30 << 20, "{log}");
    drop(store);
    assert_eq!(log_length(&config.path), 0, "at the end nothing is left beside the file");
}

/// A file as a process leaves it that ends of a sudden: the first run is at its second revision with two events, the second one new.
fn left_of_a_sudden(folder: &Path) -> PathBuf {
    let mut config = SqliteConfig::new(folder.join("runs.db"));
    config.quiet = Duration::from_secs(3_600);
    let store = SqliteStore::open(&config).unwrap();
    let left = folder.join("left.db");
    block_on(async {
        let claim = store.claim().await.unwrap();
        let mut first = creation(claim, 0, 10);
        (first.index.head, first.index.in_motion) = (1, true);
        first.events = vec![event(1)];
        let mut second =
            Commit::update(claim, id(0), Revision::FIRST, first.at, Arc::new(Large(20)), first.index.clone());
        (second.index.head, second.index.phase, second.index.in_motion) = (2, Phase::Succeeded, false);
        second.events = vec![event(2)];
        store.commit(first).await.unwrap();
        store.commit(second).await.unwrap();
        store.commit(creation(claim, 1, 30)).await.unwrap();
        assert_eq!(store.fresh.len(), 2, "nothing of it is in the tables yet");
    });
    for end in ["", "-wal", "-commits"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        std::fs::copy(name(store.path()), name(&left)).unwrap();
    }
    left
}

fn event(seq: u64) -> LogRecord {
    let (state, at) = (StateId::parse(format!("s{seq}")).unwrap(), Timestamp::UNIX_EPOCH);
    let status = JourneyStatus::new(id(0), index().definition.name, Phase::Running, state, at);
    LogRecord { seq, document: LogDocument::Status(Arc::new(status)) }
}

/// What [`left_of_a_sudden`] leaves is there, and nothing else.
fn all_is_there(left: &Path) {
    let report = crate::check(left).unwrap();
    assert_eq!((report.runs, report.ended, report.events), (2, 1, 2));
    assert_eq!(report.faults, Vec::<String>::new());
    let store = SqliteStore::open(&SqliteConfig::new(left)).unwrap();
    assert!(store.fresh.is_empty());
    block_on(async {
        let stored = store.load(&id(0)).await.unwrap().unwrap();
        assert_eq!((stored.revision.get(), stored.index.phase), (2, Phase::Succeeded));
        let StoredSnapshot::Encoded(bytes) = &stored.snapshot else { panic!("it comes from the disk") };
        assert_eq!(bytes.len(), 20);
        let page = store.events(&id(0), 0, NonZeroUsize::new(9).unwrap()).await.unwrap().unwrap();
        assert_eq!(page.events, [event(1), event(2)]);
        assert_eq!(store.load(&id(1)).await.unwrap().unwrap().revision, Revision::FIRST);
    });
    drop(store);
    let again = crate::check(left).unwrap();
    assert_eq!((again.runs, again.ended, again.events, again.faults.len()), (2, 1, 2, 0));
}

#[test]
fn eng_101_what_is_in_the_journal_alone_is_there_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    all_is_there(&left_of_a_sudden(folder.path()));
}

/// A crash may come when the journal was brought to the tables, and before anything else is written.
#[test]
fn eng_101_a_journal_that_the_tables_have_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let left = left_of_a_sudden(folder.path());
    let journal = folder.path().join("left.db-commits");
    let groups = std::fs::read(&journal).unwrap();
    all_is_there(&left);
    std::fs::write(&journal, groups).unwrap();
    all_is_there(&left);
}

#[test]
fn a_backup_has_what_is_in_the_journal_alone() {
    let folder = tempfile::tempdir().unwrap();
    let left = left_of_a_sudden(folder.path());
    let copy = folder.path().join("copy.db");
    crate::backup(&left, &copy).unwrap();
    assert!(!folder.path().join("copy.db-commits").exists());
    all_is_there(&copy);
    all_is_there(&left);
}

/// Each run is committed when the one before was acknowledged, by way of the journal or of the tables: a copy has the first of them and
/// none beyond, whatever the engine does meanwhile.
#[test]
fn a_backup_beside_commits_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = SqliteConfig::new(folder.path().join("runs.db"));
    (config.gather, config.synchronous) = (5, crate::Synchronous::Normal);
    let store = SqliteStore::open(&config).unwrap();
    let claim = block_on(store.claim()).unwrap();
    let (committed, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for run in 0.. {
                let mut commit = creation(claim, run, 50);
                if run % 3 == 0 {
                    let key = jf_core::IdempotencyKey::parse(format!("{run:016}")).unwrap();
                    let record = jf_store::KeyRecord::new(id(run), jf_store::Fingerprint([0; 32]), 0);
                    commit = commit.with_key(jf_store::NewKey { scope: KeyScope::Run(id(run)), key, record });
                }
                block_on(store.commit(commit)).unwrap();
                committed.store(run + 1, Ordering::SeqCst);
                if done.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        for round in 0..12 {
            while committed.load(Ordering::SeqCst) < 7 * round {
                std::thread::yield_now();
            }
            let least = committed.load(Ordering::SeqCst);
            let copy = folder.path().join(format!("copy-{round}.db"));
            crate::backup(&config.path, &copy).unwrap();
            assert_eq!(crate::check(&copy).unwrap().faults, Vec::<String>::new());
            drop(SqliteStore::open(&SqliteConfig::new(&copy)).unwrap());
            let rows = rusqlite::Connection::open(&copy).unwrap();
            let count = |sql: &str| rows.query_row(sql, [], |row| row.get::<_, usize>(0)).unwrap();
            let (runs, last) = (
                count("SELECT count(*) FROM run"),
                count("SELECT coalesce(max(CAST(substr(journey, 2) AS INTEGER)) + 1, 0) FROM run"),
            );
            assert_eq!(runs, last, "without a hole");
            assert!(runs >= least, "{runs} of {least}");
            assert_eq!(crate::check(&config.path).unwrap().faults, Vec::<String>::new());
        }
        done.store(true, Ordering::SeqCst);
    });
}

/// A file of the third version as a process leaves it that ends of a sudden: its journal is in a table.
#[test]
fn eng_101_the_journal_of_a_file_of_the_third_version_is_brought_along() {
    let folder = tempfile::tempdir().unwrap();
    let left = left_of_a_sudden(folder.path());
    {
        let journal = std::fs::read(folder.path().join("left.db-commits")).unwrap();
        let mut rest = &*journal;
        let third = rusqlite::Connection::open(&left).unwrap();
        // What the table had are the commits of a group, without what stands before them in the file.
        while let Some(length) = rest.get(4..8).map(|length| u32::from_le_bytes(length.try_into().unwrap())) {
            let Some(group) = rest.get(24..24 + length as usize).filter(|group| !group.is_empty()) else {
                break;
            };
            third.execute("INSERT INTO journal (commits) VALUES (?1)", [group]).unwrap();
            rest = &rest[24 + group.len()..];
        }
        let back = "DELETE FROM meta WHERE name LIKE 'journal_%'; PRAGMA user_version = 3";
        third.execute_batch(back).unwrap();
    }
    std::fs::remove_file(folder.path().join("left.db-commits")).unwrap();
    assert_eq!(crate::check(&left).unwrap().version, 3);
    all_is_there(&left);
    assert_eq!(crate::check(&left).unwrap().version, crate::schema::STEPS.len());
}

#[test]
fn eng_101_a_journal_with_a_hole_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let left = left_of_a_sudden(folder.path());
    let journal = folder.path().join("left.db-commits");
    let groups = std::fs::read(&journal).unwrap();
    let first = 24 + u32::from_le_bytes(groups[4..8].try_into().unwrap()) as usize;
    std::fs::write(&journal, &groups[first..]).unwrap();
    assert_eq!(crate::check(&left).unwrap().faults.len(), 1);
    let error = SqliteStore::open(&SqliteConfig::new(&left)).unwrap_err();
    assert_eq!(error.kind(), crate::OpenErrorKind::Corrupt);
}

#[test]
fn runs_are_brought_to_the_tables_when_nothing_comes_for_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&SqliteConfig::new(folder.path().join("runs.db"))).unwrap();
    let claim = block_on(store.claim()).unwrap();
    block_on(store.commit(creation(claim, 0, 10))).unwrap();
    while !store.fresh.is_empty() {
        std::thread::yield_now();
    }
    let rows = rusqlite::Connection::open(store.path()).unwrap();
    assert_eq!(rows.query_row("SELECT count(*) FROM run", [], |row| row.get::<_, u64>(0)).unwrap(), 1);
}

/// ENG-104: runs with long logs go in several steps, so that commits get their turn.
#[test]
fn eng_104_long_logs_are_removed_a_few_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention::default().with_ended_runs(Duration::from_secs(1));
    let store =
        SqliteStore::open(&SqliteConfig::new(folder.path().join("runs.db")).with_retention(retention));
    let store = store.unwrap();
    let name = index().definition.name;
    block_on(async {
        let claim = store.claim().await.unwrap();
        for run in 0..10 {
            let mut commit = creation(claim, run, 10);
            commit.index.phase = Phase::Succeeded;
            commit.index.head = 1_000;
            let status = |seq| {
                let state = StateId::parse(format!("s{seq}")).unwrap();
                let status = JourneyStatus::new(id(run), name.clone(), Phase::Running, state, commit.at);
                LogRecord { seq, document: LogDocument::Status(Arc::new(status)) }
            };
            commit.events = (1..=1_000).map(status).collect();
            store.commit(commit).await.unwrap();
        }
        let later = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60);
        let mut steps = Vec::new();
        loop {
            let swept = store.sweep(later, NonZeroUsize::new(256).unwrap()).await.unwrap();
            if swept.is_empty() {
                break;
            }
            steps.push(swept.runs.len());
        }
        assert_eq!(steps, [5, 5]);
    });
}

/// What a file of the first version looked like: made by its own step, and filled by a store that knew no other.
#[test]
fn a_file_of_the_first_version_is_brought_up_to_date_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(folder.path().join("runs.db"));
    let columns = |connection: &rusqlite::Connection| -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let (epoch, runs) = {
        let store = SqliteStore::open(&config).unwrap();
        block_on(async {
            let claim = store.claim().await.unwrap();
            for run in 0..50 {
                store.commit(creation(claim, run, 100 * run)).await.unwrap();
            }
            (store.epoch().await.unwrap(), 50)
        })
    };
    {
        let mut first = rusqlite::Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut first, &crate::schema::STEPS[..1]).unwrap();
        let older = rusqlite::Connection::open(&config.path).unwrap();
        let back = "DROP TABLE schedule; DROP TABLE journal; DELETE FROM meta WHERE name LIKE 'journal_%'; PRAGMA user_version = 1";
        older.execute_batch(back).unwrap();
        std::fs::remove_file(folder.path().join("runs.db-commits")).unwrap();
        assert_eq!(columns(&older), columns(&first), "the first version, to the letter");
    }
    // It can be looked at as it is, without being changed.
    let report = crate::check(&config.path).unwrap();
    assert_eq!((report.version, report.runs, report.faults.len()), (1, runs, 0));

    let store = SqliteStore::open(&config).unwrap();
    block_on(async {
        assert_eq!(store.epoch().await.unwrap(), epoch, "ENG-108: nothing is lost");
        let claim = store.claim().await.unwrap();
        for run in 0..50 {
            let stored = store.load(&id(run)).await.unwrap().expect("it is there");
            assert_eq!(stored.revision, Revision::FIRST);
        }
        let identity = jf_core::spi::ScheduleIdentity {
            definition: index().definition,
            subject: None,
            start: StateId::parse("s").unwrap(),
        };
        let name = jf_core::ScheduleId::parse("r1.1").unwrap();
        let index = jf_store::ScheduleIndex::new(identity.clone());
        let change = jf_store::ScheduleChange::add(name.clone(), index, Arc::new(Large(9)), true);
        store.change_schedule(claim, change).await.unwrap();
        assert_eq!(store.newest_schedule(&identity).await.unwrap().map(|found| found.id), Some(name));
    });
    assert_eq!(crate::check(&config.path).unwrap().version, crate::schema::STEPS.len());
}
