//! Pages of runs (sentence 12).
//!
//! A page is put together from the beginnings of a few streams, each of which an index has in order: one per wanted phase and version, or
//! the runs with an attribute or a tag. The rarest thing asked for is gone through; what its index does not say is looked up elsewhere.

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

/// A statement in the making, from `FROM` on.
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

    /// What all streams have in common: every attribute and tag that does not drive it, no compensating runs unless asked for, from
    /// just after a place on, in order.
    fn wanting(mut self, filter: &RunFilter, driver: Driver<'_>, after: Option<&ListKey>) -> Self {
        let created = if driver == Driver::Rows { "r.created" } else { "d.created" };
        let same = format!("o.created = {created} AND o.run = r.id)");
        for (name, value) in &filter.attributes {
            if driver != Driver::Attribute(name, value) {
                self.and("EXISTS (SELECT 1 FROM run_attribute o WHERE o.name = ?", name.clone());
                self.and(&format!("o.value = ? AND {same}"), value.clone());
            }
        }
        for tag in filter.tags.iter().filter(|tag| driver != Driver::Tag(tag)) {
            self.and(&format!("EXISTS (SELECT 1 FROM run_tag o WHERE o.tag = ? AND {same}"), tag.clone());
        }
        if !filter.include_compensation {
            self.sql.push_str(" AND r.compensation = 0");
        }
        if let Some(after) = after {
            self.and(&format!("{created} <= ?"), nanos(after.created));
            self.and(&format!("({created} < ?"), nanos(after.created));
            let last = self.values.len();
            self.values.push(Value::Text(after.run.as_str().to_owned()));
            self.sql.push_str(&format!(" OR r.journey > ?{})", last + 1));
        }
        self.sql.push_str(&format!(" ORDER BY {created} DESC, r.journey"));
        self
    }
}

/// What a page is put together from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver<'a> {
    /// The runs of each wanted version and phase.
    Rows,
    /// The runs with this attribute.
    Attribute(&'a str, &'a str),
    /// The runs with this tag.
    Tag(&'a str),
}

/// What streams give.
const SELECT: &str = "SELECT r.created, r.journey, r.id";

/// How far the short look goes that finds the rarest thing asked for.
const LOOK: usize = 1_000;

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

    /// Queries that together give the wanted runs, each once, in the order of an index.
    fn streams(&self, filter: &RunFilter, after: Option<&ListKey>) -> Result<Vec<Query>, StoreError> {
        let rows = self.rows(filter).map_err(store_error)?;
        let driver = self.driver(filter, &rows).map_err(store_error)?;
        Ok(match driver {
            Driver::Rows => rows.into_iter().map(|query| query.wanting(filter, driver, after)).collect(),
            driver => {
                let mut query = by_metadata(driver, " d CROSS JOIN run r ON r.id = d.run");
                if let Some(phase) = filter.phase {
                    query.and("r.phase = ?", i64::from(codec::phase_code(phase)));
                }
                if let Some(name) = &filter.journey {
                    query.and("r.definition IN (SELECT id FROM definition WHERE name = ?)", name.clone());
                }
                vec![query.wanting(filter, driver, after)]
            }
        })
    }

    /// The runs of each wanted version and phase.
    fn rows(&self, filter: &RunFilter) -> rusqlite::Result<Vec<Query>> {
        let definitions = match &filter.journey {
            Some(name) => self.versions(name)?.into_iter().map(Some).collect(),
            None => vec![None],
        };
        let mut rows = Vec::new();
        for definition in definitions {
            for phase in phases(filter.phase) {
                let mut query = Query::new("FROM run r WHERE true");
                if let Some(definition) = definition {
                    query.and("r.definition = ?", definition);
                }
                query.and("r.phase = ?", i64::from(*phase));
                rows.push(query);
            }
        }
        Ok(rows)
    }

    /// What has the fewest runs of all that is asked for, as far as a short look tells: a page is made by going through these.
    fn driver<'f>(&self, filter: &'f RunFilter, rows: &[Query]) -> rusqlite::Result<Driver<'f>> {
        let mut candidates: Vec<Driver<'f>> =
            filter.attributes.iter().map(|(name, value)| Driver::Attribute(name, value)).collect();
        candidates.extend(filter.tags.iter().map(|tag| Driver::Tag(tag)));
        let narrowed = filter.journey.is_some() || filter.phase.is_some();
        if candidates.is_empty() {
            return Ok(Driver::Rows);
        }
        if candidates.len() == 1 && !narrowed {
            return Ok(candidates.remove(0));
        }
        let mut best = (usize::MAX, Driver::Rows);
        for candidate in candidates {
            let found = self.count(&by_metadata(candidate, " d"))?;
            if found < best.0 {
                best = (found, candidate);
            }
        }
        if narrowed {
            let mut found = 0;
            for query in rows {
                found += self.count(query)?;
            }
            if found < best.0 {
                best = (found, Driver::Rows);
            }
        }
        Ok(best.1)
    }

    fn versions(&self, name: &str) -> rusqlite::Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM definition WHERE name = ?1")?;
        let rows = statement.query_map([name], |row| row.get(0))?;
        rows.collect()
    }

    /// How many runs a query gives, [`LOOK`] at most.
    fn count(&self, query: &Query) -> rusqlite::Result<usize> {
        let sql = format!("SELECT count(*) FROM (SELECT 1 {} LIMIT {LOOK})", query.sql);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let count: i64 = statement.query_row(params_from_iter(&query.values), |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    fn stream(&self, query: Query, limit: usize) -> rusqlite::Result<Vec<Found>> {
        let Query { sql, mut values } = query;
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let sql = format!("{SELECT} {sql} LIMIT ?{}", values.len());
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

/// The runs with an attribute or a tag; `join` stands behind the table.
fn by_metadata(driver: Driver<'_>, join: &str) -> Query {
    let table = if matches!(driver, Driver::Tag(_)) { "run_tag" } else { "run_attribute" };
    let mut query = Query::new(&format!("FROM {table}{join} WHERE true"));
    match driver {
        Driver::Attribute(name, value) => {
            query.and("d.name = ?", name.to_owned());
            query.and("d.value = ?", value.to_owned());
        }
        Driver::Tag(tag) => query.and("d.tag = ?", tag.to_owned()),
        Driver::Rows => {}
    }
    query
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

    use super::{Driver, Reader, SELECT};
    use crate::{open, schema};

    /// A file without runs, but for one version of `order`.
    fn empty() -> (tempfile::TempDir, rusqlite::Connection, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut writer = rusqlite::Connection::open(&path).unwrap();
        schema::migrate(&mut writer, schema::STEPS).unwrap();
        let sql = "INSERT INTO definition (kind, name, version, kept_by) VALUES (0, 'order', '1.0.0', 0)";
        writer.execute(sql, []).unwrap();
        let connection = open::open_reader(&path, 64).unwrap();
        (folder, writer, Reader { connection, definitions: std::sync::Arc::default() })
    }

    /// ENG-138: an index has every stream in order, so that a page costs the same among many runs as among few.
    #[test]
    fn eng_138_no_page_reads_or_sorts_all_runs() {
        let (_folder, _writer, reader) = empty();
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
                    let rows = reader.rows(&filter).unwrap();
                    let rows = rows.into_iter().map(|query| query.wanting(&filter, Driver::Rows, after));
                    for query in reader.streams(&filter, after).unwrap().into_iter().chain(rows) {
                        let sql = format!("EXPLAIN QUERY PLAN {SELECT} {} LIMIT 50", query.sql);
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

    /// ENG-138: a frequent tag does not make a page of rare runs slow, nor a frequent phase one of rare tags.
    #[test]
    fn eng_138_a_page_goes_through_the_rarest_thing_asked_for() {
        let (_folder, writer, reader) = empty();
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO run (id, journey, definition, created, revision, head, phase, in_motion, compensation, snapshot)
            SELECT i, 'r' || i, 1, i, 1, 1, CASE WHEN i <= 3 THEN 2 ELSE 0 END, 0, 0, x'00' FROM n;
            INSERT INTO run_tag (tag, created, run) SELECT 'often', created, id FROM run;
            INSERT INTO run_tag (tag, created, run) SELECT 'seldom', created, id FROM run WHERE id % 1000 = 0;
            INSERT INTO run_attribute (name, value, created, run) SELECT 'tenantId', 't', created, id FROM run;
            INSERT INTO run_attribute (name, value, created, run) SELECT 'orderId', id, created, id FROM run;";
        writer.execute_batch(sql).unwrap();
        let filter = |tags: &[&str], attributes: &[(&str, &str)], phase: Option<Phase>| {
            let mut filter = RunFilter::default();
            filter.phase = phase;
            filter.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let own = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            filter.attributes = own.collect();
            filter
        };
        let tenant = ("tenantId", "t");
        for (filter, driver, found) in [
            (filter(&["often"], &[], Some(Phase::Failed)), Driver::Rows, 3),
            (filter(&["often"], &[tenant], Some(Phase::Failed)), Driver::Rows, 3),
            (filter(&["often", "seldom"], &[tenant], Some(Phase::Running)), Driver::Tag("seldom"), 3),
            (filter(&["often"], &[tenant, ("orderId", "7")], None), Driver::Attribute("orderId", "7"), 1),
            (filter(&["seldom"], &[("orderId", "7")], None), Driver::Attribute("orderId", "7"), 0),
        ] {
            let rows = reader.rows(&filter).unwrap();
            assert_eq!(reader.driver(&filter, &rows).unwrap(), driver, "{filter:?}");
            let mut runs = Vec::new();
            for query in reader.streams(&filter, None).unwrap() {
                runs.extend(reader.stream(query, 50).unwrap());
            }
            assert_eq!(runs.len(), found, "{filter:?}");
        }
    }
}
