//! Filters and operators of ours, one by one.

mod support;

use jf_core::spi::EvalErrorKind;
use serde_json::{Value, json};
use support::{compile, map};

/// Asserts what each program makes of a context of `null`.
fn all_yield(expected: &[(&str, Value)]) {
    let wrong: Vec<_> = expected
        .iter()
        .map(|(source, expected)| (source, map(source, &Value::Null), expected))
        .filter(|(_, found, expected)| found.as_ref().map(Value::to_string) != Ok(expected.to_string()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Asserts the kind of error that each program ends with.
fn all_fail(expected: &[(&str, EvalErrorKind)]) {
    let outcomes = expected.iter().map(|(source, kind)| (source, map(source, &Value::Null), kind));
    let wrong: Vec<_> = outcomes.filter(|(_, found, kind)| found.as_ref() != Err(*kind)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn exp_041_errors_have_their_kinds() {
    all_fail(&[
        ("1 + \"a\"", EvalErrorKind::TypeMismatch),
        ("\"a\" | .b", EvalErrorKind::TypeMismatch),
        ("[] | ltrimstr(1) | sort_by(.) | {} - 1", EvalErrorKind::TypeMismatch),
        ("{(1): 2}", EvalErrorKind::TypeMismatch),
        ("1 | .[]", EvalErrorKind::TypeMismatch),
        ("1 | sort", EvalErrorKind::TypeMismatch),
        ("1 |= 2", EvalErrorKind::TypeMismatch),
        ("null | .[]", EvalErrorKind::NullDereference),
        ("null | keys", EvalErrorKind::NullDereference),
        (".context[]", EvalErrorKind::NullDereference),
        ("[1] | .[-2] = 1", EvalErrorKind::IndexOutOfBounds),
        ("1 / 0", EvalErrorKind::Function),
        ("1 % 0", EvalErrorKind::Function),
        ("\"x\" | tonumber", EvalErrorKind::Function),
        ("\"{\" | fromjson", EvalErrorKind::Function),
        ("\"x\" | test(\"(\")", EvalErrorKind::Function),
        ("\"x\" | fromdate", EvalErrorKind::Function),
        ("\"?\" | @base64d", EvalErrorKind::Function),
        ("error", EvalErrorKind::Runtime),
        ("error(null)", EvalErrorKind::Runtime),
        ("error(\"no\")", EvalErrorKind::Runtime),
        ("error({code: 1})", EvalErrorKind::Runtime),
        ("try (1 / 0) catch error", EvalErrorKind::Function),
        ("try error(\"no\") catch error(. + \"!\")", EvalErrorKind::Runtime),
    ]);
}

/// Names that `serde_json` may take for something of its own when it reads a value.
#[test]
fn exp_008_members_of_a_text_may_have_any_name() {
    let raw = "$serde_json::private::RawValue";
    all_yield(&[
        (r#""{\"$serde_json::private::RawValue\":\"[1]\"}" | fromjson"#, json!({ raw: "[1]" })),
        (
            r#"{"$serde_json::private::RawValue": "no JSON"} | [.] | tojson | fromjson"#,
            json!([{ raw: "no JSON" }]),
        ),
        (
            r#"{"$serde_json::private::Number": "1"} | tojson | fromjson | keys"#,
            json!(["$serde_json::private::Number"]),
        ),
    ]);
}

#[test]
fn exp_008_removing_members_keeps_the_order_of_the_others() {
    all_yield(&[
        ("{a: 1, b: 2, c: 3, d: 4} | del(.b)", json!({ "a": 1, "c": 3, "d": 4 })),
        ("{a: 1, b: 2, c: 3} | delpaths([[\"a\"]])", json!({ "b": 2, "c": 3 })),
        ("{a: 1, b: 2, c: 3} | with_entries(select(.value != 2))", json!({ "a": 1, "c": 3 })),
        ("{a: 1, b: 2} | .a = 3", json!({ "a": 3, "b": 2 })),
        ("{b: {x: 1}} * {a: 1, b: {y: 2}}", json!({ "b": { "x": 1, "y": 2 }, "a": 1 })),
    ]);
}

#[test]
fn assignments_make_what_is_not_there() {
    all_yield(&[
        ("null | .a.b = 1", json!({ "a": { "b": 1 } })),
        ("{} | .a[1] = 1", json!({ "a": [null, 1] })),
        ("[0] | .[2] |= 5", json!([0, null, 5])),
        ("[1, 2, 3] | .[1:] = [9]", json!([1, 9])),
        ("null | .[0:1] = [1]", json!([1])),
        ("null | del(.a)", Value::Null),
        ("null | del(.[0])", Value::Null),
        ("[1, 2, 3] | del(.[0, 2])", json!([2])),
        ("[1, 2, 3] | .[-1] += 1", json!([1, 2, 4])),
        ("{a: 1} | .b //= 2 | .a //= 3", json!({ "a": 1, "b": 2 })),
        ("{a: [1, 2]} | .a |= map(. * 2)", json!({ "a": [2, 4] })),
    ]);
}

#[test]
fn def_006_numbers_are_exact_where_they_can_be() {
    all_yield(&[
        ("10 / 2", json!(5)),
        ("1 / 4", json!(0.25)),
        ("0.5 * 4", json!(2)),
        ("9007199254740993 + 2", json!(9_007_199_254_740_995_u64)),
        ("9223372036854775807 + 1", json!(9_223_372_036_854_775_808_u64)),
        ("18446744073709551615 - 1", json!(18_446_744_073_709_551_614_u64)),
        ("-9223372036854775808 | -.", json!(9_223_372_036_854_775_808_u64)),
        ("18446744073709551615 | tojson | fromjson", json!(u64::MAX)),
        ("[5 % 3, -5 % 3]", json!([2, -2])),
        ("[7.9 % 2, -7 % 2.9]", json!([1, -1])),
        ("[1.0, 1e3]", json!([1.0, 1000.0])),
        ("[\"12\", \"-1.5\" | tonumber]", json!([12, -1.5])),
        ("[-1 | length, abs]", json!([1, 1])),
        ("[9007199254740993 == 9007199254740992.0, 1 == 1.0]", json!([false, true])),
        ("[nan < 1, nan == nan, (nan | isnan)]", json!([true, false, true])),
        ("[infinite, nan] | tojson", json!("[1.7976931348623157e+308,null]")),
    ]);
}

#[test]
fn texts_are_unicode() {
    all_yield(&[
        ("\"a😀ü\" | length", json!(3)),
        ("\"a😀ü\" | .[1:2]", json!("😀")),
        ("\"a😀ü\" | .[-1:]", json!("ü")),
        ("\"a😀a😀\" | indices(\"😀\")", json!([1, 3])),
        ("\"aaa\" | indices(\"aa\")", json!([0, 1])),
        ("[65, 128512, 55296, -1] | implode", json!("A😀\u{fffd}\u{fffd}")),
        ("\"/+8=\" | @base64d", json!("\u{fffd}\u{fffd}")),
        ("\"\\u0000\\u001f\\\"\\\\\" | tojson", json!("\"\\u0000\\u001f\\\"\\\\\"")),
        ("\"abc\" * 2", json!("abcabc")),
        ("\"abc\" * 0", Value::Null),
        ("\" a \" | trim", json!("a")),
        ("\"xax\" | trimstr(\"x\")", json!("a")),
        ("\"a-b-c\" | split(\"-\")", json!(["a", "b", "c"])),
        ("\"abc\" / \"\"", json!(["a", "b", "c"])),
    ]);
}

#[test]
fn patterns_match_in_characters() {
    all_yield(&[
        (
            "\"üfoo bar\" | [match(\"(?<w>[a-z]+)\"; \"g\") | [.offset, .length, .string, .captures[0].name]]",
            json!([[1, 3, "foo", "w"], [5, 3, "bar", "w"]]),
        ),
        (
            "\"ab\" | [match(\"(a)|(b)\"; \"g\") | .captures | map(.string)]",
            json!([["a", null], [null, "b"]]),
        ),
        ("\"FOO\" | test(\"foo\"; \"i\")", json!(true)),
        ("\"foo\" | test(\"^o\")", json!(false)),
        ("\"foo\" | test(\"x*\"; \"n\")", json!(false)),
        ("\"2024-05-06\" | capture(\"(?<y>\\\\d+)-(?<m>\\\\d+)\")", json!({ "y": "2024", "m": "05" })),
        ("\"aXbX\" | gsub(\"X\"; \"-\")", json!("a-b-")),
        ("\"aXbX\" | sub(\"(?<x>X)\"; .x + .x)", json!("aXXbX")),
        ("\"a1b22\" | [scan(\"[0-9]+\")]", json!(["1", "22"])),
        ("\"a, b\" | [splits(\", *\")]", json!(["a", "b"])),
    ]);
}

#[test]
fn exp_006_time_is_that_of_the_evaluation_and_utc() {
    all_yield(&[
        ("now", json!(1_714_979_289.5)),
        ("now | todate", json!("2024-05-06T07:08:09.5Z")),
        ("[now, now] | .[0] == .[1]", json!(true)),
        ("\"2024-05-06T07:08:09Z\" | fromdate", json!(1_714_979_289)),
        ("1714979289 | gmtime", json!([2024, 4, 6, 7, 8, 9, 1, 126])),
        ("1714979289 | localtime == gmtime", json!(true)),
        ("1714979289 | strflocaltime(\"%Y-%m-%dT%H:%M:%S%z\")", json!("2024-05-06T07:08:09+0000")),
        ("\"06/05/2024 07:08\" | strptime(\"%d/%m/%Y %H:%M\") | mktime", json!(1_714_979_280)),
        ("[2024, 4, 6, 7, 8, 9.5] | mktime", json!(1_714_979_289.5)),
    ]);
    all_fail(&[
        ("9223372036854775807 | todate", EvalErrorKind::Function),
        ("1e300 | gmtime", EvalErrorKind::Function),
        ("nan | gmtime", EvalErrorKind::Function),
        ("[2024, 127, 1, 0, 0, 0] | mktime", EvalErrorKind::Function),
        ("[1e300, 1, 1, 0, 0, 0] | mktime", EvalErrorKind::Function),
        ("[2024, 1] | mktime", EvalErrorKind::TypeMismatch),
        ("\"Europe/Bern\" | strptime(\"%Q\")", EvalErrorKind::Function),
    ]);
}

#[test]
fn tables_and_entries() {
    all_yield(&[
        ("[1, \"a\\\"b\", null, true] | @csv", json!("1,\"a\"\"b\",,true")),
        ("[1, \"a\\tb\", null] | @tsv", json!("1\ta\\tb\t")),
        (
            "[{k: \"a\", v: 1}, {name: \"b\", value: null}, {key: 1}] | from_entries",
            json!({ "a": 1, "b": null, "1": null }),
        ),
        ("[[1, 2], [3]] | transpose", json!([[1, 3], [2, null]])),
        ("[{id: 1}, {id: 2}] | INDEX(.id) | keys", json!(["1", "2"])),
        ("2 | IN(1, 2)", json!(true)),
        ("[\"a\", \"b\"] | index(\"b\")", json!(1)),
        ("\"abcb\" | rindex(\"b\")", json!(3)),
        ("[] | transpose", json!([])),
        ("[range(5; 0; -2), range(0; 1; 0)]", json!([5, 3, 1])),
        ("[range(9223372036854775806; 9223372036854775808)]", json!([i64::MAX - 1, i64::MAX])),
    ]);
}

#[test]
fn exp_005_nothing_reaches_beyond_the_bindings() {
    for source in [
        "input",
        "[inputs]",
        "debug",
        "debug(1)",
        "stderr",
        "halt",
        "halt_error",
        "halt_error(1)",
        "env",
        "$ENV",
        "env.PATH",
        "input_filename",
        "input_line_number",
        "get_search_list",
        "$__prog_args",
        "modulemeta",
    ] {
        let error = compile(source).unwrap_err();
        assert!(error.message.contains("not offered"), "{source}: {error}");
        assert!(error.range.is_some(), "{source}");
    }
    for source in ["import \"a\" as a; 1", "include \"a\"; 1", "import \"a\" as $a; 1", "module {}; 1"] {
        let error = compile(source).unwrap_err();
        assert!(error.message.contains("modules are not offered"), "{source}: {error}");
    }
    for source in ["halt(1)", "jn(2147483647; 1)", "debug_empty", "!tick", "__program__", "a::b"] {
        assert!(compile(source).is_err(), "{source}");
    }
}

#[test]
fn exp_004_errors_point_and_suggest() {
    let error = |source: &str| {
        let error = compile(source).unwrap_err();
        (error.message, error.range.map(|range| source[range].to_owned()))
    };
    let at = |message: &str, part: &str| (message.to_owned(), Some(part.to_owned()));
    assert_eq!(
        error("1 | asci_downcase"),
        at("unknown function `asci_downcase`; did you mean `ascii_downcase`?", "asci_downcase")
    );
    assert_eq!(
        error("[.[] | selct(. > 1)]"),
        at("unknown function `selct`; did you mean `select`?", "selct")
    );
    assert_eq!(error("zzzzzz"), at("unknown function `zzzzzz`", "zzzzzz"));
    assert_eq!(error("map"), at("`map` takes 1 arguments, not 0", "map"));
    assert_eq!(error("range(1; 2; 3; 4)"), at("`range` takes 1 or 2 or 3 arguments, not 4", "range"));
    assert_eq!(error("$contxt.a"), at("unknown variable `$contxt`; did you mean `$context`?", "$contxt"));
    assert_eq!(error("break $out"), at("unknown label `$out`", "$out"));
    assert_eq!(error("\"a"), at("expected closing quote", ""));
    assert_eq!(error(".a ~ 1"), at("expected token", "~"));
    assert_eq!(error(".a 1"), at("expected an operator or the end", "1"));
    assert_eq!(error("if 1 then 2"), at("expected else or end", ""));
    assert_eq!(error("{a: }"), at("expected term", "}"));
}

#[test]
fn variables_of_the_program_hide_bindings() {
    let context = json!({ "a": 1 });
    assert_eq!(map("2 as $context | $context", &context), Ok(json!(2)));
    assert_eq!(map("def f($context): $context; f(3)", &context), Ok(json!(3)));
    assert_eq!(map("[[4, 5] as [$context, $payload] | $context, $payload]", &context), Ok(json!([4, 5])));
    assert_eq!(map("reduce 6 as $context (0; $context)", &context), Ok(json!(6)));
    assert_eq!(map("(2 as $context | 1) | $context.a", &context), Ok(json!(1)));
    assert_eq!(map("{$context}", &context), Ok(json!({ "context": { "a": 1 } })));
    assert_eq!(map("{context} == {$context}", &context), Ok(json!(true)));
    assert_eq!(map("def empty: 7; empty", &context), Ok(json!(7)));
    assert_eq!(map("def null: .context.a; null", &context), Ok(json!(1)));
}

#[test]
fn reads_of_the_bindings_are_reads_of_the_input() {
    let context = json!({ "a": { "b": [1, { "c": "d" }] }, "s": "text", "payload": 9 });
    for (direct, whole) in [
        (".context.a.b[1].c", "(. | tojson | fromjson) | .context.a.b[1].c"),
        (".context.missing.x.y", "null"),
        (".[\"context\"][\"a\"]", ".context | .a"),
        (".context.a[\"b\"] | length", "2"),
        ("[.context.a, .context.a.b] | length", "2"),
        (".nothing.at.all", "null"),
        (".context?.a?.b?[0]", "1"),
        ("[.. | strings] | unique", "[\"d\", \"test\", \"text\"]"),
        ("path(.context.a.b)", "[\"context\", \"a\", \"b\"]"),
        ("(.context.a.b |= length) | .context.a", "{b: 2}"),
        (".context.a = 1 | .context.a", "1"),
        ("del(.context.a, .context.s) | .context", "{payload: 9}"),
        ("to_entries | map(.key)", "[\"context\", \"payload\", \"error\", \"platform\"]"),
        ("if .context.s then .context.a.b[0] else . end", "1"),
        ("(if false then 1 end) | keys_unsorted | length", "4"),
        ("try error(.context.s) catch .", "\"text\""),
        ("label $f | .context.a.b[0], break $f", "1"),
        ("first(.context.a.b[])", "1"),
        ("reduce .context.a.b[] as $x (.context.s; . + \"!\")", "\"text!!\""),
        (".context as {a: {b: [$x]}} | [$x, .payload]", "[1, 9]"),
        ("\"\\(.context.s) \\(.payload)\"", "\"text 9\""),
        (".context.s as $s | def f: $s; f", "\"text\""),
        ("[.context.a.b[0], .payload] | map(. + 1)", "[2, 10]"),
        ("-.payload", "-9"),
    ] {
        assert_eq!(map(direct, &context), map(whole, &context), "{direct}");
        assert!(map(direct, &context).is_ok(), "{direct}");
    }
    for source in [".context.s.x", "$context.a.b.c", ".payload.x", ".context.s[0]"] {
        assert_eq!(map(source, &context), Err(EvalErrorKind::TypeMismatch), "{source}");
        assert_eq!(map(&format!("try {source} catch 1"), &context), Ok(json!(1)), "{source}");
    }
}

#[test]
fn programs_read_more_places_than_are_kept() {
    let members: Vec<_> = (0..200).map(|n| format!("m{n}: .context.p{n}.q")).collect();
    let context: Value =
        (0..200).map(|n| (format!("p{n}"), json!({ "q": n }))).collect::<serde_json::Map<_, _>>().into();
    let result = map(&format!("{{{}}}", members.join(", ")), &context).unwrap();
    assert!((0..200).all(|n| result[format!("m{n}")] == n));
}
