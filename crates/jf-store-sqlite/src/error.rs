//! What can go wrong with a file, and how SQLite says so.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use jf_store::{StoreError, StoreErrorKind};
use rusqlite::ffi::ErrorCode;

/// Why a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenErrorKind {
    /// The folder of the file, or a file that must exist, is not there.
    Missing,
    /// Another process has it (ENG-102), or this one has it already.
    InUse,
    /// Another program holds a lock on it.
    Locked,
    /// It must not be written.
    ReadOnly,
    /// It is no SQLite database.
    NotADatabase,
    /// It is the database of another application.
    Foreign,
    /// It was written by a later version of this program.
    NewerVersion,
    /// What it holds is damaged.
    Corrupt,
    /// There is no space left.
    Full,
    /// The file to write exists.
    Exists,
    /// The system does not let us, for another reason.
    Io,
}

/// A file that cannot be used, with what may be done about it.
#[derive(Debug)]
pub struct OpenError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: OpenErrorKind,
    path: PathBuf,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl OpenError {
    pub(crate) fn new(kind: OpenErrorKind, path: &Path, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, path: path.to_path_buf(), message: message.into(), source: None }))
    }

    fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => OpenErrorKind::Missing,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => OpenErrorKind::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OpenErrorKind::Full,
            io::ErrorKind::AlreadyExists => OpenErrorKind::Exists,
            _ => OpenErrorKind::Io,
        };
        Self::new(kind, path, error.to_string()).caused_by(error)
    }

    pub(crate) fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let (kind, message) = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                (OpenErrorKind::NotADatabase, "it is not a SQLite database".to_owned())
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                (OpenErrorKind::Corrupt, "it is damaged; restore it from a backup".to_owned())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (OpenErrorKind::Locked, "another program holds a lock on it".to_owned())
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                (OpenErrorKind::ReadOnly, "it must not be written".to_owned())
            }
            Some(ErrorCode::DiskFull) => {
                (OpenErrorKind::Full, "there is no space left on the disk".to_owned())
            }
            _ => (OpenErrorKind::Io, error.to_string()),
        };
        Self::new(kind, path, message).caused_by(error)
    }

    /// What is committed cannot be brought to its place.
    pub(crate) fn store(path: &Path, error: StoreError) -> Self {
        let (kind, message) = match error.kind() {
            StoreErrorKind::Corrupt => {
                (OpenErrorKind::Corrupt, "it is damaged; restore it from a backup".to_owned())
            }
            _ => (OpenErrorKind::Io, error.to_string()),
        };
        Self::new(kind, path, message).caused_by(error)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> OpenErrorKind {
        self.0.kind
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store `{}`: {}", self.0.path.display(), self.0.message)
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// What an error of SQLite means for a read, or for a write that was taken back.
pub(crate) fn store_error(error: rusqlite::Error) -> StoreError {
    let code = error.sqlite_error_code();
    let (kind, reason) = match code {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            (StoreErrorKind::Corrupt, "the file is damaged")
        }
        Some(ErrorCode::DiskFull) => (StoreErrorKind::Unavailable, "the disk is full"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (StoreErrorKind::Unavailable, "another program holds a lock on the file")
        }
        Some(ErrorCode::ReadOnly) => (StoreErrorKind::Unavailable, "the file must not be written"),
        Some(_) => (StoreErrorKind::Unavailable, "the file cannot be read or written"),
        // A value of another type than the schema has.
        None => (StoreErrorKind::Corrupt, "a row cannot be read"),
    };
    StoreError::new(kind).with("reason", reason).with_source(error)
}

/// What an error of the system means for a write of which nothing counts.
pub(crate) fn io_error(error: &io::Error) -> StoreError {
    let reason = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full",
        _ => "the file cannot be read or written",
    };
    StoreError::new(StoreErrorKind::Unavailable).with("reason", reason)
}

/// Something stored that cannot be what was committed.
pub(crate) fn corrupt(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt).with("part", what)
}

/// A queue that is full, or whose thread is gone.
pub(crate) fn unavailable(reason: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with("reason", reason)
}
