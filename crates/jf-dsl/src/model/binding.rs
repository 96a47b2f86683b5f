//! `spec.bindings` (01 §16, 07 §1).

use std::borrow::Cow;
use std::sync::Arc;

use super::definition::{Definition, EndPhase};
use super::expression::Expression;
use super::ordered::OrderedMap;
use crate::header::HeaderName;
use crate::ids::{MessageType, StateId};
use crate::value::path::WritePath;

/// `spec.bindings` (DEF-180). Bindings never change control flow or outcomes (DEF-182).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Bindings {
    /// `http`; HTTP exposure does not depend on its presence (DEF-183), so an absent block equals an empty one.
    pub http: HttpBinding,
    /// `websocket`; without it a Journey is not reachable over WebSocket (WS-003).
    pub websocket: Option<WebSocketBinding>,
    /// Whether the advisory block `cli` is present (DEF-196).
    pub cli: bool,
    /// Whether the advisory block `function` is present (DEF-196).
    pub function: bool,
}

/// `spec.bindings.http` (DEF-184 ff.).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct HttpBinding {
    /// Projection of start and Api calls.
    pub start: Projection,
    /// Projection of submissions, by state id wherever the state sits (DEF-186).
    pub steps: OrderedMap<StateId, Projection>,
    /// `route.path`, when set (Api only); see [`Definition::http_route`].
    pub route_path: Option<Arc<str>>,
    /// How results of an Api become status codes.
    pub api_responses: ApiResponses,
}

/// What a request brings into the context and into outbound calls (DEF-185).
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Projection {
    /// `headersToContext`, applied last (HTTP-030).
    pub headers_to_context: Vec<HeaderToContext>,
    /// `queryToContext`, applied first.
    pub query_to_context: Vec<QueryToContext>,
    /// `headersPassthrough` (HTTP-040).
    pub headers_passthrough: Vec<Passthrough>,
}

impl Projection {
    /// Whether the block says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headers_to_context.is_empty()
            && self.query_to_context.is_empty()
            && self.headers_passthrough.is_empty()
    }
}

/// One entry of `headersToContext`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderToContext {
    /// The request header.
    pub header: HeaderName,
    /// The context field it is written to; never `payload` (DEF-187).
    pub field: WritePath,
}

/// One entry of `queryToContext`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryToContext {
    /// The query parameter, case-sensitive (HTTP-032).
    pub parameter: Arc<str>,
    /// The context field it is written to; never `payload` (DEF-187).
    pub field: WritePath,
}

/// One entry of `headersPassthrough`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passthrough {
    /// The request header.
    pub from: HeaderName,
    /// The header of the outbound calls; never one that belongs to the connection (DEF-188).
    pub to: HeaderName,
}

/// `spec.bindings.http.apiResponses` (DEF-192 ff., HTTP-067).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiResponses {
    /// The rules, tried in order.
    pub rules: Vec<ApiResponseRule>,
    /// The status of a success that no rule matches; 200 unless given.
    pub default_succeeded: u16,
    /// The status of a failure that no rule matches.
    pub default_failed: FailedStatus,
}

impl Default for ApiResponses {
    fn default() -> Self {
        Self { rules: Vec::new(), default_succeeded: 200, default_failed: FailedStatus::FromProblemStatus }
    }
}

/// One entry of `apiResponses.rules` (DEF-192).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiResponseRule {
    /// The phase it matches.
    pub phase: EndPhase,
    /// The Problem type it matches, with `FAILED` only.
    pub error_type: Option<Arc<str>>,
    /// A further condition.
    pub predicate: Option<Expression>,
    /// The status it gives.
    pub status: RuleStatus,
}

/// The status of a matching rule.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleStatus {
    /// `status`, 100–599.
    Fixed(u16),
    /// `statusExpr` (EXP-021).
    Computed(Expression),
}

/// `apiResponses.default.FAILED` (DEF-194).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailedStatus {
    /// A fixed status, 100–599.
    Fixed(u16),
    /// The Problem's own status (HTTP-068).
    #[default]
    FromProblemStatus,
}

/// `spec.bindings.websocket` (WS-001 ff.).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WebSocketBinding {
    /// `endpoint.path`, when set; see [`Definition::websocket_path`].
    pub path: Option<Arc<str>>,
    /// `endpoint.subprotocol`, when set (WS-021).
    pub subprotocol: Option<Arc<str>>,
    /// The message type that starts a run.
    pub start: MessageType,
    /// The message types that submit, by the id of a state under `spec.states`, branches included (WS-009).
    pub steps: OrderedMap<StateId, MessageType>,
}

impl Definition {
    /// Where an Api is served, below the base of the HTTP binding: `route.path`, else `/apis/<metadata.name>`
    /// (DEF-189). Meaningless on a Journey.
    #[must_use]
    pub fn http_route(&self) -> Cow<'_, str> {
        match &self.spec.bindings.http.route_path {
            Some(path) => Cow::Borrowed(path),
            None => Cow::Owned(format!("/apis/{}", self.metadata.name)),
        }
    }

    /// Where a Journey is served over WebSocket, from the server root: `endpoint.path`, else
    /// `/ws/journeys/<metadata.name>` (WS-005). `None` without the binding.
    #[must_use]
    pub fn websocket_path(&self) -> Option<Cow<'_, str>> {
        let binding = self.spec.bindings.websocket.as_ref()?;
        Some(match &binding.path {
            Some(path) => Cow::Borrowed(path),
            None => Cow::Owned(format!("/ws/journeys/{}", self.metadata.name)),
        })
    }
}
