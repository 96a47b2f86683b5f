//! `spec.metadata.bindings`: where tags and attributes of a run come from (01 §11), and the limits on them (01 §12).

use super::ordered::OrderedMap;
use crate::header::HeaderName;
use crate::ids::AttributeName;
use crate::value::path::DotPath;

/// `spec.metadata` (DEF-105).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct MetadataBindings {
    /// Sources of tags (DEF-106).
    pub tags: TagBindings,
    /// Sources of attributes (DEF-107); a name stands under one of them only (DEF-108).
    pub attributes: AttributeBindings,
}

/// Sources of tags, each in document order (DEF-106). ENG-120 orders the sources as the fields stand here.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct TagBindings {
    /// Paths into the start body (EXP-062).
    pub from_payload: Vec<DotPath>,
    /// Request headers.
    pub from_headers: Vec<HeaderName>,
    /// Keys of the `baggage` header.
    pub from_baggage: Vec<String>,
}

/// Sources of attributes, each in document order (DEF-107).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct AttributeBindings {
    /// Paths into the start body (EXP-062).
    pub from_payload: OrderedMap<AttributeName, DotPath>,
    /// Request headers.
    pub from_headers: OrderedMap<AttributeName, HeaderName>,
    /// Keys of the `baggage` header.
    pub from_baggage: OrderedMap<AttributeName, String>,
}

/// What metadata may hold, from a `kind: MetadataLimits` document and the configuration (DEF-115, DEF-116).
///
/// Lengths count Unicode scalar values (DEF-118).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataLimits {
    /// Entries of `metadata.tags`.
    pub definition_tags_max_count: u64,
    /// Tags of one run.
    pub instance_tags_max_count: u64,
    /// Length of one tag of a run.
    pub instance_tags_max_length: u64,
    /// Attributes of one run.
    pub attributes_max_keys: u64,
    /// Length of an attribute's name.
    pub attributes_max_key_length: u64,
    /// Length of an attribute's value.
    pub attributes_max_value_length: u64,
    /// Seconds a run may take when its definition says nothing (DEF-092).
    pub default_max_duration_sec: Option<u64>,
    /// Seconds a run may take at most (DEF-091).
    pub max_duration_upper_bound_sec: Option<u64>,
}

impl Default for MetadataLimits {
    /// The built-in values of DEF-116.
    fn default() -> Self {
        Self {
            definition_tags_max_count: 10,
            instance_tags_max_count: 16,
            instance_tags_max_length: 40,
            attributes_max_keys: 16,
            attributes_max_key_length: 32,
            attributes_max_value_length: 256,
            default_max_duration_sec: None,
            max_duration_upper_bound_sec: None,
        }
    }
}
