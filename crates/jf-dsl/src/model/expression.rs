//! Expressions and mappers (EXP-001, DEF-125 ff.).

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::{Lang, MapperId};

/// An expression and the engine that evaluates it. [EXP-001]
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Expression {
    /// The engine that evaluates the expression, for example `jq`. [EXP-002]
    pub lang: Lang,
    /// The text of the expression. [EXP-001]
    #[schemars(length(min = 1))]
    pub expr: Arc<str>,
}

/// An expression that computes a value, written in place or named in `spec.mappers`. [DEF-126]
///
/// [`Definition::expression_of`](crate::Definition::expression_of) gives the expression in both cases.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mapper {
    /// The expression that computes the value. [EXP-001]
    #[serde(rename = "mapper")]
    Inline(Expression),
    /// The id of an entry of `spec.mappers` that computes the value. [DEF-126]
    #[serde(rename = "mapperRef")]
    Ref(MapperId),
}
