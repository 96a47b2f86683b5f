//! `kafkaPublish:v1` (04 §10).

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use super::Scalar;
use crate::ids::SecretRef;
use crate::model::expression::Mapper;
use crate::model::ordered::OrderedMap;
use crate::model::schema::Schema as InlineSchema;
use crate::value::file_ref::FileRef;
use crate::value::template::Template;

/// Publishes one record and waits for the broker's acknowledgement. [TSK-080, TSK-084]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KafkaPublish {
    /// The topic, taken literally. [TSK-080]
    #[schemars(length(min = 1), extend("not" = { "pattern": r"\$\{" }))]
    pub topic: Arc<str>,
    /// Computes the value of the record, sent as JSON. [TSK-080, TSK-082]
    pub value: Mapper,
    /// The key of the record: text, interpolated, or a mapper. [TSK-080, TSK-082]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KafkaKey>,
    /// Headers of the record, interpolated. [TSK-080, EXP-050]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub headers: OrderedMap<String, Scalar>,
    /// A file with the JSON Schema that keys conform to. [TSK-081]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_schema_ref: Option<SchemaFile>,
    /// A file with the JSON Schema that values conform to. [TSK-081]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_schema_ref: Option<SchemaFile>,
    /// The secret that holds the connection; `plugins.kafkaPublish.defaultConnectionSecretRef` of the platform unless
    /// given. [TSK-083, DEF-141]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_secret_ref: Option<SecretRef>,
}

/// The key of a record. [TSK-080]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum KafkaKey {
    /// Text, interpolated. [EXP-050]
    Text(Template),
    /// What a mapper gives, as text. [DEF-202]
    Mapper(Mapper),
}

/// A JSON Schema in a file of its own. [TSK-081]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SchemaFile {
    /// Where the file lies.
    pub file: FileRef,
    /// What it holds.
    pub schema: InlineSchema,
}

impl Serialize for SchemaFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.file.serialize(serializer)
    }
}

impl JsonSchema for SchemaFile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SchemaFile".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        FileRef::json_schema(generator)
    }
}
