//! `errorMapping`: what a call that is not ok writes beside its result (TSK-045, TSK-047).

use std::sync::Arc;

use jf_core::dsl::{ErrorMapper, ErrorMapping, JsonPath, MappingCondition, SiteClass, ValueTarget};
use jf_core::spi::{Bindings, BoundExpression, Evaluation, LoadContext, TaskError, TaskWrite, WriteTarget};
use serde_json::Value;

use crate::fault;

/// A compiled `errorMapping`.
#[derive(Debug)]
pub(crate) struct MappingPlan {
    mapper: BoundExpression,
    target: WriteTarget,
}

impl MappingPlan {
    /// Compiles the mapping. `None` when an error was reported.
    pub(crate) fn of(mapping: &ErrorMapping, load: &mut LoadContext<'_>) -> Option<Self> {
        // There is one condition, and it is the default.
        let MappingCondition::NonOk = mapping.when else { return None };
        // Normalisers were refused.
        let ErrorMapper::Mapper(mapper) = &mapping.mapper else { return None };
        let mapper = load.bind(&JsonPath::root().member("errorMapping"), mapper, SiteClass::Task)?;
        let target = match &mapping.target {
            ValueTarget::Context(None) => WriteTarget::Context,
            ValueTarget::Context(Some(path)) => WriteTarget::Path(path.clone()),
            ValueTarget::Var(name) => WriteTarget::Var(Arc::from(name.as_str())),
        };
        Some(Self { mapper, target })
    }

    /// What this mapping writes for a result that stands at `context.<result_var>` (TSK-045): the mapper sees that context, and the
    /// result as its payload (EXP-011).
    ///
    /// # Errors
    /// Those of the mapper, and a result of the wrong type for the target (STA-054).
    pub(crate) fn apply(
        &self,
        evaluation: &Evaluation,
        context: &Value,
        result_var: &str,
    ) -> Result<TaskWrite, TaskError> {
        let result = context.get(result_var).unwrap_or(&Value::Null);
        let bindings = Bindings::new(context, evaluation.platform()).with_payload(result);
        let value = evaluation.evaluate_with(&self.mapper, &bindings)?;
        if !value.is_object() && !matches!(self.target, WriteTarget::Var(_)) {
            return Err(fault::mapping_result());
        }
        Ok(TaskWrite { target: self.target.clone(), value })
    }
}
