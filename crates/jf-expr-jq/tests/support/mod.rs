//! What the tests of this crate share.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;

use jf_core::dsl::SiteClass;
use jf_core::spi::{
    Bindings, CompileError, CompiledExpression, EvalContext, EvalErrorKind, EvalLimits, ExpressionEngine,
    Site,
};
use jf_expr_jq::JaqEngine;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Compiles for a mapper site.
pub(crate) fn compile(source: &str) -> Result<Arc<dyn CompiledExpression>, CompileError> {
    JaqEngine.compile(source, Site::new(SiteClass::Transform))
}

/// Compiles for a site of that class.
pub(crate) fn compile_for(
    source: &str,
    class: SiteClass,
) -> Result<Arc<dyn CompiledExpression>, CompileError> {
    JaqEngine.compile(source, Site::new(class))
}

/// An evaluation under these limits at a fixed time.
pub(crate) fn under(limits: EvalLimits) -> EvalContext {
    EvalContext::new(limits, "2024-05-06T07:08:09.5Z".parse().expect("a timestamp"), 7)
}

/// Evaluates a mapper over that context.
pub(crate) fn map(source: &str, context: &Value) -> Result<Value, EvalErrorKind> {
    let platform = json!({ "environment": "test" });
    compile(source)
        .unwrap_or_else(|error| panic!("{source}: {error}"))
        .evaluate(&Bindings::new(context, &platform), &under(EvalLimits::default()))
        .map_err(|error| error.kind())
}

/// Evaluates a predicate over that context.
pub(crate) fn test(source: &str, context: &Value) -> Result<bool, EvalErrorKind> {
    let platform = json!({ "environment": "test" });
    compile_for(source, SiteClass::Predicate)
        .unwrap_or_else(|error| panic!("{source}: {error}"))
        .evaluate_predicate(&Bindings::new(context, &platform), &under(EvalLimits::default()))
        .map_err(|error| error.kind())
}

/// Arbitrary JSON values of moderate size.
pub(crate) fn json_values() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-c]{0,3}", "\\PC{0,6}", Just(String::from("\u{0}\"\\\n"))];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        (-1e6..1e6).prop_map(|n: f64| json!(n)),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
