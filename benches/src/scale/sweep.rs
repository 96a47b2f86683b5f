//! Forgetting ended runs while others are started.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jf_core::dsl::{DefinitionName, Kind, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{JourneyId, Phase};
use jf_store::{Claim, Commit, EncodeError, Retention, RunIndex, Snapshot, Store};
use jf_store_sqlite::{SqliteConfig, SqliteStore};
use jiff::Timestamp;

use super::{median, p99};
use crate::report::Report;

/// As many at once as the engine does.
const BATCH: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not 0");

#[derive(Debug)]
struct Bytes;

impl Snapshot for Bytes {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(vec![7; 400])
    }
}

pub(super) async fn measure(file: &Path, report: &mut Report) {
    let retention = Retention::default().with_ended_runs(Duration::ZERO);
    let config = SqliteConfig::new(file).with_retention(retention);
    let store = Arc::new(SqliteStore::open(&config).expect("the file can be opened"));
    let claim = store.claim().await.expect("nobody else is there");
    let before = std::fs::metadata(file).map_or(0, |about| about.len());
    let mut calm: Vec<Duration> = Vec::new();
    for _ in 0..500 {
        calm.push(create(&*store, claim).await);
    }
    let done = Arc::new(AtomicBool::new(false));
    let sweeping = tokio::spawn({
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        async move {
            let (mut runs, mut times) = (0, Vec::new());
            loop {
                let begun = Instant::now();
                let swept = store.sweep(Timestamp::now(), BATCH).await.expect("the store sweeps");
                times.push(begun.elapsed());
                runs += swept.runs.len();
                if swept.is_empty() {
                    done.store(true, Ordering::Release);
                    return (runs, times);
                }
            }
        }
    });
    let begun = Instant::now();
    let mut meanwhile: Vec<Duration> = Vec::new();
    while !done.load(Ordering::Acquire) {
        meanwhile.push(create(&*store, claim).await);
    }
    let (runs, mut times) = sweeping.await.expect("the sweep of the benchmark panicked");
    let rate = runs as f64 / begun.elapsed().as_secs_f64();
    report.figure(&format!("ended runs forgotten per second, {runs} of them"), rate, "/s");
    report.figure("a batch of them, median", median(&mut times).as_secs_f64() * 1e6, " µs");
    report.figure(
        "a batch of them, longest",
        times.last().map_or(0.0, |time| time.as_secs_f64() * 1e6),
        " µs",
    );
    report.figure("a commit before, median", median(&mut calm).as_secs_f64() * 1e6, " µs");
    report.figure("a commit before, 99 of 100", p99(&calm).as_secs_f64() * 1e6, " µs");
    report.figure("a commit meanwhile, median", median(&mut meanwhile).as_secs_f64() * 1e6, " µs");
    report.figure("a commit meanwhile, 99 of 100", p99(&meanwhile).as_secs_f64() * 1e6, " µs");
    drop(store);
    let after = std::fs::metadata(file).map_or(0, |about| about.len());
    report.at_most("growth of the file by it", (after as f64 / before as f64 - 1.0) * 100.0, " %", 1.0);
}

/// Commits one run, and gives the time it took.
async fn create(store: &dyn Store, claim: Claim) -> Duration {
    let name = DefinitionName::parse("parked").expect("a name");
    let definition = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
    let now = Timestamp::now();
    let commit = Commit::create(
        claim,
        JourneyId::random(),
        now,
        Arc::new(Bytes),
        RunIndex::new(definition, now, Phase::Running),
    );
    let begun = Instant::now();
    store.commit(commit).await.expect("the store takes it");
    begun.elapsed()
}
