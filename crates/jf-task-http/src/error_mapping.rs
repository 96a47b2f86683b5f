//! `errorMapping`: what a call that is not ok writes beside its result (TSK-045, TSK-047).

use std::sync::Arc;

use jf_core::dsl::{
    ErrorMapper, ErrorMapping, JsonPath, MappingCondition, SiteClass, TaskFinding, ValueTarget,
};
use jf_core::spi::{Bindings, BoundExpression, Evaluation, LoadContext, TaskError, TaskWrite, WriteTarget};
use serde_json::Value;

use crate::fault;

/// A compiled `errorMapping`.
#[derive(Debug)]
pub(crate) struct MappingPlan {
    mapper: BoundExpression,
    /// The mapper is a normaliser (TSK-046).
    normalises: bool,
    target: WriteTarget,
}

impl MappingPlan {
    /// Compiles the mapping. `None` when an error was reported.
    pub(crate) fn of(mapping: &ErrorMapping, load: &mut LoadContext<'_>) -> Option<Self> {
        // There is one condition, and it is the default.
        let MappingCondition::NonOk = mapping.when else { return None };
        let place = JsonPath::root().member("errorMapping");
        let (mapper, normalises) = match &mapping.mapper {
            ErrorMapper::Mapper(mapper) => (load.bind(&place, mapper, SiteClass::Task)?, false),
            ErrorMapper::Normaliser { normaliser_ref } => {
                let place = place.member("normaliserRef");
                let Some(mapper) = load.definition().spec.errors.normalisers.get(normaliser_ref.as_str())
                else {
                    // Loading has looked it up.
                    load.report(TaskFinding::error("TSK-046", place, "there is no normaliser of this id"));
                    return None;
                };
                (load.bind(&place, mapper, SiteClass::Errors)?, true)
            }
        };
        let target = match &mapping.target {
            ValueTarget::Context(None) => WriteTarget::Context,
            ValueTarget::Context(Some(path)) => WriteTarget::Path(path.clone()),
            ValueTarget::Var(name) => WriteTarget::Var(Arc::from(name.as_str())),
        };
        Some(Self { mapper, normalises, target })
    }

    /// What this mapping writes for a result that stands at `context.<result_var>` (TSK-045): the mapper sees that context, and the
    /// result as its payload, a normaliser as its error too (EXP-011).
    ///
    /// # Errors
    /// Those of the mapper, a result of the wrong type for the target (STA-054), and a normalised one without a type (TSK-046).
    pub(crate) fn apply(
        &self,
        evaluation: &Evaluation,
        context: &Value,
        result_var: &str,
    ) -> Result<TaskWrite, TaskError> {
        let result = context.get(result_var).unwrap_or(&Value::Null);
        let mut bindings = Bindings::new(context, evaluation.platform()).with_payload(result);
        if self.normalises {
            bindings = bindings.with_error(result);
        }
        let value = evaluation.evaluate_with(&self.mapper, &bindings)?;
        if self.normalises && !value.get("type").is_some_and(Value::is_string) {
            return Err(fault::normalised());
        }
        if !value.is_object() && !matches!(self.target, WriteTarget::Var(_)) {
            return Err(fault::mapping_result());
        }
        Ok(TaskWrite { target: self.target.clone(), value })
    }
}
