//! Rows of runs and of their logs, as they are written.

use jf_core::JourneyId;
use jf_store::RunIndex;
use rusqlite::{CachedStatement, Connection, params};

use crate::codec::{self, int, nanos};
use crate::rows::RunRow;

/// A run as its row is to say it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Image<'a> {
    pub(crate) run: &'a JourneyId,
    pub(crate) definition: i64,
    pub(crate) revision: u64,
    pub(crate) index: &'a RunIndex,
    /// When it ended, if it has.
    pub(crate) ended: Option<i64>,
    pub(crate) snapshot: &'a [u8],
}

/// What the row of a run says, as far as it matters for what is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) id: i64,
    created: i64,
    phase: u8,
    due: Option<i64>,
    in_motion: bool,
    compensation: bool,
    ended: Option<i64>,
    /// How many attributes it has; they are only ever added.
    attributes: usize,
}

impl Standing {
    /// `index` is that of the row.
    pub(crate) fn of(row: &RunRow, index: &RunIndex) -> Self {
        Self {
            id: row.id,
            created: row.created,
            phase: row.phase,
            due: row.due,
            in_motion: row.in_motion,
            compensation: row.compensation,
            ended: row.ended,
            attributes: index.attributes.len(),
        }
    }
}

/// What is written for many runs in a row: the statements that each of them needs are looked up once.
pub(crate) struct Tables<'c> {
    connection: &'c Connection,
    add_run: Option<CachedStatement<'c>>,
    add_event: Option<CachedStatement<'c>>,
    add_ended: Option<CachedStatement<'c>>,
}

impl<'c> Tables<'c> {
    /// The tables of a database.
    pub(crate) const fn new(connection: &'c Connection) -> Self {
        Self { connection, add_run: None, add_event: None, add_ended: None }
    }

    pub(crate) const fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// Writes the row of a new run, and what leads to it. Gives its number.
    pub(crate) fn create(&mut self, image: &Image<'_>) -> rusqlite::Result<i64> {
        let Image { run, definition, revision, index, ended, snapshot } = *image;
        let sql = "INSERT INTO run (journey, definition, created, revision, head, phase, due, in_motion, compensation, ended, \
                   tags, attributes, snapshot) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let created = nanos(index.created);
        let connection = self.connection;
        kept(&mut self.add_run, connection, sql)?.execute(params![
            run.as_str(),
            definition,
            created,
            int(revision),
            int(index.head),
            codec::phase_code(index.phase),
            index.due.map(nanos),
            index.in_motion,
            index.compensation,
            ended,
            codec::tags_text(&index.tags),
            codec::attributes_text(&index.attributes),
            snapshot,
        ])?;
        let id = connection.last_insert_rowid();
        for tag in index.tags.iter() {
            let sql = "INSERT OR IGNORE INTO run_tag (tag, created, run) VALUES (?1, ?2, ?3)";
            connection.prepare_cached(sql)?.execute(params![tag, created, id])?;
        }
        add_attributes(connection, (id, created), index, 0)?;
        self.note_end(id, ended, index)?;
        Ok(id)
    }

    /// Writes what has become of a run.
    pub(crate) fn update(&mut self, standing: &Standing, image: &Image<'_>) -> rusqlite::Result<()> {
        let Image { revision, index, ended, snapshot, .. } = *image;
        let (id, revision, head) = (standing.id, int(revision), int(index.head));
        let (phase, due) = (codec::phase_code(index.phase), index.due.map(nanos));
        let connection = self.connection;
        let attributes = codec::attributes_text(&index.attributes);
        // Naming an indexed column costs its index an entry, changed or not.
        let same_place = phase == standing.phase
            && due == standing.due
            && index.compensation == standing.compensation
            && ended == standing.ended;
        if same_place && index.in_motion == standing.in_motion {
            let sql = "UPDATE run SET revision = ?2, head = ?3, attributes = ?4, snapshot = ?5 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute(params![id, revision, head, attributes, snapshot])?;
        } else if same_place {
            let sql = "UPDATE run SET revision = ?2, head = ?3, attributes = ?4, snapshot = ?5, in_motion = ?6 WHERE id = ?1";
            let values = params![id, revision, head, attributes, snapshot, index.in_motion];
            connection.prepare_cached(sql)?.execute(values)?;
        } else {
            let sql = "UPDATE run SET revision = ?2, head = ?3, attributes = ?4, snapshot = ?5, in_motion = ?6, phase = ?7, due = ?8, \
                       compensation = ?9, ended = ?10 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute(params![
                id,
                revision,
                head,
                attributes,
                snapshot,
                index.in_motion,
                phase,
                due,
                index.compensation,
                ended,
            ])?;
        }
        add_attributes(connection, (id, standing.created), index, standing.attributes)?;
        self.note_end(id, ended.filter(|_| standing.ended.is_none()), index)
    }

    /// Writes events of a run, and removes those beyond the `last` ones.
    pub(crate) fn add_events<'a>(
        &mut self,
        run: i64,
        events: impl Iterator<Item = (u64, &'a [u8])>,
        head: u64,
        last: usize,
    ) -> rusqlite::Result<()> {
        let gone = head.saturating_sub(last.max(1) as u64);
        let mut any = false;
        for (seq, document) in events {
            any = true;
            if seq > gone {
                let sql = "INSERT INTO event (run, seq, document) VALUES (?1, ?2, ?3)";
                let statement = kept(&mut self.add_event, self.connection, sql)?;
                statement.execute(params![run, int(seq), document])?;
            }
        }
        if any && gone > 0 {
            let sql = "DELETE FROM event WHERE run = ?1 AND seq <= ?2";
            self.connection.prepare_cached(sql)?.execute([run, int(gone)])?;
        }
        Ok(())
    }

    /// The log of a run that ends is cut down some time later (sentence 15).
    fn note_end(&mut self, run: i64, ended: Option<i64>, index: &RunIndex) -> rusqlite::Result<()> {
        if let Some(ended) = ended.filter(|_| index.head > 1) {
            let sql = "INSERT INTO ended_log (ended, run) VALUES (?1, ?2)";
            kept(&mut self.add_ended, self.connection, sql)?.execute([ended, run])?;
        }
        Ok(())
    }
}

fn kept<'s, 'c>(
    place: &'s mut Option<CachedStatement<'c>>,
    connection: &'c Connection,
    sql: &'static str,
) -> rusqlite::Result<&'s mut CachedStatement<'c>> {
    if place.is_none() {
        *place = Some(connection.prepare_cached(sql)?);
    }
    Ok(place.as_mut().expect("it was put there"))
}

fn add_attributes(
    connection: &Connection,
    (run, created): (i64, i64),
    index: &RunIndex,
    known: usize,
) -> rusqlite::Result<()> {
    for (name, value) in index.attributes.iter().skip(known) {
        let sql = "INSERT INTO run_attribute (name, value, created, run) VALUES (?1, ?2, ?3, ?4)";
        connection.prepare_cached(sql)?.execute(params![name, value, created, run])?;
    }
    Ok(())
}
