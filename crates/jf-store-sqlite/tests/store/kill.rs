//! A process that commits is killed at any moment: what was acknowledged is there, and nothing is there by half.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::support::Folder;
use futures::executor::block_on;
use futures::future::join_all;
use jf_core::dsl::{DefinitionName, Kind, StateId, Version};
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_core::{IdempotencyKey, JourneyId, JourneyStatus, LogDocument, Phase, ScheduleId};
use jf_store::{
    Claim, Commit, EncodeError, Fingerprint, KeyRecord, KeyScope, LogRecord, NewKey, NewRun, OutboxEntry,
    Revision, RunIndex, ScheduleChange, ScheduleIndex, Snapshot, Store, StoredSnapshot,
};
use jf_store_sqlite::{SqliteConfig, SqliteStore, check};
use jiff::Timestamp;

/// Tells the process that it is the one to be killed, and where it commits.
const COMMIT_INTO: &str = "JF_TEST_COMMIT_INTO";

/// Commits that are under way at the same time.
const AT_ONCE: usize = 12;

/// Commits of a run.
const REVISIONS: u64 = 6;

#[derive(Debug)]
struct Text(String);

impl Snapshot for Text {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(self.0.clone().into_bytes())
    }
}

fn text(run: &JourneyId, revision: u64) -> String {
    format!("{run} at {revision}. ").repeat(40)
}

fn key(revision: u64) -> IdempotencyKey {
    IdempotencyKey::parse(format!("{revision:016}")).unwrap()
}

/// The run that the first commit of another one creates.
fn companion(run: &JourneyId) -> JourneyId {
    JourneyId::parse(format!("{run}-c")).unwrap()
}

fn schedule(run: &JourneyId) -> ScheduleId {
    ScheduleId::parse(run.as_str()).unwrap()
}

fn identity() -> DefinitionIdentity {
    let name = DefinitionName::parse("order").unwrap();
    DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) }
}

fn addition(run: &JourneyId) -> ScheduleChange {
    let (subject, start) = (Some(run.as_str().into()), StateId::parse("s").unwrap());
    let index = ScheduleIndex::new(ScheduleIdentity { definition: identity(), subject, start });
    ScheduleChange::add(schedule(run), index, Arc::new(Text(text(run, 1))), true)
}

fn commit(claim: Claim, run: &JourneyId, revision: u64) -> Commit {
    let at = Timestamp::from_second(1_767_225_600).unwrap();
    let definition = identity();
    let ended = revision == REVISIONS;
    let mut index = RunIndex::new(definition, at, if ended { Phase::Succeeded } else { Phase::Running });
    index.head = 2 * revision;
    index.in_motion = revision.is_multiple_of(2);
    index.due = (!ended).then_some(at);
    let name = index.definition.name.clone();
    let events = (2 * revision - 1..=2 * revision).map(|seq| {
        let state = StateId::parse(format!("s{seq}")).unwrap();
        let status = JourneyStatus::new(run.clone(), name.clone(), index.phase, state, at);
        LogRecord { seq, document: LogDocument::Status(Arc::new(status)) }
    });
    let events = events.collect();
    let snapshot = Arc::new(Text(text(run, revision)));
    let commit = match Revision::new(revision - 1) {
        None => Commit::create(claim, run.clone(), at, snapshot, index),
        Some(before) => Commit::update(claim, run.clone(), before, at, snapshot, index),
    };
    // With the second commit another run and a schedule come, with the last one the schedule goes and the other run is woken.
    let outbox = if revision == 2 {
        let mut index = RunIndex::new(identity(), at, Phase::Running);
        index.head = 1;
        let other = companion(run);
        let state = StateId::parse("s").unwrap();
        let status = JourneyStatus::new(other.clone(), index.definition.name.clone(), index.phase, state, at);
        let first = vec![LogRecord { seq: 1, document: LogDocument::Status(Arc::new(status)) }];
        let new = NewRun::new(other, Arc::new(Text(text(run, 1))), index, first);
        vec![OutboxEntry::Create(Box::new(new)), OutboxEntry::Schedule(addition(run))]
    } else if ended {
        let removal = ScheduleChange::remove(schedule(run), Revision::FIRST);
        vec![OutboxEntry::Wake(companion(run)), OutboxEntry::Schedule(removal)]
    } else {
        Vec::new()
    };
    let commit = outbox.into_iter().fold(commit.with_events(events), Commit::with_outbox);
    if !is_keyed(revision) {
        return commit;
    }
    let record = KeyRecord::new(run.clone(), Fingerprint([0; 32]), 2 * revision);
    commit.with_key(NewKey { scope: KeyScope::Run(run.clone()), key: key(revision), record })
}

/// Some commits go through the journal, some to the tables at once, in any order.
fn is_keyed(revision: u64) -> bool {
    revision == 3 || revision == 6
}

/// What the process to be killed does: it tells each commit that was acknowledged.
fn commit_until_killed(path: &Path) -> ! {
    let store = SqliteStore::open(&SqliteConfig::new(path)).unwrap();
    block_on(async {
        let claim = store.claim().await.unwrap();
        let committing = (0..AT_ONCE).map(|_| async {
            loop {
                let run = JourneyId::random();
                for revision in 1..=REVISIONS {
                    store.commit(commit(claim, &run, revision)).await.unwrap();
                    let line = format!("ack {run} {revision}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            }
        });
        join_all(committing.collect::<Vec<_>>()).await;
    });
    unreachable!("it commits until it is killed")
}

/// Everything that was acknowledged in the whole test: the last revision of each run.
type Acknowledged = BTreeMap<String, u64>;

fn commit_and_kill(path: &Path, commits: usize, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::eng_101_what_was_acknowledged_survives_a_kill", "--nocapture"])
        .env(COMMIT_INTO, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut seen = 0;
    for line in lines {
        let mut words = line.split(' ');
        if words.next() != Some("ack") {
            continue;
        }
        let (run, revision) = (words.next().unwrap(), words.next().unwrap().parse().unwrap());
        acknowledged.insert(run.to_owned(), revision);
        seen += 1;
        if seen == commits {
            // What it had told before it died is read to the end.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= commits, "it ended by itself after {seen} commits");
}

fn verify(path: &Path, acknowledged: &Acknowledged) {
    let report = check(path).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    let store = SqliteStore::open(&SqliteConfig::new(path)).unwrap();
    block_on(async {
        for (run, told) in acknowledged {
            let run = JourneyId::parse(run).unwrap();
            let stored = store.load(&run).await.unwrap().unwrap_or_else(|| panic!("{run} is lost at {told}"));
            let revision = stored.revision.get();
            // The one after it may have been written and not told.
            assert!((*told..=told + 1).contains(&revision), "{run}: {revision} instead of {told}");
            let StoredSnapshot::Encoded(bytes) = &stored.snapshot else { panic!("it comes from the disk") };
            assert_eq!(**bytes, *text(&run, revision).into_bytes());
            let wanted = commit(Claim::new(0), &run, revision);
            assert_eq!(stored.index, wanted.index);
            let page = store.events(&run, 0, NonZeroUsize::new(100).unwrap()).await.unwrap().unwrap();
            let all = (1..=revision).flat_map(|revision| commit(Claim::new(0), &run, revision).events);
            assert_eq!(page.events, all.collect::<Vec<_>>());
            let other = store.load(&companion(&run)).await.unwrap();
            let woken = other.map(|other| other.index.in_motion);
            assert_eq!(woken, (revision > 1).then_some(revision == REVISIONS), "made and woken with {run}");
            let there = store.schedule(&schedule(&run)).await.unwrap();
            assert_eq!(there.is_some(), (2..REVISIONS).contains(&revision), "made and gone with {run}");
            for used in 1..=revision + 1 {
                let found = store.key(&KeyScope::Run(run.clone()), &key(used), wanted.at).await.unwrap();
                let used_up = used <= revision && is_keyed(used);
                assert_eq!(found.is_some(), used_up, "key {used} of {run} at {revision}");
            }
        }
    });
}

/// ENG-100, ENG-101
#[test]
fn eng_101_what_was_acknowledged_survives_a_kill() {
    if let Some(path) = std::env::var_os(COMMIT_INTO) {
        commit_until_killed(Path::new(&path));
    }
    let folder = Folder::new();
    let path = folder.file();
    let mut acknowledged = Acknowledged::new();
    // Early, between groups, and beyond the size at which the log is emptied.
    for commits in [1, 2, 5, 13, 40, 90, 250, 700, 3_000, 17, 1, 400] {
        commit_and_kill(&path, commits, &mut acknowledged);
        verify(&path, &acknowledged);
    }
    assert!(acknowledged.len() > 500, "{}", acknowledged.len());
}
