//! A validated set of definitions (DEF-027, DEF-028).

mod build;
mod claims;
mod endpoint;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::diagnostic::set::Diagnostics;
use crate::ids::DefinitionName;
use crate::load::Loaded;
use crate::model::definition::Kind;
use crate::version::Version;

pub use endpoint::Endpoint;

/// Whether a path of a server is not for WebSocket endpoints: one of the API, or a probe (WS-006, HTTP-029).
///
/// ```
/// assert!(["/api", "/api/v1/journeys", "/livez", "/readyz"].iter().all(|path| jf_dsl::is_server_path(path)));
/// assert!(!jf_dsl::is_server_path("/apis"));
/// ```
#[must_use]
pub fn is_server_path(path: &str) -> bool {
    path.starts_with("/api/") || matches!(path, "/api" | "/livez" | "/readyz")
}

/// The definitions that are deployed together, with the tables that transports route by. Cheap to clone.
///
/// # Examples
///
/// ```
/// use jf_dsl::{Catalog, SourceFile, StaticCapabilities, load};
///
/// let version = |version: &str| {
///     let text = format!("
/// apiVersion: v1
/// kind: Journey
/// metadata: {{ name: hello, version: {version} }}
/// spec: {{ start: done, states: {{ done: {{ type: succeed }} }} }}
/// ");
///     load(&SourceFile::new("hello.journey.yaml", text), &StaticCapabilities::full()).unwrap()
/// };
/// let catalog = Catalog::new(vec![version("1.2.0"), version("1.10.0")]).unwrap();
/// assert_eq!(catalog.journey("hello").unwrap().definition.version().to_string(), "1.10.0");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Catalog(Arc<Tables>);

#[derive(Debug, Default)]
struct Tables {
    journeys: BTreeMap<DefinitionName, Versions>,
    apis: BTreeMap<DefinitionName, Versions>,
    /// The paths of the serving Apis.
    routes: HashMap<String, DefinitionName>,
    endpoints: BTreeMap<String, Endpoint>,
    warnings: Diagnostics,
}

/// The deployed versions of one name; never empty.
#[derive(Debug)]
struct Versions {
    all: BTreeMap<Version, Arc<Loaded>>,
    serving: Version,
}

impl Catalog {
    /// A catalog in which the highest version of each name serves new runs (DEF-028).
    ///
    /// Where a rule speaks of the second definition, the order of `loaded` decides.
    ///
    /// # Errors
    ///
    /// All reasons why the definitions cannot be deployed together.
    pub fn new(loaded: Vec<Loaded>) -> Result<Self, Diagnostics> {
        Self::with_pins(loaded, &BTreeMap::new())
    }

    /// A catalog in which the platform names the version that serves new runs of some names (`serve.<name>`, DEF-028).
    ///
    /// # Errors
    ///
    /// As [`Catalog::new`], and when a pinned version is not deployed.
    pub fn with_pins(
        loaded: Vec<Loaded>,
        pins: &BTreeMap<DefinitionName, Version>,
    ) -> Result<Self, Diagnostics> {
        build::build(loaded, pins).map(|tables| Self(Arc::new(tables)))
    }

    /// The journey that serves new runs under the name (DEF-028).
    #[must_use]
    pub fn journey(&self, name: &str) -> Option<&Arc<Loaded>> {
        self.0.journeys.get(name)?.serving()
    }

    /// The Api that serves new calls under the name (DEF-028).
    #[must_use]
    pub fn api(&self, name: &str) -> Option<&Arc<Loaded>> {
        self.0.apis.get(name)?.serving()
    }

    /// A version of a definition, serving or not.
    #[must_use]
    pub fn version(&self, kind: Kind, name: &str, version: &Version) -> Option<&Arc<Loaded>> {
        self.names(kind).get(name)?.all.get(version)
    }

    /// Every deployed version, journeys first, then by name and version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Loaded>> {
        self.0.journeys.values().chain(self.0.apis.values()).flat_map(|versions| versions.all.values())
    }

    /// The serving versions of a kind, by name.
    pub fn serving(&self, kind: Kind) -> impl Iterator<Item = &Arc<Loaded>> {
        self.names(kind).values().filter_map(Versions::serving)
    }

    /// Whether nothing is deployed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.journeys.is_empty() && self.0.apis.is_empty()
    }

    /// The Api that is served at a path below the base of the HTTP binding (DEF-189, DEF-191).
    #[must_use]
    pub fn api_at(&self, path: &str) -> Option<&Arc<Loaded>> {
        self.api(self.0.routes.get(path)?.as_str())
    }

    /// The paths of the Apis with the names they serve, in no particular order.
    pub fn api_routes(&self) -> impl Iterator<Item = (&str, &DefinitionName)> {
        self.0.routes.iter().map(|(path, name)| (path.as_str(), name))
    }

    /// What is served over WebSocket at a path from the server root (WS-005).
    #[must_use]
    pub fn endpoint(&self, path: &str) -> Option<&Endpoint> {
        self.0.endpoints.get(path)
    }

    /// The WebSocket endpoints by path.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, &Endpoint)> {
        self.0.endpoints.iter().map(|(path, endpoint)| (path.as_str(), endpoint))
    }

    /// What deserves a look about the definitions as a set; each definition has its own warnings beside these.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.0.warnings
    }

    fn names(&self, kind: Kind) -> &BTreeMap<DefinitionName, Versions> {
        match kind {
            Kind::Journey => &self.0.journeys,
            Kind::Api => &self.0.apis,
        }
    }
}

impl Versions {
    fn serving(&self) -> Option<&Arc<Loaded>> {
        self.all.get(&self.serving)
    }
}
