//! Finding definition files, and files of scenarios.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The endings of definition files (DEF-001).
pub(super) const DEFINITIONS: [&str; 3] = [".journey.yaml", ".journey.yml", ".journey.json"];

/// The endings of scenario files.
pub(crate) const SCENARIOS: [&str; 3] = [".scenario.yaml", ".scenario.yml", ".scenario.json"];

/// A path that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`: {}", path.display(), reason(error))]
#[non_exhaustive]
pub struct PathError {
    /// The path.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub error: io::Error,
}

/// What went wrong, without the number of the system.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

/// The files behind some paths: files as they are, folders searched with their sub-folders for files with the endings, in byte order.
/// A file that is reached twice counts once.
///
/// Hidden folders and files are passed over: what mounts and editors keep in them are copies. So are pipes and sockets in folders.
pub(crate) fn find(
    paths: &[PathBuf],
    endings: &'static [&'static str],
) -> Result<Vec<PathBuf>, Vec<PathError>> {
    let mut found = Found { endings, files: Vec::new(), seen: HashSet::new(), errors: Vec::new() };
    for path in paths {
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => found.folder(path),
            Ok(_) => found.file(path.clone()),
            Err(error) => found.errors.push(PathError { path: path.clone(), error }),
        }
    }
    if found.errors.is_empty() { Ok(found.files) } else { Err(found.errors) }
}

struct Found {
    endings: &'static [&'static str],
    files: Vec<PathBuf>,
    /// Files and folders by what they are, whatever way leads there; links may form a circle.
    seen: HashSet<PathBuf>,
    errors: Vec<PathError>,
}

impl Found {
    fn folder(&mut self, folder: &Path) {
        match fs::canonicalize(folder).and_then(|real| Ok((real, entries(folder)?))) {
            Ok((real, entries)) => {
                if self.seen.insert(real) {
                    for entry in entries {
                        self.entry(entry);
                    }
                }
            }
            Err(error) => self.errors.push(PathError { path: folder.to_path_buf(), error }),
        }
    }

    fn entry(&mut self, path: PathBuf) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            return;
        }
        let is_wanted = self.endings.iter().any(|ending| name.ends_with(ending));
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => self.folder(&path),
            // Opening a pipe would wait for its other end.
            Ok(about) if is_wanted && about.is_file() => self.file(path),
            // A dangling link to something else is no business of ours.
            Err(error) if is_wanted => self.errors.push(PathError { path, error }),
            _ => {}
        }
    }

    fn file(&mut self, path: PathBuf) {
        match fs::canonicalize(&path) {
            Ok(real) => {
                if self.seen.insert(real) {
                    self.files.push(path);
                }
            }
            Err(error) => self.errors.push(PathError { path, error }),
        }
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{DEFINITIONS, find};

    #[test]
    fn def_001_folders_are_searched_in_byte_order_with_their_sub_folders() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "b.journey.yaml",
            "a.journey.json",
            "B.journey.yml",
            "c.yaml",
            "a/z.journey.yaml",
            ".git/x.journey.yaml",
            ".h.journey.yaml",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = find(&[root.to_path_buf(), root.join("b.journey.yaml")], &DEFINITIONS).unwrap();
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(root).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["B.journey.yml", "a/z.journey.yaml", "a.journey.json", "b.journey.yaml"]);
    }

    #[test]
    fn every_path_that_cannot_be_read_is_named() {
        let errors = find(&[PathBuf::from("no/such"), PathBuf::from("nor/this")], &DEFINITIONS).unwrap_err();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(texts.len() == 2 && texts[0].starts_with("cannot read `no/such`: "), "{texts:?}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("a.journey.yaml")).unwrap();
        assert_eq!(find(&[folder.path().to_path_buf()], &DEFINITIONS).unwrap(), Vec::<PathBuf>::new());
    }

    #[cfg(unix)]
    #[test]
    fn links_may_form_a_circle() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.journey.yaml"), "").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
        assert_eq!(find(&[folder.path().to_path_buf()], &DEFINITIONS).unwrap().len(), 1);
    }
}
