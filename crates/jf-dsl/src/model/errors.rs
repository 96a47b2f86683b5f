//! `spec.errors`: how errors of calls are read and how errors are shown (01 §15).

use schemars::JsonSchema;
use serde::Serialize;

use super::expression::Mapper;
use super::ordered::OrderedMap;
use super::skip::is_default;
use crate::ids::NormaliserId;

/// How errors of calls are read and how errors are shown. [DEF-170]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Errors {
    /// The form of errors inside, `rfc9457`. [DEF-170]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_format: Option<CanonicalFormat>,
    /// Mappers that turn an HTTP result into a Problem, used by `errorMapping.normaliserRef` of tasks. [DEF-171, DEF-172]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub normalisers: OrderedMap<NormaliserId, Mapper>,
    /// The form of errors outside. [DEF-173]
    #[serde(skip_serializing_if = "is_default")]
    pub envelope: Envelope,
}

/// The form of errors inside the engine. [DEF-170]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CanonicalFormat {
    /// Problem details of RFC 9457.
    Rfc9457,
}

/// The form of errors that callers get. [DEF-173]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Envelope {
    /// `problemDetails` (default) or `custom`. [DEF-173]
    #[serde(skip_serializing_if = "is_default")]
    pub format: EnvelopeFormat,
    /// Computes the body of an error from the Problem, with `custom`. [DEF-173]
    #[serde(flatten)]
    pub mapper: Option<Mapper>,
}

/// The form of errors that callers get. [DEF-173]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EnvelopeFormat {
    /// Problem details of RFC 9457.
    #[default]
    ProblemDetails,
    /// What the mapper gives.
    Custom,
}
