//! Hostile programs: each ends with a typed error, soon, and the process lives.

mod support;

use std::time::{Duration, Instant};

use jf_core::dsl::SiteClass;
use jf_core::spi::{Bindings, EvalErrorKind, EvalLimits};
use serde_json::{Value, json};
use support::{compile_for, under};

/// Runs a program in a thread with an ordinary stack.
fn run(source: &str, context: &Value, limits: EvalLimits) -> (Result<Value, EvalErrorKind>, Duration) {
    let program =
        compile_for(source, SiteClass::Transform).unwrap_or_else(|error| panic!("{source:.80}: {error}"));
    let (platform, source) = (json!({}), source.to_owned());
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn_scoped(scope, || {
            let start = Instant::now();
            let result = program.evaluate(&Bindings::new(context, &platform), &under(limits));
            (result.map_err(|error| error.kind()), start.elapsed())
        });
        thread.expect("a thread").join().unwrap_or_else(|_| panic!("{source}"))
    })
}

/// What a hostile program comes to, and that it comes soon: generously, since machines may be busy.
fn outcome(source: &str) -> Result<Value, EvalErrorKind> {
    let limits = EvalLimits::default().with_time(Duration::from_millis(100));
    let context = json!({ "text": "x".repeat(100_000), "list": (0..1000).collect::<Vec<_>>() });
    let (result, time) = run(source, &context, limits);
    assert!(time < Duration::from_secs(5), "{source}: {time:?}");
    result
}

/// Asserts that each program fails with one of these kinds.
fn all_fail(kinds: &[EvalErrorKind], sources: &[&str]) {
    let outcomes = sources.iter().map(|source| (source, outcome(source)));
    let wrong: Vec<_> =
        outcomes.filter(|(_, outcome)| !matches!(outcome, Err(kind) if kinds.contains(kind))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn exp_047_endless_loops_end() {
    all_fail(
        &[EvalErrorKind::MaxEvalTime, EvalErrorKind::MaxResultSize],
        &[
            "def f: f; f",
            "def f: .; def g: f | g; g",
            "def f($n): f($n + 1); f(0)",
            "last(repeat(1))",
            "[limit(1000000000; repeat(empty))]",
            "last(range(1000000000000))",
            "range(1000000000000) | empty",
            "reduce range(1000000000000) as $i (0; . + $i)",
            "last(foreach range(1000000000000) as $i (0; . + $i))",
            "0 | until(false; . + 1)",
            "0 | last(while(true; . + 1))",
            "first(range(1000000000000) | select(false))",
            "isempty(range(1000000000000) | empty)",
            "label $out | repeat(1) | select(. > 1) | break $out",
            "def f: def g: f; g; f",
            "any(range(1000000000000); false)",
            "[.context.list[] as $a | .context.list[] as $b | .context.list[] as $c | select(false)]",
            "path(def f: f; f)",
            "last([range(1000)] | combinations(20))",
        ],
    );
}

#[test]
fn exp_047_errors_of_the_bounds_cannot_be_caught() {
    all_fail(
        &[EvalErrorKind::MaxEvalTime, EvalErrorKind::MaxResultSize, EvalErrorKind::Runtime],
        &[
            "try last(repeat(1)) catch 1",
            "[.context.list[]? | .?] | try last(repeat(1)) catch 1",
            "(try error(last(repeat(1))) catch .) // 1",
            "last(repeat(1))? // 1",
            "def f: try f catch f; f",
            "def f: (f?), (f?); f",
            "first(def f: try error(1) catch f; f)",
            "reduce range(1000000000000) as $i (0; try error(1) catch 2)",
            "try ([range(1000000000)] | length) catch 1",
            "[.[]?, try (\"x\" * 1000000000) catch 1] | 1",
            "(\"x\" * 1000000000)? // 1",
            "((\"x\" * 1000000000)? // null) | .a = 1",
            "((\"x\" * 1000000000)? // null) | .[1] = 1 | .[2:] = [1]",
        ],
    );
}

#[test]
fn exp_047_multiplied_alternatives_end() {
    let commas = vec!["(1,2)"; 40].join("|");
    assert_eq!(outcome(&format!("last({commas})")), Err(EvalErrorKind::MaxEvalTime));
    let sums = vec!["(1,2)"; 40].join("+");
    assert_eq!(outcome(&format!("last({sums})")), Err(EvalErrorKind::MaxEvalTime));
    let optional = vec!["(1,2)?"; 40].join("|");
    assert_eq!(outcome(&format!("last({optional})")), Err(EvalErrorKind::MaxEvalTime));
    let empty = vec!["(.,.)"; 40].join("|");
    assert_eq!(outcome(&format!("{empty}|empty")), Err(EvalErrorKind::MaxEvalTime));
    let walks = vec![".context.list[]"; 40].join(" as $x | ");
    assert_eq!(outcome(&format!("last({walks})")), Err(EvalErrorKind::MaxEvalTime));
    let tried = vec!["(try .context.list[] catch 1)"; 40].join(" as $x | ");
    assert_eq!(outcome(&format!("last({tried})")), Err(EvalErrorKind::MaxEvalTime));
}

#[test]
fn exp_047_deep_recursion_ends() {
    all_fail(
        &[EvalErrorKind::Runtime, EvalErrorKind::MaxEvalTime, EvalErrorKind::MaxResultSize],
        &[
            "def f: 1 + f; f",
            "def f: f + 1; f",
            "def f: f | f; f",
            "def f: [f]; f",
            "def f: {a: f}; f",
            "def f: f as $x | $x; f",
            "def f: . as $x | (f | .); f",
            "def f: reduce f as $x (0; .); f",
            "def f: foreach f as $x (0; .); f",
            "def f: try error(f) catch .; f",
            "def f: if f then 1 else 2 end; f",
            "def f: first(f); f",
            "def f: [limit(3; f)]; f",
            "def f(g): f(g); f(1)",
            "def f: f // f; f",
            "(def f: f; f) |= 1",
            "def f: .[f]; f",
            "def f: \"\\(f)\"; f",
            "def f: f and f; f",
            "def f: -f; f",
            "def f: label $x | f; f",
            "def f: [1, 2] | sort_by(f); f",
            "def f(g): g | f(g | g); f(.)",
            "def d(g): g | g; d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(d(.))))))))))))))))))))))))))",
            "def a: . | .; def b: a | a; def c: b | b; def d: c | c; def e: d | d; def f: e | e; def g: f | f; def h: g | g; \
             def i: h | h; def j: i | i; def k: j | j; def l: k | k; def m: l | l; def n: m | m; def o: n | n; def p: o | o; \
             def q: p | p; def r: q | q; def s: r | r; def t: s | s; def u: t | t; def v: u | u; def w: v | v; w | w",
            "def f(g): f(g + 1); f(1)",
            "def f(g): if . > 1000000 then g else . + 1 | f(g) end; 0 | f(.)",
            "def f(g): def h: f(g); h; f(1)",
            "def f(g): def h: f(h); h; f(1)",
            "def f(g; $n): f(g | g; $n + 1); f(.; 0)",
            "def f: (1, 2) | (., f) | (., f); last(f)",
            "def f: .[0] |= f; null | f",
            "null | (reduce range(1000000) as $i (.; .[0])) |= 1",
            "null | (foreach range(1000000) as $i (.; .[0])) |= [.]",
            "try (def f: 1 + f; f) catch 1",
        ],
    );
}

#[test]
fn exp_045_memory_is_bounded() {
    all_fail(
        &[EvalErrorKind::MaxResultSize, EvalErrorKind::MaxEvalTime, EvalErrorKind::TypeMismatch],
        &[
            "[range(1000000000)]",
            "[repeat(1)]",
            "\"x\" * 1000000000",
            "\"x\" * 1e300",
            "reduce range(100) as $i (\"xxxxxxxxxx\"; . + .)",
            "reduce range(100) as $i ([1]; . + .)",
            "reduce range(100) as $i ([1]; [., .])",
            "reduce range(100) as $i ({}; {a: ., b: .})",
            "reduce range(100) as $i (1; [., .]) | tojson",
            "reduce range(100000) as $i (0; [.])",
            "reduce range(100000) as $i (0; {a: .})",
            "reduce range(100000) as $i ({}; .[\"a\\($i)\"] = \"\\(.)\")",
            "def f: [.] | f; f",
            "[] | .[1000000000] = 1",
            "[] | .[1e300] = 1",
            "null | .[999999999:] = [1]  | .[999999999] = 1",
            "[range(20)] | [combinations(20)]",
            "reduce range(1000000) as $i ([]; . + [\"some text that takes memory\"])",
            "reduce range(1000000) as $i ({}; . + {\"some text that takes memory \\($i)\": 1})",
            "[limit(100000000; \"abc\" | recurse(. + .))]",
            "[\"x\" * 1000000 | explode | .[] | tojson] | join(\"some long separator\")",
            "reduce range(100) as $i (.context.text; @json)",
            "reduce range(100) as $i (.context.text; @base64)",
            "reduce range(100) as $i (\"'\"; @sh)",
            "reduce range(100) as $i (.context.text; gsub(\"x\"; \"xxxxxxxxxx\"))",
            "reduce range(100) as $i ([.context.text]; [join(.[0])] * 1)",
            "[range(100000) as $i | [range(100)]] | flatten | flatten",
            "def f: f, f; f",
            "def f: ., f, f; last(f)",
        ],
    );
    // Each test runs in a process of its own.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        assert!(kibibytes < 400 * 1024, "{kibibytes} KiB");
    }
    assert_eq!(outcome("\"x\" * 1000000000"), Err(EvalErrorKind::MaxResultSize));
    assert_eq!(outcome("reduce range(100) as $i (1; [., .]) | tojson"), Err(EvalErrorKind::MaxResultSize));
    assert_eq!(outcome("reduce range(100000) as $i (0; [.])"), Err(EvalErrorKind::MaxResultSize));
}

#[test]
fn exp_047_single_operations_are_bounded() {
    all_fail(
        &[EvalErrorKind::MaxResultSize, EvalErrorKind::MaxEvalTime],
        &[
            "[range(3000)] | . as $a | [range(3000, 6000)] as $b | [range(1000)] | map($a | contains($b))",
            "(.context.text * 10) as $t | [range(100000) | $t | test(\"y\")]",
            "(.context.text * 10) as $t | [range(100000) | $t == $t + \"\"]",
            "(.context.text * 10) as $t | [range(1000000) | $t | trim]",
            "(.context.text * 10) as $t | [range(1000000) | $t[1:2]]",
            "(.context.text * 10) as $t | [range(1000000) | try ($t | ltrimstr(1) | error) catch .]",
            "(.context.text * 10) as $t | [range(1000000) | try ($t | -.) catch .]",
            "(.context.text * 10) as $t | [range(1000000) | $t | length]",
            "(.context.text * 10) as $t | [range(1000000) | $t | indices(\"xxxxx\") | length]",
            "[range(100000)] as $l | [range(100000) | $l == ($l + [])]",
            "[range(100000)] as $l | [range(100000) | $l | sort | length]",
            "[range(100000)] as $l | [range(100000) | $l | index(5)]",
            "[range(100000)] as $l | [range(100000) | $l - $l]",
            "[range(1000000) | .. | tojson | fromjson]",
            "[range(1000000) | strftime(\"%c\" * 2000)]",
            "[range(1000000) | \"x\" | try strptime(\"%Y\" * 2000) catch 1]",
        ],
    );
    for format in ["strftime", "strptime", "todate", "strflocaltime"] {
        let source = format!("(0, \"1\") | try {format}(\"%c\" * 4000000) catch error");
        assert_eq!(outcome(&source), Err(EvalErrorKind::Function), "{format}");
    }
}

#[test]
fn exp_046_results_beyond_the_limit_are_refused_and_never_cut() {
    let limits = |output_bytes| EvalLimits::default().with_output_bytes(output_bytes);
    let (null, text) = (Value::Null, "[\"\\u0001\", 12345, 1.5, {\"k\": \"é\"}]");
    let exact = run(text, &null, EvalLimits::default()).0.unwrap().to_string().len();
    assert!(run(text, &null, limits(exact)).0.is_ok());
    assert_eq!(run(text, &null, limits(exact - 1)).0, Err(EvalErrorKind::MaxResultSize));
    assert_eq!(run("\"x\" * 2000000", &null, EvalLimits::default()).0, Err(EvalErrorKind::MaxResultSize));
}

#[test]
fn exp_045_ordinary_work_is_within_the_bounds() {
    let list: Vec<_> =
        (0..2000).map(|i| json!({ "id": i, "name": format!("item {i}"), "tags": ["a", "b"] })).collect();
    let context = json!({ "items": list });
    let limits = EvalLimits::default().with_time(Duration::from_secs(20)).with_output_bytes(4 * 1024 * 1024);
    let mut wrong = Vec::new();
    for source in [
        "[.context.items[] | select(.id % 2 == 0) | {id, name: (.name | ascii_upcase)}]",
        ".context.items | map(.id) | add",
        ".context.items | group_by(.id % 10) | map({key: (.[0].id % 10 | tostring), value: length}) | from_entries",
        "reduce .context.items[] as $i ({}; .[$i.name] = $i)",
        "[.context.items[].tags[]] | unique",
        "[limit(1000; .context.items[])] | length",
        "reduce range(20000) as $i (0; . + $i)",
        "0 | until(. > 5000; . + 1)",
        "[0 | while(. < 5000; . + 1)] | length",
        "def f: if . > 200 then . else . + 1 | f end; 0 | f",
        "def f: if . == 0 then 0 else 1 + (. - 1 | f) end; 20 | f",
        "[.. | numbers] | length",
        "[.context.items[] | tojson | fromjson | .id] | length",
        "reduce range(100) as $i (0; [.]) | tojson | length",
        "reduce range(20000) as $i (\"\"; . + \"x\") | length",
        ".context.items |= map(.id += 1) | .context.items | length",
        "def f(g): if . > 20 then g else . + 1 | f(g) end; 0 | f(. * 2)",
    ] {
        let (result, time) = run(source, &context, limits);
        if let Err(kind) = result {
            wrong.push((source, kind, time));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn programs_too_large_or_too_deep_are_refused_at_load() {
    let deep = |open: &str, close: &str, n| format!("{}1{}", open.repeat(n), close.repeat(n));
    for source in [
        deep("(", ")", 30_000),
        deep("[", "]", 30_000),
        deep("{a:", "}", 15_000),
        deep("-", "", 60_000),
        deep("try ", "", 15_000),
        deep("1|", "", 30_000),
        deep("1+", "", 30_000),
        deep("if ", " then 1 else 2 end", 2_500),
        deep("def f: ", "; 1", 6_000),
        deep(". as $x|", "", 8_000),
        deep("label $x|", "", 7_000),
        deep("\"\\(", ")\"", 12_000),
        deep("f(", ")", 20_000),
        deep("reduce ", " as $x (0; 1)", 2_500),
        deep(".[", "]", 20_000),
        deep("1 // ", "", 12_000),
        deep("1 or ", "", 12_000),
        format!(".{}", ".a".repeat(30_000)),
        ".a".repeat(30_000),
        format!("if 1 then 2 {} end", "elif 1 then 2 ".repeat(4_000)),
        format!("1 as [{}$a] | 1", "$a,".repeat(15_000)),
        format!("f({}1)", "1;".repeat(20_000)),
        " ".repeat(70_000),
    ] {
        let error = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
            let compile = || compile_for(&source, SiteClass::Transform).map(|_| ());
            thread.spawn_scoped(scope, compile).expect("a thread").join().expect("no panic")
        });
        assert!(error.is_err(), "{}", &source[..20]);
    }
}

#[test]
fn long_lists_objects_and_texts_are_not_deep() {
    let numbers: Vec<_> = (0..5000).map(|n| n.to_string()).collect();
    let members: Vec<_> = (0..1500).map(|n| format!("m{n}: .context.list[{n}]")).collect();
    let text: String = (0..2000).map(|n| format!("\\({n}) ")).collect();
    let context = json!({ "list": [1, 2, 3] });
    for source in [
        format!("[{}]", numbers.join(",")),
        format!("[({})]", numbers.join(",")),
        format!("{{{}}}", members.join(",")),
        format!("\"{text}\""),
    ] {
        let (result, _) = run(&source, &context, EvalLimits::default().with_time(Duration::from_secs(20)));
        assert!(result.is_ok(), "{}: {result:?}", &source[..20]);
    }
}
