//! `spec.bindings.websocket` (WS-001 ff.).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Decoder, Place};
use crate::ids::{MessageType, StateId};
use crate::model::binding::{Message, WebSocketBinding, WebSocketEndpoint};
use crate::model::ordered::OrderedMap;
use crate::rules::{bindings as rules, flow, shape};
use crate::source::Span;

impl Decoder<'_> {
    pub(super) fn websocket_binding(
        &mut self,
        place: &Place<'_>,
        graph: Option<&flow::Graph<'_>>,
    ) -> Option<WebSocketBinding> {
        self.object(place, "WS-001")?;
        self.known_or(place, &["endpoint", "start", "steps"], "WS-001", |_| None);
        let endpoint = place.get("endpoint").map(|place| self.endpoint(&place)).unwrap_or_default();
        let start = place.get("start");
        let member = start.as_ref().and_then(|start| start.get("messageType"));
        let start = self.required(place, "start", "WS-008").and_then(|start| self.type_of(&start, "WS-008"));
        let start = start.zip(member);
        let steps = place.get("steps");
        let types =
            steps.as_ref().map(|steps| self.step_types(steps, start.as_ref(), graph)).unwrap_or_default();
        if let Some(graph) = graph {
            let entries = steps.iter().flat_map(Place::entries);
            let mut covered: HashSet<&str> = HashSet::new();
            for (id, _) in entries {
                covered.insert(id);
                // A misspelt id is the fault, not that no message can submit to its state.
                if !graph.is_external_input(id, flow::Within::TopLevel) {
                    covered.extend(self.closest(id, graph.external_ids(flow::Within::TopLevel)));
                }
            }
            let uncovered: Vec<&str> =
                graph.external_ids(flow::Within::TopLevel).filter(|id| !covered.contains(id)).collect();
            if !uncovered.is_empty() {
                self.report_member(place, "steps", rules::not_submittable(&uncovered));
            }
        }
        let start = Message { message_type: start?.0 };
        Some(WebSocketBinding { endpoint, start, steps: types })
    }

    fn endpoint(&mut self, place: &Place<'_>) -> WebSocketEndpoint {
        if self.object(place, "WS-001").is_none() {
            return WebSocketEndpoint::default();
        }
        self.known_or(place, &["path", "subprotocol"], "WS-001", |_| None);
        let path = place.get("path").and_then(|place| {
            let text = self.non_empty(&place, "WS-004")?;
            if let Some(reason) = rules::endpoint_fault(text) {
                self.report(&place, shape::malformed(text, "endpoint path", reason).rule("WS-004"));
                return None;
            }
            Some(Arc::clone(text))
        });
        let subprotocol = place.get("subprotocol").and_then(|place| {
            let text = self.non_empty(&place, "WS-007")?;
            if !crate::header::is_token(text) {
                self.report(
                    &place,
                    shape::malformed(text, "subprotocol", "it is not a token").rule("WS-007"),
                );
                return None;
            }
            Some(Arc::clone(text))
        });
        WebSocketEndpoint { path, subprotocol }
    }

    /// An object with `messageType` (WS-008, WS-010, WS-013).
    fn type_of(&mut self, place: &Place<'_>, rule: &'static str) -> Option<MessageType> {
        self.object(place, rule)?;
        self.known_or(place, &["messageType"], "WS-001", |_| None);
        let member = self.required(place, "messageType", rule)?;
        let text = self.non_empty(&member, rule)?;
        match MessageType::parse(Arc::clone(text)) {
            Ok(message_type) => {
                if rules::is_server_type(text) {
                    self.report(&member, rules::server_type(text));
                }
                Some(message_type)
            }
            Err(invalid) => {
                self.report(&member, rules::reserved_type(text, invalid.reason()));
                None
            }
        }
    }

    fn step_types(
        &mut self,
        place: &Place<'_>,
        start: Option<&(MessageType, Place<'_>)>,
        graph: Option<&flow::Graph<'_>>,
    ) -> OrderedMap<StateId, Message> {
        let mut types = OrderedMap::default();
        if self.object(place, "WS-009").is_none() {
            return types;
        }
        let mut first_uses: HashMap<MessageType, Span> = HashMap::new();
        let mut start_reported = false;
        for (id, step) in place.entries() {
            self.top_level_step_key(place, (id, &step), graph, "WS-009");
            let Some(message_type) = self.type_of(&step, "WS-010") else { continue };
            if let Some(member) = step.get("messageType") {
                match (start, first_uses.get(&message_type)) {
                    // The second occurrence is the one further down (WS-011).
                    (Some((start, at)), _) if *start == message_type => {
                        let (first, second) = (member.span(), at.span());
                        if first.start > second.start {
                            self.report(&member, rules::start_is_step(message_type.as_str(), second));
                        } else if !std::mem::replace(&mut start_reported, true) {
                            self.report(at, rules::step_is_start(message_type.as_str(), first));
                        }
                    }
                    (_, Some(first)) => {
                        self.report(&member, rules::shared_type(message_type.as_str(), *first))
                    }
                    (_, None) => {
                        first_uses.insert(message_type.clone(), member.span());
                    }
                }
            }
            if let Ok(id) = StateId::parse(Arc::clone(id)) {
                types.insert(id, Message { message_type });
            }
        }
        types
    }
}
