//! What an expression engine is asked about an expression, and what it answers.

use std::ops::Range;

use crate::json_path::JsonPath;
use crate::model::schema::Schema;

/// Where an expression stands, as far as engines differ in what they support there: the rows of EXP-030.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SiteClass {
    /// Predicates of `choice`, `apiResponses`, `outcomes` and `alsoFor`; the result is a boolean (EXP-020).
    Predicate,
    /// `apiResponses` `statusExpr`; the result is an integer 100–599 (EXP-021).
    StatusExpr,
    /// `transform` states and `spec.mappers`.
    Transform,
    /// Mappers of tasks and `errorMapping`.
    Task,
    /// Mappers of `schedule` tasks and `timer` states.
    Schedule,
    /// `subjourney` input and `parallel` join.
    Scope,
    /// Error normalisers and the error envelope.
    Errors,
}

impl SiteClass {
    /// All classes.
    pub const ALL: [Self; 7] = [
        Self::Predicate,
        Self::StatusExpr,
        Self::Transform,
        Self::Task,
        Self::Schedule,
        Self::Scope,
        Self::Errors,
    ];

    /// The class as diagnostics call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Predicate => "predicates",
            Self::StatusExpr => "status expressions",
            Self::Transform => "transforms and named mappers",
            Self::Task => "task mappers",
            Self::Schedule => "schedule and timer mappers",
            Self::Scope => "subjourney inputs and joins",
            Self::Errors => "error normalisers and envelopes",
        }
    }
}

/// An expression where it stands.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ExpressionSite<'a> {
    /// The engine it asks for.
    pub lang: &'a str,
    /// Its text.
    pub expr: &'a str,
    /// The class of the place; for a mapper that is used by reference, that of the place of use (DEF-127).
    pub class: SiteClass,
    /// The path of the expression, or of the `mapperRef` that uses it.
    pub path: &'a JsonPath,
    /// The declared schema of the context, when there is one (EXP-009, DEF-057).
    pub context: Option<&'a Schema>,
    /// The names that are bound there beside those that are bound everywhere, like `branches` in a join (EXP-011).
    pub extra: &'a [&'static str],
}

impl<'a> ExpressionSite<'a> {
    /// A site without a declared context schema.
    #[must_use]
    pub const fn new(lang: &'a str, expr: &'a str, class: SiteClass, path: &'a JsonPath) -> Self {
        Self { lang, expr, class, path, context: None, extra: &[] }
    }

    /// With the declared schema of the context.
    #[must_use]
    pub const fn with_context(mut self, context: Option<&'a Schema>) -> Self {
        self.context = context;
        self
    }

    /// With names that are bound there and not everywhere.
    #[must_use]
    pub const fn with_extra(mut self, extra: &'a [&'static str]) -> Self {
        self.extra = extra;
        self
    }
}

/// What is said of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionCheck {
    /// Nothing against it.
    Accepted,
    /// No engine is registered under the `lang` (EXP-002).
    UnknownLanguage,
    /// The engine does not support the class of the site (EXP-030).
    UnsupportedSite,
    /// The engine rejects the expression; at least one fault.
    Rejected(Vec<ExpressionFault>),
}

/// One thing an engine has against an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpressionFault {
    /// What kind of fault it is.
    pub kind: ExpressionFaultKind,
    /// One sentence: lower case, no final period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The bytes of the expression at fault, when the engine knows them.
    pub at: Option<Range<usize>>,
}

/// The kinds of fault an engine finds at load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpressionFaultKind {
    /// The text does not compile (EXP-004).
    Syntax,
    /// The predicate can only yield something other than a boolean (STA-027).
    NotBoolean,
    /// A path cannot exist under the declared closed schema (EXP-009).
    ImpossiblePath,
}

impl ExpressionFault {
    /// A fault without position and help.
    #[must_use]
    pub fn new(kind: ExpressionFaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, at: None }
    }

    /// With the bytes of the expression at fault.
    #[must_use]
    pub fn at(mut self, range: Range<usize>) -> Self {
        self.at = Some(range);
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
