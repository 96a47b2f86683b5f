//! Records of caller keys (ENG-050 to ENG-058).

use std::fmt;
use std::sync::Arc;

use jf_core::{IdempotencyKey, JourneyId};
use jiff::Timestamp;

/// Where a caller key counts (ENG-050).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// Starts of one definition by one principal.
    Start {
        /// Who asks; `None` when no principal is known.
        principal: Option<Arc<str>>,
        /// The name of the definition.
        journey: Arc<str>,
    },
    /// Submissions and cancellations of one run.
    Run(JourneyId),
}

/// What a request was, as a digest (ENG-058). Its `Debug` form is hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What is remembered of the command a key was used for (ENG-052). No payload and no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRecord {
    /// The run the command created or changed.
    pub run: JourneyId,
    /// The request.
    pub fingerprint: Fingerprint,
    /// The step it was resolved to, in the engine's own spelling.
    pub target: Option<Arc<str>>,
    /// The head after the commit that applied it.
    pub seq: u64,
    /// When the key may be used anew; `None` for as long as the run is kept.
    pub kept_until: Option<Timestamp>,
}

impl KeyRecord {
    /// A record without target that is kept as long as the run.
    #[must_use]
    pub const fn new(run: JourneyId, fingerprint: Fingerprint, seq: u64) -> Self {
        Self { run, fingerprint, target: None, seq, kept_until: None }
    }

    /// With the step the command was resolved to.
    #[must_use]
    pub fn with_target(mut self, target: Option<Arc<str>>) -> Self {
        self.target = target;
        self
    }

    /// Kept until then only.
    #[must_use]
    pub const fn with_kept_until(mut self, kept_until: Timestamp) -> Self {
        self.kept_until = Some(kept_until);
        self
    }

    /// Whether the key is still in use at `now`.
    #[must_use]
    pub fn is_kept(&self, now: Timestamp) -> bool {
        self.kept_until.is_none_or(|until| now < until)
    }
}

/// A key that a commit uses for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Where it counts.
    pub scope: KeyScope,
    /// The key.
    pub key: IdempotencyKey,
    /// What is remembered.
    pub record: KeyRecord,
}
