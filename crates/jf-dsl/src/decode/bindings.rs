//! `spec.bindings`: which there are (DEF-180, DEF-181, DEF-196).

use super::{Decoder, Place};
use crate::model::binding::Bindings;
use crate::model::definition::Kind;
use crate::rules::{bindings as rules, flow, metadata};

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
        for (id, binding) in place.entries() {
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
                continue;
            }
            match &**id {
                "http" => bindings.http = self.http_binding(&binding, kind_known, graph),
                "websocket" => bindings.websocket = self.websocket_binding(&binding, graph),
                "cli" => bindings.cli = self.advisory(&binding),
                "function" => bindings.function = self.advisory(&binding),
                // Known to the language, not yet to the model.
                _ => self.report_key(&binding, rules::unsupported_binding(id)),
            }
        }
        bindings
    }

    /// A key of `steps`: the id of an external-input state (DEF-186, WS-009).
    pub(super) fn step_key(
        &mut self,
        id: &str,
        step: &Place<'_>,
        graph: Option<&flow::Graph<'_>>,
        rule: &'static str,
    ) {
        let Some(graph) = graph.filter(|graph| !graph.is_external_input(id)) else { return };
        let suggestion = self.closest(id, graph.external_ids());
        self.report_key(step, rules::no_such_step(id, graph.state_type(id), suggestion, rule));
    }

    /// An empty object; the block itself is all it says (DEF-196).
    fn advisory(&mut self, place: &Place<'_>) -> bool {
        if self.object(place, "DEF-196").is_some() {
            for (name, member) in place.entries() {
                self.report_key(&member, rules::advisory_not_empty(name));
            }
        }
        true
    }
}
