//! OpenAPI 3.1 documents (HTTP-090 to HTTP-094).

mod api;
mod document;
mod journey;
mod operation;
mod problems;
mod projection;

use std::collections::HashSet;

use indexmap::IndexMap;
use jf_dsl::{Catalog, Definition, DefinitionName, Kind, Loaded, Metadata};
use serde_json::{Value, json};

use document::{Document, ORIGINS, RUNS};

/// What a document says beside what the definitions say.
///
/// ```
/// use jf_export::OpenApi;
///
/// let options = OpenApi::default().with_title("Orders").with_server("https://api.example.org/api/v1");
/// ```
#[derive(Debug, Clone)]
pub struct OpenApi {
    title: Option<String>,
    version: Option<String>,
    server: String,
    list: bool,
    cross_origin: bool,
    hidden: HashSet<(Kind, DefinitionName)>,
}

impl OpenApi {
    /// Sets `info.title`; the name of the definition, or `Journeys` for several, unless set.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets `info.version`; the version of the definition, or `1` for several, unless set.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets the one server, with the base of the HTTP binding; `/api/v1` unless set.
    #[must_use]
    pub fn with_server(mut self, url: impl Into<String>) -> Self {
        self.server = url.into();
        self
    }

    /// Describes the listing of runs too, which is an operator's (HTTP-080); it is left out unless set.
    #[must_use]
    pub const fn with_list(mut self, list: bool) -> Self {
        self.list = list;
        self
    }

    /// Describes what browsers ask before pages of other origins send (HTTP-028); it is left out unless set.
    #[must_use]
    pub const fn with_cross_origin(mut self, cross_origin: bool) -> Self {
        self.cross_origin = cross_origin;
        self
    }

    /// Leaves a Journey out of the document of a catalog, as the binding does (HTTP-006).
    #[must_use]
    pub fn without_journey(mut self, name: DefinitionName) -> Self {
        self.hidden.insert((Kind::Journey, name));
        self
    }

    /// Leaves an Api out of the document of a catalog.
    #[must_use]
    pub fn without_api(mut self, name: DefinitionName) -> Self {
        self.hidden.insert((Kind::Api, name));
        self
    }

    pub(crate) fn hides(&self, definition: &Definition) -> bool {
        self.hidden.contains(&(definition.kind, definition.metadata.name.clone()))
    }
}

impl Default for OpenApi {
    fn default() -> Self {
        Self {
            title: None,
            version: None,
            server: "/api/v1".to_owned(),
            list: false,
            cross_origin: false,
            hidden: HashSet::new(),
        }
    }
}

/// The OpenAPI 3.1 document of one definition, as if nothing else was deployed; self-contained, without external references
/// (HTTP-090).
#[must_use]
pub fn openapi(definition: &Definition, options: &OpenApi) -> Value {
    document(&[(definition, true)], options)
}

/// The OpenAPI 3.1 document of all that is deployed.
///
/// Starts and Apis are those of the serving versions (DEF-028); the steps and outcomes of all versions are described, since runs of
/// older ones go on. Where definitions share an address, it has the schemas of all of them under `anyOf`.
#[must_use]
pub fn openapi_of_catalog(catalog: &Catalog, options: &OpenApi) -> Value {
    let serves = |one: &Loaded| {
        let Metadata { name, .. } = &one.definition.metadata;
        let serving = match one.definition.kind {
            Kind::Journey => catalog.journey(name.as_str()),
            Kind::Api => catalog.api(name.as_str()),
        };
        serving.is_some_and(|serving| serving.definition.metadata.version == one.definition.metadata.version)
    };
    let shown = catalog.iter().filter(|one| !options.hides(&one.definition));
    let definitions: Vec<_> = shown.map(|one| (&*one.definition, serves(one))).collect();
    document(&definitions, options)
}

fn document(definitions: &[(&Definition, bool)], options: &OpenApi) -> Value {
    let mut document = Document::default();
    for (definition, serves) in definitions {
        match definition.kind {
            Kind::Journey => journey::add(&mut document, definition, *serves),
            Kind::Api if *serves => api::add(&mut document, definition),
            Kind::Api => {}
        }
    }
    let journeys = definitions.iter().any(|(definition, _)| definition.kind == Kind::Journey);
    let (paths, components) = document.finish(journeys, options.list && journeys, options.cross_origin);
    let (title, version) = match definitions {
        [(only, _)] => (only.metadata.name.to_string(), only.metadata.version.to_string()),
        _ => ("Journeys".to_owned(), "1".to_owned()),
    };
    let mut tags: IndexMap<&str, Value> = IndexMap::new();
    for definition in definitions.iter().filter(|(_, serves)| *serves).map(|(definition, _)| definition) {
        let metadata = &definition.metadata;
        let name = metadata.name.as_str();
        let kind = match definition.kind {
            Kind::Journey => "Journey",
            Kind::Api => "Api",
        };
        let description = metadata.description.clone().unwrap_or_else(|| format!("The {kind} `{name}`."));
        tags.entry(name).or_insert_with(|| json!({ "name": name, "description": description }));
    }
    if journeys {
        tags.insert(RUNS, json!({ "name": RUNS, "description": "What is the same for all runs." }));
    }
    if options.cross_origin {
        let description = "What browsers ask before they let pages of other origins in.";
        tags.insert(ORIGINS, json!({ "name": ORIGINS, "description": description }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": options.title.clone().unwrap_or(title),
            "version": options.version.clone().unwrap_or(version),
        },
        "servers": [{ "url": options.server }],
        "security": [],
        "tags": tags.into_values().collect::<Vec<_>>(),
        "paths": paths,
        "components": components,
    })
}
