//! The files of the repository.

use std::io;
use std::path::{Path, PathBuf};

/// The nearest folder at or above `start` that holds `docs/spec`.
#[must_use]
pub fn find_root(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join("docs/spec").is_dir()).map(Path::to_path_buf)
}

/// The Rust sources of the product with their texts: everything in `crates/*/src` but files of tests.
///
/// # Errors
/// When a file cannot be read.
pub fn sources(root: &Path) -> io::Result<Vec<(String, String)>> {
    let is_test = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/");
    let is_source =
        |path: &str| path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs");
    let paths = files(root)?.into_iter().filter(|path| is_source(path) && !is_test(path));
    paths.map(|path| std::fs::read_to_string(root.join(&path)).map(|text| (path, text))).collect()
}

/// Every file below `root` as a relative path with `/` between its parts, sorted. Hidden folders, build
/// output, installed packages and links are left out.
pub(crate) fn files(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name();
            // A name that is not UTF-8 is none of ours.
            let Some(name) = name.to_str() else { continue };
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_file() {
                found.push(path);
            } else if kind.is_dir() && !name.starts_with('.') && !is_foreign(&root.join(&path), name) {
                folders.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Folders that tools fill. Cargo marks its output folder, whatever the name.
fn is_foreign(path: &Path, name: &str) -> bool {
    matches!(name, "target" | "node_modules" | "__pycache__") || path.join("CACHEDIR.TAG").exists()
}
