//! Building the tables, and the rules over several definitions.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::endpoint::{Conflict, Endpoint};
use super::{Tables, Versions};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::set::Diagnostics;
use crate::ids::DefinitionName;
use crate::json_path::JsonPath;
use crate::load::Loaded;
use crate::model::definition::{Definition, Kind};
use crate::rules::{Fault, catalog as rules};
use crate::version::Version;

/// Routes of the server beside the API (HTTP-029).
const SERVER_PATHS: [&str; 3] = ["/api", "/livez", "/readyz"];

pub(super) fn build(
    loaded: Vec<Loaded>,
    pins: &BTreeMap<DefinitionName, Version>,
) -> Result<Tables, Diagnostics> {
    let mut builder = Builder { faults: Vec::new(), tables: Tables::default(), route_owners: HashMap::new() };
    for loaded in loaded {
        builder.add(Arc::new(loaded));
    }
    builder.pin(pins);
    builder.finish()
}

struct Builder {
    faults: Vec<Diagnostic>,
    tables: Tables,
    /// The first Api on each path, over all versions (DEF-191).
    route_owners: HashMap<String, DefinitionName>,
}

impl Builder {
    fn add(&mut self, loaded: Arc<Loaded>) {
        let definition = Arc::clone(&loaded.definition);
        let names = match definition.kind {
            Kind::Journey => &mut self.tables.journeys,
            Kind::Api => &mut self.tables.apis,
        };
        let version = definition.version().clone();
        let versions = names
            .entry(definition.name().clone())
            .or_insert_with(|| Versions { all: BTreeMap::new(), serving: version.clone() });
        match versions.all.entry(version) {
            Entry::Vacant(entry) => {
                entry.insert(Arc::clone(&loaded));
            }
            Entry::Occupied(entry) => {
                let first = entry.get();
                let file = first.positions.source().name().to_owned();
                let same = first.digest == loaded.digest;
                let fault = if same { rules::loaded_twice(&file) } else { rules::other_body(&file) };
                return self.report(&loaded, &["metadata", "version"], fault);
            }
        }
        match definition.kind {
            Kind::Api => self.route(&loaded, &definition),
            Kind::Journey => self.endpoint(&loaded, &definition),
        }
    }

    /// DEF-191.
    fn route(&mut self, loaded: &Loaded, definition: &Definition) {
        let path = definition.http_route().into_owned();
        let owner = self.route_owners.entry(path.clone()).or_insert_with(|| definition.name().clone());
        if owner != definition.name() {
            let fault = rules::route_taken(&path, owner.as_str());
            self.report(loaded, &["spec", "bindings", "http", "route", "path"], fault);
        }
    }

    /// WS-006 and WS-012.
    fn endpoint(&mut self, loaded: &Arc<Loaded>, definition: &Definition) {
        const ENDPOINT: [&str; 4] = ["spec", "bindings", "websocket", "endpoint"];
        let Some(path) = definition.websocket_path() else { return };
        if path.starts_with("/api/") || SERVER_PATHS.contains(&&*path) {
            let fault = rules::reserved_path(&path);
            return self.report(loaded, &["spec", "bindings", "websocket", "endpoint", "path"], fault);
        }
        let endpoint = self.tables.endpoints.entry(path.clone().into_owned()).or_default();
        let fault = match endpoint.join(loaded) {
            Ok(()) => return,
            Err(Conflict::Subprotocol { with }) => rules::other_subprotocol(&path, with.as_str()),
            Err(Conflict::Type { message_type, with, starts_there }) => {
                rules::start_and_step(message_type.as_str(), with.as_str(), starts_there)
            }
        };
        self.report(loaded, &ENDPOINT, fault);
    }

    /// DEF-028: pinned versions, else the highest, pre-releases only where nothing else is deployed.
    fn pin(&mut self, pins: &BTreeMap<DefinitionName, Version>) {
        for (name, versions) in self.tables.journeys.iter_mut().chain(&mut self.tables.apis) {
            let highest = |prerelease: bool| {
                let fitting = versions.all.keys().rev().find(|version| version.is_prerelease() == prerelease);
                fitting.cloned()
            };
            let pinned = pins.get(name).filter(|version| versions.all.contains_key(*version)).cloned();
            if let Some(serving) = pinned.or_else(|| highest(false)).or_else(|| highest(true)) {
                versions.serving = serving;
            }
        }
        for (name, version) in pins {
            let deployed =
                [&self.tables.journeys, &self.tables.apis].into_iter().filter_map(|names| names.get(name));
            if !deployed.into_iter().any(|versions| versions.all.contains_key(version)) {
                let fault = rules::pin_without_version(name.as_str(), &version.to_string());
                self.faults.push(fault.without_position());
            }
        }
    }

    fn finish(mut self) -> Result<Tables, Diagnostics> {
        let tables = &mut self.tables;
        for (name, versions) in &tables.apis {
            if let Some(loaded) = versions.serving() {
                tables.routes.insert(loaded.definition.http_route().into_owned(), name.clone());
            }
        }
        for endpoint in tables.endpoints.values_mut() {
            finish_endpoint(endpoint, &tables.journeys);
        }
        let faults: Diagnostics = self.faults.into_iter().collect();
        if faults.has_errors() {
            return Err(faults);
        }
        self.tables.warnings = faults;
        Ok(self.tables)
    }

    /// Reports a fault at a member that may be missing.
    fn report(&mut self, loaded: &Loaded, path: &[&str], fault: Fault) {
        let path = path.iter().fold(JsonPath::root(), |path, name| path.member(*name));
        let positions = &loaded.positions;
        let key =
            path.prefixes().collect::<Vec<_>>().into_iter().rev().find_map(|path| positions.key_span(&path));
        let span = positions.span(&path).filter(|_| {
            positions
                .tree()
                .find(&path)
                .is_some_and(|(node, _)| node.members().is_empty() && node.items().is_empty())
        });
        self.faults.push(fault.at(path, positions.source(), span.or(key).unwrap_or_default()));
    }
}

fn finish_endpoint(endpoint: &mut Endpoint, journeys: &BTreeMap<DefinitionName, Versions>) {
    endpoint.finish(|definition| {
        journeys.get(definition.name()).is_some_and(|versions| versions.serving == *definition.version())
    });
}
