//! Loading: from a source file to a validated definition.

use std::fmt;
use std::sync::Arc;

use crate::capabilities::Capabilities;
use crate::diagnostic::set::Diagnostics;
use crate::json_path::JsonPath;
use crate::model::definition::Definition;
use crate::schema::Schemas;
use crate::source::{SourceFile, Span};

/// A definition that passed every rule, with what belongs to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// What it says.
    pub definition: Arc<Definition>,
    /// Its inline schemas, compiled (DEF-050).
    pub schemas: Arc<Schemas>,
    /// What deserves a look without preventing the deployment (DEF-011).
    pub warnings: Diagnostics,
    /// Where its members stand.
    pub positions: Positions,
    /// Identifies the body as parsed (DEF-029).
    pub digest: BodyDigest,
}

/// Where the members of a loaded document stand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Positions {
    source: SourceFile,
}

impl Positions {
    /// The document.
    #[must_use]
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// The bytes of the value at a path.
    #[must_use]
    pub fn span(&self, path: &JsonPath) -> Option<Span> {
        let _ = path;
        None
    }
}

/// Identifies a body as parsed: equal for documents that differ in comments and layout alone, different when a value
/// or the order of keys differs (DEF-029). Stable across processes and versions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BodyDigest([u8; 32]);

impl BodyDigest {
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BodyDigest {
    /// Lower-case hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BodyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Loads a Journey or an Api.
///
/// # Errors
///
/// All diagnostics when at least one is an error; a document of another kind is one.
pub fn load(source: &SourceFile, capabilities: &dyn Capabilities) -> Result<Loaded, Diagnostics> {
    let _ = (source, capabilities);
    Err(Diagnostics::new())
}
