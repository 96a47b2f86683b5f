//! Definition versions: runs name them by a number.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use jf_core::dsl::{DefinitionName, Version};
use jf_core::spi::DefinitionIdentity;
use jf_store::{DefinitionSource, FileSource, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

use crate::codec;
use crate::error::{corrupt, store_error};

/// What the numbers stand for, shared by all who read. A number never stands for anything else, so nothing here goes stale.
#[derive(Debug, Default)]
pub(crate) struct Definitions(RwLock<HashMap<i64, DefinitionIdentity>>);

impl Definitions {
    pub(crate) fn identity(
        &self,
        connection: &Connection,
        id: i64,
    ) -> Result<DefinitionIdentity, StoreError> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(known.clone());
        }
        let mut statement = connection
            .prepare_cached("SELECT kind, name, version FROM definition WHERE id = ?1")
            .map_err(store_error)?;
        let found = statement.query_row([id], |row| {
            Ok((row.get::<_, u8>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        });
        let (kind, name, version) =
            found.optional().map_err(store_error)?.ok_or_else(|| corrupt("definition of a run"))?;
        let identity = DefinitionIdentity {
            kind: codec::kind(kind)?,
            name: DefinitionName::parse(name.as_str()).map_err(|_| corrupt("definition name"))?,
            version: Version::parse(&version).map_err(|_| corrupt("definition version"))?,
        };
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, identity.clone());
        Ok(identity)
    }
}

impl Definitions {
    /// A transaction was taken back, and with it numbers that it may have given out.
    pub(crate) fn forget(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The numbers of versions that were asked for before, for the thread that gives them out.
#[derive(Debug, Default)]
pub(crate) struct Numbers(RefCell<HashMap<DefinitionName, Vec<(DefinitionIdentity, i64)>>>);

impl Numbers {
    /// The number of a version, which gets one if it has none.
    pub(crate) fn of(&self, connection: &Connection, identity: &DefinitionIdentity) -> rusqlite::Result<i64> {
        if let Some(id) = self.find(connection, identity)? {
            return Ok(id);
        }
        let id = add(connection, identity)?;
        self.note(identity, id);
        Ok(id)
    }

    /// The number of a version, if it has one.
    pub(crate) fn find(
        &self,
        connection: &Connection,
        identity: &DefinitionIdentity,
    ) -> rusqlite::Result<Option<i64>> {
        let known = self.0.borrow().get(&identity.name).and_then(|of| {
            let same = of.iter().find(|(known, _)| known == identity);
            same.map(|(_, id)| *id)
        });
        if known.is_some() {
            return Ok(known);
        }
        let found = find(connection, identity)?;
        found.inspect(|id| self.note(identity, *id));
        Ok(found)
    }

    fn note(&self, identity: &DefinitionIdentity, id: i64) {
        self.0.borrow_mut().entry(identity.name.clone()).or_default().push((identity.clone(), id));
    }

    /// Versions were removed, or were added in a transaction that was taken back.
    pub(crate) fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

/// The number of a version, if it has one.
pub(crate) fn find(connection: &Connection, identity: &DefinitionIdentity) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id FROM definition WHERE kind = ?1 AND name = ?2 AND version = ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let version = identity.version.to_string();
    let values = params![codec::kind_code(identity.kind), identity.name.as_str(), version];
    statement.query_row(values, |row| row.get(0)).optional()
}

/// The number of a version, which gets one if it has none.
pub(crate) fn find_or_add(connection: &Connection, identity: &DefinitionIdentity) -> rusqlite::Result<i64> {
    match find(connection, identity)? {
        Some(id) => Ok(id),
        None => add(connection, identity),
    }
}

fn add(connection: &Connection, identity: &DefinitionIdentity) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO definition (kind, name, version, kept_by) VALUES (?1, ?2, ?3, 0)";
    let version = identity.version.to_string();
    let values = params![codec::kind_code(identity.kind), identity.name.as_str(), version];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(connection.last_insert_rowid())
}

/// Keeps the source of a version (sentence 18).
pub(crate) fn keep(
    connection: &Connection,
    claim: i64,
    identity: &DefinitionIdentity,
    source: &DefinitionSource,
) -> rusqlite::Result<()> {
    let id = find_or_add(connection, identity)?;
    connection.prepare_cached("DELETE FROM definition_file WHERE definition = ?1")?.execute([id])?;
    let sql = "UPDATE definition SET kept_by = ?2, file = ?3, text = ?4, digest = ?5 WHERE id = ?1";
    let values = params![id, claim, &*source.name, &*source.text, source.digest];
    connection.prepare_cached(sql)?.execute(values)?;
    for (position, file) in source.files.iter().enumerate() {
        let sql = "INSERT INTO definition_file (definition, position, name, text) VALUES (?1, ?2, ?3, ?4)";
        connection.prepare_cached(sql)?.execute(params![id, position, &*file.name, &*file.text])?;
    }
    Ok(())
}

/// The source of a version.
pub(crate) fn source(
    connection: &Connection,
    identity: &DefinitionIdentity,
) -> Result<Option<DefinitionSource>, StoreError> {
    let Some(id) = find(connection, identity).map_err(store_error)? else { return Ok(None) };
    let read = |id: i64| -> rusqlite::Result<Option<DefinitionSource>> {
        let sql = "SELECT file, text, digest FROM definition WHERE id = ?1 AND text IS NOT NULL";
        let mut statement = connection.prepare_cached(sql)?;
        let source = statement.query_row([id], |row| {
            let (name, text): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(DefinitionSource::new(name, text, row.get(2)?))
        });
        let Some(mut source) = source.optional()? else { return Ok(None) };
        let sql = "SELECT name, text FROM definition_file WHERE definition = ?1 ORDER BY position";
        let mut statement = connection.prepare_cached(sql)?;
        let files = statement.query_map([id], |row| {
            let (name, text): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(FileSource::new(name, text))
        })?;
        for file in files {
            source = source.with_file(file?);
        }
        Ok(Some(source))
    };
    read(id).map_err(store_error)
}

/// Removes versions that were not kept under this claim and have neither runs nor schedules (sentence 19).
pub(crate) fn sweep(connection: &Connection, claim: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM definition WHERE kept_by <> ?1 \
               AND NOT EXISTS (SELECT 1 FROM run WHERE run.definition = definition.id) \
               AND NOT EXISTS (SELECT 1 FROM schedule WHERE schedule.definition = definition.id)";
    let removed = connection.prepare_cached(sql)?.execute([claim])?;
    if removed > 0 {
        let sql = "DELETE FROM definition_file WHERE definition NOT IN (SELECT id FROM definition)";
        connection.prepare_cached(sql)?.execute([])?;
    }
    Ok(removed)
}
