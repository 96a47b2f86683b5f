//! Definition versions that runs outlive their deployment with (ENG-117).

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jf_core::dsl::{Capabilities, Diagnostics, Loaded, ReferredFile, SourceFile, load_with_files};

/// The source of a definition version: enough to load it again in a later process, without the folder it came from.
///
/// ```
/// use jf_store::{DefinitionSource, FileSource};
///
/// let source = DefinitionSource::new("order.journey.yaml", "kind: Journey", [7; 32])
///     .with_file(FileSource::new("apis/stock.yaml", "openapi: 3.1.0"));
/// assert_eq!(&*source.files[0].name, "apis/stock.yaml");
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

    /// The source that a definition was loaded from.
    #[must_use]
    pub fn of(loaded: &Loaded) -> Self {
        let source = loaded.positions.source();
        let files = loaded.files.iter();
        let files =
            files.map(|file| FileSource::new(file.reference.normal_form(), file.source.text())).collect();
        // The name of the file is kept for its ending, not where it lay.
        let name =
            Path::new(source.name()).file_name().and_then(OsStr::to_str).unwrap_or("definition.journey.yaml");
        let (name, text) = (name.into(), source.text().into());
        Self { name, text, digest: *loaded.digest.as_bytes(), files }
    }

    /// Loads the definition again.
    ///
    /// # Errors
    /// When what is installed does not fit it any more.
    pub fn load(&self, capabilities: &dyn Capabilities) -> Result<Loaded, Diagnostics> {
        let files = self.files.iter().filter_map(|file| {
            // What was kept was a reference when it was loaded.
            let reference = file.name.parse().ok()?;
            Some(ReferredFile::new(reference, SourceFile::new(&*file.name, Arc::clone(&file.text))))
        });
        let source = SourceFile::new(&*self.name, Arc::clone(&self.text));
        load_with_files(&source, &files.collect::<Vec<_>>(), capabilities)
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
