//! Preparing a start: everything that can refuse it, before anything is created (ENG-002).

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jf_core::{Caller, EngineError, EngineErrorKind, Violation};
use serde_json::Value;

use crate::measure::compact_len;
use crate::metadata::Metadata;
use crate::projection::project;
use crate::{Limits, Program};

/// What a run begins with; from [`prepare_start`]. Its `Debug` form shows no context.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct InitialContext {
    pub(crate) context: Arc<Value>,
    pub(crate) weight: usize,
    /// Tags of the run (ENG-120).
    pub tags: Vec<String>,
    /// Attributes of the run (ENG-121).
    pub attributes: IndexMap<String, String>,
    /// `traceparent` of the request (HTTP-016).
    pub traceparent: Option<Arc<str>>,
}

impl fmt::Debug for InitialContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InitialContext").field("tags", &self.tags.len()).finish_non_exhaustive()
    }
}

/// Makes the initial context of a run, or of an Api call, from a body and the request that carried it.
///
/// In this order: the body must be an object (DEF-060), the projections of `spec.bindings.<caller.transport()>` are laid over it
/// (HTTP-030 to HTTP-033), `input.schema` checks the result (DEF-054), tags and attributes are computed and held against the
/// limits (ENG-120 to ENG-124). The body is moved, not copied.
///
/// # Errors
/// InvalidInput or TooLarge, ready for the caller.
pub fn prepare_start(
    program: &Program,
    input: Value,
    caller: &Caller,
    limits: &Limits,
) -> Result<InitialContext, EngineError> {
    if !input.is_object() {
        let whole = Violation {
            pointer: String::new(),
            keyword: "type".to_owned(),
            detail: "must be an object".to_owned(),
        };
        return Err(EngineError::schema_violation("the input must be a JSON object", vec![whole]));
    }
    let spec = &program.definition().spec;
    // Payload bindings read the body as it was sent (EXP-062).
    let metadata = Metadata::collect(program.definition(), &input, caller);
    let mut context = Arc::new(input);
    if let Some(projection) = program.projection(caller, None) {
        let projected = project(projection, caller, &context).map_err(|conflict| {
            EngineError::new(EngineErrorKind::ProjectionConflict).with_detail(conflict.to_string())
        })?;
        if let Some((projected, _)) = projected {
            context = projected;
        }
    }
    let Some(weight) = compact_len(&context, limits.depth()).filter(|weight| *weight <= limits.context_bytes)
    else {
        return Err(EngineError::new(EngineErrorKind::TooLarge)
            .with_detail("the input is larger than a context may be"));
    };
    if let Some(input) = &spec.input {
        program.schemas.get(&input.schema).check(&context).map_err(|violations| {
            let violations = violations.into_iter().map(Into::into).collect();
            EngineError::schema_violation("the input does not match the schema of the definition", violations)
        })?;
    }
    metadata.check(&limits.metadata)?;
    Ok(InitialContext {
        context,
        weight,
        tags: metadata.tags,
        attributes: metadata.attributes,
        traceparent: caller.trace().map(|trace| Arc::clone(trace.traceparent())),
    })
}
