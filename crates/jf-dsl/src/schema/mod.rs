//! Compiled JSON Schemas (DEF-050 ff.).

pub(crate) mod compile;
mod violation;

use std::fmt;

use serde_json::Value;

use crate::model::schema::Schema;

pub use violation::Violation;

/// The compiled schemas of one loaded definition (DEF-050).
///
/// They follow JSON Schema 2020-12 without I/O: `$ref` stays inside the schema (DEF-052), `format` is an annotation and
/// `default` is never applied (DEF-053).
#[derive(Debug, Default)]
pub struct Schemas {
    pub(crate) compiled: Vec<CompiledSchema>,
}

impl Schemas {
    /// The compiled form of a schema.
    ///
    /// # Panics
    ///
    /// May panic when the schema belongs to another definition than these.
    #[must_use]
    pub fn get(&self, schema: &Schema) -> &CompiledSchema {
        &self.compiled[schema.slot]
    }
}

/// A schema ready to check values.
pub struct CompiledSchema {
    pub(crate) validator: jsonschema::Validator,
}

impl CompiledSchema {
    /// Checks a value against the schema.
    ///
    /// # Errors
    ///
    /// All violations when the value does not conform, at most [`CompiledSchema::MAX_VIOLATIONS`] of them; none echoes
    /// a value that was checked (ENG-141).
    pub fn check(&self, value: &Value) -> Result<(), Vec<Violation>> {
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let violations = self.validator.iter_errors(value).flat_map(|error| Violation::of(&error));
        Err(violations.take(Self::MAX_VIOLATIONS).collect())
    }

    /// Whether the value conforms to the schema.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// The most violations that one check reports.
    pub const MAX_VIOLATIONS: usize = 64;
}

impl fmt::Debug for CompiledSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledSchema").finish_non_exhaustive()
    }
}
