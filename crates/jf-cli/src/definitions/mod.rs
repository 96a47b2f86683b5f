//! Definitions on their way from files to a catalog.

mod find;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jf_core::spi::{Registries, RegistryError};
use jf_dsl::{
    Catalog, DefinitionName, Diagnostic, Diagnostics, Document, JsonPath, Label, Loaded, MetadataLimits,
    SourceFile, Span, Version, check_configuration, load_document,
};

use crate::config::{Config, SECOND_LIMITS};
use crate::registries;

pub use find::PathError;
pub(crate) use find::{SCENARIOS, find as find_files, reason};

/// What definitions are loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// To judge them. Values of `spec.platform.config` are looked at only if a configuration file is in use: a definition can
    /// be valid where its configuration is not known.
    Check,
    /// To run them. Every required value must be there (DEF-082).
    Deploy,
    /// To run some of a deployment by themselves, as `jf run` does: like `Deploy`, but the configuration may speak of definitions
    /// that are not among them.
    Part,
}

/// Checked definitions with everything that was found in them.
///
/// ```
/// use jf_cli::{Config, Definitions, Purpose};
/// use jf_dsl::SourceFile;
///
/// let source = SourceFile::new("hello.journey.yaml", "
/// apiVersion: v1
/// kind: Journey
/// metadata: { name: hello, version: 1.0.0 }
/// spec: { start: done, states: { done: { type: succeed } } }
/// ");
/// let definitions = Definitions::from_sources(vec![source], &Config::default(), Purpose::Deploy)?;
/// assert!(definitions.catalog().is_some_and(|catalog| catalog.journey("hello").is_some()));
/// # Ok::<(), jf_core::spi::RegistryError>(())
/// ```
#[derive(Debug)]
pub struct Definitions {
    files: usize,
    diagnostics: Diagnostics,
    catalog: Option<Catalog>,
    registries: Registries,
    metadata: MetadataLimits,
}

/// Why definitions could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Paths that cannot be read, all of them.
    #[error("{}", lines(.0))]
    Paths(Vec<PathError>),
    /// The configuration asks for limits that make no sense.
    #[error(transparent)]
    Registries(#[from] RegistryError),
}

fn lines(errors: &[PathError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Definitions {
    /// Finds, reads and checks the definitions behind some paths: files, and folders that are searched for them.
    ///
    /// # Errors
    /// When a path cannot be read. What is wrong with a definition is no error: see [`diagnostics`](Self::diagnostics).
    pub fn from_paths(paths: &[PathBuf], config: &Config, purpose: Purpose) -> Result<Self, LoadError> {
        let files = Self::files_of(paths)?;
        let sources = files.into_iter().map(|(_, source)| source).collect();
        Ok(Self::from_sources(sources, config, purpose)?)
    }

    /// Finds and reads the files behind some paths.
    pub(crate) fn files_of(paths: &[PathBuf]) -> Result<Vec<(PathBuf, SourceFile)>, LoadError> {
        let mut files = Vec::new();
        let mut errors = Vec::new();
        for path in find::find(paths, &find::DEFINITIONS).map_err(LoadError::Paths)? {
            match SourceFile::from_path(&path) {
                Ok(source) => files.push((path, source)),
                Err(error) => errors.push(PathError { path, error }),
            }
        }
        if errors.is_empty() { Ok(files) } else { Err(LoadError::Paths(errors)) }
    }

    /// Checks definitions. Where a rule speaks of the second of two, the order given here decides.
    ///
    /// # Errors
    /// When the configuration asks for limits that make no sense.
    pub fn from_sources(
        sources: Vec<SourceFile>,
        config: &Config,
        purpose: Purpose,
    ) -> Result<Self, RegistryError> {
        let files = sources.len();
        let mut reports: Vec<Diagnostics> = Vec::new();
        reports.resize_with(files, Diagnostics::new);

        // Limits come first: the other documents are judged by them.
        let plain = registries::of(config, config.metadata_limits(MetadataLimits::default()))?;
        let may_hold_limits = |source: &SourceFile| source.text().contains("MetadataLimits");
        let mut limits: Option<(MetadataLimits, SourceFile)> = None;
        let mut rest = Vec::new();
        for (at, source) in sources.into_iter().enumerate() {
            match may_hold_limits(&source).then(|| load_document(&source, &plain)) {
                Some(Ok(Document::MetadataLimits { limits: found, warnings })) => {
                    reports[at] = warnings;
                    if let Some((_, first)) = limits.replace((found, source.clone())) {
                        reports[at].push(second_limits(&source, &first));
                    }
                }
                _ => rest.push((at, source)),
            }
        }
        let metadata = config.metadata_limits(limits.map(|(limits, _)| limits).unwrap_or_default());
        let registries = registries::of(config, metadata)?;

        let mut loaded = Vec::new();
        let mut all_loaded = true;
        for (at, source) in rest {
            match load_document(&source, &registries) {
                Ok(Document::Definition(definition)) => {
                    reports[at] = definition.warnings.clone();
                    if purpose != Purpose::Check || config.file().is_some() {
                        let missing = check_configuration(&definition, &registries).err();
                        reports[at].append(missing.unwrap_or_default());
                    }
                    loaded.push(*definition);
                }
                Ok(_) => {}
                Err(faults) => {
                    reports[at] = faults;
                    all_loaded = false;
                }
            }
        }
        let mut diagnostics = Diagnostics::new();
        for report in reports {
            diagnostics.append(report);
        }
        // What is not declared here may be declared by a version that is not among these, or did not load.
        if all_loaded && purpose != Purpose::Part {
            config.undeclared(&declared_keys(&loaded)).into_iter().for_each(|fault| diagnostics.push(fault));
        }
        let catalog = deploy(loaded, config, purpose, &mut diagnostics).filter(|_| !diagnostics.has_errors());
        Ok(Self { files, diagnostics, catalog, registries, metadata })
    }

    /// How many files were looked at.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }

    /// Everything that was found, file by file.
    #[must_use]
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.diagnostics
    }

    /// The definitions, unless one of the diagnostics is an error.
    #[must_use]
    pub fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }

    /// What they were checked against, and what they run with.
    #[must_use]
    pub fn registries(&self) -> &Registries {
        &self.registries
    }

    /// The limits on metadata in force: of a document, of the configuration, or built in (DEF-116).
    #[must_use]
    pub fn metadata_limits(&self) -> MetadataLimits {
        self.metadata
    }
}

/// The rules over several definitions, with what the configuration says of them by name.
fn deploy(
    loaded: Vec<Loaded>,
    config: &Config,
    purpose: Purpose,
    diagnostics: &mut Diagnostics,
) -> Option<Catalog> {
    // With errors, what is missing may be in one of the files that did not load.
    let complete = purpose != Purpose::Part && !diagnostics.has_errors();
    let mut pins: BTreeMap<DefinitionName, Version> = BTreeMap::new();
    for (name, version) in config.pins() {
        let of_name = loaded.iter().filter(|loaded| loaded.definition.name() == name.as_str());
        let versions: Vec<String> = of_name.map(|loaded| loaded.definition.version().to_string()).collect();
        if versions.contains(&version.to_string()) {
            let name = DefinitionName::parse(name.as_str()).expect("it is the name of a definition");
            pins.insert(name, version);
        } else if complete {
            diagnostics.push(config.unknown_pin(&name, &versions));
        }
    }
    for name in config.hidden() {
        let there = loaded.iter().any(|loaded| *loaded.definition.name() == name);
        if complete && !there {
            diagnostics.push(config.unknown_hidden(name.as_str()));
        }
    }
    match Catalog::with_pins(loaded, &pins) {
        Ok(catalog) => {
            diagnostics.append(catalog.warnings().clone());
            Some(catalog)
        }
        Err(faults) => {
            diagnostics.append(faults);
            None
        }
    }
}

/// The keys of `spec.platform.config` by definition, over all its versions.
fn declared_keys(loaded: &[Loaded]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut declared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for definition in loaded.iter().map(|loaded| &loaded.definition) {
        let keys = definition.spec.platform.config.keys().map(|key| key.as_str());
        declared.entry(definition.name().as_str()).or_default().extend(keys);
    }
    declared
}

/// DEF-116: there is one `MetadataLimits` document at most.
fn second_limits(source: &SourceFile, first: &SourceFile) -> Diagnostic {
    let fault = SECOND_LIMITS.diagnostic(JsonPath::root().member("kind"), "a second MetadataLimits document");
    let fault = fault.label(Label::elsewhere(first, Span::default(), "the first one"));
    fault.help("keep one of them").at(source, Span::default())
}
