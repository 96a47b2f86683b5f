//! `spec.bindings`: which there are (DEF-180, DEF-181, DEF-196).

use super::{Decoder, Place};
use crate::model::binding::{Advisory, Bindings};
use crate::model::definition::Kind;
use crate::rules::flow::Within;
use crate::rules::{bindings as rules, flow, metadata};
use crate::suggest::Meant;

/// The ids of the specification with the kind they are restricted to and the rule that says so.
const BINDINGS: [(&str, Option<Kind>, &str); 6] = [
    ("http", None, "DEF-181"),
    ("websocket", Some(Kind::Journey), "WS-002"),
    ("queue", Some(Kind::Journey), "DEF-181"),
    ("grpc", Some(Kind::Api), "DEF-181"),
    ("cli", None, "DEF-181"),
    ("function", None, "DEF-181"),
];

impl Decoder<'_> {
    pub(super) fn bindings(
        &mut self,
        place: &Place<'_>,
        kind_known: bool,
        graph: Option<&flow::Graph<'_>>,
    ) -> Bindings {
        let mut bindings = Bindings::default();
        if self.object(place, "DEF-180").is_none() {
            return bindings;
        }
        let ids = place.entries().filter(|(id, _)| !id.starts_with("x-"));
        for (id, binding) in ids {
            let Some((_, only, rule)) = BINDINGS.iter().find(|(known, ..)| *known == &**id) else {
                self.report_key(&binding, rules::unknown_binding(id, &BINDINGS.map(|(known, ..)| known)));
                continue;
            };
            if let Some(only) = only.filter(|only| kind_known && *only != self.kind) {
                self.report_key(&binding, metadata::wrong_kind(id, only.as_str(), rule));
                continue;
            }
            if !self.capabilities.binding(id) {
                self.report_key(&binding, rules::unsupported_binding(id));
            }
            match &**id {
                "http" => bindings.http = self.http_binding(&binding, kind_known, graph),
                "websocket" => bindings.websocket = self.websocket_binding(&binding, graph),
                "queue" => bindings.queue = self.queue_binding(&binding, graph),
                "grpc" => bindings.grpc = self.grpc_binding(&binding),
                "cli" => bindings.cli = self.advisory(&binding),
                _ => bindings.function = self.advisory(&binding),
            }
        }
        bindings
    }

    /// A key of `steps` that is the id of an external-input state anywhere in the definition (DEF-186).
    pub(super) fn step_key(
        &mut self,
        steps: &Place<'_>,
        (id, step): (&str, &Place<'_>),
        graph: Option<&flow::Graph<'_>>,
        rule: &'static str,
    ) {
        let Some(graph) = graph.filter(|graph| !graph.is_external_input(id, Within::Definition)) else {
            return;
        };
        let suggestion = self.meant(id, graph.external_ids(Within::Definition));
        let fault = rules::no_such_step(id, graph.state_type(id), free(steps, suggestion), rule);
        self.report_key(step, fault);
    }

    /// A key of `steps` that is the id of an external-input state under `spec.states`, branches included (WS-009, BND-011).
    pub(super) fn top_level_step_key(
        &mut self,
        steps: &Place<'_>,
        (id, step): (&str, &Place<'_>),
        graph: Option<&flow::Graph<'_>>,
        rule: &'static str,
    ) {
        let Some(graph) = graph.filter(|graph| !graph.is_external_input(id, Within::TopLevel)) else {
            return;
        };
        let fault = if graph.is_external_input(id, Within::Definition) {
            rules::step_elsewhere(id, rule)
        } else {
            let suggestion = self.meant(id, graph.external_ids(Within::TopLevel));
            rules::no_such_step(id, graph.state_type(id), free(steps, suggestion), rule)
        };
        self.report_key(step, fault);
    }

    /// An empty object; the block itself is all it says (DEF-196).
    fn advisory(&mut self, place: &Place<'_>) -> Option<Advisory> {
        if self.object(place, "DEF-196").is_some() {
            for (name, member) in place.entries() {
                self.report_key(&member, rules::advisory_not_empty(name));
            }
        }
        Some(Advisory {})
    }
}

/// A name that is there already is none to write a second time.
fn free<'n>(mapping: &Place<'_>, meant: Option<Meant<'n>>) -> Option<Meant<'n>> {
    meant.map(|meant| if mapping.node.member(meant.word).is_some() { meant.as_guess() } else { meant })
}
