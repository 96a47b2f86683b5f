//! A disk that takes no more in the middle of a commit (ENG-143).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::support::Folder;
use futures::executor::block_on;
use jf_core::dsl::{DefinitionName, Kind, Version};
use jf_core::spi::DefinitionIdentity;
use jf_core::{JourneyId, Phase};
use jf_store::{Commit, EncodeError, RunIndex, Snapshot, Store, StoreErrorKind};
use jf_store_sqlite::{SqliteConfig, SqliteStore, check};
use jiff::Timestamp;

/// Tells the process that it may not write large files, and where it commits.
const COMMIT_INTO: &str = "JF_TEST_COMMIT_UNTIL_FULL";

#[derive(Debug)]
struct Large;

impl Snapshot for Large {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(vec![7; 60_000])
    }
}

fn creation(claim: jf_store::Claim, run: usize) -> Commit {
    let name = DefinitionName::parse("order").unwrap();
    let definition = DefinitionIdentity { kind: Kind::Journey, name, version: Version::new(1, 0, 0) };
    let index = RunIndex::new(definition, Timestamp::UNIX_EPOCH, Phase::Running);
    Commit::create(claim, id(run), Timestamp::UNIX_EPOCH, Arc::new(Large), index)
}

fn id(run: usize) -> JourneyId {
    JourneyId::parse(format!("r{run}")).unwrap()
}

/// Commits until that fails, and tells how many did not, and what became of the next ones.
#[expect(clippy::print_stdout, reason = "the test that began this process reads it")]
fn commit_until_full(path: &Path) {
    let store = SqliteStore::open(&SqliteConfig::new(path)).unwrap();
    block_on(async {
        let claim = store.claim().await.unwrap();
        for run in 0..1_000 {
            let Err(error) = store.commit(creation(claim, run)).await else { continue };
            let next = store.commit(creation(claim, run + 1)).await.unwrap_err();
            println!("after {run}: {:?} then {:?}", error.kind(), next.kind());
            // What was committed can still be read.
            assert!(store.load(&id(run - 1)).await.unwrap().is_some());
            return;
        }
        panic!("the disk is never full");
    });
}

/// The limit on the length of files makes the system refuse a write, as a broken disk would: SQLite is told in the middle of bringing runs from
/// the journal to the tables. Commits are refused from then on; none that was acknowledged is lost, and of none is the fate unknown.
#[test]
fn eng_143_a_disk_that_takes_no_more_loses_nothing_that_was_acknowledged() {
    if let Some(path) = std::env::var_os(COMMIT_INTO) {
        return commit_until_full(Path::new(&path));
    }
    let folder = Folder::new();
    let path = folder.file();
    let limited = r#"trap '' XFSZ; ulimit -f 4096; exec "$0" "$@""#;
    let tried = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "disk::eng_143_a_disk_that_takes_no_more_loses_nothing_that_was_acknowledged"])
        .arg("--nocapture")
        .env(COMMIT_INTO, &path)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success(), "{tried:?}");
    let line =
        told.lines().find_map(|line| line.split_once("after ").map(|(_, rest)| rest)).expect("a failure");
    let (committed, kinds) = line.split_once(": ").unwrap();
    let refused = StoreErrorKind::Unavailable;
    assert_eq!(kinds, format!("{refused:?} then {refused:?}"));

    // With room again, everything that was acknowledged is there.
    let committed: usize = committed.parse().unwrap();
    assert!(committed > 5, "{committed}");
    assert_eq!(check(&path).unwrap().faults, Vec::<String>::new());
    let store = SqliteStore::open(&SqliteConfig::new(&path)).unwrap();
    block_on(async {
        for run in 0..committed {
            assert!(store.load(&id(run)).await.unwrap().is_some(), "{run} of {committed}");
        }
        let claim = store.claim().await.unwrap();
        store.commit(creation(claim, 5_000)).await.unwrap();
    });
}
