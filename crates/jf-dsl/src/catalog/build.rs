//! Building the tables, and the rules over several definitions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::claims::{Claims, Taken};
use super::endpoint::{Conflict, Endpoint};
use super::{Tables, Versions, is_server_path};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::set::Diagnostics;
use crate::ids::DefinitionName;
use crate::json_path::JsonPath;
use crate::load::Loaded;
use crate::model::definition::{Definition, Kind};
use crate::rules::{Fault, catalog as rules};
use crate::source::Span;
use crate::version::Version;

pub(super) fn build(
    loaded: Vec<Loaded>,
    pins: &BTreeMap<DefinitionName, Version>,
) -> Result<Tables, Diagnostics> {
    let mut builder = Builder { faults: Vec::new(), tables: Tables::default(), claims: Claims::default() };
    for loaded in loaded {
        builder.add(Arc::new(loaded));
    }
    builder.pin(pins);
    builder.finish()
}

struct Builder {
    faults: Vec<Diagnostic>,
    tables: Tables,
    claims: Claims,
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
                let file = first.positions.source().name();
                let same = first.digest == loaded.digest;
                let fault = if same { rules::loaded_twice(file) } else { rules::other_body(file) };
                let path = path_of(&["metadata", "version"]);
                let fault = fault.label_in(first.positions.source(), shown(first, &path), "the first one");
                return self.report(&loaded, path, fault);
            }
        }
        match definition.kind {
            Kind::Api => {
                self.route(&loaded, &definition);
                self.grpc(&loaded, &definition);
            }
            Kind::Journey => {
                self.endpoint(&loaded, &definition);
                self.queue(&loaded, &definition);
            }
        }
    }

    /// DEF-191.
    fn route(&mut self, loaded: &Arc<Loaded>, definition: &Definition) {
        let route = definition.http_route();
        let path = path_of(&["spec", "bindings", "http", "route", "path"]);
        if let Err(taken) = self.claims.route(&route, loaded, &path) {
            let fault = rules::route_taken(&route, taken.by.definition.name().as_str());
            self.report(loaded, path, taken.shown(fault, "the path is taken here"));
        }
    }

    /// BND-003.
    fn grpc(&mut self, loaded: &Arc<Loaded>, definition: &Definition) {
        let Some((service, method)) = definition.grpc_method() else { return };
        let name = format!("{service}/{method}");
        let path = path_of(&["spec", "bindings", "grpc"]);
        if let Err(taken) = self.claims.method(&name, loaded, &path) {
            let fault = rules::method_taken(&name, taken.by.definition.name().as_str());
            self.report(loaded, path, taken.shown(fault, "the method is taken here"));
        }
    }

    /// BND-012.
    fn queue(&mut self, loaded: &Arc<Loaded>, definition: &Definition) {
        let Some(binding) = &definition.spec.bindings.queue else { return };
        let queue = path_of(&["spec", "bindings", "queue"]);
        let starts = binding.starts.iter().enumerate().map(|(at, start)| {
            (&start.channel, queue.clone().member("starts").index(at).member("channel"), true)
        });
        let steps = binding.steps.iter().map(|(id, step)| {
            (&step.channel, queue.clone().member("steps").member(id.as_str()).member("channel"), false)
        });
        for (channel, path, starts) in starts.chain(steps) {
            if let Err((taken, starts_there)) = self.claims.channel(channel, loaded, &path, starts) {
                let by = taken.by.definition.name().as_str();
                let fault = rules::channel_taken(channel.as_str(), by, starts_there, starts);
                self.report(loaded, path, taken.shown(fault, "the other use"));
            }
        }
    }

    /// WS-006 and WS-012.
    fn endpoint(&mut self, loaded: &Arc<Loaded>, definition: &Definition) {
        let place = path_of(&["spec", "bindings", "websocket", "endpoint"]);
        let Some(path) = definition.websocket_path() else { return };
        if is_server_path(&path) {
            let fault = rules::reserved_path(&path);
            return self.report(loaded, place.member("path"), fault);
        }
        let endpoint = self.tables.endpoints.entry(path.clone().into_owned()).or_default();
        let (with, fault) = match endpoint.join(loaded) {
            Ok(()) => return,
            Err(Conflict::Subprotocol { with }) => {
                let fault = rules::other_subprotocol(&path, with.definition.name().as_str());
                (with, fault)
            }
            Err(Conflict::Type { message_type, with, starts_there }) => {
                let name = with.definition.name().as_str();
                let fault = rules::start_and_step(message_type.as_str(), name, starts_there);
                (with, fault)
            }
        };
        let fault = Taken { by: with, at: place.clone() }.shown(fault, "the other definition on the path");
        self.report(loaded, place, fault);
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
    fn report(&mut self, loaded: &Loaded, path: JsonPath, fault: Fault) {
        let span = shown(loaded, &path);
        self.faults.push(fault.at(path, loaded.positions.source(), span));
    }
}

fn path_of(members: &[&str]) -> JsonPath {
    members.iter().fold(JsonPath::root(), |path, name| path.member(*name))
}

/// The bytes to show for a member that may be missing: a scalar itself, else the nearest key.
pub(super) fn shown(loaded: &Loaded, path: &JsonPath) -> Span {
    let positions = &loaded.positions;
    let scalar = positions.tree().find(path).map(|(node, _)| node);
    let scalar = scalar.filter(|node| node.members().is_empty() && node.items().is_empty());
    let prefixes: Vec<JsonPath> = path.prefixes().collect();
    let key = || prefixes.iter().rev().find_map(|path| positions.key_span(path));
    scalar.map(|node| node.span).filter(|span| span.start < span.end).or_else(key).unwrap_or_default()
}

fn finish_endpoint(endpoint: &mut Endpoint, journeys: &BTreeMap<DefinitionName, Versions>) {
    endpoint.finish(|definition| {
        journeys.get(definition.name()).is_some_and(|versions| versions.serving == *definition.version())
    });
}
