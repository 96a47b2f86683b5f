//! Opening a file: whose it is, what it is, and whether it is whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jf_core::Epoch;
use rusqlite::{Connection, MAIN_DB, OpenFlags, OptionalExtension};

use crate::config::{Check, SqliteConfig, Synchronous};
use crate::error::{OpenError, OpenErrorKind};
use crate::journal::{self, Journal};
use crate::lock::Ownership;
use crate::schema;

/// How long a connection waits for another program that holds a lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file of at most this size is looked at in full by a quick check.
const SMALL: u64 = 64 * 1024 * 1024;

/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 64;

/// An opened file with the right to it.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) ownership: Ownership,
    pub(crate) writer: Connection,
    pub(crate) journal: Journal,
    pub(crate) epoch: Epoch,
}

/// Opens a file for one engine; makes it when it is not there.
pub(crate) fn open(config: &SqliteConfig) -> Result<Opened, OpenError> {
    let path = place(&config.path)?;
    let ownership = Ownership::take(&path)?;
    let failed = |error| OpenError::sqlite(&path, error);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut writer = Connection::open_with_flags(&path, flags).map_err(failed)?;
    writer.busy_timeout(PATIENCE).map_err(failed)?;
    // Asked to write a file that must not be written, SQLite opens it for reading.
    let _ = identify(&writer, &path)?;
    if writer.is_readonly(MAIN_DB).map_err(failed)? {
        return Err(OpenError::new(OpenErrorKind::ReadOnly, &path, "it must not be written"));
    }
    prepare(&writer, config).map_err(failed)?;
    let mode: String = writer.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        let message = format!("its file system does not allow a write-ahead log (the mode stays `{mode}`)");
        return Err(OpenError::new(OpenErrorKind::Io, &path, message));
    }
    schema::migrate(&mut writer, schema::STEPS).map_err(failed)?;
    check(&writer, &path, config.check)?;
    let replayed = journal::replay_table(&mut writer, &config.retention);
    replayed.map_err(|error| OpenError::store(&path, error))?;
    let synchronous = config.synchronous == Synchronous::Full;
    let journal = journal::replay(&mut writer, &path, &config.retention, synchronous)?;
    let epoch = epoch(&writer, &path)?;
    Ok(Opened { path, ownership, writer, journal, epoch })
}

/// A connection that only reads, beside the one of the engine or of another process.
pub(crate) fn open_reader(path: &Path, cache_kib: u32) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    // A reader of a write-ahead log writes to its index.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let cache = -i64::from(cache_kib);
    connection.pragma_update(None, "cache_size", cache).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

/// A connection that empties the log beside the writing one.
pub(crate) fn open_helper(path: &Path, config: &SqliteConfig) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.pragma_update(None, "synchronous", config.synchronous.as_str()).map_err(failed)?;
    connection.pragma_update(None, "cache_size", -256).map_err(failed)?;
    Ok(connection)
}

/// The file without links on the way, so that it has one name for all who want it.
pub(crate) fn place(path: &Path) -> Result<PathBuf, OpenError> {
    if path.is_dir() {
        return Err(OpenError::new(OpenErrorKind::Io, path, "it is a folder"));
    }
    if let Ok(real) = path.canonicalize() {
        return Ok(real);
    }
    let name = path.file_name().ok_or_else(|| OpenError::new(OpenErrorKind::Io, path, "it names no file"))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match folder.canonicalize() {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("there is no folder `{}`", folder.display());
            Err(OpenError::new(OpenErrorKind::Missing, path, message))
        }
        Err(error) => Err(OpenError::io(path, error)),
    }
}

/// Whether the file is one of ours, or new; its version.
pub(crate) fn identify(connection: &Connection, path: &Path) -> Result<usize, OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    let read = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application = read("PRAGMA application_id").map_err(failed)?;
    let version = schema::version(connection).map_err(failed)?;
    let tables = read("SELECT count(*) FROM sqlite_schema").map_err(failed)?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(0);
    }
    if application != i64::from(schema::APPLICATION_ID) {
        let message = "it is the database of another application";
        return Err(OpenError::new(OpenErrorKind::Foreign, path, message));
    }
    let newest = schema::STEPS.len();
    if version > newest {
        let message = format!(
            "it has version {version}, written by a later release; this one knows versions up to {newest}"
        );
        return Err(OpenError::new(OpenErrorKind::NewerVersion, path, message));
    }
    Ok(version)
}

fn prepare(writer: &Connection, config: &SqliteConfig) -> rusqlite::Result<()> {
    writer.set_prepared_statement_cache_capacity(STATEMENTS);
    writer.pragma_update(None, "synchronous", config.synchronous.as_str())?;
    writer.pragma_update(None, "cache_size", -i64::from(config.cache_kib))?;
    writer.pragma_update(None, "temp_store", "MEMORY")?;
    // The log is emptied when it suits, not after every so many pages.
    writer.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    writer.query_row("PRAGMA journal_size_limit = 67108864", [], |_| Ok(()))
}

fn check(writer: &Connection, path: &Path, check: Check) -> Result<(), OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    // After this the file is as long as its header says, unless somebody reads its log at this moment.
    let moved = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    let alone = moved.map_err(failed)? == 0;
    let pages: u64 = writer.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(failed)?;
    let size: u64 = writer.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(failed)?;
    let length = std::fs::metadata(path).map_err(|error| OpenError::io(path, error))?.len();
    if alone && length < pages.saturating_mul(size) {
        let message = "it is cut off; restore it from a backup";
        return Err(OpenError::new(OpenErrorKind::Corrupt, path, message));
    }
    let pragma = match check {
        Check::Full => "PRAGMA integrity_check(1)",
        Check::Quick if length <= SMALL => "PRAGMA quick_check(1)",
        Check::Quick => return Ok(()),
    };
    let found: String = writer.query_row(pragma, [], |row| row.get(0)).map_err(failed)?;
    if found == "ok" {
        return Ok(());
    }
    let message = "it is damaged; `jf store check` says more, and a backup can take its place";
    Err(OpenError::new(OpenErrorKind::Corrupt, path, message))
}

/// The epoch of the file, which is drawn when it is new (ENG-108).
fn epoch(writer: &Connection, path: &Path) -> Result<Epoch, OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    let sql = "SELECT value FROM meta WHERE name = 'epoch'";
    let found = writer.query_row(sql, [], |row| row.get::<_, String>(0)).optional().map_err(failed)?;
    if let Some(text) = found {
        let damaged = |_| OpenError::new(OpenErrorKind::Corrupt, path, "its epoch cannot be read");
        return Epoch::parse(text).map_err(damaged);
    }
    let epoch = Epoch::random();
    set_epoch(writer, &epoch).map_err(failed)?;
    Ok(epoch)
}

pub(crate) fn set_epoch(writer: &Connection, epoch: &Epoch) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('epoch', ?1)";
    writer.execute(sql, [epoch.as_str()]).map(|_| ())
}
