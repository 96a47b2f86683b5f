//! `spec.errors` (DEF-170 to DEF-174).

use std::sync::Arc;

use super::{Decoder, Place, Special};
use crate::capabilities::SiteClass;
use crate::ids::NormaliserId;
use crate::model::errors::{CanonicalFormat, Envelope, EnvelopeFormat, Errors};
use crate::model::expression::Mapper;
use crate::model::ordered::OrderedMap;
use crate::rules::{policies as rules, shape};

impl Decoder<'_> {
    pub(super) fn errors(&mut self, place: &Place<'_>) -> Errors {
        if self.object(place, "DEF-170").is_none() {
            return Errors::default();
        }
        self.known(place, &["canonicalFormat", "normalisers", "envelope"]);
        let formats = [("rfc9457", CanonicalFormat::Rfc9457)];
        let format = place.get("canonicalFormat");
        let normalisers = place.get("normalisers");
        self.normaliser_ids =
            normalisers.iter().flat_map(Place::entries).map(|(id, _)| Arc::clone(id)).collect();
        Errors {
            canonical_format: format.and_then(|place| self.one_of(&place, "DEF-170", &formats)),
            normalisers: normalisers.map(|place| self.normalisers(&place)).unwrap_or_default(),
            envelope: place.get("envelope").and_then(|place| self.envelope(&place)).unwrap_or_default(),
        }
    }

    /// DEF-171.
    fn normalisers(&mut self, place: &Place<'_>) -> OrderedMap<NormaliserId, Mapper> {
        let mut normalisers = OrderedMap::default();
        if self.object(place, "DEF-171").is_none() {
            return normalisers;
        }
        for (key, entry) in place.entries() {
            let id = self.key(key, &entry, "DEF-171", NormaliserId::parse);
            let mapper = self.only_mapper(&entry, "DEF-171");
            if let (Some(id), Some(mapper)) = (id, mapper) {
                normalisers.insert(id, mapper);
            }
        }
        normalisers
    }

    /// An object that holds a mapper and nothing else.
    fn only_mapper(&mut self, place: &Place<'_>, rule: &'static str) -> Option<Mapper> {
        self.object(place, rule)?;
        self.known_or(place, &["mapper", "mapperRef"], "DEF-007", |name| direct_mapper(name, rule));
        if !Self::has_mapper(place) {
            if place.get("lang").is_none() && place.get("expr").is_none() {
                self.missing(place, "mapper", rule);
            }
            return None;
        }
        self.mapper(place, SiteClass::Errors, rule)
    }

    /// DEF-173.
    fn envelope(&mut self, place: &Place<'_>) -> Option<Envelope> {
        self.object(place, "DEF-173")?;
        self.known_or(place, &["format", "mapper", "mapperRef"], "DEF-007", |name| {
            direct_mapper(name, "DEF-173")
        });
        let formats =
            [("problemDetails", EnvelopeFormat::ProblemDetails), ("custom", EnvelopeFormat::Custom)];
        let format = match place.get("format") {
            Some(place) => self.one_of(&place, "DEF-173", &formats)?,
            None => EnvelopeFormat::default(),
        };
        match format {
            EnvelopeFormat::Custom if !Self::has_mapper(place) => {
                if place.get("lang").is_none() && place.get("expr").is_none() {
                    self.missing(place, "mapper", "DEF-173");
                }
                None
            }
            EnvelopeFormat::Custom => {
                let mapper = self.mapper(place, SiteClass::Errors, "DEF-173")?;
                Some(Envelope { format, mapper: Some(mapper) })
            }
            EnvelopeFormat::ProblemDetails => {
                for name in ["mapper", "mapperRef"] {
                    if let Some(member) = place.get(name) {
                        let fault = shape::does_not_fit(format!("`{name}` needs `format: custom`"));
                        self.report_key(&member, fault.rule("DEF-173"));
                        self.note_mapper_use(&member);
                    }
                }
                Some(Envelope { format, mapper: None })
            }
        }
    }

    /// A mapper that has no place here is used all the same.
    fn note_mapper_use(&mut self, place: &Place<'_>) {
        self.used_mappers.extend(place.text().map(Arc::clone));
    }

    /// `errorMapping.normaliserRef` of a task (TSK-046, DEF-172).
    pub(super) fn normaliser_ref(&mut self, place: &Place<'_>) -> Option<NormaliserId> {
        let id = self.name(place, "TSK-046", NormaliserId::parse)?;
        if self.normaliser_ids.iter().any(|known| **known == *id.as_str()) {
            self.used_normalisers.insert(id.clone().into());
            return Some(id);
        }
        let ids = std::mem::take(&mut self.normaliser_ids);
        let suggestion = self.meant(id.as_str(), ids.iter().map(AsRef::as_ref));
        // A misspelt reference is the fault, not that its normaliser seems to be unused.
        self.used_normalisers.extend(suggestion.map(|meant| Arc::from(meant.word)));
        self.report(place, rules::unknown_normaliser(id.as_str(), suggestion));
        self.normaliser_ids = ids;
        None
    }

    /// Reports normalisers that no task names (DEF-172).
    pub(super) fn finish_normalisers(&mut self, errors: &Place<'_>) {
        let normalisers = errors.get("normalisers");
        for (id, entry) in normalisers.iter().flat_map(Place::entries) {
            if !self.used_normalisers.contains(id) {
                self.report_key(&entry, rules::unused_normaliser(id));
            }
        }
    }
}

/// `lang` or `expr` written directly where `mapper` belongs.
fn direct_mapper(name: &str, rule: &'static str) -> Option<Special> {
    matches!(name, "lang" | "expr")
        .then(|| Special::Once(shape::misplaced(name, "under `mapper`").rule(rule)))
}
