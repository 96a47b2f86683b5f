//! Forgetting while others commit: a little at a time, and what it frees is used anew (ENG-104).

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::support::Folder;
use futures::executor::block_on;
use futures::future::join_all;
use jf_core::dsl::{DefinitionName, Kind, StateId, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{JourneyId, JourneyStatus, LogDocument, Phase};
use jf_store::{Claim, Commit, EncodeError, LogRecord, Retention, RunFilter, RunIndex, Snapshot, Store};
use jf_store_sqlite::{SqliteConfig, SqliteStore, check};
use jiff::{SignedDuration, Timestamp};

/// As the engine sweeps.
const BATCH: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

/// Runs that are started between two sweeps.
const GENERATION: usize = 600;

#[derive(Debug)]
struct Bytes;

impl Snapshot for Bytes {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(vec![7; 2_000])
    }
}

/// A run that ends as it begins, with three events, a tag and an attribute.
fn ended(claim: Claim, number: usize, at: Timestamp) -> Commit {
    let run = JourneyId::parse(format!("r{number}")).unwrap();
    let name = DefinitionName::parse("order").unwrap();
    let definition =
        DefinitionIdentity { kind: Kind::Journey, name: name.clone(), version: Version::new(1, 0, 0) };
    let mut index = RunIndex::new(definition, at, Phase::Succeeded);
    index.head = 3;
    index.tags = [format!("t{}", number % 7)].into();
    index.attributes = [("orderId".to_owned(), format!("{number}"))].into_iter().collect();
    let events = (1..=3).map(|seq| {
        let state = StateId::parse(format!("s{seq}")).unwrap();
        let status = JourneyStatus::new(run.clone(), name.clone(), Phase::Running, state, at);
        LogRecord { seq, document: LogDocument::Status(Arc::new(status)) }
    });
    Commit::create(claim, run.clone(), at, Arc::new(Bytes), index).with_events(events.collect())
}

fn length(path: &Path, beside: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(beside);
    std::fs::metadata(name).map_or(0, |about| about.len())
}

/// One generation of runs after another, each swept while the next one is committed: the file holds two of them, however many there
/// were, and its log stays short.
#[test]
fn eng_104_the_file_does_not_grow_with_what_is_forgotten() {
    let folder = Folder::new();
    let path = folder.file();
    let kept = Duration::from_secs(30);
    let config = SqliteConfig::new(&path).with_retention(Retention::default().with_ended_runs(kept));
    let store = SqliteStore::open(&config).unwrap();
    let mut lengths = Vec::new();
    block_on(async {
        let claim = store.claim().await.unwrap();
        for generation in 0..12 {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60 * generation as i64);
            let first = generation * GENERATION;
            let commits = (first..first + GENERATION).map(|number| store.commit(ended(claim, number, now)));
            let sweeping = async {
                let mut steps = Vec::new();
                loop {
                    let swept = store.sweep(now, BATCH).await.unwrap();
                    if swept.is_empty() {
                        return steps;
                    }
                    steps.push(swept.runs.len());
                }
            };
            let (committed, steps) = futures::join!(join_all(commits), sweeping);
            assert!(committed.iter().all(Result::is_ok));
            assert!(steps.iter().all(|step| *step <= BATCH.get()), "{steps:?}");
            assert_eq!(
                steps.iter().sum::<usize>(),
                if generation == 0 { 0 } else { GENERATION },
                "{steps:?}"
            );
            lengths.push(length(&path, "") + length(&path, "-wal"));
        }
        let left = store.list(&RunFilter::default(), None, NonZeroUsize::new(10_000).unwrap()).await.unwrap();
        assert_eq!(left.len(), GENERATION, "the last generation");
    });
    drop(store);
    let (settled, last) = (lengths[3], lengths[11]);
    assert!(last <= settled + settled / 4, "{lengths:?}");
    assert_eq!(length(&path, "-wal"), 0);
    assert_eq!(check(&path).unwrap().faults, Vec::<String>::new());
}
