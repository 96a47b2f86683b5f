//! Loading: from a source file to a validated definition.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::capabilities::{Capabilities, TaskSite};
use crate::decode::{self, Decoded, PendingTask};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::set::Diagnostics;
use crate::digest::BodyDigest;
use crate::files::{Files, ReferredFile};
use crate::json_path::{JsonPath, PathStep};
use crate::model::definition::Definition;
use crate::model::metadata::MetadataLimits;
use crate::rules::{metadata, shape, syntax, tasks};
use crate::schema::Schemas;
use crate::source::{SourceFile, Span};
use crate::tree::{Node, read_into, read_tree};

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
    /// The files it refers to, as they were read (ENG-117).
    pub files: Arc<[ReferredFile]>,
}

/// Where the members of a loaded document stand. Cheap to clone.
#[derive(Clone)]
pub struct Positions {
    source: SourceFile,
    root: Arc<Node>,
}

impl Positions {
    /// The document.
    #[must_use]
    pub fn source(&self) -> &SourceFile {
        &self.source
    }

    /// The document as it was read.
    #[must_use]
    pub fn tree(&self) -> &Node {
        &self.root
    }

    /// The bytes of the value at a path.
    #[must_use]
    pub fn span(&self, path: &JsonPath) -> Option<Span> {
        self.root.find(path).map(|(node, _)| node.span)
    }

    /// The bytes of the key that leads to a path.
    #[must_use]
    pub fn key_span(&self, path: &JsonPath) -> Option<Span> {
        self.root.find(path).and_then(|(_, key)| key)
    }
}

impl fmt::Debug for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Positions").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A document of any kind (DEF-021).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Document {
    /// A Journey or an Api.
    Definition(Box<Loaded>),
    /// Limits on metadata (DEF-115).
    MetadataLimits {
        /// The limits of the document over the built-in ones (DEF-116).
        limits: MetadataLimits,
        /// What deserves a look.
        warnings: Diagnostics,
    },
}

/// Loads a Journey or an Api.
///
/// Loading is pure: it asks the capabilities and opens nothing (DEF-013).
///
/// # Errors
///
/// All diagnostics, warnings included, when at least one is an error. A document of another kind is an error too; use
/// [`load_document`] where one may stand.
///
/// # Examples
///
/// ```
/// use jf_dsl::{SourceFile, StaticCapabilities, load};
///
/// let source = SourceFile::new("hello.journey.yaml", "
/// apiVersion: v1
/// kind: Journey
/// metadata: { name: hello, version: 1.0.0 }
/// spec:
///   start: done
///   states:
///     done: { type: succeed }
/// ");
/// let loaded = load(&source, &StaticCapabilities::full()).unwrap();
/// assert_eq!(loaded.definition.name(), "hello");
/// ```
pub fn load(source: &SourceFile, capabilities: &dyn Capabilities) -> Result<Loaded, Diagnostics> {
    definition(source, Files::asking(capabilities), capabilities)
}

/// Loads a Journey or an Api with the files that it refers to, as [`Loaded::files`] had them when it was loaded before. The capabilities
/// are not asked for files.
///
/// # Errors
///
/// As [`load`].
pub fn load_with_files(
    source: &SourceFile,
    files: &[ReferredFile],
    capabilities: &dyn Capabilities,
) -> Result<Loaded, Diagnostics> {
    definition(source, Files::knowing(capabilities, files), capabilities)
}

fn definition(
    source: &SourceFile,
    files: Files<'_>,
    capabilities: &dyn Capabilities,
) -> Result<Loaded, Diagnostics> {
    match document(source, files)? {
        Document::Definition(loaded) => Ok(*loaded),
        Document::MetadataLimits { .. } => {
            let fault = shape::not_one_of("MetadataLimits", &["Journey", "Api"]).rule("DEF-021");
            let path = JsonPath::root().member("kind");
            let root = read_tree(source, &capabilities.size_limits())?;
            let span = root.find(&path).map_or_else(Span::default, |(node, _)| node.span);
            Err(Diagnostics::sorted(vec![fault.at(path, source, span)]))
        }
    }
}

/// Loads a document of any kind.
///
/// # Errors
///
/// All diagnostics, warnings included, when at least one is an error.
pub fn load_document(source: &SourceFile, capabilities: &dyn Capabilities) -> Result<Document, Diagnostics> {
    document(source, Files::asking(capabilities))
}

fn document(source: &SourceFile, files: Files<'_>) -> Result<Document, Diagnostics> {
    let capabilities: &dyn Capabilities = &files;
    let mut faults = Vec::new();
    if !source.is_definition_file() {
        faults.push(syntax::file_name().at(JsonPath::root(), source, Span::default()));
    }
    let root = read_into(source, &capabilities.size_limits(), &mut faults);
    let Some(root) = root else { return Err(Diagnostics::sorted(faults)) };
    let mut decoded = decode::decode_tree(source, capabilities, &root, faults);
    if let Some(decode::Document::Definition(definition)) = &decoded.document {
        let tasks = std::mem::take(&mut decoded.tasks);
        let judged = judge_tasks(source, capabilities, &root, definition, tasks, &decoded);
        decoded.faults.extend(judged);
    }
    let faults = Diagnostics::sorted(decoded.faults);
    match decoded.document {
        Some(document) if !faults.has_errors() => Ok(match document {
            decode::Document::MetadataLimits(limits) => Document::MetadataLimits { limits, warnings: faults },
            decode::Document::Definition(definition) => Document::Definition(Box::new(Loaded {
                definition: Arc::from(definition),
                schemas: Arc::new(Schemas { compiled: decoded.compiled }),
                warnings: faults,
                digest: BodyDigest::of(&root),
                positions: Positions { source: source.clone(), root: Arc::new(root) },
                files: files.into_read(),
            })),
        }),
        _ => Err(faults),
    }
}

/// Lets the plugins judge their tasks, now that the rest of the definition is known. What lies at or below a member
/// that was reported already is the same fault, and so is a reference to a mapper that was.
fn judge_tasks(
    source: &SourceFile,
    capabilities: &dyn Capabilities,
    root: &Node,
    definition: &Definition,
    pending: Vec<PendingTask>,
    decoded: &Decoded,
) -> Vec<Diagnostic> {
    let reported: HashSet<&JsonPath> = decoded.faults.iter().map(|diagnostic| &diagnostic.path).collect();
    let faulty = |path: &JsonPath| {
        let reference = matches!(path.steps().last(), Some(PathStep::Member(name)) if &**name == "mapperRef");
        let id = root.find(path).filter(|_| reference).and_then(|(node, _)| node.as_str());
        id.is_some_and(|id| decoded.faulty_mappers.contains(id))
    };
    let mut found = Vec::new();
    for task in pending {
        let site = TaskSite::new(definition, &task.path).with_base(source.base()).with_extra(&task.extra);
        for finding in capabilities.check_task(&task.kind, &task.config, &site) {
            let path = task.path.clone().join(&finding.path);
            let known =
                path.prefixes().skip(task.path.steps().len() + 1).any(|prefix| reported.contains(&prefix));
            if known || faulty(&path) {
                continue;
            }
            let span = span_near(root, &path).unwrap_or(task.key);
            found.push(tasks::finding(finding).at(path, source, span));
        }
    }
    found
}

/// The bytes to show for a path that may not exist: those of the value, or the key of the nearest object around it.
fn span_near(root: &Node, path: &JsonPath) -> Option<Span> {
    if let Some((node, key)) = root.find(path) {
        let scalar = node.members().is_empty() && node.items().is_empty();
        return Some(if scalar { node.span } else { key.unwrap_or(node.span) });
    }
    path.prefixes()
        .collect::<Vec<_>>()
        .iter()
        .rev()
        .find_map(|prefix| root.find(prefix).and_then(|(_, key)| key))
}

/// Checks that the declared configuration keys of a definition have values of their types (DEF-082). This is part of
/// deploying, not of loading: a definition can be valid where its configuration is not known.
///
/// # Errors
///
/// One diagnostic per key without a usable value.
pub fn check_configuration(loaded: &Loaded, capabilities: &dyn Capabilities) -> Result<(), Diagnostics> {
    let definition = &*loaded.definition;
    let mut faults = Vec::new();
    for (key, declaration) in &definition.spec.platform.config {
        let fault = match capabilities.platform_config(definition.name(), key.as_str()) {
            None if declaration.required => {
                metadata::config_missing(definition.name().as_str(), key.as_str())
            }
            Some(value) if !declaration.config_type.accepts(&value) => {
                metadata::config_type(key.as_str(), declaration.config_type.as_str())
            }
            _ => continue,
        };
        let path = JsonPath::root().member("spec").member("platform").member("config").member(key.as_str());
        let span = loaded.positions.key_span(&path).unwrap_or_default();
        faults.push(fault.at(path, loaded.positions.source(), span));
    }
    if faults.is_empty() { Ok(()) } else { Err(Diagnostics::sorted(faults)) }
}
