//! Expressions and mappers (EXP-001, DEF-125 ff.).

use std::sync::Arc;

use crate::ids::{Lang, MapperId};

/// An inline expression (EXP-001).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expression {
    /// The engine that evaluates it.
    pub lang: Lang,
    /// The text, not empty.
    pub expr: Arc<str>,
}

/// An expression that computes a value, written in place or named in `spec.mappers` (DEF-126).
///
/// [`Definition::expression_of`](crate::Definition::expression_of) gives the expression in both cases.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Mapper {
    /// `mapper: {lang, expr}`.
    Inline(Expression),
    /// `mapperRef: <id>`; the id exists in a definition that loaded.
    Ref(MapperId),
}
