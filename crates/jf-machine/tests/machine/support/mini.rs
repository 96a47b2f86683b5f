//! `mini`: an expression language that is just enough for tests. An expression is JSON; a text `=context.a` reads a path of the
//! bindings (`null` when there is nothing), an object with one `$…` member is an operator, everything else stands for itself.

use std::sync::Arc;

use jf_core::spi::{
    Bindings, CompileError, CompiledExpression, EvalContext, EvalError, EvalErrorKind, ExpressionEngine, Site,
};
use jf_dsl::SiteClass;
use serde_json::{Map, Value, json};

#[derive(Debug)]
pub(crate) struct Mini;

#[derive(Debug)]
struct Compiled(Value);

const fn error(kind: EvalErrorKind) -> EvalError {
    EvalError::new("mini", "MN", kind)
}

impl ExpressionEngine for Mini {
    fn lang(&self) -> &'static str {
        "mini"
    }

    fn supports(&self, _: SiteClass) -> bool {
        true
    }

    fn compile(&self, source: &str, site: Site<'_>) -> Result<Arc<dyn CompiledExpression>, CompileError> {
        let template = serde_json::from_str(source).map_err(|error| CompileError::new(error.to_string()))?;
        let bound = |name: &str| {
            ["context", "payload", "error", "platform"].contains(&name) || site.extra.contains(&name)
        };
        match unbound(&template, &bound) {
            None => Ok(Arc::new(Compiled(template))),
            Some(name) => Err(CompileError::new(format!("nothing is bound to `{name}`"))),
        }
    }
}

impl CompiledExpression for Compiled {
    fn evaluate(&self, bindings: &Bindings<'_>, context: &EvalContext) -> Result<Value, EvalError> {
        value(&self.0, bindings, context)
    }

    fn type_mismatch(&self) -> EvalError {
        error(EvalErrorKind::TypeMismatch)
    }
}

/// A name that the expression reads and nothing is bound to.
fn unbound<'t>(template: &'t Value, bound: &impl Fn(&str) -> bool) -> Option<&'t str> {
    match template {
        Value::String(text) => text.strip_prefix('=')?.split('.').next().filter(|name| !bound(name)),
        Value::Array(items) => items.iter().find_map(|item| unbound(item, bound)),
        Value::Object(members) => members.values().find_map(|member| unbound(member, bound)),
        _ => None,
    }
}

fn value(template: &Value, bindings: &Bindings<'_>, context: &EvalContext) -> Result<Value, EvalError> {
    let of = |template: &Value| value(template, bindings, context);
    Ok(match template {
        Value::String(text) if text.starts_with('=') => {
            read(&text[1..], bindings).cloned().unwrap_or_default()
        }
        Value::Array(items) => Value::Array(items.iter().map(of).collect::<Result<_, _>>()?),
        Value::Object(members) => match members.iter().next() {
            Some((name, operand)) if name.starts_with('$') => operator(name, operand, bindings, context)?,
            _ => {
                let members = members.iter().map(|(name, member)| Ok((name.clone(), of(member)?)));
                Value::Object(members.collect::<Result<Map<_, _>, EvalError>>()?)
            }
        },
        literal => literal.clone(),
    })
}

fn operator(
    name: &str,
    operand: &Value,
    bindings: &Bindings<'_>,
    context: &EvalContext,
) -> Result<Value, EvalError> {
    let mismatch = || error(EvalErrorKind::TypeMismatch);
    if name == "$fail" {
        return Err(error(EvalErrorKind::NullDereference));
    }
    let operand = value(operand, bindings, context)?;
    let number = |at: usize| operand.get(at).and_then(Value::as_i64).ok_or_else(mismatch);
    Ok(match name {
        "$eq" => json!(operand[0] == operand[1]),
        "$lt" => json!(number(0)? < number(1)?),
        "$add" => json!(number(0)? + number(1)?),
        "$merge" => {
            let mut merged = operand[0].as_object().cloned().ok_or_else(mismatch)?;
            merged.extend(operand[1].as_object().cloned().ok_or_else(mismatch)?);
            Value::Object(merged)
        }
        "$bindings" => {
            Value::Object(bindings.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect())
        }
        "$seed" => json!(context.seed),
        "$repeat" => json!("x".repeat(usize::try_from(number(0)?).map_err(|_| mismatch())?)),
        _ => return Err(error(EvalErrorKind::UnsupportedSyntax)),
    })
}

fn read<'a>(path: &str, bindings: &Bindings<'a>) -> Option<&'a Value> {
    let mut segments = path.split('.');
    let root = segments.next()?;
    let (_, root) = bindings.iter().find(|(name, _)| *name == root)?;
    segments.try_fold(root, |value, segment| value.get(segment))
}
