//! What an engine answers. Commands answer in two stages: admitted and settled.

use std::fmt;

use futures::future::BoxFuture;
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{At, EngineError, Head, JourneyId, JourneyOutcome, JourneyStartResponse, JourneyStatus, StepRef};

/// A `Set-Cookie` line for the client (HTTP-060 ff.). Its `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCookie(HeaderValue);

impl ClientCookie {
    /// Takes a finished `Set-Cookie` value.
    #[must_use]
    pub fn new(mut set_cookie: HeaderValue) -> Self {
        set_cookie.set_sensitive(true);
        Self(set_cookie)
    }

    /// The `Set-Cookie` value.
    #[must_use]
    pub fn into_header(self) -> HeaderValue {
        self.0
    }
}

impl fmt::Debug for ClientCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCookie")
    }
}

/// The reply to a start, by start mode and how far the run came (ENG-005 to ENG-007).
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "replies are short-lived values on their way to a socket")]
pub enum StartReply {
    /// Asynchronous start: the run exists.
    Started(At<JourneyStartResponse>),
    /// Synchronous start: settled at a step or timer, or the wait limit passed.
    Status(At<JourneyStatus>),
    /// Synchronous start: the run has ended.
    Outcome {
        /// How it ended.
        outcome: At<JourneyOutcome>,
        /// Jar cookies for the client, if the request takes them ([`StartRequest::takes_cookies`](crate::StartRequest)) and the
        /// reply is no replay (HTTP-060).
        cookies: Vec<ClientCookie>,
    },
}

/// An admitted start: the run is durable.
///
/// Dropping it neither stops nor undoes anything; [`Started::settled`] only waits.
#[must_use = "the reply is in `settled()`"]
pub struct Started {
    /// The run.
    pub journey_id: JourneyId,
    /// Head after the commit that created it, or the present one of a replay.
    pub at: Head,
    /// The key was known; this start had no effect (ENG-053).
    pub replayed: bool,
    settled: BoxFuture<'static, Result<StartReply, EngineError>>,
}

impl Started {
    /// An admitted start whose reply comes from `settled`.
    pub fn new(
        journey_id: JourneyId,
        at: Head,
        settled: impl Future<Output = Result<StartReply, EngineError>> + Send + 'static,
    ) -> Self {
        Self { journey_id, at, replayed: false, settled: Box::pin(settled) }
    }

    /// Marks a replay.
    pub fn with_replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// Waits for the reply. Cancel safe in the sense of the engine's contract: giving up waiting changes nothing.
    ///
    /// # Errors
    /// Internal trouble while the run went on; the run itself exists.
    pub async fn settled(self) -> Result<StartReply, EngineError> {
        self.settled.await
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("journey_id", &self.journey_id)
            .field("at", &self.at)
            .field("replayed", &self.replayed)
            .finish_non_exhaustive()
    }
}

/// An admitted submission or cancellation: its effect, if any, is durable.
///
/// Dropping it neither stops nor undoes anything.
#[must_use = "the reply is in `settled()`"]
pub struct Submitted {
    /// The run.
    pub journey_id: JourneyId,
    /// The step the submission was resolved to (RT-7): its state id, or its address when the id is active more than once.
    /// `None` for a cancellation.
    pub step: Option<StepRef>,
    /// Head after the commit, or the present one of a replay.
    pub at: Head,
    /// The key was known; this command had no effect (ENG-053).
    pub replayed: bool,
    settled: Settled,
}

/// A status goes through several hands, so that it is moved by its address.
enum Settled {
    Now(Box<At<JourneyStatus>>),
    Later(BoxFuture<'static, Result<Box<At<JourneyStatus>>, EngineError>>),
}

impl Submitted {
    /// An admitted command whose reply is still to come, from `settled`, as a status or as a box with one. For a reply that is known
    /// there is [`Submitted::ready`].
    pub fn new<S: Into<Box<At<JourneyStatus>>>>(
        journey_id: JourneyId,
        step: Option<StepRef>,
        at: Head,
        settled: impl Future<Output = Result<S, EngineError>> + Send + 'static,
    ) -> Self {
        let settled = Settled::Later(Box::pin(async { settled.await.map(Into::into) }));
        Self { journey_id, step, at, replayed: false, settled }
    }

    /// An admitted command whose reply is known, which costs neither a task nor a future.
    pub fn ready(
        journey_id: JourneyId,
        step: Option<StepRef>,
        at: Head,
        status: impl Into<Box<At<JourneyStatus>>>,
    ) -> Self {
        Self { journey_id, step, at, replayed: false, settled: Settled::Now(status.into()) }
    }

    /// Marks a replay.
    pub fn with_replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// Waits until the moved flow has stopped or ended (ENG-047). Giving up waiting changes nothing.
    ///
    /// # Errors
    /// Internal trouble while the run went on; the command itself was applied.
    pub async fn settled(self) -> Result<Box<At<JourneyStatus>>, EngineError> {
        match self.settled {
            Settled::Now(status) => Ok(status),
            Settled::Later(settled) => settled.await,
        }
    }
}

impl fmt::Debug for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted")
            .field("journey_id", &self.journey_id)
            .field("step", &self.step)
            .field("at", &self.at)
            .field("replayed", &self.replayed)
            .finish_non_exhaustive()
    }
}

/// The finished answer of an Api: body in the definition's envelope, status by HTTP-067.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiReply {
    /// The status to answer with, 200–599.
    pub status: u16,
    /// The body; bindings leave it out for 204, 205 and 304 (HTTP-066).
    pub body: Value,
    /// Whether the body is a Problem document, which has a media type of its own (HTTP-027).
    pub is_problem: bool,
    /// Jar cookies for the client (HTTP-060).
    pub cookies: Vec<ClientCookie>,
}

impl ApiReply {
    /// An answer with a plain JSON body.
    #[must_use]
    pub const fn new(status: u16, body: Value) -> Self {
        Self { status, body, is_problem: false, cookies: Vec::new() }
    }

    /// An answer whose body is a Problem document.
    #[must_use]
    pub const fn problem(status: u16, body: Value) -> Self {
        Self { status, body, is_problem: true, cookies: Vec::new() }
    }
}

/// One page of a listing (HTTP-082).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Asks for the next page; `null` on the last one.
    pub next_page_token: Option<String>,
}

impl<T> Page<T> {
    /// A page; without a token it is the last one.
    #[must_use]
    pub const fn new(items: Vec<T>, next_page_token: Option<String>) -> Self {
        Self { items, next_page_token }
    }
}
