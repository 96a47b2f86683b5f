//! What an engine can be asked. All requests are `#[non_exhaustive]`: build them with `new` and `with_…`.

use std::num::NonZeroU32;

use indexmap::IndexMap;
use jf_dsl::{Definition, DefinitionName, StateId};
use serde_json::Value;

use crate::{EngineError, HeadCondition, IdempotencyKey, JourneyId, Phase, Problem, StepRef};

/// Asks for a new run (ENG-002).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StartRequest {
    /// The journey to start, in the version that serves new runs.
    pub journey: DefinitionName,
    /// The body; anything but an object is refused.
    pub input: Value,
    /// Caller key (ENG-050).
    pub key: Option<IdempotencyKey>,
    /// Whether the transport can hand jar cookies to the client: then the reply with the outcome carries them, and they count as
    /// delivered (HTTP-060).
    pub takes_cookies: bool,
}

impl StartRequest {
    /// Starts `journey` with `input` as its initial context.
    ///
    /// # Errors
    /// NotFound when no definition can have that name.
    pub fn new(journey: impl AsRef<str>, input: Value) -> Result<Self, EngineError> {
        let journey = DefinitionName::parse(journey.as_ref()).map_err(|_| EngineError::not_found())?;
        Ok(Self { journey, input, key: None, takes_cookies: false })
    }

    /// Takes jar cookies along for the client.
    #[must_use]
    pub const fn with_cookies(mut self) -> Self {
        self.takes_cookies = true;
        self
    }

    /// With a caller key.
    #[must_use]
    pub fn with_key(mut self, key: Option<IdempotencyKey>) -> Self {
        self.key = key;
        self
    }
}

/// Which step a submission means. Resolved in the commit that applies it (RT-7). Closed: an engine must know every way to name a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepTarget {
    /// The named step, anywhere in the run (ENG-041).
    Any(StepRef),
    /// One of the states `ids` under `spec.states`, branches included: the given one, else the only one, else the one that
    /// is active (WS-034, RT-6).
    Covered {
        /// What the request names, if anything.
        given: Option<StepRef>,
        /// The covered state ids; never empty.
        ids: Vec<StateId>,
    },
}

impl StepTarget {
    /// Whether the step it names, if it names one, can be one of those that are covered, whatever a run of `definition` is doing: by
    /// its id, and where it is an address also by what that leads to, which is a state under `spec.states` (WS-032). What cannot is
    /// `step-type-mismatch` (WS-034, RT-6).
    #[must_use]
    pub fn is_coherent(&self, definition: &Definition) -> bool {
        let Self::Covered { given: Some(name), ids } = self else { return true };
        let id = match name {
            StepRef::Id(id) => id.as_str(),
            StepRef::Address(address) if definition.state_at(address).is_none() => return false,
            StepRef::Address(address) => address.rsplit('~').next().unwrap_or_default(),
        };
        ids.iter().any(|covered| covered == id)
    }
}

/// Submits external input to a waiting step (ENG-040 ff.).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SubmitStep {
    /// The run.
    pub journey_id: JourneyId,
    /// The step.
    pub target: StepTarget,
    /// The payload itself (ENG-043).
    pub payload: Value,
    /// Caller key (ENG-050).
    pub key: Option<IdempotencyKey>,
    /// Accepted heads (ENG-054): `None` is no precondition, an empty list never holds.
    pub if_head: Option<Vec<HeadCondition>>,
}

impl SubmitStep {
    /// Submits `payload` to the step.
    #[must_use]
    pub const fn new(journey_id: JourneyId, target: StepTarget, payload: Value) -> Self {
        Self { journey_id, target, payload, key: None, if_head: None }
    }

    /// With a caller key.
    #[must_use]
    pub fn with_key(mut self, key: Option<IdempotencyKey>) -> Self {
        self.key = key;
        self
    }

    /// With a precondition.
    #[must_use]
    pub fn with_if_head(mut self, if_head: Option<Vec<HeadCondition>>) -> Self {
        self.if_head = if_head;
        self
    }
}

/// Cancels a run (ENG-055 ff.).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Cancel {
    /// The run.
    pub journey_id: JourneyId,
    /// Caller key (ENG-050).
    pub key: Option<IdempotencyKey>,
    /// Accepted heads (ENG-054).
    pub if_head: Option<Vec<HeadCondition>>,
}

impl Cancel {
    /// Cancels the run.
    #[must_use]
    pub const fn new(journey_id: JourneyId) -> Self {
        Self { journey_id, key: None, if_head: None }
    }

    /// With a caller key.
    #[must_use]
    pub fn with_key(mut self, key: Option<IdempotencyKey>) -> Self {
        self.key = key;
        self
    }

    /// With a precondition.
    #[must_use]
    pub fn with_if_head(mut self, if_head: Option<Vec<HeadCondition>>) -> Self {
        self.if_head = if_head;
        self
    }
}

/// What a binding could make of an Api request.
#[derive(Debug, Clone)]
pub enum CallInput {
    /// A body that could be read.
    Body(Value),
    /// A fault the binding found itself (malformed, too large, wrong media type); it goes through the definition's envelope
    /// like any other (HTTP-073).
    Refused(Problem),
}

/// Calls a `kind: Api` definition (ENG-008).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallApi {
    /// The Api, in the version that serves.
    pub api: DefinitionName,
    /// Its input.
    pub input: CallInput,
}

impl CallApi {
    /// Calls `api` with a body.
    #[must_use]
    pub const fn new(api: DefinitionName, body: Value) -> Self {
        Self { api, input: CallInput::Body(body) }
    }

    /// Asks for the answer to a request that could not be read.
    #[must_use]
    pub const fn refused(api: DefinitionName, problem: Problem) -> Self {
        Self { api, input: CallInput::Refused(problem) }
    }
}

/// Asks for a page of runs (ENG-138).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListQuery {
    /// Only runs of this journey.
    pub journey: Option<DefinitionName>,
    /// Only runs in this phase.
    pub phase: Option<Phase>,
    /// Only runs that have all these tags.
    pub tags: Vec<String>,
    /// Only runs with exactly these attribute values.
    pub attributes: IndexMap<String, String>,
    /// At most so many items.
    pub page_size: NonZeroU32,
    /// Where the page before ended; opaque, from [`Page`](crate::Page).
    pub page_token: Option<String>,
    /// Compensation runs too (ENG-094).
    pub include_compensation: bool,
}

impl ListQuery {
    /// The attributes that can be filtered by (ENG-138).
    pub const ATTRIBUTES: [&'static str; 5] =
        ["subjectId", "tenantId", "orderId", "paymentIntentId", "crmCaseId"];

    /// All runs, in pages of `page_size`.
    #[must_use]
    pub fn new(page_size: NonZeroU32) -> Self {
        Self {
            journey: None,
            phase: None,
            tags: Vec::new(),
            attributes: IndexMap::new(),
            page_size,
            page_token: None,
            include_compensation: false,
        }
    }
}
