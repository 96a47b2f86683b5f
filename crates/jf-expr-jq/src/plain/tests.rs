//! Typed programs, most of which succeed plainly, against the interpreter.

use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, EvalContext, EvalLimits, Site};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::compile::{Program, program};
use crate::evaluate::JaqExpression;
use crate::plain::{Inputs, Room};

fn numbers() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        (-9..10_i64).prop_map(|n| format!("({n})")),
        any::<i64>().prop_map(|n| format!("({n})")),
        (-1e3..1e3).prop_map(|n: f64| format!("({n})")),
        Just(".context.n".to_owned()),
        Just(".context.order.total".to_owned()),
        Just("$payload.n".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let op = prop::sample::select(vec!["+", "-", "*"]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(l, op, r)| format!("({l} {op} {r})")),
            inner.clone().prop_map(|n| format!("(-{n})")),
            (inner.clone(), inner).prop_map(|(l, r)| format!("(if {l} < {r} then {l} else {r} end)")),
        ]
    })
    .boxed()
}

fn texts() -> BoxedStrategy<String> {
    prop_oneof![
        Just("\"\"".to_owned()),
        Just("\"a \\\"b\\\"\\u0007\"".to_owned()),
        Just(".context.s".to_owned()),
        Just("(.context.missing // \"none\")".to_owned()),
        numbers().prop_map(|n| format!("\"n-\\({n})\"")),
        Just("(.context.s + \"-\" + .payload.s)".to_owned()),
    ]
    .boxed()
}

fn truths() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        (numbers(), prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]), numbers())
            .prop_map(|(l, op, r)| format!("({l} {op} {r})")),
        (texts(), prop::sample::select(vec!["==", "<"]), texts())
            .prop_map(|(l, op, r)| format!("({l} {op} {r})")),
        Just("(.context.order != null)".to_owned()),
        Just("(.context.order > .context.s)".to_owned()),
        Just(".context.flag".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l} and {r})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l} or {r})")),
            inner.prop_map(|inner| format!("({inner} | not)")),
        ]
    })
    .boxed()
}

fn values() -> BoxedStrategy<String> {
    let leaf =
        prop_oneof![numbers(), texts(), truths(), Just(".context.order".to_owned()), Just("null".to_owned())];
    leaf.prop_recursive(3, 24, 12, |inner| {
        let key = prop::sample::select(vec!["a", "b", "c", "\"d e\""]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..12).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((key, inner.clone()), 0..12).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(key, value)| format!("{key}: ({value})")).collect();
                format!("{{{}}}", members.join(", "))
            }),
            inner.clone().prop_map(|value| format!("(.context.order + {{total: {value}, new: 1}})")),
            inner.clone().prop_map(|value| format!("(.context.list + [{value}])")),
            inner.prop_map(|value| format!("(null + {value})")),
        ]
    })
    .boxed()
}

/// What a program says plainly, and what the interpreter says, with at most so many bytes.
fn both(source: &str, context: &Value, bytes: usize) -> (Option<String>, Result<String, String>) {
    let compiled = |plain: bool| {
        let mut program = program(source, Site::new(SiteClass::Transform)).expect("a program");
        program.plain = program.plain.take().filter(|_| plain);
        program
    };
    let nothing = json!({});
    let payload = json!({ "n": 3, "s": "payload" });
    let bindings = Bindings::new(context, &nothing).with_payload(&payload);
    let Program { plain, places, .. } = compiled(true);
    let mut room = Room::for_result(bytes);
    let inputs = Inputs { bindings: &bindings, places: &places };
    let plainly = plain.and_then(|plain| {
        let result = plain.evaluate(inputs, &mut room)?;
        room.own(result)
    });
    let interpreter = JaqExpression::new(compiled(false), SiteClass::Transform);
    let evaluation =
        EvalContext::new(EvalLimits::default().with_output_bytes(bytes), jiff::Timestamp::UNIX_EPOCH, 0);
    let interpreted = jf_core::spi::CompiledExpression::evaluate(&interpreter, &bindings, &evaluation);
    (
        plainly.map(|value| value.to_string()),
        interpreted.map(|value| value.to_string()).map_err(|error| error.to_string()),
    )
}

fn contexts() -> impl Strategy<Value = Value> {
    (any::<i64>(), -1e9..1e9, "[a-c]{0,3}", any::<bool>()).prop_map(|(n, total, s, flag)| {
        json!({ "n": n, "s": s, "flag": flag, "order": { "id": "o-1", "total": total }, "list": [1, s] })
    })
}

#[test]
fn exp_004_most_plain_programs_succeed_plainly_and_as_the_interpreter_does() {
    let mut runner = TestRunner::deterministic();
    let (mut tried, mut plain) = (0, 0);
    for _ in 0..1_000 {
        let case = (values(), contexts(), prop_oneof![3 => Just(1 << 20), 1 => 20..400_usize]);
        let ((source, context, bytes), wide) =
            case.new_tree(&mut runner).map(|tree| (tree.current(), tree.current().2 > 1000)).expect("a case");
        let (plainly, interpreted) = both(&source, &context, bytes);
        if let Some(plainly) = &plainly {
            assert_eq!(Ok(plainly), interpreted.as_ref(), "{source} on {context} within {bytes}");
        }
        if wide && interpreted.is_ok() {
            (tried, plain) = (tried + 1, plain + u32::from(plainly.is_some()));
        }
    }
    assert!(tried > 400 && plain * 100 > tried * 95, "{plain} of {tried}");
}

#[test]
fn exp_045_copies_are_counted_before_they_are_made() {
    let context = json!({ "s": "x".repeat(100_000) });
    for source in
        ["[.context.s, .context.s]", "{ a: .context.s, b: .context.s }", "\"\\(.context.s)\\(.context.s)\""]
    {
        let (plainly, interpreted) = both(source, &context, 150_000);
        assert!(plainly.is_none() && interpreted.is_err(), "{source}");
    }
    // What is put together on the way counts as well.
    let many = vec![".context.s"; 200].join(", ");
    let (plainly, _) = both(&format!("[{many}] | not"), &context, 1 << 20);
    assert!(plainly.is_none());
}

#[test]
fn exp_047_values_on_the_way_are_as_deep_as_the_interpreter_has_them() {
    let deep = (0..256).fold(json!(1), |inner, _| json!([inner]));
    let context = json!({ "deep": deep });
    for (source, succeeds) in [
        (".context.deep", true),
        ("[.context.deep]", false),
        ("[.context.deep] | not", false),
        ("{ a: .context.deep, a: 1 }", false),
    ] {
        let (plainly, interpreted) = both(source, &context, 1 << 20);
        assert_eq!((plainly.is_some(), interpreted.is_ok()), (succeeds, succeeds), "{source}");
    }
}

#[test]
fn exp_017_long_chains_read_what_they_name_alone() {
    let chain: Vec<_> = (0..50).map(|n| format!(".context.k == \"v{n}\"")).collect();
    let program = program(&chain.join(" or "), Site::new(SiteClass::Predicate)).expect("a program");
    assert!(program.plain.is_some() && !program.whole);
    assert_eq!(program.places.len(), 1);
}
