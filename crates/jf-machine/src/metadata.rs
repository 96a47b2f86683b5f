//! Tags and attributes of a run, computed once at its start (ENG-120 to ENG-124, DEF-115, DEF-119).

use indexmap::IndexMap;
use jf_core::{Caller, EngineError, EngineErrorKind};
use jf_dsl::{BaggageSource, Definition, HeaderSource, MetadataLimits, PayloadSource, value_to_text};
use serde_json::Value;

use crate::baggage::Baggage;

/// Tags and attributes before they are held against the limits.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Metadata {
    pub(crate) tags: Vec<String>,
    pub(crate) attributes: IndexMap<String, String>,
}

/// The tags that every run of a definition has, those of schedules too (ENG-082).
pub(crate) fn static_tags(definition: &Definition) -> Vec<String> {
    let mut metadata = Metadata::default();
    definition.metadata.tags.iter().for_each(|tag| metadata.tag(tag.clone()));
    metadata.tags
}

impl Metadata {
    /// Reads every source that the definition declares.
    pub(crate) fn collect(definition: &Definition, body: &Value, caller: &Caller) -> Self {
        let bindings = &definition.spec.metadata.bindings;
        let (tags, attributes) = (&bindings.tags, &bindings.attributes);
        let needs_baggage = !tags.from_baggage.is_empty() || !attributes.from_baggage.is_empty();
        let baggage =
            caller.header("baggage").filter(|_| needs_baggage).map(|header| Baggage::parse(&header));
        let member = |key: &str| baggage.as_ref().and_then(|baggage| baggage.get(key)).map(str::to_owned);

        let mut metadata = Self { tags: static_tags(definition), ..Self::default() };
        for PayloadSource { path } in &tags.from_payload {
            metadata.tag(path.read(body).and_then(Value::as_str).unwrap_or_default().to_owned());
        }
        for HeaderSource { header } in &tags.from_headers {
            metadata.tag(caller.header(header.as_str()).unwrap_or_default());
        }
        for BaggageSource { key } in &tags.from_baggage {
            metadata.tag(member(key).unwrap_or_default());
        }

        for (name, PayloadSource { path }) in &attributes.from_payload {
            let value = path.read(body).filter(|value| !value.is_null());
            metadata.attribute(name.as_str(), value.map(|value| value_to_text(value).into_owned()));
        }
        for (name, HeaderSource { header }) in &attributes.from_headers {
            metadata.attribute(name.as_str(), caller.header(header.as_str()));
        }
        for (name, BaggageSource { key }) in &attributes.from_baggage {
            metadata.attribute(name.as_str(), member(key));
        }
        metadata
    }

    /// Only non-empty texts count, and each once.
    fn tag(&mut self, tag: String) {
        if !tag.is_empty() && !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }

    fn attribute(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.attributes.insert(name.to_owned(), value);
        }
    }

    /// Refuses what is beyond the limits; nothing is ever truncated (DEF-119). Lengths count characters (DEF-118).
    pub(crate) fn check(&self, limits: &MetadataLimits) -> Result<(), EngineError> {
        let longer = |text: &str, most: u64| text.chars().count() as u64 > most;
        if self.tags.len() as u64 > limits.instance_tags.max_count {
            return Err(beyond(format!("more than {} tags", limits.instance_tags.max_count)));
        }
        if self.tags.iter().any(|tag| longer(tag, limits.instance_tags.max_length)) {
            return Err(beyond(format!(
                "a tag is longer than {} characters",
                limits.instance_tags.max_length
            )));
        }
        if self.attributes.len() as u64 > limits.attributes.max_keys {
            return Err(beyond(format!("more than {} attributes", limits.attributes.max_keys)));
        }
        for (name, value) in &self.attributes {
            if longer(name, limits.attributes.max_key_length) {
                let most = limits.attributes.max_key_length;
                return Err(beyond(format!(
                    "the name of the attribute `{name}` is longer than {most} characters"
                )));
            }
            if longer(value, limits.attributes.max_value_length) {
                let most = limits.attributes.max_value_length;
                return Err(beyond(format!("the attribute `{name}` is longer than {most} characters")));
            }
        }
        Ok(())
    }
}

fn beyond(detail: String) -> EngineError {
    EngineError::new(EngineErrorKind::MetadataLimit).with_detail(detail)
}
