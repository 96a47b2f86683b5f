//! The tables, and how older files become newer ones.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a file as one of ours: `JFly` (a SQLite `application_id`).
pub(crate) const APPLICATION_ID: i32 = 0x4a46_6c79;

/// What turns a file of version `n` into one of version `n + 1`. Steps are never changed once they were released, only added.
pub(crate) const STEPS: &[&str] = &[V1, V2, V3, V4];

/// The first version that has a journal beside it.
pub(crate) const JOURNAL_BESIDE: usize = 4;

/// Notes on the layout.
///
/// - Rows of runs are found by a number that grows, so that new runs lie beside each other; only `journey` is spread over its index.
/// - What is looked at without the snapshot comes before it in the row: SQLite reads no further than it has to.
/// - `event` is clustered by run: what belongs to a run is in one place, and new runs share pages.
/// - Indexes for lists end at the creation time; runs of one moment are put in order as they are read.
const V1: &str = "
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE definition (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    kept_by INTEGER NOT NULL,
    file TEXT,
    text TEXT,
    digest BLOB,
    UNIQUE (kind, name, version)
) STRICT;

CREATE TABLE definition_file (
    definition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (definition, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    journey TEXT NOT NULL UNIQUE,
    definition INTEGER NOT NULL,
    created INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    head INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    due INTEGER,
    in_motion INTEGER NOT NULL,
    compensation INTEGER NOT NULL,
    ended INTEGER,
    tags TEXT,
    attributes TEXT,
    snapshot BLOB NOT NULL
) STRICT;
CREATE INDEX run_by_phase ON run (phase, created DESC);
CREATE INDEX run_by_definition ON run (definition, phase, created DESC);
CREATE INDEX run_due ON run (due, journey) WHERE due IS NOT NULL;
CREATE INDEX run_in_motion ON run (journey) WHERE in_motion = 1;
CREATE INDEX run_ended ON run (ended) WHERE ended IS NOT NULL;

CREATE TABLE run_tag (
    tag TEXT NOT NULL,
    created INTEGER NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (tag, created DESC, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_attribute (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    created INTEGER NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (name, value, created DESC, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE ended_log (
    ended INTEGER NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (ended, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_key (
    run INTEGER NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    target TEXT,
    seq INTEGER NOT NULL,
    kept_until INTEGER,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE start_key (
    journey TEXT NOT NULL,
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    run INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    target TEXT,
    seq INTEGER NOT NULL,
    kept_until INTEGER,
    PRIMARY KEY (journey, principal, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX start_key_of_run ON start_key (run);
CREATE INDEX start_key_end ON start_key (kept_until) WHERE kept_until IS NOT NULL;
";

/// Commits that are not in the other tables yet, a row per group: in files of before the fourth version, and in copies.
const V2: &str = "
CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    commits BLOB NOT NULL
) STRICT;
";

/// Schedules. Their numbers grow with their age, since no number is used twice.
const V3: &str = "
CREATE TABLE schedule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule TEXT NOT NULL UNIQUE,
    definition INTEGER NOT NULL,
    start TEXT NOT NULL,
    subject TEXT,
    revision INTEGER NOT NULL,
    due INTEGER,
    suspended INTEGER NOT NULL,
    snapshot BLOB NOT NULL
) STRICT;
CREATE INDEX schedule_by_identity ON schedule (definition, start, subject);
CREATE INDEX schedule_due ON schedule (due, schedule) WHERE due IS NOT NULL;
CREATE INDEX schedule_by_definition ON schedule (definition, suspended, schedule);
";

/// The journal is a file of its own: which one goes with the tables, and how many transactions they have had.
const V4: &str = "
INSERT INTO meta (name, value) VALUES ('journal_era', random()), ('journal_mark', 0);
";

/// The version of a file, 0 for a new one.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map(number)
}

fn number(version: i64) -> usize {
    usize::try_from(version).unwrap_or(usize::MAX)
}

/// Brings a file up to the last of `steps`, each in a transaction of its own. A file that has more steps behind it is left as it is.
pub(crate) fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    for (at, step) in steps.iter().enumerate().skip(version(connection)?) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i64::try_from(at + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{STEPS, migrate, version};
    use rusqlite::Connection;

    #[test]
    fn an_older_file_takes_the_steps_it_lacks_and_no_others() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, STEPS).unwrap();
        let second = [STEPS, &["CREATE TABLE later (id INTEGER)"]].concat();
        migrate(&mut connection, &second).unwrap();
        migrate(&mut connection, &second).unwrap();
        assert_eq!(version(&connection).unwrap(), STEPS.len() + 1);
        assert!(connection.prepare("SELECT id FROM later").is_ok());
    }

    #[test]
    fn a_step_that_breaks_off_leaves_the_file_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, STEPS).unwrap();
        let broken = [STEPS, &["CREATE TABLE later (id INTEGER); CREATE TABLE later (id INTEGER)"]].concat();
        assert!(migrate(&mut connection, &broken).is_err());
        assert_eq!(version(&connection).unwrap(), STEPS.len());
        assert!(connection.prepare("SELECT id FROM later").is_err());
    }
}
