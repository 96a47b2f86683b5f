//! A compiled expression at work.

use std::fmt;

use jaq_core::data::JustLut;
use jaq_core::{Ctx, Exn, Filter, Vars};
use jaq_json::{Map, Val};
use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, CompiledExpression, EvalContext, EvalError, EvalErrorKind};
use serde_json::Value;

use crate::convert::{from_jq, to_jq};
use crate::error::eval_error;

pub(crate) struct JaqExpression {
    filter: Filter<JustLut<Val>>,
    /// Whether "no result" is `null` (EXP-023).
    empty_is_null: bool,
}

impl JaqExpression {
    pub(crate) fn new(filter: Filter<JustLut<Val>>, class: SiteClass) -> Self {
        Self { filter, empty_is_null: !matches!(class, SiteClass::Predicate | SiteClass::StatusExpr) }
    }

    fn run(&self, bindings: &Bindings<'_>) -> Result<Val, EvalError> {
        let values: Vec<(&str, Val)> = bindings.iter().map(|(name, value)| (name, to_jq(value))).collect();
        let input = Val::obj(
            values
                .iter()
                .map(|(name, value)| (Val::from(String::from(*name)), value.clone()))
                .collect::<Map>(),
        );
        let context =
            Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new(values.into_iter().map(|(_, value)| value)));
        let mut results = self.filter.id.run((context, input));
        match (results.next(), results.next()) {
            (None, _) if self.empty_is_null => Ok(Val::Null),
            (Some(result), None) => result.map_err(failure),
            (Some(Err(exception)), _) | (_, Some(Err(exception))) => Err(failure(exception)),
            _ => Err(eval_error(EvalErrorKind::TypeMismatch)),
        }
    }
}

fn failure(exception: Exn<'_, Val>) -> EvalError {
    eval_error(if exception.get_err().is_ok() { EvalErrorKind::Runtime } else { EvalErrorKind::Internal })
}

impl fmt::Debug for JaqExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JaqExpression").field("empty_is_null", &self.empty_is_null).finish_non_exhaustive()
    }
}

impl CompiledExpression for JaqExpression {
    fn evaluate(&self, bindings: &Bindings<'_>, _context: &EvalContext) -> Result<Value, EvalError> {
        from_jq(&self.run(bindings)?)
    }

    fn type_mismatch(&self) -> EvalError {
        eval_error(EvalErrorKind::TypeMismatch)
    }

    fn evaluate_predicate(&self, bindings: &Bindings<'_>, _context: &EvalContext) -> Result<bool, EvalError> {
        match self.run(bindings)? {
            Val::Bool(result) => Ok(result),
            _ => Err(self.type_mismatch()),
        }
    }
}
