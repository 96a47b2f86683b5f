//! What can go wrong with a store.

use std::fmt;

/// The kind of a [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The run is not at the expected revision, or does not exist.
    StaleRevision,
    /// The run to create exists.
    Exists,
    /// A schedule is not what the change was computed from: at another revision, gone, or there is one of its identity.
    StaleSchedule,
    /// A caller key of the commit is in use.
    KeyTaken,
    /// Another engine process has claimed the store since.
    LostClaim,
    /// The commit contradicts itself or the log; repeating it is pointless.
    Invalid,
    /// The store cannot be reached or is overloaded. Nothing happened.
    Unavailable,
    /// The store holds as many runs that go on as it may. Nothing happened; there is room again when some have ended.
    Full,
    /// Whether the commit happened cannot be told; load the run anew.
    FateUnknown,
    /// What is stored cannot be read.
    Corrupt,
}

impl StoreErrorKind {
    /// What it is, in a few words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StaleRevision => "stale revision",
            Self::Exists => "run exists",
            Self::StaleSchedule => "stale schedule",
            Self::KeyTaken => "caller key taken",
            Self::LostClaim => "lost claim",
            Self::Invalid => "invalid commit",
            Self::Unavailable => "store unavailable",
            Self::Full => "store full",
            Self::FateUnknown => "fate of the commit unknown",
            Self::Corrupt => "stored data corrupt",
        }
    }
}

/// A read or commit that did not succeed. Its text holds ids and numbers, never contents of runs.
#[derive(Debug)]
pub struct StoreError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: StoreErrorKind,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error of the given kind.
    #[must_use]
    pub fn new(kind: StoreErrorKind) -> Self {
        Self(Box::new(Inner { kind, context: Vec::new(), source: None }))
    }

    /// Adds what the error is about.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }

    /// What the error is about, in the order it was added.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Whether the same call may succeed later. A commit whose fate is unknown must be looked into first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind == StoreErrorKind::Unavailable
    }

    /// Whether the run is certainly as it was before the commit.
    #[must_use]
    pub fn is_without_effect(&self) -> bool {
        self.0.kind != StoreErrorKind::FateUnknown
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.as_str())?;
        self.0.context.iter().try_for_each(|(name, value)| write!(f, ", {name} {value}"))
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{StoreError, StoreErrorKind};
    use std::error::Error;

    #[test]
    fn an_error_says_what_it_is_about_and_keeps_its_cause() {
        let error = StoreError::new(StoreErrorKind::StaleRevision)
            .with("run", "r1")
            .with("expected", 3)
            .with_source("disk");
        assert_eq!(error.to_string(), "stale revision, run r1, expected 3");
        assert_eq!(error.context().collect::<Vec<_>>(), [("run", "r1"), ("expected", "3")]);
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk"));
    }

    #[test]
    fn eng_143_only_an_unknown_fate_may_have_had_an_effect() {
        let unavailable = StoreError::new(StoreErrorKind::Unavailable);
        assert!(unavailable.is_retryable() && unavailable.is_without_effect());
        let unknown = StoreError::new(StoreErrorKind::FateUnknown);
        assert!(!unknown.is_retryable() && !unknown.is_without_effect());
    }
}
