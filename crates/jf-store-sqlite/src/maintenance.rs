//! What an operator does with a file: look at it, copy it, and say that it was restored.

use std::fs::File;
use std::path::{Path, PathBuf};

use jf_core::Epoch;
use jf_store::StoreError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::config::SqliteConfig;
use crate::error::{OpenError, OpenErrorKind};
use crate::journal::{self, Moment};
use crate::{open, schema};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// The version of the file.
    pub version: usize,
    /// The identity of its logs (ENG-108).
    pub epoch: String,
    /// Runs in it, ended ones included.
    pub runs: u64,
    /// Runs that have ended.
    pub ended: u64,
    /// Events of all logs.
    pub events: u64,
    /// What is wrong; empty for a file that is whole.
    pub faults: Vec<String>,
}

/// Rules that hold between rows, with what is wrong where they do not.
const RULES: [(&str, &str); 6] = [
    (
        "runs whose log does not end at their head",
        "SELECT count(*) FROM run WHERE head > 0 AND head <> \
         (SELECT coalesce(max(seq), 0) FROM event WHERE event.run = run.id)",
    ),
    (
        "logs with a hole",
        "SELECT count(*) FROM (SELECT max(seq) - min(seq) + 1 - count(*) AS missing FROM event GROUP BY run) WHERE missing <> 0",
    ),
    (
        "events without a run",
        "SELECT count(*) FROM (SELECT DISTINCT run FROM event) e WHERE e.run NOT IN (SELECT id FROM run)",
    ),
    (
        "runs without a definition",
        "SELECT count(*) FROM run WHERE definition NOT IN (SELECT id FROM definition)",
    ),
    (
        "ended runs without a time of their end",
        "SELECT count(*) FROM run WHERE (phase <> 0) <> (ended IS NOT NULL)",
    ),
    (
        "caller keys without a run",
        "SELECT (SELECT count(*) FROM start_key WHERE run NOT IN (SELECT id FROM run)) + \
         (SELECT count(*) FROM run_key WHERE run NOT IN (SELECT id FROM run))",
    ),
];

/// The same for what the second version of the file has brought.
const SCHEDULE_RULES: [(&str, &str); 1] = [(
    "schedules without a definition",
    "SELECT count(*) FROM schedule WHERE definition NOT IN (SELECT id FROM definition)",
)];

/// Pages that are copied in one go.
const PAGES: i32 = 1_024;

/// At most so many faults of the structure are told.
const FAULTS: usize = 20;

/// Looks at everything in a file. An engine may be at work on it meanwhile; what is looked at is one moment.
///
/// # Errors
/// When the file cannot be read at all. What is wrong inside is part of the report.
pub fn check(path: impl AsRef<Path>) -> Result<CheckReport, OpenError> {
    let (path, connection) = open_existing(path.as_ref())?;
    let failed = |error| OpenError::sqlite(&path, error);
    let mut report = CheckReport { version: open::identify(&connection, &path)?, ..CheckReport::default() };
    if report.version == 0 {
        return Ok(report);
    }
    let beside = begin(&connection, &path, report.version)?;
    let structure = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FAULTS})"))?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        lines.collect()
    };
    report.faults.extend(structure().map_err(failed)?.into_iter().filter(|line| line != "ok"));
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0)).map_err(failed);
    report.epoch = connection
        .query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| row.get(0))
        .map_err(failed)?;
    report.runs = count("SELECT count(*) FROM run")?;
    report.ended = count("SELECT count(*) FROM run WHERE ended IS NOT NULL")?;
    report.events = count("SELECT count(*) FROM event")?;
    let ahead = whole(&connection, report.version, beside.as_ref());
    match ahead.and_then(|groups| journal::look(&connection, &groups)) {
        Ok(ahead) => {
            report.runs += ahead.runs;
            report.ended += ahead.ended;
            report.events += ahead.events;
        }
        Err(error) => report.faults.push(format!("a journal that does not continue the tables: {error}")),
    }
    let of_schedules = if report.version > 2 { &SCHEDULE_RULES[..] } else { &[] };
    for (what, sql) in RULES.iter().chain(of_schedules) {
        match count(sql)? {
            0 => {}
            found => report.faults.push(format!("{what}: {found}")),
        }
    }
    Ok(report)
}

/// Begins a transaction that reads a file as it is, and gives the journal beside it that goes with it: older files have none.
fn begin(connection: &Connection, path: &Path, version: usize) -> Result<Option<Moment>, OpenError> {
    if version < schema::JOURNAL_BESIDE {
        connection.execute_batch("BEGIN").map_err(|error| OpenError::sqlite(path, error))?;
        return Ok(None);
    }
    Moment::begin(connection, &open::open_reader(path, 64)?, path).map(Some)
}

/// The whole journal of a file: what it has in a table, which the first version had not, and what lies beside it.
fn whole(
    connection: &Connection,
    version: usize,
    beside: Option<&Moment>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut groups = if version > 1 { journal::in_table(connection)? } else { Vec::new() };
    groups.extend(beside.into_iter().flat_map(Moment::groups).map(<[u8]>::to_vec));
    Ok(groups)
}

/// Copies a file as it is at one moment, with its journal, while an engine may be at work on it. The copy is complete and on the disk when
/// this returns; before that there is no file of its name.
///
/// # Errors
/// When the file cannot be read, the copy exists already, or it cannot be written.
pub fn backup(path: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), OpenError> {
    let (path, connection) = open_existing(path.as_ref())?;
    let version = open::identify(&connection, &path)?;
    if version == 0 {
        return Err(OpenError::new(OpenErrorKind::NotADatabase, &path, "it is empty"));
    }
    let to = open::place(to.as_ref())?;
    if to.exists() {
        return Err(OpenError::new(OpenErrorKind::Exists, &to, "it exists; a backup never replaces a file"));
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".part-{}", std::process::id()));
    let part = to.with_file_name(name);
    let copied = copy(&connection, &path, version, &part, &to);
    if copied.is_err() {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&part);
    }
    copied
}

fn copy(
    connection: &Connection,
    path: &Path,
    version: usize,
    part: &Path,
    to: &Path,
) -> Result<(), OpenError> {
    let beside = begin(connection, path, version)?;
    fill(connection, part, to)?;
    if let Some(beside) = beside {
        let mut copy = Connection::open(part).map_err(|error| OpenError::sqlite(to, error))?;
        journal::take_in(&mut copy, &beside.groups()).map_err(|error| OpenError::store(to, error))?;
    }
    let io = |error| OpenError::io(to, error);
    File::open(part).and_then(|file| file.sync_all()).map_err(io)?;
    // Unlike a rename, a link does not replace what somebody has put there meanwhile.
    std::fs::hard_link(part, to).or_else(|_| std::fs::rename(part, to)).map_err(io)?;
    let _ = std::fs::remove_file(part);
    #[cfg(unix)]
    if let Some(folder) = to.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    }
    Ok(())
}

/// Copies what the transaction of a connection sees into a new file without free space.
fn fill(connection: &Connection, part: &Path, to: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::sqlite(to, error);
    let mut copy = Connection::open(part).map_err(failed)?;
    let backup = Backup::new(connection, &mut copy).map_err(failed)?;
    while backup.step(PAGES).map_err(failed)? == StepResult::More {}
    drop(backup);
    // No longer one with a write-ahead log beside it.
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(failed)?;
    copy.execute_batch("VACUUM").map_err(failed)
}

/// Announces that a file was restored from a backup: its logs get another identity, so that nobody takes numbers that are given out anew for
/// those they saw before (ENG-108). Gives the new identity.
///
/// # Errors
/// When the file is not there, in use, or not to be used otherwise.
pub fn restored(path: impl AsRef<Path>) -> Result<Epoch, OpenError> {
    let path = path.as_ref();
    if !path.exists() {
        return Err(missing(path));
    }
    let opened = open::open(&SqliteConfig::new(path))?;
    let epoch = Epoch::random();
    open::set_epoch(&opened.writer, &epoch).map_err(|error| OpenError::sqlite(path, error))?;
    Ok(epoch)
}

fn missing(path: &Path) -> OpenError {
    OpenError::new(OpenErrorKind::Missing, path, "there is no such file")
}

fn open_existing(path: &Path) -> Result<(PathBuf, Connection), OpenError> {
    if !path.exists() {
        return Err(missing(path));
    }
    let path = open::place(path)?;
    let connection = open::open_reader(&path, 8_192)?;
    Ok((path, connection))
}
