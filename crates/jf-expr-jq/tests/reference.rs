//! Our values and filters against those that the interpreter's authors ship: the same programs give the same results.

mod support;

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, unwrap_valr};
use jaq_json::Val;
use jf_core::spi::EvalErrorKind;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{json_values, map};

/// The result of the reference: `null` for none, `None` for an error.
fn reference(source: &str, context: &Value) -> Option<Value> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(defs).load(&arena, File { code: source, path: () }).expect("a program");
    let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|_| ()).expect("a program");
    let input = json!({ "context": context }).to_string();
    let input = jaq_json::read::parse_single(input.as_bytes()).expect("JSON");
    let mut results =
        filter.id.run((Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([])), input)).map(unwrap_valr);
    let result = match results.next() {
        None => return Some(Value::Null),
        Some(result) => result.ok()?,
    };
    serde_json::from_str(&result.to_string()).ok()
}

/// Equal as JSON: whole numbers are equal however they are written.
fn same(l: &Value, r: &Value) -> bool {
    match (l, r) {
        (Value::Number(l), Value::Number(r)) => l == r || l.as_f64() == r.as_f64(),
        (Value::Array(l), Value::Array(r)) => l.len() == r.len() && l.iter().zip(r).all(|(l, r)| same(l, r)),
        (Value::Object(l), Value::Object(r)) => {
            l.keys().eq(r.keys()) && l.values().zip(r.values()).all(|(l, r)| same(l, r))
        }
        _ => l == r,
    }
}

fn agrees(source: &str, context: &Value) -> Result<(), String> {
    let (ours, theirs) = (map(source, context), reference(source, context));
    match (&ours, &theirs) {
        (Ok(ours), Some(theirs)) if same(ours, theirs) => Ok(()),
        (Err(kind), None) if *kind != EvalErrorKind::Internal => Ok(()),
        _ => Err(format!("{source} on {context}: {ours:?}, reference {theirs:?}")),
    }
}

/// Programs that give at most one result, whatever the context is.
const GENERAL: [&str; 71] = [
    ".context",
    ".context | type",
    ".context | tojson",
    ".context | tostring",
    ".context | tojson | fromjson",
    ".context | [.., 1]",
    ".context | [paths]",
    ".context == .context",
    "[.context, 1, \"a\", null, [], {}, true] | sort",
    "[.context, .context] | unique | length",
    ".context | length?",
    ".context | keys?",
    ".context | keys_unsorted?",
    ".context | [.[]?]",
    ".context | [.[]?] | add?",
    ".context | to_entries?",
    ".context | objects | with_entries(.value |= tojson)",
    ".context | map_values(tojson)?",
    ".context | map(tojson)?",
    ".context | walk(if type == \"number\" then . + 1 else . end)?",
    ".context | .a?",
    ".context | .[0]?",
    ".context | .[-1]?",
    ".context | .[1:]?",
    ".context | .[:-1]?",
    ".context | .[\"a\"]?",
    ".context | objects | has(\"a\")",
    ".context | first(.[]?)",
    ".context | [limit(2; .[]?)]",
    ".context | [.[]? | select(. != null)]",
    ".context | reverse?",
    ".context | sort?",
    ".context | min?",
    ".context | max?",
    ".context | unique?",
    ".context | group_by(type)?",
    ".context | sort_by(tojson)?",
    ".context | flatten?",
    ".context | any?",
    ".context | all?",
    ".context | not",
    ".context | (. and true)",
    ".context | (. or false)",
    ".context // 1",
    ".context | if . then 1 else 2 end",
    ".context | explode? | implode",
    ".context | ascii_downcase?",
    ".context | ascii_upcase?",
    ".context | @base64?",
    ".context | @uri?",
    ".context | @html?",
    ".context | @sh?",
    ".context | @json",
    ".context | @base64 | @base64d",
    ".context | ltrimstr(\"a\")?",
    ".context | split(\"a\")?",
    ".context | join(\",\")?",
    ".context | trim?",
    ".context | utf8bytelength?",
    ".context | test(\"a\")?",
    ".context | [scan(\"[a-z]\")?]",
    ".context | gsub(\"a\"; \"b\")?",
    ".context | -(.)?",
    ".context | . + 1?",
    ".context | . - 1?",
    ".context | . * 2?",
    ".context | . + .?",
    ".context | floor?",
    ".context | arrays | del(.[0]?)",
    ".context | tonumber?",
    ".context | [getpath([\"a\"])?]",
];

#[test]
fn programs_agree_with_the_reference() {
    let context = json!({
        "s": "Grüße, 😀!", "n": 12.5, "big": 9007199254740993_u64, "t": true, "z": null,
        "list": [3, 1, 2, 1], "words": ["b", "a", "c"], "deep": {"a": {"b": [1, {"c": 2}]}},
        "rows": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "x", "v": 3}],
    });
    let programs = [
        "[.context.list[] | . * 2]",
        ".context.list | sort, add | tojson",
        ".context.rows | group_by(.k) | map({(.[0].k): map(.v)}) | add",
        ".context.rows | map(select(.v > 1).k)",
        ".context.rows | min_by(.v), max_by(.v) | .k",
        ".context.rows | unique_by(.k) | length",
        "reduce .context.list[] as $x (0; . + $x)",
        "[foreach .context.list[] as $x (0; . + $x; [$x, .])]",
        ".context.deep | [paths(type == \"number\")]",
        ".context.deep | getpath([\"a\", \"b\", 1, \"c\"])",
        ".context.deep | setpath([\"a\", \"b\", 0]; 5)",
        ".context.deep | delpaths([[\"a\", \"b\", 0]])",
        ".context.deep | .a.b[1].c |= . + 1",
        ".context.deep | .a.b[0] = 7 | .a.b += [1]",
        ".context | .list[1:3] = [9]",
        ".context.deep | .a.b |= map(tojson)",
        ".context.deep * {a: {d: 1}}",
        ".context | {s, n, list: [.list[0]]}",
        ". as {context: {list: [$a, $b]}} | [$a, $b]",
        ".context.rows[] as {k: $k, v: $v} | [$k, $v]",
        "[.context.rows[] as {$k, $v} | {$k, $v}]",
        "[.context.words, .context.list] | transpose",
        ".context.words | index(\"a\"), (join(\"-\") | length)",
        ".context.s | length, utf8bytelength | tojson",
        ".context.s | [match(\"ü|😀\"; \"g\") | .offset]",
        ".context.s | sub(\"(?<x>ü)\"; \"<\\(.x)>\")",
        ".context.s | [splits(\", \")]",
        ".context.s | ascii_downcase | explode | implode",
        ".context.s | @uri | @urid",
        ".context.s | .[2:4], .[-1:]",
        "[.context.list[] as $x | $x | if . == 1 then \"one\" elif . == 2 then \"two\" else \"many\" end]",
        "[limit(3; range(10))], [range(0; 10; 3)], [range(5; 0; -2)] | tojson",
        "[.context.list | .[] |= empty]",
        "try error(\"x\") catch .",
        "try error({a: 1}) catch .a",
        "[.context.list[] | try (if . == 1 then error(\"one\") else . end) catch .]",
        "label $out | .context.list[] | if . == 1 then ., break $out else . end",
        "first(range(10; 100)), isempty(empty), ([range(5)] | last)",
        "[.context.list | combinations(2)?] | length",
        "[[1, 2], [3, 4]] | [combinations]",
        "[.context.n | floor, ceil, round, sqrt, fabs]",
        "[pow(2; 10), log2, exp10]?",
        "def f(g): [g, g]; f(.context.n)",
        "def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 6 | fac",
        "3 | [recurse(if . > 0 then . - 1 else empty end)]",
        "[1, [2, [3, [4]]]] | flatten, flatten(1) | tojson",
        "[0 | while(. < 5; . + 1)], [0 | until(. > 5; . + 2)] | tojson",
        "\"2015-03-05T23:51:47Z\" | fromdate, (strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime)",
        "1425599507 | todate, strftime(\"%A, %B %d, %Y\"), (gmtime | mktime)",
        "1425599621.25 | gmtime",
        "[splits(\"a\")]?",
        "{} | .a.b.c? // \"none\"",
        "{a: [1, 2]} | to_entries | from_entries",
        "[{key: \"a\", value: 1}] | from_entries",
        "{a: 1} | with_entries(.value += 1)",
        "[1, 2, 3] | contains([1]), inside([1, 2, 3, 4])",
        "{a: {b: \"foobar\"}} | contains({a: {b: \"bar\"}})",
        "[1, 1, 2] | indices(1), indices([1, 2])",
        "\"a,b,,c\" / \",\"",
        "\"abc\" * 3, (\"abc\" * 0) | tojson",
        "[1, 2, 3, 2] - [2]",
        "10 / 4, 10 % 3, -10 % 3, 5 - 7 | tojson",
        "9007199254740993 + 0, 9223372036854775807 * 2 | tojson",
        "[bsearch(1)?, ([1, 3] | bsearch(2), bsearch(3))]",
        "@text \"a\\(1)b\\([2])\", @json \"x\\(\"q\")\", @base64 \"\\(\"hi\")\"",
        "\"\\u00e9\\n\\t\\\"\"",
        "[getpath([\"a\", \"b\"])?]",
        "{\"a\": 1} | has(\"a\"), has(\"b\")",
        "[nan] | sort | length",
        "[infinite, -infinite] | map(isinfinite)",
        "pick(.context.deep.a)",
    ];
    let wrong: Vec<_> =
        programs.into_iter().filter_map(|source| agrees(&format!("[{source}]"), &context).err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_agree_with_the_reference(context in json_values(), at in 0..GENERAL.len()) {
        let source = GENERAL[at];
        prop_assert_eq!(agrees(source, &context), Ok(()));
    }
}
