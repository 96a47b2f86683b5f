//! `spec.bindings` (01 §16, 07 §1).

use std::borrow::Cow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::binding_grpc::GrpcBinding;
use super::binding_queue::QueueBinding;
use super::definition::{Definition, EndPhase};
use super::expression::Expression;
use super::ordered::OrderedMap;
use super::skip::{is_default, never};
use crate::header::HeaderName;
use crate::ids::{MessageType, StateId};
use crate::value::path::WritePath;

/// How transports reach the definition; bindings never change control flow or outcomes. [DEF-180, DEF-182]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Bindings {
    /// What HTTP requests bring along and, for an Api, how it answers. Definitions are served over HTTP without this
    /// block, too. [DEF-183, DEF-184]
    #[serde(skip_serializing_if = "is_default")]
    pub http: HttpBinding,
    /// Serves the Journey over WebSocket; without it no WebSocket reaches it. [WS-001, WS-003]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub websocket: Option<WebSocketBinding>,
    /// Messages that start runs of the Journey and submit to them. [BND-010]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueBinding>,
    /// Serves the Api as a unary gRPC method. [BND-001]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcBinding>,
    /// Says that the definition is meant for the command line; advisory. [DEF-183, DEF-196]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cli: Option<Advisory>,
    /// Says that the definition is meant to run as a function; advisory. [DEF-183, DEF-196]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Advisory>,
}

/// An empty object: the block itself is all it says. [DEF-196]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(extend("properties" = {}, "additionalProperties" = false))]
pub struct Advisory {}

/// What HTTP requests bring along and, for an Api, how it answers. [DEF-184]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpBinding {
    /// What start requests and Api calls bring along. [DEF-185]
    #[serde(skip_serializing_if = "is_default")]
    pub start: Projection,
    /// What submissions bring along, by the id of a `wait` or `webhook` state, wherever it sits. [DEF-185, DEF-186]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub steps: OrderedMap<StateId, Projection>,
    /// Where an Api is served; Api only. [DEF-184, DEF-189]
    #[serde(skip_serializing_if = "is_default")]
    pub route: Route,
    /// How results of an Api become status codes; Api only. [DEF-184, DEF-192]
    #[serde(skip_serializing_if = "is_default")]
    pub api_responses: ApiResponses,
}

/// What a request brings into the context and into outbound calls. [DEF-185]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Projection {
    /// Request headers by the context field they are written to, a dot-path that is not `payload`; applied last.
    /// [DEF-187, DEF-188, HTTP-030]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub headers_to_context: OrderedMap<HeaderName, WritePath>,
    /// Query parameters, case-sensitive, and the context field each is written to; applied first. [DEF-187, HTTP-032]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub query_to_context: OrderedMap<Arc<str>, WritePath>,
    /// Request headers that outbound calls carry on. [DEF-188, HTTP-040]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers_passthrough: Vec<Passthrough>,
}

impl Projection {
    /// Whether the block says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        is_default(self)
    }
}

/// A request header that outbound calls carry on. [DEF-185]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Passthrough {
    /// The header of the request. [DEF-188]
    pub from: HeaderName,
    /// The header of the outbound calls; never one that belongs to the connection. [DEF-188]
    pub to: HeaderName,
}

/// Where an Api is served. [DEF-189]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Route {
    /// The path below the base of the HTTP binding; `/apis/<metadata.name>` unless given. [DEF-189]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(?!/journeys(/|$))(/[^/?#{}%\u0000-\u0020]+)+$"))]
    pub path: Option<Arc<str>>,
    /// The method, which is `POST`. [DEF-190]
    #[serde(skip_serializing_if = "is_default")]
    pub method: RouteMethod,
}

/// The method of an Api. [DEF-190]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub enum RouteMethod {
    /// `POST`, the only one.
    #[default]
    #[serde(rename = "POST")]
    Post,
}

/// How results of an Api become status codes. [DEF-192, HTTP-067]
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiResponses {
    /// The rules, tried in order. [DEF-192]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ApiResponseRule>,
    /// The status when no rule matches. [DEF-194]
    #[serde(skip_serializing_if = "is_default")]
    pub default: DefaultStatuses,
}

/// The status of an Api when no rule matches. [DEF-194]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct DefaultStatuses {
    /// The status of a success; 200 unless given. [DEF-194]
    #[serde(rename = "SUCCEEDED", skip_serializing_if = "never")]
    #[schemars(range(min = 100, max = 599), extend("default" = 200))]
    pub succeeded: u16,
    /// The status of a failure; that of its Problem unless given. [DEF-194]
    #[serde(rename = "FAILED", skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "fromProblemStatus"))]
    pub failed: FailedStatus,
}

impl Default for DefaultStatuses {
    fn default() -> Self {
        Self { succeeded: 200, failed: FailedStatus::FromProblemStatus }
    }
}

/// A rule that gives results of an Api a status code. [DEF-192]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiResponseRule {
    /// Which results the rule is for. [DEF-192]
    pub when: ApiResponseMatch,
    /// The status it gives.
    #[serde(flatten)]
    pub status: RuleStatus,
}

/// Which results of an Api a rule is for. [DEF-192]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiResponseMatch {
    /// How the run ended. [DEF-192]
    pub phase: EndPhase,
    /// The Problem type of the failure; with `phase: FAILED` only. [DEF-192]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub error_type: Option<Arc<str>>,
    /// A further condition. [DEF-192]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Expression>,
}

/// The status of a matching rule.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub enum RuleStatus {
    /// A status code, 100–599. [DEF-193]
    #[serde(rename = "status")]
    Fixed(#[schemars(range(min = 100, max = 599))] u16),
    /// An expression that computes the status code. [EXP-021]
    #[serde(rename = "statusExpr")]
    Computed(Expression),
}

/// The status of a failure that no rule matches. [DEF-194]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", untagged)]
pub enum FailedStatus {
    /// A status code, 100–599. [DEF-193]
    Fixed(#[schemars(range(min = 100, max = 599))] u16),
    /// The status of the Problem itself. [HTTP-068]
    #[default]
    #[serde(serialize_with = "from_problem_status")]
    #[schemars(schema_with = "from_problem_status_schema")]
    FromProblemStatus,
}

fn from_problem_status<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("fromProblemStatus")
}

fn from_problem_status_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "const": "fromProblemStatus" })
}

/// Serves a Journey over WebSocket. [WS-001]
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WebSocketBinding {
    /// Where the Journey is served. [WS-004]
    #[serde(skip_serializing_if = "is_default")]
    pub endpoint: WebSocketEndpoint,
    /// The message that starts a run. [WS-008]
    pub start: Message,
    /// The messages that submit, by the id of a `wait` or `webhook` state under `spec.states`, branches included.
    /// [WS-009, WS-010]
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub steps: OrderedMap<StateId, Message>,
}

impl WebSocketBinding {
    /// A binding at the default path, without steps.
    #[must_use]
    pub fn new(start: Message) -> Self {
        Self { endpoint: WebSocketEndpoint::default(), start, steps: OrderedMap::default() }
    }
}

/// Where a Journey is served over WebSocket. [WS-004]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WebSocketEndpoint {
    /// The path from the server root; `/ws/journeys/<metadata.name>` unless given. [WS-004, WS-005]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^/(?!/)[^?#{}\u0000-\u0020]*$"))]
    pub path: Option<Arc<str>>,
    /// The subprotocol that clients of the endpoint speak, a token. [WS-007, WS-021]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = crate::header::TOKEN))]
    pub subprotocol: Option<Arc<str>>,
}

/// The type of a WebSocket message. [WS-008]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The `type` of the message; not one of the protocol's own. [WS-013]
    pub message_type: MessageType,
}

impl Definition {
    /// Where an Api is served, below the base of the HTTP binding: `route.path`, else `/apis/<metadata.name>`
    /// (DEF-189). Meaningless on a Journey.
    #[must_use]
    pub fn http_route(&self) -> Cow<'_, str> {
        match &self.spec.bindings.http.route.path {
            Some(path) => Cow::Borrowed(path),
            None => Cow::Owned(format!("/apis/{}", self.metadata.name)),
        }
    }

    /// Where a Journey is served over WebSocket, from the server root: `endpoint.path`, else
    /// `/ws/journeys/<metadata.name>` (WS-005). `None` without the binding.
    #[must_use]
    pub fn websocket_path(&self) -> Option<Cow<'_, str>> {
        let binding = self.spec.bindings.websocket.as_ref()?;
        Some(match &binding.endpoint.path {
            Some(path) => Cow::Borrowed(path),
            None => Cow::Owned(format!("/ws/journeys/{}", self.metadata.name)),
        })
    }
}
