//! Pages of runs (sentence 12).
//!
//! A page is put together from the beginnings of a few streams, each of which an index has in order: one per wanted phase and version, or
//! the runs with the rarest thing asked for, an attribute or a tag. What an index does not say is looked up in the row.

use jf_core::Phase;
use jf_store::{ListKey, RunFilter, StoreError, StoredRun};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::Reader;
use crate::codec::{self, nanos};
use crate::error::store_error;
use crate::rows::{self, RunRow, run_columns};

/// A run that is wanted: when it was created, its name, its number.
type Found = (i64, String, i64);

/// A statement in the making.
struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    /// Adds a condition with one value, for which `?` stands.
    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let place = format!("?{}", self.values.len());
        self.sql.push_str(" AND ");
        self.sql.push_str(&condition.replacen('?', &place, 1));
    }
}

impl Reader {
    pub(crate) fn list(
        &self,
        filter: &RunFilter,
        after: Option<&ListKey>,
        limit: usize,
    ) -> Result<Vec<StoredRun>, StoreError> {
        let mut found = Vec::new();
        for query in self.streams(filter, after)? {
            found.extend(self.stream(query, limit).map_err(store_error)?);
        }
        found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        found.truncate(limit);
        let mut page = Vec::with_capacity(found.len());
        for (_, _, id) in found {
            page.extend(self.by_number(id)?);
        }
        Ok(page)
    }

    /// Queries without an order that together give the wanted runs, each once.
    fn streams(&self, filter: &RunFilter, after: Option<&ListKey>) -> Result<Vec<Query>, StoreError> {
        let definitions = match &filter.journey {
            Some(name) => Some(self.versions(name).map_err(store_error)?),
            None => None,
        };
        let mut streams = Vec::new();
        let sparse = !filter.attributes.is_empty() || !filter.tags.is_empty();
        if sparse {
            let (mut query, place) = by_metadata(filter);
            if let Some(phase) = filter.phase {
                query.and("r.phase = ?", i64::from(codec::phase_code(phase)));
            }
            if let Some(name) = &filter.journey {
                query.and("r.definition IN (SELECT id FROM definition WHERE name = ?)", name.clone());
            }
            restrict(&mut query, filter, after, place);
            streams.push(query);
        } else if let Some(definitions) = definitions {
            for definition in definitions {
                for phase in phases(filter.phase) {
                    let mut query = Query::new("SELECT r.created, r.journey, r.id FROM run r WHERE true");
                    query.and("r.definition = ?", definition);
                    query.and("r.phase = ?", i64::from(*phase));
                    restrict(&mut query, filter, after, "r.created");
                    streams.push(query);
                }
            }
        } else {
            for phase in phases(filter.phase) {
                let mut query = Query::new("SELECT r.created, r.journey, r.id FROM run r WHERE true");
                query.and("r.phase = ?", i64::from(*phase));
                restrict(&mut query, filter, after, "r.created");
                streams.push(query);
            }
        }
        Ok(streams)
    }

    fn versions(&self, name: &str) -> rusqlite::Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM definition WHERE name = ?1")?;
        let rows = statement.query_map([name], |row| row.get(0))?;
        rows.collect()
    }

    fn stream(&self, query: Query, limit: usize) -> rusqlite::Result<Vec<Found>> {
        let Query { sql, mut values } = query;
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let sql = format!("{sql} LIMIT ?{}", values.len());
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement
            .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect()
    }

    fn by_number(&self, id: i64) -> Result<Option<StoredRun>, StoreError> {
        let sql = concat!("SELECT ", run_columns!(), ", snapshot FROM run WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(sql).map_err(store_error)?;
        let found = statement.query_row(params![id], |row| Ok((RunRow::read(row)?, row.get(13)?)));
        let Some((row, snapshot)) = found.optional().map_err(store_error)? else { return Ok(None) };
        rows::stored_run(&self.connection, &self.definitions, &row, snapshot).map(Some)
    }
}

/// The runs with the first attribute, else the first tag, that have all the others too; and the column that tells their creation.
fn by_metadata(filter: &RunFilter) -> (Query, &'static str) {
    let mut attributes = filter.attributes.iter();
    let mut tags = filter.tags.iter();
    let mut query;
    if let Some((name, value)) = attributes.next() {
        query = Query::new(
            "SELECT d.created, r.journey, r.id FROM run_attribute d CROSS JOIN run r ON r.id = d.run WHERE true",
        );
        query.and("d.name = ?", name.clone());
        query.and("d.value = ?", value.clone());
    } else {
        query = Query::new(
            "SELECT d.created, r.journey, r.id FROM run_tag d CROSS JOIN run r ON r.id = d.run WHERE true",
        );
        query.and("d.tag = ?", tags.next().cloned().unwrap_or_default());
    }
    for (name, value) in attributes {
        query.and("EXISTS (SELECT 1 FROM run_attribute o WHERE o.name = ?", name.clone());
        query.and("o.value = ? AND o.created = d.created AND o.run = d.run)", value.clone());
    }
    for tag in tags {
        query.and(
            "EXISTS (SELECT 1 FROM run_tag o WHERE o.tag = ? AND o.created = d.created AND o.run = d.run)",
            tag.clone(),
        );
    }
    (query, "d.created")
}

/// What all streams have in common: no compensating runs unless asked for, from just after a place on, in order.
fn restrict(query: &mut Query, filter: &RunFilter, after: Option<&ListKey>, created: &str) {
    if !filter.include_compensation {
        query.sql.push_str(" AND r.compensation = 0");
    }
    if let Some(after) = after {
        query.and(&format!("{created} <= ?"), nanos(after.created));
        query.and(&format!("({created} < ?"), nanos(after.created));
        let last = query.values.len();
        query.values.push(Value::Text(after.run.as_str().to_owned()));
        query.sql.push_str(&format!(" OR r.journey > ?{})", last + 1));
    }
    query.sql.push_str(&format!(" ORDER BY {created} DESC, r.journey"));
}

/// The codes of the wanted phases.
const fn phases(wanted: Option<Phase>) -> &'static [u8] {
    match wanted {
        None => &[0, 1, 2],
        Some(Phase::Running) => &[0],
        Some(Phase::Succeeded) => &[1],
        Some(Phase::Failed) => &[2],
    }
}

#[cfg(test)]
mod tests {
    use jf_core::{JourneyId, Phase};
    use jf_store::{ListKey, RunFilter};
    use jiff::Timestamp;
    use rusqlite::params_from_iter;
    use rusqlite::types::Value;

    use super::Reader;
    use crate::{open, schema};

    /// ENG-138: an index has every stream in order, so that a page costs the same among many runs as among few.
    #[test]
    fn eng_138_no_page_reads_or_sorts_all_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut writer = rusqlite::Connection::open(&path).unwrap();
        schema::migrate(&mut writer, schema::STEPS).unwrap();
        let sql = "INSERT INTO definition (kind, name, version, kept_by) VALUES (0, 'order', '1.0.0', 0)";
        writer.execute(sql, []).unwrap();
        let connection = open::open_reader(&path, 64).unwrap();
        let reader = Reader { connection, definitions: std::sync::Arc::default() };
        let after = ListKey { created: Timestamp::UNIX_EPOCH, run: JourneyId::parse("r").unwrap() };
        let mut seen = 0;
        for (journey, phase) in
            [(None, None), (None, Some(Phase::Failed)), (Some("order"), Some(Phase::Running))]
        {
            for (tags, attributes) in [(0, 0), (2, 0), (1, 2)] {
                let mut filter = RunFilter::default();
                filter.journey = journey.map(str::to_owned);
                filter.phase = phase;
                filter.tags = (0..tags).map(|tag| format!("t{tag}")).collect();
                filter.attributes =
                    (0..attributes).map(|name| (format!("a{name}"), "1".to_owned())).collect();
                for after in [None, Some(&after)] {
                    for query in reader.streams(&filter, after).unwrap() {
                        let sql = format!("EXPLAIN QUERY PLAN {} LIMIT 50", query.sql);
                        let mut statement = reader.connection.prepare(&sql).unwrap();
                        let values: Vec<Value> = query.values;
                        let lines =
                            statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3));
                        let plan = lines.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
                        // There are few definitions, however many runs.
                        let mut runs = plan.iter().filter(|line| !line.starts_with("SCAN definition "));
                        let whole =
                            runs.any(|line| line.starts_with("SCAN") || line.ends_with("FOR ORDER BY"));
                        assert!(!whole, "{filter:?}: {plan:#?}");
                        let placed = plan.iter().any(|line| line.contains("created<?"));
                        assert_eq!(placed, after.is_some(), "{plan:#?}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen >= 18, "{seen}");
    }
}
