//! `spec.apis`: the API descriptions that tasks refer to (01 §5).

use schemars::JsonSchema;
use serde::Serialize;

use crate::value::file_ref::FileRef;

/// An API that tasks call by `operationRef`. [DEF-065]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Api {
    /// Its OpenAPI description, a file below the folder of the definition. [DEF-065]
    pub open_api_ref: FileRef,
}
