//! The blocks beside the top level that hold states, and the read guard (01 §3, §9, §15). What their states refer to is for
//! the flow rules.

use super::blocks::direct_predicate;
use super::{Decoder, Place};
use crate::capabilities::SiteClass;
use crate::ids::{StateId, SubjourneyId};
use crate::model::ordered::OrderedMap;
use crate::model::scope::{
    Access, AlsoFor, AlsoForWhen, Compensation, CompensationMode, ReadAccess, SubjourneyDefinition,
};
use crate::model::state::States;

impl Decoder<'_> {
    /// `spec.subjourneys` (DEF-040).
    pub(super) fn subjourneys(
        &mut self,
        place: &Place<'_>,
    ) -> OrderedMap<SubjourneyId, SubjourneyDefinition> {
        let mut subjourneys = OrderedMap::default();
        if self.object(place, "DEF-040").is_none() {
            return subjourneys;
        }
        // `spec.context.schema` speaks of the context of the run; a subjourney has one of its own (STA-087).
        let context = self.context.take();
        for (key, entry) in place.entries() {
            let id = self.key(key, &entry, "DEF-040", SubjourneyId::parse);
            let subjourney = self.subjourney_definition(&entry);
            if let (Some(id), Some(subjourney)) = (id, subjourney) {
                subjourneys.insert(id, subjourney);
            }
        }
        self.context = context;
        subjourneys
    }

    fn subjourney_definition(&mut self, place: &Place<'_>) -> Option<SubjourneyDefinition> {
        self.object(place, "DEF-040")?;
        self.known(place, &["start", "states", "input", "output"]);
        let input = place.get("input").and_then(|place| self.schema_block(&place));
        let output = place.get("output").and_then(|place| self.schema_block(&place));
        let (start, states) = self.start_and_states(place, "DEF-040");
        Some(SubjourneyDefinition { start: start?, states: states?, input, output })
    }

    /// `spec.compensation` (DEF-095).
    pub(super) fn compensation(&mut self, place: &Place<'_>) -> Option<Compensation> {
        self.object(place, "DEF-095")?;
        self.known(place, &["mode", "start", "alsoFor", "states"]);
        let modes = [("async", CompensationMode::Async), ("sync", CompensationMode::Sync)];
        let mode = place.get("mode").and_then(|place| self.one_of(&place, "DEF-096", &modes));
        let also_for = place.get("alsoFor").map(|place| self.also_for(&place)).unwrap_or_default();
        let (start, states) =
            self.binding(&["output", "outcome"], |decoder| decoder.start_and_states(place, "DEF-095"));
        Some(Compensation { mode: mode.unwrap_or_default(), start: start?, also_for, states: states? })
    }

    fn also_for(&mut self, place: &Place<'_>) -> Vec<AlsoFor> {
        if self.array(place, "DEF-097").is_none() {
            return Vec::new();
        }
        place.items().filter_map(|item| self.also_for_case(&item)).collect()
    }

    fn also_for_case(&mut self, place: &Place<'_>) -> Option<AlsoFor> {
        self.object(place, "DEF-097")?;
        self.known_or(place, &["when"], "DEF-007", |name| direct_when(name, "DEF-097"));
        if place.get("when").is_none()
            && ["predicate", "lang", "expr"].iter().any(|name| place.get(name).is_some())
        {
            return None;
        }
        let when = self.required(place, "when", "DEF-097")?;
        self.object(&when, "DEF-097")?;
        self.known_or(&when, &["predicate"], "DEF-007", |name| direct_predicate(name, "DEF-097"));
        let predicate = match when.get("predicate") {
            Some(place) => Some(self.binding(&["output", "outcome"], |decoder| {
                decoder.expression(&place, SiteClass::Predicate, "DEF-097")
            })?),
            None => None,
        };
        Some(AlsoFor { when: AlsoForWhen { predicate } })
    }

    fn start_and_states(
        &mut self,
        place: &Place<'_>,
        rule: &'static str,
    ) -> (Option<StateId>, Option<States>) {
        let start = self.required(place, "start", rule).and_then(|place| self.start(&place, rule));
        let states = self.required(place, "states", rule).map(|place| self.states(&place, rule));
        (start, states)
    }

    /// `spec.access` (DEF-165).
    pub(super) fn access(&mut self, place: &Place<'_>, is_api: bool) -> Option<Access> {
        self.journey_only(place, "access", is_api, "DEF-030");
        if is_api {
            return None;
        }
        self.object(place, "DEF-165")?;
        self.known_or(place, &["read"], "DEF-165", |_| None);
        let read = place.get("read").and_then(|read| {
            self.object(&read, "DEF-165")?;
            self.known_or(&read, &["guardRef"], "DEF-165", |_| None);
            let guard = read.get("guardRef");
            let guard_ref = guard.and_then(|place| self.name(&place, "DEF-165", SubjourneyId::parse));
            Some(ReadAccess { guard_ref })
        });
        Some(Access { read })
    }
}

/// What belongs under `when`, written beside it.
fn direct_when(name: &str, rule: &'static str) -> Option<super::Special> {
    matches!(name, "predicate" | "lang" | "expr")
        .then(|| super::Special::Once(crate::rules::shape::misplaced(name, "under `when`").rule(rule)))
}
