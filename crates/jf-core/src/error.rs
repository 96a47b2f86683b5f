//! What an engine answers when it could not do what it was asked, and the one table behind it (ENG-010, ENG-140, ENG-143).
//!
//! Business results are never errors: a run that failed is a [`JourneyOutcome`](crate::JourneyOutcome).

use std::fmt;
use std::time::Duration;

use crate::{Problem, Violation};

/// The class of a refusal (ENG-010); each binding translates classes and kinds, none invents its own. Closed: a new kind belongs to
/// one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Nothing is there, or the caller may not know that it is.
    NotFound,
    /// The request cannot mean anything.
    InvalidInput,
    /// The state of the run does not allow it.
    Conflict,
    /// A precondition does not hold.
    Precondition,
    /// The platform refuses the caller.
    Denied,
    /// Beyond a size limit.
    TooLarge,
    /// Beyond a rate or number limit; may be repeated later.
    Limited,
    /// This engine lacks the operation.
    Unsupported,
    /// Not now; may be repeated later.
    Unavailable,
    /// Unexpected trouble.
    Internal,
}

/// Whether a refused command may have had an effect (ENG-143).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Certainly none.
    None,
    /// It cannot be told.
    Unknown,
}

impl Effect {
    /// The spelling of error frames (IDEM-10).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $slug:literal $status:literal $class:ident $title:literal;)+) => {
        /// Every kind of refusal of ENG-140. A slug has one status everywhere.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EngineErrorKind {
            $($(#[$doc])* $kind,)+
        }

        impl EngineErrorKind {
            /// All kinds, in the order of the specification's table.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The last part of the Problem `type`.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)+ }
            }

            /// The Problem `type`.
            #[must_use]
            pub const fn urn(self) -> &'static str {
                match self { $(Self::$kind => concat!("urn:journeyforge:error:", $slug),)+ }
            }

            /// The HTTP status, on whatever binding the Problem is shown.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)+ }
            }

            /// The class of ENG-010.
            #[must_use]
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$kind => ErrorClass::$class,)+ }
            }

            /// The Problem `title`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)+ }
            }
        }
    };
}

kinds! {
    /// Body, parameters or members do not fit.
    InvalidInput "invalid-input" 400 InvalidInput "Invalid Input";
    /// Tags or attributes beyond the limits (DEF-119).
    MetadataLimit "metadata-limit" 400 InvalidInput "Metadata Limit Exceeded";
    /// A projection meets a value that is no object (HTTP-033).
    ProjectionConflict "projection-conflict" 400 InvalidInput "Projection Conflict";
    /// Not 16–255 visible characters (HTTP-015).
    IdempotencyKeyInvalid "idempotency-key-invalid" 400 InvalidInput "Invalid Idempotency Key";
    /// Not a readable frame (LIM-2).
    MalformedFrame "malformed-frame" 400 InvalidInput "Malformed Frame";
    /// A frame type nothing answers to (RT-1).
    UnknownType "unknown-type" 400 InvalidInput "Unknown Message Type";
    /// A member the frame does not have (ERR-6).
    UnknownMember "unknown-member" 400 InvalidInput "Unknown Member";
    /// A correlation id in use (ORD-2).
    DuplicateId "duplicate-id" 400 InvalidInput "Duplicate Id";
    /// The type starts several journeys (RT-4).
    JourneyNameRequired "journey-name-required" 400 InvalidInput "Journey Name Required";
    /// The step is not covered by the type (RT-6).
    StepTypeMismatch "step-type-mismatch" 400 InvalidInput "Step Type Mismatch";
    /// The type is no step type of the run's definition (RT-5).
    TypeNotForJourney "type-not-for-journey" 400 InvalidInput "Type Not For Journey";
    /// The handshake offers no acceptable subprotocol (SP-1, SP-2).
    SubprotocolRequired "subprotocol-required" 400 InvalidInput "Subprotocol Required";
    /// No valid credential.
    Unauthenticated "unauthenticated" 401 Denied "Unauthenticated";
    /// The platform refuses the caller or its origin.
    Forbidden "forbidden" 403 Denied "Forbidden";
    /// No such thing, or not for this caller.
    NotFound "not-found" 404 NotFound "Not Found";
    /// A known path with another method (HTTP-003).
    MethodNotAllowed "method-not-allowed" 405 InvalidInput "Method Not Allowed";
    /// The step is not waiting (ENG-042).
    StepNotActive "step-not-active" 409 Conflict "Step Not Active";
    /// The step id means several active steps (ENG-042).
    StepAmbiguous "step-ambiguous" 409 Conflict "Step Ambiguous";
    /// The run has no outcome yet (ENG-009).
    NotTerminal "not-terminal" 409 Conflict "Not Terminal";
    /// The definition forbids cancellation (ENG-056).
    NotCancellable "not-cancellable" 409 Conflict "Not Cancellable";
    /// The head is another (ENG-054).
    SeqMismatch "seq-mismatch" 412 Precondition "Sequence Mismatch";
    /// Beyond the body limit (HTTP-013).
    TooLarge "too-large" 413 TooLarge "Too Large";
    /// Not JSON (HTTP-010).
    UnsupportedMediaType "unsupported-media-type" 415 InvalidInput "Unsupported Media Type";
    /// The key was used for another request (ENG-053).
    IdempotencyMismatch "idempotency-mismatch" 422 InvalidInput "Idempotency Mismatch";
    /// The path speaks WebSocket only (HS-1).
    UpgradeRequired "upgrade-required" 426 InvalidInput "Upgrade Required";
    /// Too many requests in a time (LIM-4).
    RateLimited "rate-limited" 429 Limited "Rate Limited";
    /// Too many requests at once (FLOW-5).
    TooManyInFlight "too-many-in-flight" 429 Limited "Too Many In Flight";
    /// Too many subscriptions or streams (LIM-5).
    SubscriptionLimit "subscription-limit" 429 Limited "Subscription Limit";
    /// Beyond the header limit (HTTP-013).
    HeadersTooLarge "headers-too-large" 431 TooLarge "Headers Too Large";
    /// Unexpected trouble, or a commit whose fate is unknown.
    Internal "internal" 500 Internal "Internal Error";
    /// This engine lacks the operation.
    Unsupported "unsupported" 501 Unsupported "Unsupported";
    /// Overload or storage trouble.
    Unavailable "unavailable" 503 Unavailable "Unavailable";
    /// The node takes no more commands.
    Draining "draining" 503 Unavailable "Draining";
}

impl EngineErrorKind {
    /// Whether a refused command may have had an effect (ENG-143).
    #[must_use]
    pub const fn effect(self) -> Effect {
        match self.class() {
            ErrorClass::Internal => Effect::Unknown,
            _ => Effect::None,
        }
    }
}

/// Problem types of runs that fail by the engine's own judgement (ENG-140, rows "run failure").
pub mod run_fault {
    /// Whatever no other rule names (STA-023).
    pub const INTERNAL: &str = "urn:journeyforge:error:internal";
    /// No predicate was true and there is no default (STA-029).
    pub const NO_CHOICE_MATCHED: &str = "urn:journeyforge:error:no-choice-matched";
    /// A placeholder did not resolve (EXP-054).
    pub const INTERPOLATION: &str = "urn:journeyforge:error:interpolation";
    /// A write met a value that is no object (STA-009).
    pub const PATH_CONFLICT: &str = "urn:journeyforge:error:path-conflict";
    /// A transform gave the wrong type (STA-054).
    pub const TRANSFORM_RESULT: &str = "urn:journeyforge:error:transform-result";
    /// An attribute exists (STA-056).
    pub const ATTRIBUTE_EXISTS: &str = "urn:journeyforge:error:attribute-exists";
    /// Attributes beyond the limits (STA-056).
    pub const ATTRIBUTE_LIMIT: &str = "urn:journeyforge:error:attribute-limit";
    /// A timer value of the wrong form (STA-078).
    pub const TIMER_VALUE: &str = "urn:journeyforge:error:timer-value";
    /// Too many transitions in one segment (ENG-066).
    pub const TRANSITION_LIMIT: &str = "urn:journeyforge:error:transition-limit";
    /// A required platform value is missing (DEF-082).
    pub const PLATFORM_CONFIG: &str = "urn:journeyforge:error:platform-config";
    /// A branch was not needed any more (STA-108).
    pub const BRANCH_CANCELLED: &str = "urn:journeyforge:error:branch-cancelled";
    /// A secret cannot be had (TSK-065).
    pub const SECRET_UNAVAILABLE: &str = "urn:journeyforge:error:secret-unavailable";
    /// A schedule of the identity is active already (TSK-104).
    pub const SCHEDULE_EXISTS: &str = "urn:journeyforge:error:schedule-exists";
    /// A schedule was to be made with a value that makes no sense (TSK-102).
    pub const SCHEDULE_INVALID: &str = "urn:journeyforge:error:schedule-invalid";
    /// A scheduled run would have waited for input (ENG-085).
    pub const INTERACTIVE_IN_SCHEDULE: &str = "urn:journeyforge:error:interactive-in-schedule";
    /// The run deadline passed and the definition names no code (DEF-092).
    pub const TIMEOUT: &str = "urn:journeyforge:error:timeout";
    /// Code of a cancelled run (ENG-055).
    pub const CANCELLED: &str = "JOURNEY_CANCELLED";
}

/// The engine could not do what it was asked.
///
/// Custom engines build it with the same constructors. The message of [`fmt::Display`] is for logs; callers are shown
/// [`EngineError::problem`].
#[derive(Debug)]
pub struct EngineError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: EngineErrorKind,
    problem: Problem,
    retry_after: Option<Duration>,
    replayed: bool,
    guard_fault: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl EngineError {
    /// An error of the given kind with the Problem of ENG-140.
    #[must_use]
    pub fn new(kind: EngineErrorKind) -> Self {
        let inner = Inner {
            kind,
            problem: Problem::of(kind),
            retry_after: None,
            replayed: false,
            guard_fault: false,
            source: None,
        };
        Self(Box::new(inner))
    }

    /// The one NotFound of HTTP-076 and ENG-113; it takes no detail, so that all look alike.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(EngineErrorKind::NotFound)
    }

    /// `invalid-input` with an explanation.
    #[must_use]
    pub fn invalid_input(detail: impl Into<String>) -> Self {
        Self::new(EngineErrorKind::InvalidInput).with_detail(detail)
    }

    /// `invalid-input` with all violations of a schema (ENG-044).
    #[must_use]
    pub fn schema_violation(detail: impl Into<String>, violations: Vec<Violation>) -> Self {
        let mut error = Self::invalid_input(detail);
        error.0.problem.errors = violations;
        error
    }

    /// `unsupported`: this engine lacks the operation.
    #[must_use]
    pub fn unsupported(what: &str) -> Self {
        Self::new(EngineErrorKind::Unsupported).with_detail(format!("this engine does not offer {what}"))
    }

    /// `internal` with its cause, which goes to logs only.
    #[must_use]
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(EngineErrorKind::Internal);
        error.0.source = Some(source.into());
        error
    }

    /// Sets the Problem's `detail`. Ignored for NotFound, which must not tell anything (HTTP-076).
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        if self.0.kind != EngineErrorKind::NotFound {
            self.0.problem.detail = Some(detail.into());
        }
        self
    }

    /// Adds an extension member to the Problem. Ignored for NotFound.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        if self.0.kind != EngineErrorKind::NotFound {
            self.0.problem.extensions.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Says when repeating makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Keeps the cause for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Marks the answer to a repeated command (ENG-053).
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.0.replayed = true;
        self
    }

    /// A NotFound caused by a guard that failed by an error, not by a decision (ENG-115). Clients cannot tell it apart.
    #[must_use]
    pub fn guard_fault(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::not_found().with_source(source);
        error.0.guard_fault = true;
        error
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> EngineErrorKind {
        self.0.kind
    }

    /// What callers are shown.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// What callers are shown, without copying it.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        self.0.problem
    }

    /// Whether the refused command may have had an effect (ENG-143).
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.kind.effect()
    }

    /// Whether repeating the request unchanged makes sense (ENG-143); `keyed` tells whether it carried a caller key.
    #[must_use]
    pub fn is_retryable(&self, keyed: bool) -> bool {
        match self.0.kind.class() {
            ErrorClass::Limited | ErrorClass::Unavailable => true,
            ErrorClass::Internal => keyed,
            _ => false,
        }
    }

    /// How long to wait before repeating.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the command had been applied before (ENG-053).
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.0.replayed
    }

    /// Whether a guard failed by an error (ENG-115). Never shown to clients.
    #[must_use]
    pub fn is_guard_fault(&self) -> bool {
        self.0.guard_fault
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.slug())?;
        match &self.0.problem.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<crate::InvalidId> for EngineError {
    fn from(error: crate::InvalidId) -> Self {
        Self::invalid_input(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, EngineError, EngineErrorKind, ErrorClass};
    use std::collections::HashSet;

    #[test]
    fn eng_140_every_slug_has_one_status_and_a_urn() {
        let mut slugs = HashSet::new();
        for kind in EngineErrorKind::ALL {
            assert!(slugs.insert(kind.slug()), "{} twice", kind.slug());
            assert_eq!(kind.urn(), format!("urn:journeyforge:error:{}", kind.slug()));
            let expected: &[u16] = match kind.class() {
                ErrorClass::NotFound => &[404],
                ErrorClass::InvalidInput => &[400, 405, 415, 422, 426],
                ErrorClass::Conflict => &[409],
                ErrorClass::Precondition => &[412],
                ErrorClass::Denied => &[401, 403],
                ErrorClass::TooLarge => &[413, 431],
                ErrorClass::Limited => &[429],
                ErrorClass::Unsupported => &[501],
                ErrorClass::Unavailable => &[503],
                ErrorClass::Internal => &[500],
            };
            assert!(expected.contains(&kind.status()), "{}", kind.slug());
        }
    }

    #[test]
    fn eng_143_only_internal_trouble_leaves_the_effect_unknown() {
        for kind in EngineErrorKind::ALL {
            let error = EngineError::new(*kind);
            assert_eq!(error.effect() == Effect::Unknown, kind.class() == ErrorClass::Internal);
            let transient = matches!(kind.class(), ErrorClass::Limited | ErrorClass::Unavailable);
            assert_eq!(error.is_retryable(false), transient);
            assert_eq!(error.is_retryable(true), transient || kind.class() == ErrorClass::Internal);
        }
    }

    #[test]
    fn http_076_not_found_tells_nothing() {
        let error = EngineError::not_found().with_detail("run r1 was removed").with("hint", 1);
        let body = serde_json::to_string(error.problem()).expect("serialises");
        assert_eq!(body, r#"{"type":"urn:journeyforge:error:not-found","title":"Not Found","status":404}"#);
        let faulty = EngineError::guard_fault("guard broke");
        assert_eq!(faulty.problem(), error.problem());
        assert!(faulty.is_guard_fault());
    }
}
