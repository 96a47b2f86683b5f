//! What a process left in the journal when it ended of a sudden.

use std::collections::HashMap;
use std::path::Path;

use jf_store::{Retention, StoreError};
use rusqlite::{Connection, TransactionBehavior};

use super::file::Journal;
use super::moment::{Begun, Moment};
use crate::codec::count;
use crate::codec::journal::{self, Written};
use crate::definitions::Definitions;
use crate::error::{OpenError, corrupt, store_error};
use crate::rows::RunRow;
use crate::writer::tables::{Image, Standing, Tables};

/// Brings the journal of a database to its tables, and begins it anew.
///
/// # Errors
/// When the journal does not continue what the tables say; nothing is changed then.
pub(crate) fn replay(
    connection: &mut Connection,
    path: &Path,
    retention: &Retention,
    synchronous: bool,
) -> Result<Journal, OpenError> {
    let begun = Begun::read(connection).map_err(|error| OpenError::sqlite(path, error))?;
    let left = Moment::at_rest(path, begun).map_err(|error| OpenError::io(path, error))?;
    let groups = left.groups();
    let bring = |connection: &Connection| {
        bring_all(connection, &groups, retention)?;
        // Even when nothing counts: what lies behind a group that the disk has lost must not follow another one.
        begin_era(connection).map_err(store_error)
    };
    let era = match left.is_empty() {
        true => begun.era,
        false => at_once(connection, bring).map_err(|error| OpenError::store(path, error))?,
    };
    let opened = Journal::open(path, synchronous, (era, count(begun.mark)));
    opened.map_err(|error| OpenError::io(path, error))
}

/// Brings what a file has of its journal in a table to the others: one of an earlier version, or a copy.
///
/// # Errors
/// When it does not continue what the others say; nothing is changed then.
pub(crate) fn replay_table(connection: &mut Connection, retention: &Retention) -> Result<(), StoreError> {
    at_once(connection, |connection| {
        let groups = in_table(connection)?;
        if groups.is_empty() {
            return Ok(());
        }
        bring_all(connection, &groups, retention)?;
        connection.execute("DELETE FROM journal", []).map(|_| ()).map_err(store_error)
    })
}

/// Takes a journal into the table of a copy, for whoever opens it.
pub(crate) fn take_in(connection: &mut Connection, groups: &[&[u8]]) -> Result<(), StoreError> {
    at_once(connection, |connection| {
        let take = || {
            let mut add = connection.prepare("INSERT INTO journal (commits) VALUES (?1)")?;
            groups.iter().try_for_each(|group| add.execute([group]).map(|_| ()))?;
            // Should there be a journal of the same name, it is not that of the copy.
            begin_era(connection).map(|_| ())
        };
        take().map_err(store_error)
    })
}

/// Draws the era of what comes next: the tables say everything.
pub(crate) fn begin_era(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "UPDATE meta SET value = random() WHERE name = 'journal_era' RETURNING value";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

/// Does all of it or nothing.
fn at_once<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let behavior = TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior).map_err(store_error)?;
    let done = work(&transaction)?;
    transaction.commit().map_err(store_error)?;
    Ok(done)
}

/// Brings groups to the tables. What a commit says that they have already is passed over, so it does not matter how often this is done.
fn bring_all(
    connection: &Connection,
    groups: &[impl AsRef<[u8]>],
    retention: &Retention,
) -> Result<(), StoreError> {
    let definitions = Definitions::default();
    let mut tables = Tables::new(connection);
    for group in groups {
        for written in journal::read(group.as_ref(), |id| definitions.identity(connection, id))? {
            bring(&mut tables, &definitions, &written, retention)?;
        }
    }
    Ok(())
}

fn bring(
    tables: &mut Tables<'_>,
    definitions: &Definitions,
    written: &Written<'_>,
    retention: &Retention,
) -> Result<(), StoreError> {
    let Written { run, definition, revision, index, ended, snapshot, events } = written;
    let (definition, revision, ended) = (*definition, revision.get(), *ended);
    let image = Image { run, definition, revision, index, ended, snapshot };
    let connection = tables.connection();
    let row = RunRow::find(connection, run.as_str()).map_err(store_error)?;
    let id = match row {
        None if revision == 1 => tables.create(&image).map_err(store_error)?,
        Some(row) if row.revision()?.get() >= revision => return Ok(()),
        Some(row) if row.revision()?.get() + 1 == revision => {
            let before = row.index(definitions.identity(connection, row.definition)?)?;
            tables.update(&Standing::of(&row, &before), &image).map_err(store_error)?;
            row.id
        }
        _ => return Err(corrupt("journal").with("run", run)),
    };
    let first = index.head.checked_sub(events.len() as u64).ok_or_else(|| corrupt("journal"))? + 1;
    let events = (first..).zip(events.iter().copied());
    tables.add_events(id, events, index.head, retention.events).map_err(store_error)
}

/// What a file has of its journal in a table, oldest first. It is never large.
pub(crate) fn in_table(connection: &Connection) -> Result<Vec<Vec<u8>>, StoreError> {
    let read = || -> rusqlite::Result<Vec<Vec<u8>>> {
        let mut statement = connection.prepare("SELECT commits FROM journal ORDER BY id")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    read().map_err(store_error)
}

/// What the journal adds to the tables.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    pub(crate) runs: u64,
    pub(crate) ended: u64,
    pub(crate) events: u64,
}

/// Reads groups through. Whoever looks at a file while an engine is at work on it counts what is there along with the rows.
///
/// # Errors
/// When they do not continue what the tables say.
pub(crate) fn look(connection: &Connection, groups: &[impl AsRef<[u8]>]) -> Result<Ahead, StoreError> {
    let mut ahead = Ahead::default();
    // The last revision of each run, and whether it has ended.
    let mut seen: HashMap<String, (u64, bool)> = HashMap::new();
    let definitions = Definitions::default();
    for group in groups {
        for written in journal::read(group.as_ref(), |id| definitions.identity(connection, id))? {
            let run = written.run.as_str();
            let known = match seen.get(run) {
                Some(known) => Some(*known),
                None => match RunRow::find(connection, run).map_err(store_error)? {
                    Some(row) => Some((row.revision()?.get(), row.ended.is_some())),
                    None => None,
                },
            };
            let (revision, was_ended) = known.unwrap_or_default();
            if written.revision.get() <= revision {
                continue;
            }
            if written.revision.get() != revision + 1 {
                return Err(corrupt("journal").with("run", run));
            }
            ahead.runs += u64::from(known.is_none());
            ahead.ended += u64::from(written.ended.is_some() && !was_ended);
            ahead.events += written.events.len() as u64;
            seen.insert(run.to_owned(), (revision + 1, written.ended.is_some()));
        }
    }
    Ok(ahead)
}
