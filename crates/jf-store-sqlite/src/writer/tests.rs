//! Writes that are reported as failed, with and without having happened: of the journal, and of the tables.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use futures::channel::oneshot;
use futures::executor::block_on;
use jf_core::Phase;
use jf_core::dsl::{DefinitionName, Kind, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{IdempotencyKey, JourneyId};
use jf_store::{
    Claim, Commit, EncodeError, Fingerprint, KeyRecord, KeyScope, NewKey, Retention, RunIndex, Snapshot,
    Store, StoreErrorKind,
};
use jiff::Timestamp;
use rusqlite::ffi;
use rusqlite::hooks::Wal;

use super::checkpoint::Checkpoints;
use super::group::Waiting;
use super::{Encoded, Job, WriterThread};
use crate::config::SqliteConfig;
use crate::definitions::{Definitions, Numbers};
use crate::journal::Medium;
use crate::store::SqliteStore;
use crate::{check, open};

#[derive(Debug)]
struct Nothing;

impl Snapshot for Nothing {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(Vec::new())
    }
}

/// The way a commit takes.
#[derive(Clone, Copy)]
enum Way {
    Journal,
    Tables,
}

fn creation(claim: Claim, run: &str, way: Way) -> Box<Encoded> {
    let name = DefinitionName::parse("order").unwrap();
    let definition = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
    let now = Timestamp::UNIX_EPOCH;
    let index = RunIndex::new(definition, now, Phase::Running);
    let id = JourneyId::parse(run).unwrap();
    let mut commit = Commit::create(claim, id.clone(), now, Arc::new(Nothing), index);
    if matches!(way, Way::Tables) {
        let (scope, key) = (KeyScope::Run(id.clone()), IdempotencyKey::parse("0123456789abcdef").unwrap());
        let record = KeyRecord::new(id, Fingerprint([0; 32]), 0);
        commit = commit.with_key(NewKey { scope, key, record });
    }
    Box::new(Encoded::new(commit).unwrap())
}

/// A writing thread that is driven by the test, and whose next commits fail as `break_it` makes them.
fn commits_while_broken(
    path: &Path,
    way: Way,
    break_it: impl FnOnce(WriterThread, Arc<AtomicBool>) -> WriterThread,
) {
    let config = SqliteConfig::new(path);
    let mut opened = open::open(&config).unwrap();
    let checkpoints = Checkpoints::start(&mut opened.writer, open::open_helper(path, &config).unwrap());
    let (jobs, received) = sync_channel(9);
    let mut thread = WriterThread {
        connection: opened.writer,
        definitions: Arc::new(Definitions::default()),
        numbers: Numbers::default(),
        fresh: Arc::default(),
        retention: Retention::default(),
        gather: config.gather,
        quiet: config.quiet,
        journal: opened.journal,
        claim: None,
        jobs: received,
        next: None,
        groups: Arc::default(),
        checkpoints,
        broken: false,
    };
    let claim = thread.transaction(|thread| thread.claim()).unwrap();
    let commit = |thread: &mut WriterThread, runs: [&str; 2]| {
        let (reply, first) = oneshot::channel();
        let (later, second) = oneshot::channel();
        jobs.send(Job::Commit(creation(claim, runs[1], way), later)).unwrap();
        thread.group(Waiting { encoded: creation(claim, runs[0], way), reply });
        [first, second].map(|answer| block_on(answer).map(|answer| answer.map_err(|error| error.kind())))
    };
    assert!(commit(&mut thread, ["r1", "r2"]).iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    let failing = Arc::new(AtomicBool::new(true));
    let mut thread = break_it(thread, Arc::clone(&failing));
    for answer in commit(&mut thread, ["r3", "r4"]) {
        assert_eq!(answer, Ok(Err(StoreErrorKind::FateUnknown)), "both shared the write");
    }
    // Whatever was the matter is over; what is on the disk is still known to nobody.
    failing.store(false, Ordering::Relaxed);
    for way in [Way::Journal, Way::Tables] {
        let (reply, refused) = oneshot::channel();
        thread.group(Waiting { encoded: creation(claim, "r5", way), reply });
        let refused = block_on(refused).unwrap().unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
        assert!(refused.to_string().contains("must be opened anew"), "{refused}");
    }
}

fn left_in(path: &Path) -> Vec<&'static str> {
    assert!(check(path).unwrap().faults.is_empty());
    let store = SqliteStore::open(&SqliteConfig::new(path)).unwrap();
    let is_there = |run: &&str| block_on(store.load(&JourneyId::parse(*run).unwrap())).unwrap().is_some();
    ["r1", "r2", "r3", "r4", "r5"].into_iter().filter(is_there).collect()
}

/// A journal that cannot be made durable, and may forget what it was given since.
#[derive(Debug)]
struct Forgetful {
    medium: Box<dyn Medium>,
    failing: Arc<AtomicBool>,
    forgets: bool,
}

impl Medium for Forgetful {
    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.forgets && self.failing.load(Ordering::Relaxed) {
            Ok(())
        } else {
            self.medium.write(at, bytes)
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.failing.load(Ordering::Relaxed) {
            Err(io::ErrorKind::Other.into())
        } else {
            self.medium.sync()
        }
    }
}

#[test]
fn eng_143_a_commit_that_did_not_happen_is_of_unknown_fate_until_the_file_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    commits_while_broken(&path, Way::Tables, |mut thread, failing| {
        // Turns the commit into the opposite, and SQLite reports that it failed.
        thread.connection.commit_hook(Some(move || failing.load(Ordering::Relaxed))).unwrap();
        thread
    });
    assert_eq!(left_in(&path), ["r1", "r2"]);
    let path = folder.path().join("others.db");
    commits_while_broken(&path, Way::Journal, |mut thread, failing| {
        thread.journal = thread.journal.over(|medium| Box::new(Forgetful { medium, failing, forgets: true }));
        thread
    });
    assert_eq!(left_in(&path), ["r1", "r2"]);
}

#[test]
fn eng_143_a_commit_that_happened_and_was_reported_as_failed_is_there_when_the_file_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    commits_while_broken(&path, Way::Tables, |mut thread, failing| {
        // Called when everything is in the log: SQLite reports the error, and the commit has happened.
        let hook = move |_: &mut Wal, _: i32| match failing.load(Ordering::Relaxed) {
            true => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None)),
            false => Ok(()),
        };
        thread.connection.wal_hook(Some(hook)).unwrap();
        thread
    });
    assert_eq!(left_in(&path), ["r1", "r2", "r3", "r4"]);
    let path = folder.path().join("others.db");
    commits_while_broken(&path, Way::Journal, |mut thread, failing| {
        thread.journal =
            thread.journal.over(|medium| Box::new(Forgetful { medium, failing, forgets: false }));
        thread
    });
    assert_eq!(left_in(&path), ["r1", "r2", "r3", "r4"]);
}
