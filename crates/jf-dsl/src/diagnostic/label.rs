//! Further places of a diagnostic.

use crate::source::{SourceFile, Span};

/// A further place of a [`Diagnostic`](crate::Diagnostic): the other half of a clash, the first of two.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Label {
    /// The document, when it is another one than that of the diagnostic.
    pub source: Option<SourceFile>,
    /// The bytes.
    pub span: Span,
    /// What is there.
    pub message: String,
}

impl Label {
    /// A place in the document of the diagnostic.
    #[must_use]
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { source: None, span, message: message.into() }
    }

    /// A place in another document.
    #[must_use]
    pub fn elsewhere(source: &SourceFile, span: Span, message: impl Into<String>) -> Self {
        Self { source: Some(source.clone()), span, message: message.into() }
    }
}
