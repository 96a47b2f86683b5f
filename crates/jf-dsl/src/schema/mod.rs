//! Compiled JSON Schemas (DEF-050 ff.).

pub(crate) mod compile;
pub(crate) mod recursion;
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::compile::compile;
    use super::recursion;

    /// The stack of a worker thread, which checks share with everything around them.
    const STACK: usize = 1024 * 1024;

    #[test]
    fn def_050_the_deepest_schema_on_the_deepest_value_fits_the_stack() {
        let mut schema = json!({ "$ref": "#" });
        for _ in 0..14 {
            schema = json!({ "allOf": [schema] });
        }
        let schema = json!({ "properties": { "a": schema } });
        assert_eq!(recursion::find(&schema), None, "as long as a chain may be");
        let mut value = json!({});
        for _ in 0..127 {
            value = json!({ "a": value });
        }
        let check = move || {
            let compiled = compile(&schema).unwrap();
            assert!(compiled.check(&value).is_ok());
            assert!(compiled.check(&Value::Null).is_ok());
        };
        std::thread::Builder::new().stack_size(STACK).spawn(check).unwrap().join().unwrap();
    }

    #[test]
    fn def_050_long_chains_through_the_value_compile_on_a_small_stack() {
        let mut defs = serde_json::Map::new();
        for at in 0..2_000 {
            let next = format!("#/$defs/d{}", (at + 1) % 2_000);
            defs.insert(format!("d{at}"), json!({ "properties": { "a": { "$ref": next } } }));
        }
        let schema = json!({ "$defs": defs, "$ref": "#/$defs/d0" });
        assert_eq!(recursion::find(&schema), None);
        let compile = move || assert!(compile(&schema).unwrap().accepts(&json!({ "a": { "a": 1 } })));
        std::thread::Builder::new().stack_size(STACK).spawn(compile).unwrap().join().unwrap();
    }
}
