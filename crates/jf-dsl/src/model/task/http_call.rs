//! `httpCall:v1` (04 §2 to §7).

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

use super::ValueTarget;
use crate::ids::{ApiName, NormaliserId, PolicyId, VarName};
use crate::model::expression::Mapper;
use crate::model::ordered::OrderedMap;
use crate::model::skip::{is_default, is_true};
use crate::value::template::Template;

/// One HTTP request, whose outcome is data that the flow can branch on. [TSK-020]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpCall {
    /// Whether the flow waits for the response. [TSK-024]
    #[serde(skip_serializing_if = "is_default")]
    pub mode: CallMode,
    /// What is called.
    #[serde(flatten)]
    pub target: CallTarget,
    /// Parameters of the operation or of the URL. [TSK-026]
    #[serde(skip_serializing_if = "is_default")]
    pub params: CallParams,
    /// Headers of the request, interpolated; they win over those of `spec.defaults.http.headers`. [TSK-035]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub headers: OrderedMap<String, Scalar>,
    /// The body; GET and HEAD have none. [TSK-023, TSK-028]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<CallBody>,
    /// The media type for the `Accept` header; `application/json` unless given. [TSK-036]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub accept: Option<Arc<str>>,
    /// Milliseconds from connecting to the last byte of the response, for one attempt; `spec.defaults.http.timeoutMs`
    /// or 10 000 unless given. [TSK-025, TSK-055, DEF-070]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<NonZeroU64>,
    /// The variable that takes the result; required unless `mode` is `notify`, and not allowed there. [TSK-024, TSK-040]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_var: Option<VarName>,
    /// The resilience policy, of `spec.policies.httpResilience` or of the platform. [TSK-029, DEF-072]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resilience_policy_ref: Option<PolicyId>,
    /// How the call authenticates; not at all unless given. [TSK-029, TSK-060]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<CallAuth>,
    /// What is written beside the result when the call is not ok; not with `mode: notify`. [TSK-024, TSK-045]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_mapping: Option<ErrorMapping>,
    /// How the cookie jar of the run takes part. [TSK-030]
    #[serde(skip_serializing_if = "is_default")]
    pub cookies: CallCookies,
}

/// Whether the flow waits for the response. [TSK-024]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CallMode {
    /// The state ends with the response, which is stored at `resultVar`.
    #[default]
    RequestResponse,
    /// The request is sent after the state; its outcome never reaches the run. [TSK-050, TSK-051]
    Notify,
}

/// What is called: exactly one of the two. [TSK-021]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum CallTarget {
    /// An operation of a catalogued API. [TSK-031]
    #[serde(rename_all = "camelCase")]
    Operation {
        /// `<api>.<operationId>`: a key of `spec.apis` and an operation of its OpenAPI document. [TSK-031]
        operation_ref: OperationRef,
    },
    /// A URL.
    Url {
        /// The method; others are reached through `operationRef`. [TSK-022]
        #[schemars(schema_with = "url_methods")]
        method: HttpMethod,
        /// An absolute `http` or `https` URL, interpolated; inserted values are percent-encoded. [TSK-022, EXP-055]
        url: Template,
    },
}

fn url_methods(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": HttpMethod::FOR_URLS.map(HttpMethod::as_str) })
}

/// `<api>.<operationId>`, with the operation it means. [TSK-031]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationRef {
    /// The key of `spec.apis`.
    pub api: ApiName,
    /// The `operationId` in its OpenAPI document.
    pub operation_id: Arc<str>,
    /// What the document says of it.
    pub operation: Arc<Operation>,
}

/// An operation of an OpenAPI document, as far as calling it goes (TSK-032).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Its method.
    pub method: HttpMethod,
    /// The absolute base URL, without a slash at its end (DEF-067).
    pub base_url: Arc<str>,
    /// The path below it, with `{name}` for each path parameter.
    pub path: Arc<str>,
}

impl fmt::Display for OperationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.api, self.operation_id)
    }
}

impl Serialize for OperationRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for OperationRef {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OperationRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*\..+$" })
    }
}

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the variants are the methods of their names")]
pub enum HttpMethod {
    Get,
    Post,
    Put,
    Delete,
    Head,
    Options,
    Patch,
    Trace,
}

impl HttpMethod {
    /// All methods that an OpenAPI document can describe.
    pub const ALL: [Self; 8] =
        [Self::Get, Self::Post, Self::Put, Self::Delete, Self::Head, Self::Options, Self::Patch, Self::Trace];

    /// The methods of calls by URL (TSK-022).
    pub const FOR_URLS: [Self; 4] = [Self::Get, Self::Post, Self::Put, Self::Delete];

    /// The method as written in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Trace => "TRACE",
        }
    }

    /// Whether a request with the method may have a body (TSK-023).
    #[must_use]
    pub const fn allows_body(self) -> bool {
        !matches!(self, Self::Get | Self::Head)
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Parameters of the operation or of the URL: names and strings, numbers or booleans. [TSK-026]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallParams {
    /// Path parameters of the operation; not with `url`. Values are percent-encoded. [TSK-026, EXP-055]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub path: OrderedMap<String, Scalar>,
    /// Query parameters, added to those that the URL has. Values are percent-encoded. [TSK-026, EXP-055]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub query: OrderedMap<String, Scalar>,
    /// Header parameters, one set with `headers`. [TSK-026, TSK-027]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub headers: OrderedMap<String, Scalar>,
}

/// A value that is sent as text. [TSK-026]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// Text, interpolated. [EXP-050]
    Text(Template),
    /// A number.
    Number(Number),
    /// A boolean.
    Bool(bool),
}

/// The body of a request. [TSK-028, TSK-037]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum CallBody {
    /// Text, interpolated and sent as it is. [TSK-037]
    Text(Template),
    /// What a mapper gives. [TSK-028]
    Mapper(Mapper),
    /// An object or array, sent as JSON without interpolation. [TSK-037, EXP-057]
    #[schemars(schema_with = "literal_body")]
    Json(Value),
}

fn literal_body(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["object", "array"] })
}

/// How a call authenticates. [TSK-029, TSK-060]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallAuth {
    /// The policy, of `spec.policies.httpClientAuth` or of the platform. [TSK-029]
    pub policy_ref: PolicyId,
}

/// How the cookie jar of the run takes part in a call. [TSK-030]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallCookies {
    /// Whether cookies of the jar are sent; `true` unless given. [TSK-030, TSK-074]
    #[serde(skip_serializing_if = "is_true")]
    #[schemars(extend("default" = true))]
    pub use_jar: bool,
}

impl Default for CallCookies {
    fn default() -> Self {
        Self { use_jar: true }
    }
}

/// What is written beside the result when a call is not ok. [TSK-045]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ErrorMapping {
    /// When it runs. [TSK-045]
    #[serde(skip_serializing_if = "is_default")]
    pub when: MappingCondition,
    /// What computes the value.
    #[serde(flatten)]
    pub mapper: ErrorMapper,
    /// Where the value goes.
    #[serde(flatten)]
    pub target: ValueTarget,
}

/// When an error mapping runs. [TSK-045]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum MappingCondition {
    /// When the result has `ok: false`.
    #[default]
    NonOk,
}

/// What computes the value of an error mapping. [TSK-045]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ErrorMapper {
    /// A mapper.
    Mapper(Mapper),
    /// A normaliser. [TSK-046]
    #[serde(rename_all = "camelCase")]
    Normaliser {
        /// A key of `spec.errors.normalisers`. [TSK-046]
        normaliser_ref: NormaliserId,
    },
}
