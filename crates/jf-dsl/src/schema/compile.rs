//! Compiling a schema (DEF-050 to DEF-053).

use jsonschema::{Draft, PatternOptions, ValidationError};
use serde_json::Value;

use super::CompiledSchema;

/// The only value of `$schema` (DEF-051).
pub(crate) const META_SCHEMA: &str = "https://json-schema.org/draft/2020-12/schema";

/// The most memory that one compiled pattern may take, so that a definition cannot exhaust the engine.
const PATTERN_BYTES: usize = 1024 * 1024;

/// Compiles a schema whose `$id`s were removed (DEF-051) and whose references are local (DEF-052).
pub(crate) fn compile(schema: &Value) -> Result<CompiledSchema, ValidationError<'static>> {
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(false)
        .should_ignore_unknown_formats(true)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES))
        .build(schema)?;
    Ok(CompiledSchema { validator })
}
