//! `spec.bindings.queue` (BND-010 to BND-013).

use std::collections::HashMap;
use std::sync::Arc;

use super::{Decoder, Place};
use crate::ids::{Channel, StateId};
use crate::model::binding_queue::{QueueBinding, QueueChannel};
use crate::model::ordered::OrderedMap;
use crate::rules::{bindings as rules, flow};
use crate::source::Span;

impl Decoder<'_> {
    pub(super) fn queue_binding(
        &mut self,
        place: &Place<'_>,
        graph: Option<&flow::Graph<'_>>,
    ) -> Option<QueueBinding> {
        self.object(place, "BND-010")?;
        self.known(place, &["starts", "steps"]);
        let (starts, steps) = (place.get("starts"), place.get("steps"));
        let says_nothing = |block: &Option<Place<'_>>| {
            block
                .as_ref()
                .is_none_or(|place| place.node.members().is_empty() && place.node.items().is_empty())
        };
        if says_nothing(&starts) && says_nothing(&steps) {
            self.report_key(place, rules::empty_queue());
        }
        let mut start_channels: HashMap<Channel, Span> = HashMap::new();
        Some(QueueBinding {
            starts: starts.map(|place| self.queue_starts(&place, &mut start_channels)).unwrap_or_default(),
            steps: steps.map(|place| self.queue_steps(&place, &start_channels, graph)).unwrap_or_default(),
        })
    }

    fn queue_starts(
        &mut self,
        place: &Place<'_>,
        channels: &mut HashMap<Channel, Span>,
    ) -> Vec<QueueChannel> {
        let mut starts = Vec::new();
        if self.array(place, "BND-010").is_none() {
            return starts;
        }
        for item in place.items() {
            let Some((channel, span)) = self.queue_channel(&item) else { continue };
            match channels.get(&channel) {
                Some(first) => {
                    let fault = rules::channel_twice(channel.as_str(), *first);
                    self.report_at(item.path().member("channel"), span, fault);
                }
                None => {
                    channels.insert(channel.clone(), span);
                }
            }
            starts.push(QueueChannel { channel });
        }
        starts
    }

    /// Steps may share a channel, but not with a start (BND-012).
    fn queue_steps(
        &mut self,
        place: &Place<'_>,
        starts: &HashMap<Channel, Span>,
        graph: Option<&flow::Graph<'_>>,
    ) -> OrderedMap<StateId, QueueChannel> {
        let mut steps = OrderedMap::default();
        if self.object(place, "BND-010").is_none() {
            return steps;
        }
        for (id, step) in place.entries() {
            self.top_level_step_key(place, (id, &step), graph, "BND-011");
            let Some((channel, span)) = self.queue_channel(&step) else { continue };
            if let Some(start) = starts.get(&channel) {
                let fault = rules::channel_starts(channel.as_str(), *start);
                self.report_at(step.path().member("channel"), span, fault);
            }
            if let Ok(id) = StateId::parse(Arc::clone(id)) {
                steps.insert(id, QueueChannel { channel });
            }
        }
        steps
    }

    /// An object with `channel`.
    fn queue_channel(&mut self, place: &Place<'_>) -> Option<(Channel, Span)> {
        self.object(place, "BND-010")?;
        self.known(place, &["channel"]);
        let member = self.required(place, "channel", "BND-010")?;
        let text = self.non_empty(&member, "BND-010")?;
        let channel = Channel::parse(Arc::clone(text)).ok()?;
        if self.capabilities.has_channel(&channel) == Some(false) {
            self.report(&member, rules::unconfigured_channel(channel.as_str()));
        }
        Some((channel, member.span()))
    }
}
