//! `cache:v1` (04 §13).

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::VarName;
use crate::model::expression::Mapper;

/// Reads or writes the cache that all definitions share. [TSK-110, TSK-111]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Cache {
    /// Computes the key, which becomes text. [TSK-110, TSK-111]
    pub key: Mapper,
    /// What is done.
    #[serde(flatten)]
    pub operation: CacheOperation,
}

/// What a cache task does. [TSK-110]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "operation", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CacheOperation {
    /// Reads a value, `null` when there is none. [TSK-112]
    Get {
        /// The variable that takes the value. [TSK-110]
        result_var: VarName,
    },
    /// Writes a value. [TSK-112]
    Put {
        /// Computes the value. [TSK-110]
        value: Mapper,
        /// Seconds that the value is kept; `plugins.cache.defaultTtlSeconds` of the platform unless given. [TSK-113]
        #[serde(skip_serializing_if = "Option::is_none")]
        ttl_seconds: Option<NonZeroU64>,
    },
}
