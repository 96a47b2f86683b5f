//! `spec.metadata.bindings` (01 §11).

use std::collections::HashMap;
use std::sync::Arc;

use super::{Decoder, Place, Special};
use crate::ids::AttributeName;
use crate::model::metadata::{
    AttributeBindings, BaggageSource, HeaderSource, MetadataBindings, PayloadSource, SpecMetadata,
    TagBindings,
};
use crate::rules::{metadata as rules, shape};
use crate::source::Span;
use crate::value::path::DotPath;

const SOURCES: [&str; 3] = ["fromPayload", "fromHeaders", "fromBaggage"];

impl Decoder<'_> {
    pub(super) fn spec_metadata(&mut self, place: &Place<'_>, is_api: bool) -> SpecMetadata {
        let mut metadata = SpecMetadata::default();
        self.journey_only(place, "metadata", is_api, "DEF-030");
        if is_api || self.object(place, "DEF-105").is_none() {
            return metadata;
        }
        self.known_or(place, &["bindings"], "DEF-105", |name| {
            let misplaced = matches!(name, "tags" | "attributes");
            misplaced.then(|| Special::Each(shape::misplaced(name, "under `bindings`").rule("DEF-105")))
        });
        if let Some(bindings) = place.get("bindings") {
            metadata.bindings = self.metadata_bindings(&bindings);
        }
        metadata
    }

    fn metadata_bindings(&mut self, place: &Place<'_>) -> MetadataBindings {
        let mut bindings = MetadataBindings::default();
        if self.object(place, "DEF-105").is_none() {
            return bindings;
        }
        self.known_or(place, &["tags", "attributes"], "DEF-105", direct_source);
        if let Some(tags) = place.get("tags") {
            bindings.tags = self.tag_bindings(&tags).unwrap_or_default();
        }
        if let Some(attributes) = place.get("attributes") {
            bindings.attributes = self.attribute_bindings(&attributes).unwrap_or_default();
        }
        bindings
    }

    fn tag_bindings(&mut self, place: &Place<'_>) -> Option<TagBindings> {
        self.object(place, "DEF-105")?;
        self.known_or(place, &SOURCES, "DEF-105", |_| None);
        Some(TagBindings {
            from_payload: self.tag_sources(place, "fromPayload", "path", Self::payload_path),
            from_headers: self.tag_sources(place, "fromHeaders", "header", Self::source_header),
            from_baggage: self.tag_sources(place, "fromBaggage", "key", Self::baggage_key),
        })
    }

    fn tag_sources<T>(
        &mut self,
        place: &Place<'_>,
        source: &str,
        member: &'static str,
        read: fn(&mut Self, &Place<'_>, &'static str) -> Option<T>,
    ) -> Vec<T> {
        let Some(list) = place.get(source) else { return Vec::new() };
        if self.array(&list, "DEF-106").is_none() {
            return Vec::new();
        }
        list.items().filter_map(|item| self.source(&item, member, "DEF-106", read)).collect()
    }

    fn attribute_bindings(&mut self, place: &Place<'_>) -> Option<AttributeBindings> {
        self.object(place, "DEF-105")?;
        self.known_or(place, &SOURCES, "DEF-105", |name| {
            let binding = place.get(name)?;
            binding.is_object().then(|| {
                let source =
                    ["path", "header", "key"].iter().position(|member| binding.get(member).is_some());
                let source = SOURCES[source.unwrap_or(0)];
                Special::Each(shape::misplaced(name, &format!("under `{source}`")).rule("DEF-105"))
            })
        });
        let mut names = Names { first_uses: HashMap::new() };
        Some(AttributeBindings {
            from_payload: self.attributes(place, "fromPayload", "path", &mut names, Self::payload_path),
            from_headers: self.attributes(place, "fromHeaders", "header", &mut names, Self::source_header),
            from_baggage: self.attributes(place, "fromBaggage", "key", &mut names, Self::baggage_key),
        })
    }

    fn attributes<T>(
        &mut self,
        place: &Place<'_>,
        source: &str,
        member: &'static str,
        names: &mut Names,
        read: fn(&mut Self, &Place<'_>, &'static str) -> Option<T>,
    ) -> crate::OrderedMap<AttributeName, T> {
        let mut attributes = crate::OrderedMap::default();
        let Some(map) = place.get(source) else { return attributes };
        if self.object(&map, "DEF-107").is_none() {
            return attributes;
        }
        for (key, entry) in map.entries() {
            let name = self.key(key, &entry, "DEF-107", AttributeName::parse);
            let value = self.source(&entry, member, "DEF-107", read);
            if let Some(name) = name {
                self.attribute_name(&entry, &name, names, &map);
                if let Some(value) = value {
                    attributes.insert(name, value);
                }
            }
        }
        attributes
    }

    /// DEF-108 to DEF-110.
    fn attribute_name(
        &mut self,
        entry: &Place<'_>,
        name: &AttributeName,
        names: &mut Names,
        map: &Place<'_>,
    ) {
        let text = name.as_str();
        if let Some(first) = names.first_uses.get(text) {
            self.report_key(entry, rules::attribute_twice(text, *first));
            return;
        }
        names.first_uses.insert(text.into(), entry.anchor());
        if names.first_uses.len() as u64 == self.limits.attributes.max_keys + 1 {
            self.report_key(map, rules::too_many_attributes(self.limits.attributes.max_keys));
        }
        if text.chars().count() as u64 > self.limits.attributes.max_key_length {
            self.report_key(entry, rules::long_attribute(self.limits.attributes.max_key_length));
        } else if !is_usual(text) {
            self.report_key(entry, rules::attribute_style(text));
        }
    }

    /// An object with one member that says where a value comes from.
    fn source<T>(
        &mut self,
        place: &Place<'_>,
        member: &'static str,
        rule: &'static str,
        read: fn(&mut Self, &Place<'_>, &'static str) -> Option<T>,
    ) -> Option<T> {
        self.object(place, rule)?;
        self.known(place, &[member]);
        let value = self.required(place, member, rule)?;
        read(self, &value, rule)
    }

    fn payload_path(&mut self, place: &Place<'_>, rule: &'static str) -> Option<PayloadSource> {
        let text = self.non_empty(place, rule)?;
        match DotPath::parse(Arc::clone(text)) {
            Ok(path) => Some(PayloadSource { path }),
            Err(error) => {
                self.report(place, shape::malformed(text, "path", &error.to_string()).rule("EXP-060"));
                None
            }
        }
    }

    fn source_header(&mut self, place: &Place<'_>, rule: &'static str) -> Option<HeaderSource> {
        self.header(place, rule).map(|header| HeaderSource { header })
    }

    fn baggage_key(&mut self, place: &Place<'_>, rule: &'static str) -> Option<BaggageSource> {
        Some(BaggageSource { key: self.non_empty(place, rule)?.as_ref().to_owned() })
    }
}

/// The attribute names of all sources, with the place of the first use.
struct Names {
    first_uses: HashMap<Arc<str>, Span>,
}

fn direct_source(name: &str) -> Option<Special> {
    let misplaced = SOURCES.contains(&name);
    misplaced.then(|| Special::Each(shape::misplaced(name, "under `tags` or `attributes`").rule("DEF-105")))
}

/// lowerCamel or snake_case (DEF-110).
fn is_usual(name: &str) -> bool {
    let camel = name.bytes().all(|b| b.is_ascii_alphanumeric());
    let snake = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    name.starts_with(|c: char| c.is_ascii_lowercase()) && (camel || snake)
}
