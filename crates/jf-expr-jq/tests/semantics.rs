//! What an expression sees and what it may return.

mod support;

use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, EvalErrorKind, EvalLimits, ExpressionEngine, Site};
use jf_expr_jq::JaqEngine;
use serde_json::{Value, json};
use support::{compile, map, test, under};

/// Also EXP-031.
#[test]
fn exp_030_every_site_class_is_supported() {
    let engine = JaqEngine;
    assert_eq!(engine.lang(), "jq");
    assert!(SiteClass::ALL.into_iter().all(|class| engine.supports(class)));
}

#[test]
fn exp_017_bindings_are_one_input_document_and_variables() {
    let context = json!({ "a": 1, "payload": [2] });
    assert_eq!(map(".context.a", &context), Ok(json!(1)));
    assert_eq!(map("$context.a", &context), Ok(json!(1)));
    assert_eq!(map("[.payload, $payload, .error, $error]", &context), Ok(json!([[2], [2], null, null])));
    assert_eq!(map("$platform.environment + .platform.environment", &context), Ok(json!("testtest")));
    assert_eq!(map("keys_unsorted", &context), Ok(json!(["context", "payload", "error", "platform"])));
    assert_eq!(map(". | .context", &context), Ok(context));
}

#[test]
fn exp_017_an_expression_tells_which_bindings_it_reads() {
    let reads = |source: &str| {
        let expression = compile(source).unwrap();
        ["context", "payload", "error", "platform"].map(|name| expression.reads(name))
    };
    assert_eq!(reads("1"), [false; 4]);
    assert_eq!(reads(".context.a > .context.b"), [true, false, false, false]);
    assert_eq!(reads("$platform.run.id + .payload"), [false, true, false, true]);
    assert_eq!(reads(". as {$error} | $error"), [true; 4]);
    assert_eq!(reads(".[\"plat\" + \"form\"]"), [true; 4]);
    assert_eq!(reads("def f: .platform; f"), [true; 4]);
}

#[test]
fn exp_011_extra_names_of_the_site_are_bound() {
    let site = Site::new(SiteClass::Scope).with_extra(&["branches"]);
    let expression = JaqEngine.compile("[.branches.b, $branches.a, has(\"branches\")]", site).unwrap();
    let (context, platform, branches) = (json!({}), json!({}), json!({ "a": 1, "b": 2 }));
    let extra = [("branches", &branches)];
    let bindings = Bindings::new(&context, &platform).with_extra(&extra);
    assert_eq!(expression.evaluate(&bindings, &under(EvalLimits::default())).unwrap(), json!([2, 1, true]));
    assert_eq!(map("[$branches, .branches, $outcome]", &context), Ok(json!([null, null, null])));
}

#[test]
fn exp_008_key_order_is_kept() {
    let context = json!({ "z": 1, "a": 2, "m": { "y": 1, "b": 2 } });
    assert_eq!(map(".context", &context).unwrap().to_string(), context.to_string());
    assert_eq!(map("{z: 1, a: 2} + {b: 3}", &context).unwrap().to_string(), r#"{"z":1,"a":2,"b":3}"#);
}

#[test]
fn def_006_integers_of_64_bits_are_exact() {
    for n in [json!(i64::MIN), json!(i64::MAX), json!(u64::MAX), json!(9_007_199_254_740_993_u64)] {
        assert_eq!(map(".context", &n), Ok(n.clone()));
        assert_eq!(test(&format!(".context == {n}"), &n), Ok(true), "{n}");
    }
    assert_eq!(map(".context + 1", &json!(i64::MAX)), Ok(json!(9_223_372_036_854_775_808_u64)));
    assert_eq!(test(".context == 18446744073709551614", &json!(u64::MAX)), Ok(false));
}

#[test]
fn exp_023_exactly_one_result() {
    assert_eq!(map("empty", &Value::Null), Ok(Value::Null));
    assert_eq!(map("1, 2", &Value::Null), Err(EvalErrorKind::TypeMismatch));
    assert_eq!(test("empty", &Value::Null), Err(EvalErrorKind::TypeMismatch));
    assert_eq!(test("true, true", &Value::Null), Err(EvalErrorKind::TypeMismatch));
    let status = support::compile_for("empty", SiteClass::StatusExpr).unwrap();
    let null = Value::Null;
    let error = status.evaluate(&Bindings::new(&null, &null), &under(EvalLimits::default())).unwrap_err();
    assert_eq!(error.code(), "JQ_TYPE_MISMATCH");
}

#[test]
fn exp_020_predicates_yield_booleans() {
    let context = json!({ "amount": 1500 });
    assert_eq!(test(".context.amount > 1000", &context), Ok(true));
    assert_eq!(test(".context.amount", &context), Err(EvalErrorKind::TypeMismatch));
    assert_eq!(test(".context.missing == null", &context), Ok(true));
}

#[test]
fn exp_022_values_that_are_not_json_are_a_mismatch() {
    assert_eq!(map("nan", &Value::Null), Err(EvalErrorKind::TypeMismatch));
    assert_eq!(map("{a: [infinite]}", &Value::Null), Err(EvalErrorKind::TypeMismatch));
}

#[test]
fn exp_040_errors_carry_the_codes_of_jq() {
    assert_eq!(map("error(\"no\")", &Value::Null), Err(EvalErrorKind::Runtime));
}

#[test]
fn exp_004_syntax_errors_have_a_position() {
    let error = compile(".context |").unwrap_err();
    assert_eq!((error.message.as_str(), error.range), ("expected term", Some(10..10)));
    assert_eq!(compile("1 + nope(2)").unwrap_err().range, Some(4..8));
    assert!(compile("").is_err());
}
