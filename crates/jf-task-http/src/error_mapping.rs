//! `errorMapping`: what a call that is not ok writes beside its result (TSK-045, TSK-047).

use std::sync::Arc;

use jf_core::dsl::{SiteClass, TaskFinding, WritePath};
use jf_core::spi::{Bindings, BoundExpression, Evaluation, LoadContext, TaskError, TaskWrite, WriteTarget};
use serde_json::Value;

use crate::fault;
use crate::members::{Members, Reported, refuse};

const RULE: &str = "TSK-045";

/// A checked `errorMapping`.
#[derive(Debug)]
pub(crate) struct ErrorMapping {
    mapper: BoundExpression,
    target: WriteTarget,
}

impl ErrorMapping {
    pub(crate) fn read(members: &Members<'_>, load: &mut LoadContext<'_>) -> Result<Self, Reported> {
        let known = ["when", "mapper", "mapperRef", "normaliserRef", "target", "resultVar"];
        load.refuse_unknown(members.path(), members.object(), &known);
        // There is one condition, and it is the default.
        let when = members.word("when", RULE, &["nonOk"], load);
        let mapper = read_mapper(members, load);
        let target = read_target(members, load);
        when?;
        Ok(Self { mapper: mapper?, target: target? })
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

fn read_mapper(members: &Members<'_>, load: &mut LoadContext<'_>) -> Result<BoundExpression, Reported> {
    if members.has("normaliserRef") {
        let finding = TaskFinding::error(
            "TSK-046",
            members.at("normaliserRef"),
            "`normaliserRef` is not supported by this build of the engine",
        )
        .help("write the mapper here, or name one of `spec.mappers` with `mapperRef`");
        return Err(refuse(load, finding));
    }
    if !members.has("mapper") && !members.has("mapperRef") {
        let finding =
            TaskFinding::error(RULE, members.at("mapper"), "`errorMapping` needs `mapper` or `mapperRef`");
        return Err(refuse(load, finding));
    }
    load.mapper(members.path(), members.object(), SiteClass::Task).ok_or(Reported)
}

/// The target by STA-051 to STA-053, attributes excluded.
fn read_target(members: &Members<'_>, load: &mut LoadContext<'_>) -> Result<WriteTarget, Reported> {
    let target = members.child("target", "STA-051", load)?;
    let var = members.var("resultVar", load);
    let mut is_var = false;
    let mut path = Ok(None);
    if let Some(target) = target {
        load.refuse_unknown(target.path(), target.object(), &["kind", "path"]);
        if target.get("kind").and_then(Value::as_str) == Some("attributes") {
            let finding =
                TaskFinding::error(RULE, target.at("kind"), "an `errorMapping` cannot write attributes")
                    .help(
                        "write to the context and use a transform with `target.kind: attributes` afterwards",
                    );
            return Err(refuse(load, finding));
        }
        is_var = target.word("kind", "STA-051", &["context", "var"], load)? == Some("var");
        if is_var && target.has("path") {
            let finding =
                TaskFinding::error("STA-052", target.at("path"), "`path` does not go with `kind: var`")
                    .help("`kind: var` writes to `resultVar`");
            return Err(refuse(load, finding));
        }
        path = read_path(&target, load);
    }
    match (is_var, var?) {
        (true, Some(var)) => Ok(WriteTarget::Var(Arc::from(var.as_str()))),
        (true, None) => {
            let finding = TaskFinding::error(
                "STA-052",
                members.at("resultVar"),
                "`target.kind: var` needs `resultVar`",
            );
            Err(refuse(load, finding))
        }
        (false, Some(_)) => {
            let finding = TaskFinding::error(
                "STA-052",
                members.at("resultVar"),
                "`resultVar` goes with `target.kind: var` only",
            )
            .help("add `target: {kind: var}`, or write to `target.path`");
            Err(refuse(load, finding))
        }
        (false, None) => Ok(path?.map_or(WriteTarget::Context, WriteTarget::Path)),
    }
}

fn read_path(target: &Members<'_>, load: &mut LoadContext<'_>) -> Result<Option<WritePath>, Reported> {
    let Some(value) = target.get("path") else { return Ok(None) };
    let parsed = match value.as_str() {
        Some("") => return Ok(None),
        Some(text) => WritePath::parse(text).map_err(|error| error.to_string()),
        None => Err("it is not a string".to_owned()),
    };
    parsed.map(Some).map_err(|reason| {
        let message = format!("`path` must be a dot-path of identifiers: {reason}");
        refuse(load, TaskFinding::error("STA-053", target.at("path"), message))
    })
}
