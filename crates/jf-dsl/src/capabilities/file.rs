//! Files beside a definition: what `openApiRef`, `keySchemaRef` and `valueSchemaRef` lead to (DEF-013).

use std::io;
use std::path::{Path, PathBuf};

use crate::source::SourceFile;
use crate::value::file_ref::FileRef;

/// Why a file beside a definition cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// The definition has no folder that references could start from.
    #[error("the definition was not read from a file, so there is no folder to start from")]
    NoBase,
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// Links lead out of the base folder.
    #[error("links lead out of the folder of the definition")]
    Outside,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
}

/// Reads a file below the base folder of a definition (DEF-065). At most 16 MiB are taken into memory.
///
/// # Errors
///
/// When there is no base folder or no such file, when links lead out of the folder, and when it cannot be read.
pub(super) fn read(base: Option<&Path>, file: &FileRef) -> Result<SourceFile, FileFault> {
    // The folder of a bare file name is the current one.
    let base = match base.ok_or(FileFault::NoBase)? {
        path if path.as_os_str().is_empty() => Path::new("."),
        path => path,
    };
    let path = base.join(file.normal_form());
    let real = real_path(&path)?;
    if !real.starts_with(real_path(base)?) {
        return Err(FileFault::Outside);
    }
    SourceFile::from_path(&path).map_err(unreadable)
}

fn real_path(path: &Path) -> Result<PathBuf, FileFault> {
    path.canonicalize().map_err(unreadable)
}

fn unreadable(error: io::Error) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound => FileFault::Missing,
        _ => FileFault::Unreadable(error),
    }
}
