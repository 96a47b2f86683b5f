//! `tiny`: an expression is JSON. A text `=context.a` reads a path of the bindings, `{"$eq": [a, b]}` compares, everything else
//! stands for itself.

use std::sync::Arc;

use jf_core::spi::{
    Bindings, CompileError, CompiledExpression, EvalContext, EvalError, EvalErrorKind, ExpressionEngine, Site,
};
use jf_dsl::SiteClass;
use serde_json::{Map, Value};

#[derive(Debug)]
pub(crate) struct Tiny;

#[derive(Debug)]
struct Compiled(Value);

impl ExpressionEngine for Tiny {
    fn lang(&self) -> &'static str {
        "tiny"
    }

    fn supports(&self, _: SiteClass) -> bool {
        true
    }

    fn compile(&self, source: &str, _: Site<'_>) -> Result<Arc<dyn CompiledExpression>, CompileError> {
        let value = serde_json::from_str(source).map_err(|error| CompileError::new(error.to_string()))?;
        Ok(Arc::new(Compiled(value)))
    }
}

impl CompiledExpression for Compiled {
    fn evaluate(&self, bindings: &Bindings<'_>, _: &EvalContext) -> Result<Value, EvalError> {
        assert!(self.0 != "panic", "an expression engine breaks its contract");
        Ok(value(&self.0, bindings))
    }

    fn type_mismatch(&self) -> EvalError {
        EvalError::new("tiny", "TY", EvalErrorKind::TypeMismatch)
    }
}

fn value(template: &Value, bindings: &Bindings<'_>) -> Value {
    match template {
        Value::String(text) => match text.strip_prefix('=') {
            Some(path) => read(path, bindings),
            None => template.clone(),
        },
        Value::Object(members) => match members.get("$eq").and_then(Value::as_array) {
            Some(both) => Value::Bool(value(&both[0], bindings) == value(&both[1], bindings)),
            None => members
                .iter()
                .map(|(name, of)| (name.clone(), value(of, bindings)))
                .collect::<Map<_, _>>()
                .into(),
        },
        other => other.clone(),
    }
}

fn read(path: &str, bindings: &Bindings<'_>) -> Value {
    let mut names = path.split('.');
    let root = names.next().unwrap_or_default();
    let found = bindings.iter().find(|(name, _)| *name == root).map(|(_, value)| value);
    names.fold(found, |value, name| value?.get(name)).cloned().unwrap_or(Value::Null)
}
