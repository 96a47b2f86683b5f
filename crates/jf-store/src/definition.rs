//! Definition versions that runs outlive their deployment with (ENG-117).

use std::fmt;
use std::sync::Arc;

/// The source of a definition version: enough to load it again in a later process, without the folder it came from.
///
/// ```
/// use jf_store::{DefinitionSource, FileSource};
///
/// let source = DefinitionSource::new("order.journey.yaml", "kind: Journey", [7; 32])
///     .with_file(FileSource::new("apis/stock.yaml", "openapi: 3.1.0"));
/// assert_eq!(source.files[0].name, "apis/stock.yaml");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DefinitionSource {
    /// The name of the file, which tells YAML from JSON.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// Identifies the body as parsed (DEF-029).
    pub digest: [u8; 32],
    /// The files it refers to.
    pub files: Vec<FileSource>,
}

/// A file that a definition refers to.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSource {
    /// The reference, in normal form: relative to the folder of the definition.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

impl DefinitionSource {
    /// A source that refers to no files.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>, digest: [u8; 32]) -> Self {
        Self { name: name.into(), text: text.into(), digest, files: Vec::new() }
    }

    /// With one more file.
    #[must_use]
    pub fn with_file(mut self, file: FileSource) -> Self {
        self.files.push(file);
        self
    }
}

impl FileSource {
    /// A file by its reference.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

// Definitions are no secrets, but nobody wants a whole one in a log.
impl fmt::Debug for DefinitionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefinitionSource")
            .field("name", &self.name)
            .field("bytes", &self.text.len())
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSource").field("name", &self.name).field("bytes", &self.text.len()).finish()
    }
}
