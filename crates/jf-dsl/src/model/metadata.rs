//! `spec.metadata.bindings`: where tags and attributes of a run come from (01 §11), and the limits on them (01 §12).

use schemars::JsonSchema;
use serde::Serialize;

use super::ordered::OrderedMap;
use super::skip::{is_default, never};
use crate::header::HeaderName;
use crate::ids::AttributeName;
use crate::value::path::DotPath;

/// Where tags and attributes of a run come from. [DEF-105]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SpecMetadata {
    /// Bindings of tags and attributes to the request that starts a run. [DEF-105]
    #[serde(skip_serializing_if = "is_default")]
    pub bindings: MetadataBindings,
}

/// Bindings of tags and attributes to the request that starts a run. [DEF-105]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MetadataBindings {
    /// Sources of tags. [DEF-106]
    #[serde(skip_serializing_if = "is_default")]
    pub tags: TagBindings,
    /// Sources of attributes; a name stands under one of them only. [DEF-107, DEF-108]
    #[serde(skip_serializing_if = "is_default")]
    pub attributes: AttributeBindings,
}

/// Sources of tags, each in document order; ENG-120 orders the sources as they stand here. [DEF-106]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TagBindings {
    /// Tags from members of the start body. [DEF-106, EXP-062]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from_payload: Vec<PayloadSource>,
    /// Tags from request headers. [DEF-106]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from_headers: Vec<HeaderSource>,
    /// Tags from keys of the `baggage` header. [DEF-106]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from_baggage: Vec<BaggageSource>,
}

/// Sources of attributes by the name of the attribute, each in document order. [DEF-107]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AttributeBindings {
    /// Attributes from members of the start body. [DEF-107, EXP-062]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub from_payload: OrderedMap<AttributeName, PayloadSource>,
    /// Attributes from request headers. [DEF-107]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub from_headers: OrderedMap<AttributeName, HeaderSource>,
    /// Attributes from keys of the `baggage` header. [DEF-107]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub from_baggage: OrderedMap<AttributeName, BaggageSource>,
}

/// A member of the start body. [EXP-062]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayloadSource {
    /// The path of the member. [DEF-106, EXP-060]
    pub path: DotPath,
}

/// A request header. [DEF-106]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeaderSource {
    /// The name of the header. [DEF-106]
    pub header: HeaderName,
}

/// An entry of the `baggage` header. [DEF-106]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BaggageSource {
    /// The key of the entry. [DEF-106]
    #[schemars(length(min = 1))]
    pub key: String,
}

/// What metadata may hold: the `spec` of a `kind: MetadataLimits` document, over the built-in values. [DEF-115, DEF-116]
///
/// Lengths count Unicode scalar values. [DEF-118]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MetadataLimits {
    /// Limits on the tags of a definition. [DEF-115]
    #[serde(skip_serializing_if = "is_default")]
    pub definition_tags: DefinitionTagLimits,
    /// Limits on the tags of a run. [DEF-115]
    #[serde(skip_serializing_if = "is_default")]
    pub instance_tags: InstanceTagLimits,
    /// Limits on the attributes of a run. [DEF-115]
    #[serde(skip_serializing_if = "is_default")]
    pub attributes: AttributeLimits,
    /// Limits on how long a run may take. [DEF-115]
    #[serde(skip_serializing_if = "is_default")]
    pub execution: ExecutionLimits,
}

/// Limits on the tags of a definition. [DEF-115]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DefinitionTagLimits {
    /// Entries of `metadata.tags`; 10 unless given. [DEF-116]
    #[serde(skip_serializing_if = "never")]
    #[schemars(range(min = 1), extend("default" = 10))]
    pub max_count: u64,
}

impl Default for DefinitionTagLimits {
    fn default() -> Self {
        Self { max_count: 10 }
    }
}

/// Limits on the tags of a run. [DEF-115]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InstanceTagLimits {
    /// Tags of one run; 16 unless given. [DEF-116]
    #[serde(skip_serializing_if = "never")]
    #[schemars(range(min = 1), extend("default" = 16))]
    pub max_count: u64,
    /// Length of one tag of a run, in characters; 40 unless given. [DEF-116]
    #[serde(skip_serializing_if = "never")]
    #[schemars(range(min = 1), extend("default" = 40))]
    pub max_length: u64,
}

impl Default for InstanceTagLimits {
    fn default() -> Self {
        Self { max_count: 16, max_length: 40 }
    }
}

/// Limits on the attributes of a run. [DEF-115]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AttributeLimits {
    /// Attributes of one run; 16 unless given. [DEF-116]
    #[serde(skip_serializing_if = "never")]
    #[schemars(range(min = 1), extend("default" = 16))]
    pub max_keys: u64,
    /// Length of an attribute's name, in characters; 32 unless given. [DEF-116]
    #[serde(skip_serializing_if = "never")]
    #[schemars(range(min = 1), extend("default" = 32))]
    pub max_key_length: u64,
    /// Length of an attribute's value, in characters; 256 unless given. [DEF-116]
    #[serde(skip_serializing_if = "never")]
    #[schemars(range(min = 1), extend("default" = 256))]
    pub max_value_length: u64,
}

impl Default for AttributeLimits {
    fn default() -> Self {
        Self { max_keys: 16, max_key_length: 32, max_value_length: 256 }
    }
}

/// Limits on how long a run may take. [DEF-115]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExecutionLimits {
    /// Seconds a run may take when its definition says nothing; no limit unless given. [DEF-092]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub default_max_duration_sec: Option<u64>,
    /// Seconds a run may take at most, whatever its definition says; no limit unless given. [DEF-091]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_duration_upper_bound_sec: Option<u64>,
}
