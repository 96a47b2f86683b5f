//! Forgetting a few things at a time (sentences 15, 16 and 19).

use std::time::Duration;

use jf_core::JourneyId;
use jf_store::{Retention, Swept};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::Failure;
use crate::codec::{self, nanos};
use crate::definitions;
use crate::error::corrupt;

/// Events that are removed in one transaction, about: some milliseconds, in which no commit is taken.
const EVENTS: usize = 4_096;

/// Removes what need not be kept, at most about `limit` things of each kind.
pub(super) fn sweep(
    connection: &Connection,
    retention: &Retention,
    claim: i64,
    now: Timestamp,
    limit: usize,
) -> Result<Swept, Failure> {
    let mut swept = Swept::default();
    let mut left = EVENTS;
    if let Some(before) = ago(now, retention.ended_runs) {
        for run in ended_runs(connection, before, limit)? {
            left = left.saturating_sub(remove_run(connection, &run)?);
            swept.runs.push(JourneyId::parse(&run.journey).map_err(|_| corrupt("journey id"))?);
            if left == 0 {
                break;
            }
        }
    }
    if let Some(before) = ago(now, retention.events_after_end) {
        for (ended, run) in ended_logs(connection, before, limit)? {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(cut_log(connection, ended, run)?);
            swept.logs += 1;
        }
    }
    swept.keys = remove_keys(connection, now, limit)?;
    definitions::sweep(connection, claim)?;
    Ok(swept)
}

/// The moment that lies `length` before `now`, if there is one.
fn ago(now: Timestamp, length: Duration) -> Option<i64> {
    let length = SignedDuration::try_from(length).ok()?;
    now.checked_sub(length).ok().map(nanos)
}

struct EndedRun {
    id: i64,
    journey: String,
    created: i64,
    ended: i64,
    tags: Option<String>,
    attributes: Option<String>,
}

fn ended_runs(connection: &Connection, before: i64, limit: usize) -> Result<Vec<EndedRun>, Failure> {
    let sql = "SELECT id, journey, created, ended, tags, attributes FROM run WHERE ended <= ?1 ORDER BY ended LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![before, limit], |row| {
        Ok(EndedRun {
            id: row.get(0)?,
            journey: row.get(1)?,
            created: row.get(2)?,
            ended: row.get(3)?,
            tags: row.get(4)?,
            attributes: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes a run with everything that belongs to it; gives the number of its events.
fn remove_run(connection: &Connection, run: &EndedRun) -> Result<usize, Failure> {
    for tag in codec::tags(run.tags.as_deref())?.iter() {
        let sql = "DELETE FROM run_tag WHERE tag = ?1 AND created = ?2 AND run = ?3";
        connection.prepare_cached(sql)?.execute(params![tag, run.created, run.id])?;
    }
    for (name, value) in codec::attributes(run.attributes.as_deref())?.unwrap_or_default() {
        let sql = "DELETE FROM run_attribute WHERE name = ?1 AND value = ?2 AND created = ?3 AND run = ?4";
        connection.prepare_cached(sql)?.execute(params![name, value, run.created, run.id])?;
    }
    connection.prepare_cached("DELETE FROM run_key WHERE run = ?1")?.execute([run.id])?;
    connection.prepare_cached("DELETE FROM start_key WHERE run = ?1")?.execute([run.id])?;
    let sql = "DELETE FROM ended_log WHERE ended = ?1 AND run = ?2";
    connection.prepare_cached(sql)?.execute([run.ended, run.id])?;
    connection.prepare_cached("DELETE FROM run WHERE id = ?1")?.execute([run.id])?;
    let events = connection.prepare_cached("DELETE FROM event WHERE run = ?1")?.execute([run.id])?;
    Ok(events)
}

fn ended_logs(connection: &Connection, before: i64, limit: usize) -> Result<Vec<(i64, i64)>, Failure> {
    let sql = "SELECT ended, run FROM ended_log WHERE ended <= ?1 ORDER BY ended LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![before, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Leaves the last event of a run; gives the number of those that went.
fn cut_log(connection: &Connection, ended: i64, run: i64) -> Result<usize, Failure> {
    let sql = "DELETE FROM ended_log WHERE ended = ?1 AND run = ?2";
    connection.prepare_cached(sql)?.execute([ended, run])?;
    let sql = "DELETE FROM event WHERE run = ?1 AND seq < (SELECT head FROM run WHERE id = ?1)";
    Ok(connection.prepare_cached(sql)?.execute([run])?)
}

fn remove_keys(connection: &Connection, now: Timestamp, limit: usize) -> Result<usize, Failure> {
    let sql = "DELETE FROM start_key WHERE (journey, principal, key) IN \
               (SELECT journey, principal, key FROM start_key WHERE kept_until <= ?1 ORDER BY kept_until LIMIT ?2)";
    Ok(connection.prepare_cached(sql)?.execute(params![nanos(now), limit])?)
}
