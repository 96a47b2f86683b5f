//! What holds for every text, every value, and every program of a small grammar.

mod support;

use std::time::{Duration, Instant};

use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, EvalErrorKind, EvalLimits};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{compile_for, json_values, map, under};

/// Words and signs of the language, for texts that are nearly programs.
const PIECES: [&str; 64] = [
    ".", "..", ".a", ".[", "]", "[", "(", ")", "{", "}", "|", ",", ":", ";", "?", "//", "=", "|=", "+=",
    "//=", "==", "<", "+", "-", "*", "/", "%", "and", "or", "not", "if", "then", "elif", "else", "end",
    "try", "catch", "reduce", "foreach", "as", "$x", "$context", "def", "f", "f:", "f(g):", "g", "label",
    "$out", "break", "\"", "\\(", "\\", "\"a\"", "@base64", "1", "0.5e3", "1e999", "#", "\n", "empty",
    "error", "map(", "é",
];

/// Programs, mostly valid and mostly silly. Names are `f` and `g`, variables `$x`.
fn programs() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(".".to_owned()),
        Just("..".to_owned()),
        Just("$x".to_owned()),
        Just("f".to_owned()),
        Just("f(.)".to_owned()),
        Just("empty".to_owned()),
        Just(".context".to_owned()),
        Just("$context.a".to_owned()),
        Just("null".to_owned()),
        (-3..4_i64).prop_map(|n| n.to_string()),
        Just("\"text\"".to_owned()),
        Just("[]".to_owned()),
        Just("range(3)".to_owned()),
        Just("range(1000000)".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner.clone());
        let op = prop::sample::select(vec![
            "|", ",", "+", "-", "*", "/", "%", "==", "<", "and", "or", "//", "=", "|=", "+=", "//=",
        ]);
        let call = prop::sample::select(vec![
            "map",
            "select",
            "path",
            "first",
            "last",
            "repeat",
            "recurse",
            "sort_by",
            "group_by",
            "map_values",
            "walk",
            "del",
            "paths",
            "any",
            "isempty",
            "add",
            "with_entries",
            "min_by",
            "to_entries|map",
            "error",
        ]);
        let plain = prop::sample::select(vec![
            "length",
            "keys",
            "tojson",
            "tostring",
            "add",
            "sort",
            "unique",
            "reverse",
            "flatten",
            "transpose",
            "not",
            "type",
            "combinations",
            "to_entries",
            "@base64",
            "@csv",
            "ascii_upcase",
            "tojson|fromjson",
            "explode",
            "first",
            "floor",
            "join(\"\")",
        ]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(l, op, r)| format!("({l} {op} {r})")),
            (inner.clone(), call).prop_map(|(inner, call)| format!("{call}({inner})")),
            (inner.clone(), plain).prop_map(|(inner, plain)| format!("({inner} | {plain})")),
            two.clone().prop_map(|(l, r)| format!("({l} as $x | {r})")),
            two.clone().prop_map(|(l, r)| format!("(def f: {l}; {r})")),
            two.clone().prop_map(|(l, r)| format!("(def f(g): {l} | g; {r})")),
            two.clone().prop_map(|(l, r)| format!("(try {l} catch {r})")),
            two.clone().prop_map(|(l, r)| format!("limit(5; {l}, {r})")),
            two.clone().prop_map(|(l, r)| format!("{{a: {l}, \"b\\({r})\": 1}}")),
            two.prop_map(|(l, r)| format!("(label $out | {l}, (break $out), {r})")),
            three.clone().prop_map(|(a, b, c)| format!("if {a} then {b} else {c} end")),
            three.clone().prop_map(|(a, b, c)| format!("reduce ({a}) as $x ({b}; {c})")),
            three.prop_map(|(a, b, c)| format!("foreach ({a}) as $x ({b}; {c})")),
            inner.clone().prop_map(|inner| format!("[{inner}]")),
            inner.clone().prop_map(|inner| format!("({inner} | .[]?)")),
            inner.clone().prop_map(|inner| format!("({inner} | .a.b)?")),
            inner.clone().prop_map(|inner| format!("({inner} | .[1:])")),
            inner.prop_map(|inner| format!("-({inner})")),
        ]
    })
}

/// Compiles and runs in a thread with an ordinary stack. A text that is no program is an answer, too.
fn runs_within_bounds(source: &str, context: &Value) -> Result<(), TestCaseError> {
    let limits = EvalLimits::default().with_time(Duration::from_millis(30)).with_output_bytes(10_000);
    let outcome = std::thread::scope(|scope| {
        let run = || {
            let program = compile_for(source, SiteClass::Transform).ok()?;
            let start = Instant::now();
            let result = program.evaluate(&Bindings::new(context, &json!({})), &under(limits));
            Some((result, start.elapsed()))
        };
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn_scoped(scope, run);
        thread.expect("a thread").join().expect("no panic")
    });
    let Some((result, time)) = outcome else { return Ok(()) };
    prop_assert!(time < Duration::from_secs(3), "{:?}", time);
    match result {
        Ok(value) => prop_assert!(value.to_string().len() <= limits.output_bytes),
        Err(error) => prop_assert_ne!(error.kind(), EvalErrorKind::Internal),
    }
    Ok(())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_time: 20_000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn exp_004_any_text_compiles_or_is_refused(source in "\\PC{0,60}") {
        runs_within_bounds(&source, &Value::Null)?;
    }

    #[test]
    fn exp_004_any_sequence_of_words_compiles_or_is_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..25),
        space in prop::bool::ANY,
    ) {
        runs_within_bounds(&pieces.join(if space { " " } else { "" }), &json!({ "a": [1, { "b": 2 }] }))?;
    }

    #[test]
    fn exp_047_programs_of_a_grammar_keep_to_their_bounds(source in programs(), context in json_values()) {
        // Bound at the outside, so that nothing is unknown.
        let source = format!("1 as $x | def f: 2; def f(g): g; {source}");
        runs_within_bounds(&source, &context)?;
    }

    #[test]
    fn def_005_def_006_values_pass_through_unchanged(context in json_values()) {
        for source in [".context", "$context", ". | .context", ".context | tojson | fromjson", "[.context] | .[0]"] {
            let result = map(source, &context);
            prop_assert_eq!(result.as_ref().map(Value::to_string), Ok(context.to_string()), "{}", source);
        }
    }

    #[test]
    fn def_006_equal_integers_are_equal_and_ordered(l in any::<i64>(), r in any::<u64>()) {
        let context = json!({ "l": l, "r": r });
        let expected = json!([i128::from(l) < i128::from(r), i128::from(l) == i128::from(r), true]);
        prop_assert_eq!(map(".context | [.l < .r, .l == .r, .r == .r]", &context), Ok(expected));
    }

    #[test]
    fn reading_a_place_is_reading_the_input(context in json_values(), keys in prop::collection::vec("[a-c]{1}", 1..4)) {
        let path: String = keys.iter().map(|key| format!(".{key}")).collect();
        let direct = map(&format!(".context{path}"), &context);
        prop_assert_eq!(&direct, &map(&format!("tojson | fromjson | .context{path}"), &context));
        prop_assert_eq!(&direct, &map(&format!("$context{path}"), &context));
    }
}
