//! What can be said of a program before it runs (EXP-009). Doubt is no reason to reject.

use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Math;
use jf_core::dsl::{ExpressionFaultKind, Schema, SiteClass};
use jf_core::spi::{CompileError, Site};
use serde_json::Value;

use crate::environment::Place;

/// Rejects a predicate that never yields a boolean.
pub(super) fn result(term: &Term<&str>, site: Site<'_>) -> Result<(), CompileError> {
    match never_boolean(term).filter(|_| site.class == SiteClass::Predicate) {
        Some(kind) => {
            let message = format!("a predicate yields a boolean, and this is always {kind}");
            Err(CompileError::new(message).of_kind(ExpressionFaultKind::NotBoolean))
        }
        None => Ok(()),
    }
}

/// Rejects reads of the context that its schema excludes. `payload` is put there by the engine, whatever the schema says.
pub(super) fn places(places: &[Place], schema: Option<&Value>) -> Result<(), CompileError> {
    let Some(schema) = schema else { return Ok(()) };
    let of_context = places.iter().filter(|place| *place.binding == *"context");
    let declared = of_context.filter(|place| place.path.first().is_some_and(|key| **key != *"payload"));
    match declared
        .into_iter()
        .find(|place| Schema::proves_absent(schema, place.path.iter().map(|key| &**key)))
    {
        Some(place) => {
            let message =
                format!("`.context.{}` does not exist: the context schema excludes it", place.path.join("."));
            Err(CompileError::new(message).of_kind(ExpressionFaultKind::ImpossiblePath))
        }
        None => Ok(()),
    }
}

/// What a program always yields, where that is certain and no boolean.
fn never_boolean(term: &Term<&str>) -> Option<&'static str> {
    match term {
        Term::Num(_) | Term::Neg(_) => Some("a number"),
        Term::Str(..) => Some("a string"),
        Term::Arr(_) => Some("an array"),
        // The input is the object of the bindings.
        Term::Obj(_) | Term::Id => Some("an object"),
        Term::BinOp(left, op, right) => match op {
            BinaryOp::Pipe(_) if matches!(**right, Term::Id) => None,
            BinaryOp::Pipe(_) => never_boolean(right),
            BinaryOp::Alt => never_boolean(left).and(never_boolean(right)),
            BinaryOp::Math(Math::Sub | Math::Div | Math::Rem) => Some("a number or an array"),
            _ => None,
        },
        Term::IfThenElse(branches, Some(otherwise)) => {
            let branches = branches.iter().map(|(_, then)| then);
            branches.chain([&**otherwise]).map(never_boolean).reduce(Option::and).flatten()
        }
        Term::Def(_, body) => never_boolean(body),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jf_core::dsl::{ExpressionFaultKind, SiteClass};
    use jf_core::spi::{ExpressionEngine, Site};
    use serde_json::json;

    use crate::JaqEngine;

    #[test]
    fn exp_009_predicates_that_are_never_boolean_are_rejected() {
        for source in [
            "1",
            "\"true\"",
            "[true]",
            "{a: true}",
            ".",
            "-1",
            ".context | \"x\"",
            "1 - 2",
            "if .a then 1 else [] end",
        ] {
            let error = JaqEngine.compile(source, Site::new(SiteClass::Predicate)).unwrap_err();
            assert_eq!(error.kind, ExpressionFaultKind::NotBoolean, "{source}");
            assert!(JaqEngine.compile(source, Site::new(SiteClass::Transform)).is_ok(), "{source}");
        }
        for source in
            ["true", ".a", ".a | .", "1 == 1", "null + true", "if .a then 1 else true end", "1 | not", "f"]
        {
            let defined = format!("def f: 1; {source}");
            assert!(JaqEngine.compile(&defined, Site::new(SiteClass::Predicate)).is_ok(), "{source}");
        }
    }

    #[test]
    fn exp_009_paths_that_a_closed_schema_excludes_are_rejected() {
        let schema = json!({
            "properties": { "order": { "properties": { "id": {} }, "additionalProperties": false } },
            "additionalProperties": false,
        });
        let compile = |source| {
            JaqEngine.compile(source, Site::new(SiteClass::Transform).with_context_schema(Some(&schema)))
        };
        for source in [".context.ordr", "$context.order.idd", ".context | 1, $context.other"] {
            assert_eq!(compile(source).unwrap_err().kind, ExpressionFaultKind::ImpossiblePath, "{source}");
        }
        for source in [
            ".context",
            ".context.order.id.x",
            ".context.payload.x",
            ".context | .ordr",
            ".context.order?.idd",
        ] {
            assert!(compile(source).is_ok(), "{source}");
        }
    }
}
