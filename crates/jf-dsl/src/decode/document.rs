//! The envelope of a document: `apiVersion`, `kind`, `metadata`, `spec` (01 §2).

use std::collections::HashMap;
use std::sync::Arc;

use super::{Decoder, Place};
use crate::ids::DefinitionName;
use crate::model::definition::{ApiVersion, Definition, Kind, Metadata};
use crate::model::metadata::MetadataLimits;
use crate::rules::{metadata as rules, shape};
use crate::source::Span;
use crate::version::Version;

/// What a document turned out to be. With errors it is what could be read of it.
#[derive(Debug)]
pub(crate) enum Document {
    Definition(Box<Definition>),
    MetadataLimits(MetadataLimits),
}

/// The kinds of document (DEF-021).
#[derive(Debug, Clone, Copy)]
enum DocumentKind {
    Definition(Kind),
    MetadataLimits,
}

const KINDS: [(&str, DocumentKind); 3] = [
    ("Journey", DocumentKind::Definition(Kind::Journey)),
    ("Api", DocumentKind::Definition(Kind::Api)),
    ("MetadataLimits", DocumentKind::MetadataLimits),
];

pub(crate) fn decode(decoder: &mut Decoder<'_>, root: &Place<'_>) -> Option<Document> {
    decoder.object(root, "DEF-001")?;
    decoder.known(root, &["apiVersion", "kind", "metadata", "spec"]);
    if let Some(place) = decoder.required(root, "apiVersion", "DEF-020") {
        decoder.one_of(&place, "DEF-020", &[("v1", ())]);
    }
    let kind =
        decoder.required(root, "kind", "DEF-021").and_then(|place| decoder.one_of(&place, "DEF-021", &KINDS));
    let metadata = decoder.required(root, "metadata", "DEF-023");
    let spec = decoder.required(root, "spec", "DEF-030");
    match kind {
        Some(DocumentKind::MetadataLimits) => {
            if let Some(place) = &metadata {
                decoder.limits_metadata(place);
            }
            let limits = decoder.metadata_limits(&spec?)?;
            Some(Document::MetadataLimits(limits))
        }
        // Without a readable kind the rest is judged as a Journey, which may hold everything.
        other => {
            let known = matches!(other, Some(DocumentKind::Definition(_)));
            let kind = if let Some(DocumentKind::Definition(kind)) = other { kind } else { Kind::Journey };
            decoder.kind = kind;
            let metadata = metadata.and_then(|place| decoder.metadata(&place));
            decoder.definition_name = metadata.as_ref().map(|metadata| metadata.name.clone());
            let spec = decoder.spec(&spec?, known);
            let definition = Definition {
                api_version: ApiVersion::V1,
                kind,
                metadata: metadata.unwrap_or_else(unnamed),
                spec: spec?,
            };
            Some(Document::Definition(Box::new(definition)))
        }
    }
}

/// Stands in for metadata that could not be read, so that the rest can still be judged.
fn unnamed() -> Metadata {
    let name = DefinitionName::parse("unnamed").expect("the name has the form of DEF-023");
    Metadata { name, version: Version::new(0, 0, 0), description: None, tags: Vec::new() }
}

impl Decoder<'_> {
    fn metadata(&mut self, place: &Place<'_>) -> Option<Metadata> {
        self.object(place, "DEF-023")?;
        self.known(place, &["name", "version", "description", "tags"]);
        let name = self.required(place, "name", "DEF-023");
        let name = name.and_then(|place| self.name(&place, "DEF-023", DefinitionName::parse));
        let version = self.required(place, "version", "DEF-024").and_then(|place| self.version(&place));
        let description = self.description(place);
        let tags = place.get("tags").and_then(|place| self.tags(&place)).unwrap_or_default();
        Some(Metadata { name: name?, version: version?, description, tags })
    }

    fn limits_metadata(&mut self, place: &Place<'_>) {
        if self.object(place, "DEF-023").is_none() {
            return;
        }
        self.known(place, &["name", "version", "description", "tags"]);
        if let Some(place) = self.required(place, "name", "DEF-023") {
            self.name(&place, "DEF-023", DefinitionName::parse);
        }
        if let Some(place) = place.get("version") {
            self.version(&place);
        }
        self.description(place);
    }

    fn version(&mut self, place: &Place<'_>) -> Option<Version> {
        const FORM: &str = "versions have three numbers, like `1.0.0`";
        let Some(text) = place.text() else {
            if !place.is_broken() {
                let fault = shape::wrong_type("a string", place.node.type_name()).rule("DEF-024");
                self.report(place, fault.help(FORM));
            }
            return None;
        };
        match Version::parse(text) {
            Ok(version) => Some(version),
            Err(error) => {
                let fault = shape::malformed_value(error.to_string()).rule("DEF-024");
                self.report(place, fault.help(FORM));
                None
            }
        }
    }

    fn description(&mut self, place: &Place<'_>) -> Option<String> {
        const LONGEST: usize = 200;
        let place = place.get("description")?;
        let text = self.non_empty(&place, "DEF-025")?;
        if text.chars().nth(LONGEST).is_some() {
            self.report(&place, rules::long_description(LONGEST));
        }
        Some(text.as_ref().to_owned())
    }

    fn tags(&mut self, place: &Place<'_>) -> Option<Vec<String>> {
        self.array(place, "DEF-026")?;
        let most = self.limits.definition_tags.max_count;
        if place.items().len() as u64 > most {
            self.report_key(place, rules::too_many_tags(most));
        }
        let mut seen: HashMap<Arc<str>, Span> = HashMap::new();
        let mut tags = Vec::new();
        for item in place.items() {
            let Some(tag) = self.non_empty(&item, "DEF-026") else { continue };
            if let Some(first) = seen.get(tag) {
                self.report(&item, rules::duplicate_tag(tag, *first));
            } else {
                seen.insert(Arc::clone(tag), item.span());
                if !is_kebab_case(tag) {
                    self.report(&item, rules::tag_style(tag));
                }
            }
            tags.push(tag.as_ref().to_owned());
        }
        Some(tags)
    }
}

fn is_kebab_case(tag: &str) -> bool {
    tag.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}
