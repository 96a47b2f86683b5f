//! Where results of tasks go.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use crate::ids::VarName;
use crate::model::skip::never;
use crate::value::path::WritePath;

/// Where a task writes a value it computed (STA-051 to STA-053): the members `target` and `resultVar` of its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueTarget {
    /// The value at the path, or the whole context without one.
    Context(Option<WritePath>),
    /// A variable of the context.
    Var(VarName),
}

impl Serialize for ValueTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let target = match self {
            Self::Context(None) => None,
            Self::Context(Some(path)) => {
                Some(TargetBlock { kind: TargetKind::Context, path: Some(path.clone()) })
            }
            Self::Var(_) => Some(TargetBlock { kind: TargetKind::Var, path: None }),
        };
        let result_var = if let Self::Var(name) = self { Some(name.clone()) } else { None };
        TargetMembers { target, result_var }.serialize(serializer)
    }
}

impl JsonSchema for ValueTarget {
    fn schema_name() -> Cow<'static, str> {
        TargetMembers::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        TargetMembers::json_schema(generator)
    }
}

/// How [`ValueTarget`] is written.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ValueTargetMembers")]
struct TargetMembers {
    /// Where the value goes; the whole context unless given. [STA-051]
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<TargetBlock>,
    /// The variable that takes the value; with `target.kind: var` only. [STA-006, STA-052]
    #[serde(skip_serializing_if = "Option::is_none")]
    result_var: Option<VarName>,
}

/// Where a value goes. [STA-051]
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ValueTarget")]
struct TargetBlock {
    /// The kind of place; `context` unless given. [STA-051]
    #[serde(skip_serializing_if = "never")]
    #[schemars(extend("default" = "context"))]
    kind: TargetKind,
    /// The dot-path that takes the value; with `kind: context` only. The whole context without it. [STA-053]
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<WritePath>,
}

/// The kind of place that a value goes to. [STA-051]
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ValueTargetKind")]
enum TargetKind {
    /// The context or a part of it. [STA-054]
    Context,
    /// A variable of the context. [STA-055]
    Var,
}
