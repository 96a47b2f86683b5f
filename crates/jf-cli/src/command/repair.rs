//! `jf check --fix`: repairing files.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jf_dsl::{Capabilities, Diagnostic, Repaired, SourceFile, repair};
use similar::TextDiff;

use super::report::count;

/// A file whose text is to be another one.
pub(super) struct Change {
    path: PathBuf,
    before: SourceFile,
    repaired: Repaired,
}

/// What can be repaired in some files, and the files as they are then.
pub(super) fn plan(
    files: &[(PathBuf, SourceFile)],
    capabilities: &dyn Capabilities,
) -> (Vec<Change>, Vec<SourceFile>) {
    let mut changes = Vec::new();
    let mut sources = Vec::with_capacity(files.len());
    for (path, before) in files {
        let repaired = repair(before, capabilities);
        sources.push(repaired.source.clone());
        if !repaired.repaired.is_empty() || !repaired.refused.is_empty() {
            changes.push(Change { path: path.clone(), before: before.clone(), repaired });
        }
    }
    (changes, sources)
}

impl Change {
    /// Writes the file: all of it or nothing, with the permissions it had. A file that has changed since it was read is left
    /// alone.
    pub(super) fn write(&self) -> io::Result<()> {
        if self.repaired.repaired.is_empty() {
            return Ok(());
        }
        // A link goes on leading to the file.
        let path = fs::canonicalize(&self.path)?;
        if fs::read(&path)? != self.before.text().as_bytes() {
            return Err(io::Error::other("it was changed by somebody else"));
        }
        replace(&path, self.repaired.source.text())
    }

    /// Why the file was not written.
    pub(super) fn refusal(&self, error: &io::Error) -> String {
        format!("cannot write `{}`: {error}", self.path.display())
    }

    /// One line per repair that was made, and one per repair that was not.
    pub(super) fn told(&self) -> String {
        let mut told = String::new();
        for diagnostic in &self.repaired.repaired {
            let place = place(diagnostic);
            let message = diagnostic.machine_fix().map_or("", |fix| &*fix.message);
            writeln!(told, "fixed {place}: {message} ({}, {})", diagnostic.code, diagnostic.rule)
                .expect("a string takes everything");
        }
        for diagnostic in &self.repaired.refused {
            writeln!(told, "left {diagnostic}: the fix would bring another error")
                .expect("a string takes everything");
        }
        told
    }

    /// The difference as `diff -u` writes it.
    pub(super) fn diff(&self) -> String {
        let (before, after) = (self.before.text(), self.repaired.source.text());
        let name = self.before.name();
        let name = name.strip_prefix("./").unwrap_or(name);
        let diff = TextDiff::from_lines(before, after);
        diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string()
    }
}

/// `repaired 3 problems in 2 files`, or nothing.
pub(super) fn summary(changes: &[Change]) -> Option<String> {
    let repaired: usize = changes.iter().map(|change| change.repaired.repaired.len()).sum();
    let files = changes.iter().filter(|change| !change.repaired.repaired.is_empty()).count();
    (repaired > 0).then(|| format!("fixed {} in {}", count(repaired, "problem"), count(files, "file")))
}

/// Where a finding stood before it was repaired.
fn place(diagnostic: &Diagnostic) -> String {
    let Some(source) = &diagnostic.source else { return String::new() };
    let at = source.position(diagnostic.span.unwrap_or_default().start);
    format!("{}:{}:{}", source.name(), at.line, at.column)
}

/// Writes beside the file and renames, so that nobody ever sees half of it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let permissions = fs::metadata(path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".jf-fix-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is durable when the folder is; where folders cannot be opened there is nothing to do.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}
