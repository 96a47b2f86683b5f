//! Rows of schedules.

use std::sync::Arc;

use jf_core::ScheduleId;
use jf_core::dsl::StateId;
use jf_core::spi::{DefinitionIdentity, ScheduleIdentity};
use jf_store::{
    DueSchedule, Revision, ScheduleChange, ScheduleChangeKind, ScheduleIndex, StoreError, StoreErrorKind,
    StoredSchedule, StoredSnapshot,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::codec::{self, int, nanos};
use crate::definitions::{self, Definitions};
use crate::error::{corrupt, store_error};

/// A row without what it is.
struct ScheduleRow {
    schedule: String,
    definition: i64,
    start: String,
    subject: Option<String>,
    revision: i64,
    due: Option<i64>,
    suspended: bool,
}

const BY_NAME: &str = "SELECT schedule, definition, start, subject, revision, due, suspended, snapshot \
                       FROM schedule WHERE schedule = ?1";

const NEWEST: &str = "SELECT schedule, definition, start, subject, revision, due, suspended, snapshot \
                      FROM schedule WHERE definition = ?1 AND start = ?2 AND subject IS ?3 ORDER BY id DESC LIMIT 1";

impl ScheduleRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            schedule: row.get(0)?,
            definition: row.get(1)?,
            start: row.get(2)?,
            subject: row.get(3)?,
            revision: row.get(4)?,
            due: row.get(5)?,
            suspended: row.get(6)?,
        })
    }

    fn revision(&self) -> Result<Revision, StoreError> {
        Revision::new(codec::count(self.revision)).ok_or_else(|| corrupt("revision of a schedule"))
    }

    fn stored(self, definition: DefinitionIdentity, snapshot: Vec<u8>) -> Result<StoredSchedule, StoreError> {
        let revision = self.revision()?;
        let start = StateId::parse(self.start.as_str()).map_err(|_| corrupt("start of a schedule"))?;
        let identity = ScheduleIdentity { definition, subject: self.subject.map(Arc::from), start };
        let mut index = ScheduleIndex::new(identity);
        index.due = self.due.map(codec::time);
        index.suspended = self.suspended;
        let snapshot = StoredSnapshot::Encoded(snapshot.into());
        Ok(StoredSchedule::new(schedule_id(&self.schedule)?, revision, index, snapshot))
    }
}

/// A schedule by its name.
pub(crate) fn load(
    connection: &Connection,
    known: &Definitions,
    id: &ScheduleId,
) -> Result<Option<StoredSchedule>, StoreError> {
    let mut statement = connection.prepare_cached(BY_NAME).map_err(store_error)?;
    let found = statement.query_row([id.as_str()], |row| Ok((ScheduleRow::read(row)?, row.get(7)?)));
    let Some((row, snapshot)) = found.optional().map_err(store_error)? else { return Ok(None) };
    let definition = known.identity(connection, row.definition)?;
    row.stored(definition, snapshot).map(Some)
}

/// The schedule of an identity that was added last (sentence 24).
pub(crate) fn newest(
    connection: &Connection,
    identity: &ScheduleIdentity,
) -> Result<Option<StoredSchedule>, StoreError> {
    let definition = definitions::find(connection, &identity.definition).map_err(store_error)?;
    let Some(definition) = definition else { return Ok(None) };
    let mut statement = connection.prepare_cached(NEWEST).map_err(store_error)?;
    let values = params![definition, identity.start.as_str(), identity.subject.as_deref()];
    let found = statement.query_row(values, |row| Ok((ScheduleRow::read(row)?, row.get(7)?)));
    let Some((row, snapshot)) = found.optional().map_err(store_error)? else { return Ok(None) };
    row.stored(identity.definition.clone(), snapshot).map(Some)
}

/// Schedules whose time has come (sentence 25).
pub(crate) fn due(
    connection: &Connection,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<DueSchedule>, StoreError> {
    let read = || {
        let sql = "SELECT due, schedule FROM schedule WHERE due <= ?1 ORDER BY due, schedule LIMIT ?2";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement
            .query_map(params![nanos(until), int(limit as u64)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<(i64, String)>>>()
    };
    let due = |(due, schedule): (i64, String)| {
        Ok(DueSchedule { due: codec::time(due), schedule: schedule_id(&schedule)? })
    };
    read().map_err(store_error)?.into_iter().map(due).collect()
}

/// The versions that have schedules (sentence 26).
pub(crate) fn versions(
    connection: &Connection,
    known: &Definitions,
) -> Result<Vec<DefinitionIdentity>, StoreError> {
    let read = || {
        // One look into the index per version, however many schedules it has.
        let sql = "SELECT id FROM definition d WHERE EXISTS (SELECT 1 FROM schedule WHERE definition = d.id)";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<Vec<i64>>>()
    };
    read().map_err(store_error)?.into_iter().map(|id| known.identity(connection, id)).collect()
}

/// The schedules of a version (sentence 26).
pub(crate) fn of(
    connection: &Connection,
    definition: &DefinitionIdentity,
    suspended: bool,
    after: Option<&ScheduleId>,
    limit: usize,
) -> Result<Vec<ScheduleId>, StoreError> {
    let read = || {
        let Some(definition) = definitions::find(connection, definition)? else { return Ok(Vec::new()) };
        let sql = "SELECT schedule FROM schedule WHERE definition = ?1 AND suspended = ?2 AND schedule > ?3 \
                   ORDER BY schedule LIMIT ?4";
        let mut statement = connection.prepare_cached(sql)?;
        let after = after.map_or("", ScheduleId::as_str);
        let values = params![definition, suspended, after, int(limit as u64)];
        let rows = statement.query_map(values, |row| row.get(0))?;
        rows.collect::<rusqlite::Result<Vec<String>>>()
    };
    read().map_err(store_error)?.iter().map(|id| schedule_id(id)).collect()
}

/// Whether a change is possible, as things stand (sentence 23).
pub(crate) fn is_possible(
    connection: &Connection,
    known: &Definitions,
    change: &ScheduleChange,
) -> Result<bool, StoreError> {
    let present = load(connection, known, &change.id)?;
    Ok(match &change.kind {
        ScheduleChangeKind::Add { index, sole, .. } => {
            present.is_none() && !(*sole && newest(connection, &index.identity)?.is_some())
        }
        ScheduleChangeKind::Replace { expected, index, .. } => present
            .is_some_and(|present| present.revision == *expected && present.index.identity == index.identity),
        ScheduleChangeKind::Remove { expected } => {
            present.is_some_and(|present| present.revision == *expected)
        }
    })
}

/// What a change that is not possible fails with.
pub(crate) fn stale(change: &ScheduleChange) -> StoreError {
    StoreError::new(StoreErrorKind::StaleSchedule).with("schedule", &change.id)
}

/// Makes a change that is possible; `snapshot` is its encoded form.
pub(crate) fn apply(
    connection: &Connection,
    change: &ScheduleChange,
    snapshot: &[u8],
) -> rusqlite::Result<()> {
    let id = change.id.as_str();
    match &change.kind {
        ScheduleChangeKind::Add { index, .. } => {
            let definition = definitions::find_or_add(connection, &index.identity.definition)?;
            let sql = "INSERT INTO schedule (schedule, definition, start, subject, revision, due, suspended, snapshot) \
                       VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7)";
            let (start, subject) = (index.identity.start.as_str(), index.identity.subject.as_deref());
            let due = index.due.map(nanos);
            let values = params![id, definition, start, subject, due, index.suspended, snapshot];
            connection.prepare_cached(sql)?.execute(values)?;
        }
        ScheduleChangeKind::Replace { expected, index, .. } => {
            let sql = "UPDATE schedule SET revision = ?2, due = ?3, suspended = ?4, snapshot = ?5 \
                       WHERE schedule = ?1";
            let revision = int(expected.next().get());
            let values = params![id, revision, index.due.map(nanos), index.suspended, snapshot];
            connection.prepare_cached(sql)?.execute(values)?;
        }
        ScheduleChangeKind::Remove { .. } => {
            connection.prepare_cached("DELETE FROM schedule WHERE schedule = ?1")?.execute([id])?;
        }
    }
    Ok(())
}

fn schedule_id(text: &str) -> Result<ScheduleId, StoreError> {
    ScheduleId::parse(text).map_err(|_| corrupt("schedule id"))
}
