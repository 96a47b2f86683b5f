//! Repairs that a program can make.

use crate::source::Span;

/// A way to repair a fault by changing the text of its document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fix {
    /// What it does: ``write `default` ``.
    pub message: String,
    /// The changes, all of them or none. They do not overlap, and they stand in order of position.
    pub edits: Vec<Edit>,
    /// Whether a program may make it without asking.
    pub applicability: Applicability,
}

/// One change of a text: everything outside the span stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edit {
    /// The bytes that go; empty for an insertion.
    pub span: Span,
    /// What takes their place; empty for a removal.
    pub replacement: String,
}

/// Whether a program may apply a [`Fix`] without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Applicability {
    /// It says what the author meant.
    MachineApplicable,
    /// It is a guess; a person should look at it.
    MaybeIncorrect,
}

impl Applicability {
    /// `machineApplicable` or `maybeIncorrect`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MachineApplicable => "machineApplicable",
            Self::MaybeIncorrect => "maybeIncorrect",
        }
    }
}

impl Fix {
    /// A repair that says what the author meant.
    #[must_use]
    pub fn new(message: impl Into<String>, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|edit| edit.span);
        Self { message: message.into(), edits, applicability: Applicability::MachineApplicable }
    }

    /// The same repair as a guess.
    #[must_use]
    pub fn as_guess(mut self) -> Self {
        self.applicability = Applicability::MaybeIncorrect;
        self
    }
}

impl Edit {
    /// Writes some text in place of some bytes.
    #[must_use]
    pub fn new(span: Span, replacement: impl Into<String>) -> Self {
        Self { span, replacement: replacement.into() }
    }

    /// Writes some text before the byte at an offset.
    #[must_use]
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::new(Span::new(at, at), text)
    }

    /// Takes some bytes away.
    #[must_use]
    pub fn remove(span: Span) -> Self {
        Self::new(span, "")
    }

    /// Whether two changes cannot both be made: their bytes overlap, or both insert at one place.
    pub(crate) fn clashes(&self, other: &Self) -> bool {
        let (a, b) = (self.span, other.span);
        (a.start < b.end && b.start < a.end) || a.start == b.start
    }
}
