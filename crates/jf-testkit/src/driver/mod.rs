//! One way to drive a system, whatever lies between the test and the engine.

mod answer;
mod engine;
mod http;
mod websocket;

pub use answer::{Answer, ApiAnswer, LoggedEvent, Seen};
pub use engine::EngineDriver;
pub use http::HttpDriver;
pub use websocket::WebSocketDriver;

use std::fmt;

use async_trait::async_trait;
use jf_core::Head;
use serde_json::Value;

use crate::ClientError;

/// The operations of the specification (ENG-001) over one transport, with answers that can be compared across transports (OP-8).
///
/// A refusal is an [`Answer`] like any other; an `Err` means that the transport or the test is broken.
#[async_trait]
pub trait Driver: fmt::Debug + Send + Sync {
    /// What tests call it: `engine`, `http` or `websocket`.
    fn name(&self) -> &'static str;

    /// Starts a run and waits for the reply.
    ///
    /// # Errors
    /// See [`DriverError`]; the same holds for all methods.
    async fn start(&self, start: Start) -> Result<Answer, DriverError>;

    /// Submits input to a step and waits for the reply.
    async fn submit(&self, submit: Submit) -> Result<Answer, DriverError>;

    /// Reads where a run stands.
    async fn status(&self, run: &Run, request: &Request) -> Result<Answer, DriverError>;

    /// Reads how a run ended.
    async fn outcome(&self, run: &Run, request: &Request) -> Result<Answer, DriverError>;

    /// Cancels a run and waits for the reply.
    async fn cancel(&self, cancel: CancelRun) -> Result<Answer, DriverError>;

    /// Reads a page of runs; parameters are those of HTTP-081.
    async fn list(&self, parameters: &[(String, String)]) -> Result<Answer, DriverError>;

    /// Calls an Api.
    async fn call_api(&self, api: &str, input: Value, request: &Request) -> Result<Answer, DriverError>;

    /// Reads the log of a run after a number, up to the present head: what a subscriber without conflation has received.
    async fn events(&self, run: &Run, after: u64) -> Result<Answer, DriverError>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriverError {
    /// The transport cannot express this; another one can.
    #[error("{driver} cannot carry {what}")]
    NotCarried {
        /// The driver.
        driver: &'static str,
        /// What it cannot carry.
        what: String,
    },
    /// The connection or the protocol broke.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A run, with the journey it belongs to: some transports need it for routing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// The name of its journey.
    pub journey: String,
    /// Its id; any text, so that unknown runs can be asked for.
    pub id: String,
}

impl Run {
    /// The run `id` of `journey`.
    #[must_use]
    pub fn new(journey: impl Into<String>, id: impl Into<String>) -> Self {
        Self { journey: journey.into(), id: id.into() }
    }
}

/// What a request carries beside its body. Over WebSocket it belongs to the handshake, hence to a connection of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Query parameters, not encoded.
    pub query: Vec<(String, String)>,
}

impl Request {
    /// Without headers and query.
    pub const PLAIN: Self = Self { headers: Vec::new(), query: Vec::new() };

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With one more query parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }
}

/// Asks for a new run.
#[derive(Debug, Clone)]
pub struct Start {
    /// The journey.
    pub journey: String,
    /// Its input.
    pub input: Value,
    /// Caller key.
    pub key: Option<String>,
    /// Headers and query.
    pub request: Request,
}

impl Start {
    /// Starts `journey` with `input`.
    #[must_use]
    pub fn new(journey: impl Into<String>, input: Value) -> Self {
        Self { journey: journey.into(), input, key: None, request: Request::PLAIN }
    }
}

/// Submits input to a step.
#[derive(Debug, Clone)]
pub struct Submit {
    /// The run.
    pub run: Run,
    /// The step: a state id or a qualified address.
    pub step: String,
    /// The payload.
    pub payload: Value,
    /// Caller key.
    pub key: Option<String>,
    /// The head it must still be at.
    pub if_head: Option<Head>,
    /// Headers and query.
    pub request: Request,
}

impl Submit {
    /// Submits `payload` to `step`.
    #[must_use]
    pub fn new(run: &Run, step: impl Into<String>, payload: Value) -> Self {
        let (run, step) = (run.clone(), step.into());
        Self { run, step, payload, key: None, if_head: None, request: Request::PLAIN }
    }

    /// With a precondition.
    #[must_use]
    pub fn if_head(mut self, head: Head) -> Self {
        self.if_head = Some(head);
        self
    }
}

/// Cancels a run.
#[derive(Debug, Clone)]
pub struct CancelRun {
    /// The run.
    pub run: Run,
    /// Caller key.
    pub key: Option<String>,
    /// The head it must still be at.
    pub if_head: Option<Head>,
    /// Headers and query.
    pub request: Request,
}

impl CancelRun {
    /// Cancels `run`.
    #[must_use]
    pub fn new(run: &Run) -> Self {
        Self { run: run.clone(), key: None, if_head: None, request: Request::PLAIN }
    }

    /// With a precondition.
    #[must_use]
    pub fn if_head(mut self, head: Head) -> Self {
        self.if_head = Some(head);
        self
    }
}
