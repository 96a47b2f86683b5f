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
    /// It is a folder, a pipe or a device.
    #[error("it is no regular file")]
    Special,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
}

/// The ceiling of files beside a definition, in bytes: what [`SourceFile::from_path`] takes into memory.
pub(crate) const MOST_BYTES: usize = crate::source::READ_LIMIT;

/// Reads a file below the base folder of a definition (DEF-065). At most 16 MiB are taken into memory.
///
/// # Errors
///
/// When there is no base folder or no such file, when links lead out of the folder, when it is no regular file, and when it
/// cannot be read.
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
    // Opening a pipe would wait for its other end.
    if !real.metadata().map_err(unreadable)?.is_file() {
        return Err(FileFault::Special);
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{FileFault, read};

    fn read_text(base: Option<&Path>, reference: &str) -> Result<String, FileFault> {
        read(base, &reference.parse().unwrap()).map(|source| source.text().to_owned())
    }

    #[test]
    fn def_065_files_are_read_below_the_base_folder() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("definitions");
        fs::create_dir_all(base.join("apis")).unwrap();
        fs::write(base.join("apis/a.yaml"), "inside").unwrap();
        fs::write(folder.path().join("b.yaml"), "outside").unwrap();
        assert_eq!(read_text(Some(&base), "apis/../apis/./a.yaml").unwrap(), "inside");
        assert!(matches!(read_text(Some(&base), "apis/b.yaml"), Err(FileFault::Missing)));
        assert!(matches!(read_text(Some(&base), "apis/a.yaml/b.yaml"), Err(FileFault::Unreadable(_))));
        assert!(matches!(read_text(None, "apis/a.yaml"), Err(FileFault::NoBase)));
    }

    #[test]
    #[cfg(unix)]
    fn def_065_nothing_waits_for_what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("apis")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket.yaml")).unwrap();
        assert!(matches!(read_text(Some(folder.path()), "apis"), Err(FileFault::Special)));
        assert!(matches!(read_text(Some(folder.path()), "socket.yaml"), Err(FileFault::Special)));
        let pipe = folder.path().join("pipe.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(matches!(read_text(Some(folder.path()), "pipe.yaml"), Err(FileFault::Special)));
    }

    #[test]
    #[cfg(unix)]
    fn def_065_links_do_not_lead_out_of_the_folder() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("definitions");
        fs::create_dir(&base).unwrap();
        fs::write(folder.path().join("secret"), "outside").unwrap();
        fs::write(base.join("a.yaml"), "inside").unwrap();
        symlink(folder.path().join("secret"), base.join("out.yaml")).unwrap();
        symlink(base.join("a.yaml"), base.join("in.yaml")).unwrap();
        assert!(matches!(read_text(Some(&base), "out.yaml"), Err(FileFault::Outside)));
        assert_eq!(read_text(Some(&base), "in.yaml").unwrap(), "inside");
    }
}
