//! `xmlDecode:v1` (04 §11).

use schemars::JsonSchema;
use serde::Serialize;

use super::ValueTarget;
use crate::value::path::DotPath;

/// Turns XML text of the context into JSON. [TSK-090]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct XmlDecode {
    /// The dot-path below `context` of the text. [TSK-090]
    pub source_var: DotPath,
    /// Where the value goes; what replaces the whole context must be an object. [TSK-091]
    #[serde(flatten)]
    pub target: ValueTarget,
}
