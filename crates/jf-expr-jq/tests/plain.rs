//! Plain expressions are computed without the interpreter: that changes no result.

mod support;

use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, EvalErrorKind, EvalLimits};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{compile, compile_for, json_values, map, test, under};

/// The same program, but not plain: local definitions are the interpreter's.
fn interpreted(source: &str) -> String {
    format!("def whole: {source}; whole")
}

fn places() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(".context"),
        Just(".context.a"),
        Just("$context.a"),
        Just(".context.b"),
        Just(".context.a.b"),
        Just(".context.n"),
        Just(".context.s"),
        Just(".payload"),
        Just(".platform.environment"),
        Just("$platform"),
    ]
    .prop_map(str::to_owned)
}

/// Plain programs.
fn programs() -> impl Strategy<Value = String> {
    let constant = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        (-3..4_i64).prop_map(|n| n.to_string()),
        (-1e3..1e3).prop_map(|n: f64| n.to_string()),
        Just("1e308".to_owned()),
        Just("1e999".to_owned()),
        Just("\"\"".to_owned()),
        Just("\"te\\u0001xt\\n\"".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
    ];
    let leaf = prop_oneof![constant, places()];
    leaf.prop_recursive(4, 30, 10, |inner| {
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "//",
        ]);
        let key = prop::sample::select(vec!["a", "b", "\"c d\"", "\"\\u00e9\""]);
        prop_oneof![
            4 => (inner.clone(), op, inner.clone()).prop_map(|(l, op, r)| format!("({l} {op} {r})")),
            1 => inner.clone().prop_map(|inner| format!("-({inner})")),
            1 => inner.clone().prop_map(|inner| format!("({inner} | not)")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(if {a} then {b} else {c} end)")),
            1 => (inner.clone(), inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c, d)| format!("(if {a} then {b} elif {c} then {d} else 1 end)")),
            1 => prop::collection::vec(inner.clone(), 0..10).prop_map(|items| match items.len() {
                0 => "[]".to_owned(),
                _ => format!("[{}]", items.join(", ")),
            }),
            2 => prop::collection::vec((key, inner.clone()), 0..10).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}: ({value})")).collect();
                format!("{{{}}}", members.join(", "))
            }),
            1 => prop::collection::vec(inner, 1..10).prop_map(|parts| {
                let parts: Vec<_> = parts.iter().map(|part| format!("\\({part})")).collect();
                format!("\"{}\"", parts.join(" – "))
            }),
        ]
    })
}

/// Contexts that have what the programs look for, often enough.
fn contexts() -> impl Strategy<Value = Value> {
    let n = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        (-1e6..1e6).prop_map(|n: f64| json!(n)),
        Just(json!(-0.0)),
        Just(json!(2.0)),
    ];
    let known = (json_values(), json_values(), n, "[a-c\"\n]{0,3}")
        .prop_map(|(a, b, n, s)| json!({ "a": a, "b": b, "n": n, "s": s }));
    prop_oneof![3 => known, 1 => json_values()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exp_004_plain_programs_mean_what_the_interpreter_says(source in programs(), context in contexts()) {
        let plain = map(&source, &context);
        let interpreted = map(&interpreted(&source), &context);
        let shown = |result: &Result<Value, EvalErrorKind>| result.as_ref().map(Value::to_string).map_err(|kind| *kind);
        prop_assert_eq!(shown(&plain), shown(&interpreted), "{}", source);
    }

    #[test]
    fn exp_020_plain_predicates_mean_what_the_interpreter_says(
        (left, op, right) in (programs(), prop::sample::select(vec!["==", "<", ">=", "and", "or"]), programs()),
        context in contexts(),
    ) {
        let source = format!("({left}) {op} ({right})");
        prop_assert_eq!(test(&source, &context), test(&interpreted(&source), &context), "{}", source);
    }
}

#[test]
fn exp_020_a_plain_program_without_a_boolean_is_no_predicate() {
    for source in [".context.n", ".context.missing", ".context.flag // 1"] {
        let context = json!({ "n": 1, "flag": false });
        assert_eq!(test(source, &context), Err(EvalErrorKind::TypeMismatch), "{source}");
    }
}

#[test]
fn exp_045_plain_results_are_bounded_too() {
    let context = json!({ "text": "x".repeat(60) });
    let nothing = json!({});
    let bindings = Bindings::new(&context, &nothing);
    let within = |source: &str, bytes: usize| {
        let limits = EvalLimits::default().with_output_bytes(bytes);
        compile(source).expect("a program").evaluate(&bindings, &under(limits)).map_err(|error| error.kind())
    };
    for source in [".context.text", "\"\\(.context.text)\""] {
        assert!(within(source, 62).is_ok(), "{source}");
        assert_eq!(within(source, 61), Err(EvalErrorKind::MaxResultSize), "{source}");
    }
}

#[test]
fn exp_047_plain_results_are_as_deep_as_others() {
    let deep = (0..300).fold(json!(1), |inner, _| json!([inner]));
    for source in [".context.deep", "[.context.deep]", "{ a: .context.deep }"] {
        let context = json!({ "deep": deep });
        assert_eq!(map(source, &context), map(&interpreted(source), &context), "{source}");
        assert!(map(source, &context).is_err(), "{source}");
    }
}

#[test]
fn exp_040_what_is_not_plain_fails_as_ever() {
    let context = json!({ "s": "text", "list": [1] });
    for (source, kind) in [
        (".context.s.part", EvalErrorKind::TypeMismatch),
        (".context.s + 1", EvalErrorKind::TypeMismatch),
        ("1 / 0", EvalErrorKind::Function),
        ("1e308 * 10", EvalErrorKind::TypeMismatch),
        ("-.context.s", EvalErrorKind::TypeMismatch),
    ] {
        assert_eq!(map(source, &context), Err(kind), "{source}");
    }
    assert_eq!(map(".context.list == [1]", &context), Ok(json!(true)));
    assert!(compile_for(".context.list", SiteClass::Predicate).is_ok());
}
