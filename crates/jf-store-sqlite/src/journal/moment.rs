//! Tables and journal at one moment, for whoever reads a file that an engine may be at work on.

use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::file;
use crate::error::OpenError;

/// Rounds in which an engine may begin the journal anew just between two reads. Each takes far less time than it needs to fill a journal.
const ROUNDS: usize = 1_000;

/// Which journal goes with the tables, by what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) era: i64,
    /// The number of the last transaction.
    pub(crate) mark: i64,
}

impl Begun {
    /// What the tables of a file of the present version say.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
        let mut read = |name: &str| statement.query_row([name], |row| row.get(0));
        Ok(Self { era: read("journal_era")?, mark: read("journal_mark")? })
    }
}

/// The journal as it was when a transaction began.
#[derive(Debug)]
pub(crate) struct Moment {
    begun: Begun,
    bytes: Vec<u8>,
}

impl Moment {
    /// The journal of a database that nobody writes.
    pub(crate) fn at_rest(path: &Path, begun: Begun) -> io::Result<Self> {
        Ok(Self { begun, bytes: bytes(path)? })
    }

    /// Begins a transaction that reads, which is not ended here, and reads the journal that goes with what it sees. `other` is another
    /// connection to the same file.
    pub(crate) fn begin(connection: &Connection, other: &Connection, path: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::sqlite(path, error);
        for _ in 0..ROUNDS {
            connection.execute_batch("BEGIN").map_err(failed)?;
            let begun = Begun::read(connection).map_err(failed)?;
            let bytes = bytes(path).map_err(|error| OpenError::io(path, error))?;
            // The groups of an era are gone only when the next one has begun.
            if Begun::read(other).map_err(failed)?.era == begun.era {
                return Ok(Self { begun, bytes });
            }
            connection.execute_batch("ROLLBACK").map_err(failed)?;
        }
        let busy = io::Error::new(io::ErrorKind::ResourceBusy, "its journal changes all the time");
        Err(OpenError::io(path, busy))
    }

    /// Whether nothing was ever written.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The groups that the tables lack, or have had a moment ago.
    pub(crate) fn groups(&self) -> Vec<&[u8]> {
        file::groups(&self.bytes, self.begun.era, self.begun.mark)
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    match std::fs::read(file::beside(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}
