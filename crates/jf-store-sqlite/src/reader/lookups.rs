//! Reads of one run, of one key, and of what needs attention.

use std::num::NonZeroUsize;
use std::sync::Arc;

use jf_core::{IdempotencyKey, JourneyId};
use jf_store::{
    DueRun, EventPage, Fingerprint, KeyRecord, KeyScope, LogRecord, RunIndex, StoreError, StoredRun,
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::Reader;
use crate::codec::{count, event, int, nanos, time};
use crate::error::{corrupt, store_error};
use crate::fresh::FreshRun;
use crate::rows::{self, RunRow};
use crate::writer::principal_text;

impl Reader {
    pub(crate) fn load(&self, run: &JourneyId) -> Result<Option<StoredRun>, StoreError> {
        rows::load(&self.connection, &self.definitions, run.as_str())
    }

    pub(crate) fn locate(&self, run: &JourneyId) -> Result<Option<RunIndex>, StoreError> {
        let found = RunRow::find(&self.connection, run.as_str()).map_err(store_error)?;
        found.map(|row| self.index(&row)).transpose()
    }

    fn index(&self, row: &RunRow) -> Result<RunIndex, StoreError> {
        row.index(self.definitions.identity(&self.connection, row.definition)?)
    }

    /// The log of a run, which may be ahead of its rows by what `fresh` says.
    pub(crate) fn events(
        &self,
        run: &JourneyId,
        fresh: Option<&FreshRun>,
        after: u64,
        limit: usize,
        kept: usize,
    ) -> Result<Option<EventPage>, StoreError> {
        let Some(row) = RunRow::find(&self.connection, run.as_str()).map_err(store_error)? else {
            return Ok(None);
        };
        let index = self.index(&row)?;
        // The run may have been brought to its rows since.
        let fresh = fresh.filter(|fresh| fresh.state.revision.get() > count(row.revision));
        let after = after.max(fresh.map_or(0, |fresh| fresh.gone(kept)));
        let read = || -> rusqlite::Result<(Option<i64>, Vec<Numbered>)> {
            let mut statement =
                self.connection.prepare_cached("SELECT min(seq) FROM event WHERE run = ?1")?;
            let oldest = statement.query_row([row.id], |row| row.get(0))?;
            let sql = "SELECT seq, document FROM event WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
            let mut statement = self.connection.prepare_cached(sql)?;
            let limit = int(limit as u64);
            let events =
                statement.query_map([row.id, int(after), limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok((oldest, events.collect::<Result<_, _>>()?))
        };
        let (oldest, found) = read().map_err(store_error)?;
        let mut events = Vec::with_capacity(found.len());
        for (seq, bytes) in found {
            events.push(LogRecord { seq: count(seq), document: event::decode(run, &index, &bytes)? });
        }
        if let Some(fresh) = fresh {
            return Ok(Some(fresh.page(events, oldest.map(count), after, limit, kept)));
        }
        let oldest = oldest.map_or(index.head + 1, count);
        Ok(Some(EventPage::new(events, oldest, index.head, index.phase)))
    }

    pub(crate) fn due(&self, until: Timestamp, limit: NonZeroUsize) -> Result<Vec<DueRun>, StoreError> {
        let sql = "SELECT due, journey FROM run WHERE due <= ?1 ORDER BY due, journey LIMIT ?2";
        let found = self.pairs(sql, nanos(until), limit)?;
        let due = |(due, journey): (i64, String)| Ok(DueRun { due: time(due), run: run_id(&journey)? });
        found.into_iter().map(due).collect()
    }

    fn pairs(
        &self,
        sql: &'static str,
        from: i64,
        limit: NonZeroUsize,
    ) -> Result<Vec<(i64, String)>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement
                .query_map(params![from, int(limit.get() as u64)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(store_error)
    }

    pub(crate) fn in_motion(
        &self,
        after: Option<&JourneyId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<JourneyId>, StoreError> {
        let read = || {
            let sql =
                "SELECT journey FROM run WHERE in_motion = 1 AND journey > ?1 ORDER BY journey LIMIT ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            let values = params![after.map_or("", JourneyId::as_str), int(limit.get() as u64)];
            let rows = statement.query_map(values, |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(store_error)?.iter().map(|journey| run_id(journey)).collect()
    }

    pub(crate) fn key(
        &self,
        scope: &KeyScope,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let found = match scope {
            KeyScope::Start { principal, journey } => {
                let sql = "SELECT run.journey, k.fingerprint, k.target, k.seq, k.kept_until FROM start_key k \
                           JOIN run ON run.id = k.run WHERE k.journey = ?1 AND k.principal = ?2 AND k.key = ?3";
                let statement = self.connection.prepare_cached(sql).map_err(store_error)?;
                let values = params![&**journey, principal_text(principal.as_deref()), key.as_str()];
                one_key(statement, values)
            }
            KeyScope::Run(run) => {
                let sql = "SELECT run.journey, k.fingerprint, k.target, k.seq, k.kept_until FROM run \
                           JOIN run_key k ON k.run = run.id WHERE run.journey = ?1 AND k.key = ?2";
                let statement = self.connection.prepare_cached(sql).map_err(store_error)?;
                one_key(statement, params![run.as_str(), key.as_str()])
            }
        };
        let Some(row) = found.map_err(store_error)? else { return Ok(None) };
        let mut record = KeyRecord::new(run_id(&row.journey)?, Fingerprint(row.fingerprint), count(row.seq))
            .with_target(row.target);
        if let Some(until) = row.kept_until {
            record = record.with_kept_until(time(until));
        }
        Ok(Some(record).filter(|record| record.is_kept(now)))
    }
}

/// An event as it is stored.
type Numbered = (i64, Vec<u8>);

struct KeyRow {
    journey: String,
    fingerprint: [u8; 32],
    target: Option<Arc<str>>,
    seq: i64,
    kept_until: Option<i64>,
}

fn one_key(
    mut statement: rusqlite::CachedStatement<'_>,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Option<KeyRow>> {
    let read = |row: &Row<'_>| {
        let target: Option<String> = row.get(2)?;
        Ok(KeyRow {
            journey: row.get(0)?,
            fingerprint: row.get(1)?,
            target: target.map(Arc::from),
            seq: row.get(3)?,
            kept_until: row.get(4)?,
        })
    };
    statement.query_row(values, read).optional()
}

fn run_id(journey: &str) -> Result<JourneyId, StoreError> {
    JourneyId::parse(journey).map_err(|_| corrupt("journey id"))
}
