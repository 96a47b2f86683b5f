//! Rows of runs as indexes of runs.

use jf_core::JourneyId;
use jf_core::spi::DefinitionIdentity;
use jf_store::{Revision, RunIndex, StoreError, StoredRun, StoredSnapshot};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::codec;
use crate::definitions::Definitions;
use crate::error::{corrupt, store_error};

/// The columns of [`RunRow`], in its order.
macro_rules! run_columns {
    () => {
        "id, journey, definition, created, revision, head, phase, due, in_motion, compensation, ended, tags, attributes"
    };
}
pub(crate) use run_columns;

/// A row of `run` without the snapshot.
#[derive(Debug)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) journey: String,
    pub(crate) definition: i64,
    pub(crate) created: i64,
    pub(crate) revision: i64,
    pub(crate) head: i64,
    pub(crate) phase: u8,
    pub(crate) due: Option<i64>,
    pub(crate) in_motion: bool,
    pub(crate) compensation: bool,
    pub(crate) ended: Option<i64>,
    tags: Option<String>,
    attributes: Option<String>,
}

impl RunRow {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            journey: row.get(1)?,
            definition: row.get(2)?,
            created: row.get(3)?,
            revision: row.get(4)?,
            head: row.get(5)?,
            phase: row.get(6)?,
            due: row.get(7)?,
            in_motion: row.get(8)?,
            compensation: row.get(9)?,
            ended: row.get(10)?,
            tags: row.get(11)?,
            attributes: row.get(12)?,
        })
    }

    /// The row of a run.
    pub(crate) fn find(connection: &Connection, journey: &str) -> rusqlite::Result<Option<Self>> {
        let sql = concat!("SELECT ", run_columns!(), " FROM run WHERE journey = ?1");
        connection.prepare_cached(sql)?.query_row([journey], Self::read).optional()
    }

    pub(crate) fn run(&self) -> Result<JourneyId, StoreError> {
        JourneyId::parse(&self.journey).map_err(|_| corrupt("journey id"))
    }

    pub(crate) fn revision(&self) -> Result<Revision, StoreError> {
        Revision::new(codec::count(self.revision)).ok_or_else(|| corrupt("revision"))
    }

    pub(crate) fn index(&self, definition: DefinitionIdentity) -> Result<RunIndex, StoreError> {
        let mut index = RunIndex::new(definition, codec::time(self.created), codec::phase(self.phase)?);
        index.head = codec::count(self.head);
        index.due = self.due.map(codec::time);
        index.in_motion = self.in_motion;
        index.compensation = self.compensation;
        index.tags = codec::tags(self.tags.as_deref())?;
        if let Some(attributes) = codec::attributes(self.attributes.as_deref())? {
            index.attributes = attributes.into();
        }
        Ok(index)
    }
}

/// The run of a row with the bytes after its columns.
pub(crate) fn stored_run(
    connection: &Connection,
    definitions: &Definitions,
    row: &RunRow,
    snapshot: Vec<u8>,
) -> Result<StoredRun, StoreError> {
    let index = row.index(definitions.identity(connection, row.definition)?)?;
    let snapshot = StoredSnapshot::Encoded(snapshot.into());
    Ok(StoredRun::new(row.run()?, row.revision()?, index, snapshot))
}

/// A run by a condition of one value.
pub(crate) fn load(
    connection: &Connection,
    definitions: &Definitions,
    journey: &str,
) -> Result<Option<StoredRun>, StoreError> {
    let sql = concat!("SELECT ", run_columns!(), ", snapshot FROM run WHERE journey = ?1");
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let found = statement.query_row([journey], |row| Ok((RunRow::read(row)?, row.get(13)?)));
    let Some((row, snapshot)) = found.optional().map_err(store_error)? else { return Ok(None) };
    stored_run(connection, definitions, &row, snapshot).map(Some)
}
