//! What a process left in the journal when it ended of a sudden.

use std::collections::HashMap;

use jf_store::{Retention, StoreError};
use rusqlite::{Connection, TransactionBehavior};

use crate::codec::journal::{self, Written};
use crate::definitions::Definitions;
use crate::error::{corrupt, store_error};
use crate::rows::RunRow;
use crate::writer::tables::{self, Image, Standing};

/// Brings everything in the journal to the tables. What a commit says that they have already is passed over, so it does not matter how
/// often this is begun.
///
/// # Errors
/// When the journal does not continue what the tables say; nothing is changed then.
pub(crate) fn replay(connection: &mut Connection, retention: &Retention) -> Result<(), StoreError> {
    let behavior = TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior).map_err(store_error)?;
    let definitions = Definitions::default();
    let mut any = false;
    for group in groups(&transaction)? {
        any = true;
        for written in journal::read(&group, |id| definitions.identity(&transaction, id))? {
            bring(&transaction, &definitions, &written, retention)?;
        }
    }
    if any {
        transaction.execute("DELETE FROM journal", []).map_err(store_error)?;
        transaction.commit().map_err(store_error)?;
    }
    Ok(())
}

fn bring(
    connection: &Connection,
    definitions: &Definitions,
    written: &Written<'_>,
    retention: &Retention,
) -> Result<(), StoreError> {
    let Written { run, definition, revision, index, ended, snapshot, events } = written;
    let (definition, revision, ended) = (*definition, revision.get(), *ended);
    let image = Image { run, definition, revision, index, ended, snapshot };
    let row = RunRow::find(connection, run.as_str()).map_err(store_error)?;
    let id = match row {
        None if revision == 1 => tables::create(connection, &image).map_err(store_error)?,
        Some(row) if row.revision()?.get() >= revision => return Ok(()),
        Some(row) if row.revision()?.get() + 1 == revision => {
            let before = row.index(definitions.identity(connection, row.definition)?)?;
            tables::update(connection, &Standing::of(&row, &before), &image).map_err(store_error)?;
            row.id
        }
        _ => return Err(corrupt("journal").with("run", run)),
    };
    let first = index.head.checked_sub(events.len() as u64).ok_or_else(|| corrupt("journal"))? + 1;
    let events = (first..).zip(events.iter().copied());
    tables::add_events(connection, id, events, index.head, retention.events).map_err(store_error)
}

/// The journal, oldest first. It is never large.
fn groups(connection: &Connection) -> Result<Vec<Vec<u8>>, StoreError> {
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

/// Reads the journal through. Whoever looks at a file while an engine is at work on it counts what is there along with the rows.
///
/// # Errors
/// When it does not continue what the tables say.
pub(crate) fn look(connection: &Connection) -> Result<Ahead, StoreError> {
    let mut ahead = Ahead::default();
    // The last revision of each run, and whether it has ended.
    let mut seen: HashMap<String, (u64, bool)> = HashMap::new();
    let definitions = Definitions::default();
    for group in groups(connection)? {
        for written in journal::read(&group, |id| definitions.identity(connection, id))? {
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
