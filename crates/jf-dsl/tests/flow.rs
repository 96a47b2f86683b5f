//! Control flow: what is said about the graph of states (02 §2).

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use jf_dsl::{Diagnostics, SourceFile, StaticCapabilities, load};

fn judge(kind: &str, start: &str, lifecycle: &str, states: &str) -> Diagnostics {
    let text = format!(
        "apiVersion: v1\nkind: {kind}\nmetadata: {{ name: case, version: 1.0.0 }}\nspec:\n  input: {{ schema: {{}} }}\n  \
         output: {{ schema: {{}} }}\n{lifecycle}  start: {start}\n  states:\n{states}"
    );
    match load(&SourceFile::new("case.journey.yaml", text), &StaticCapabilities::full()) {
        Ok(loaded) => loaded.warnings,
        Err(faults) => faults,
    }
}

/// The rules and paths reported for a Journey whose states stand in shorthand, one per line: `id type target…`.
fn journey(states: &str) -> Vec<String> {
    let all = judge("Journey", first(states), "", &expand(states));
    all.iter()
        .map(|item| format!("{} {}", item.rule, item.path.to_string().replace("$.spec.states.", "")))
        .collect()
}

fn first(states: &str) -> &str {
    states.split_whitespace().next().unwrap()
}

fn expand(states: &str) -> String {
    states
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let next = words.get(2).copied().unwrap_or_default();
            let body = match words[1] {
                "work" => format!("type: transform, transform: {{ lang: jq, expr: .context }}, next: {next}"),
                "wait" => format!("type: wait, wait: {{ input: {{ schema: {{}} }} }}, next: {next}"),
                "late" => format!(
                    "type: wait, wait: {{ input: {{ schema: {{}} }}, timeoutSec: 5, onTimeout: {} }}, next: {next}",
                    words[3]
                ),
                "rest" => format!("type: timer, timer: {{ duration: PT1M }}, next: {next}"),
                "pick" => format!(
                    "type: choice, choices: [{{ when: {{ predicate: {{ lang: jq, expr: .x }} }}, next: {next} }}], default: {}",
                    words[3]
                ),
                "done" => "type: succeed".to_owned(),
                other => panic!("{other} is no shorthand"),
            };
            format!("    {}: {{ {body} }}\n", words[0])
        })
        .collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn sta_010_states_that_nothing_leads_to() {
    assert_eq!(journey("a work b\nb done\nc work d\nd done"), ["STA-010 c", "STA-010 d"]);
    assert_eq!(journey("a late b c\nb done\nc done"), NOTHING, "time-outs lead somewhere");
    assert_eq!(journey("a pick b c\nb done\nc done"), NOTHING);
}

#[test]
fn sta_011_groups_that_cannot_be_left_are_reported_once() {
    assert_eq!(journey("a pick b end\nb wait c\nc wait b\nend done"), ["STA-011 b"]);
    assert_eq!(journey("a wait b\nb wait c\nc wait a"), ["STA-011 a"]);
    assert_eq!(journey("a late a end\nend done"), NOTHING);
    assert_eq!(journey("a done\nb wait b"), ["STA-010 b"], "what is not reached is no dead end");
}

#[test]
fn sta_011_is_an_error_on_apis() {
    let all = judge("Api", "a", "", &expand("a work b\nb work a"));
    let found: Vec<(&str, bool)> = all.iter().map(|item| (item.rule, item.is_error())).collect();
    assert!(found.contains(&("STA-011", true)), "{all}");
}

#[test]
fn sta_012_cycles_without_a_rest_are_reported_once_per_group() {
    assert_eq!(journey("s pick a end\na work b\nb pick a s\nend done"), ["STA-012 s"]);
    assert_eq!(journey("a pick a end\nend done"), ["STA-012 a"], "a state that leads to itself");
    assert_eq!(journey("a pick b end\nb wait a\nend done"), NOTHING);
    let two = "a pick a c\nc pick c end\nend done";
    assert_eq!(journey(two), ["STA-012 a", "STA-012 c"]);
}

#[test]
fn sta_013_timers_on_the_way_of_a_synchronous_start() {
    let reported = |states: &str| journey(states) == ["STA-013 $.spec.lifecycle.startMode"];
    assert!(reported("a work b\nb rest c\nc done"));
    assert!(!reported("a wait b\nb rest c\nc done"), "an answer comes before");
    assert!(reported("a pick b c\nb wait d\nc rest d\nd done"), "on one way is enough");
    let lifecycle = "  lifecycle: { startMode: async }\n";
    assert!(judge("Journey", "a", lifecycle, &expand("a rest b\nb done")).is_empty());
}

/// A parallel state `p` before a timer `t`, with two branches of one state each.
fn parallel_then_timer(strategy: &str, left: &str, right: &str) -> Vec<String> {
    let branch = |name: &str, kind: &str| match kind {
        "wait" => format!(
            "{{ name: {name}, start: {name}, states: {{ {name}: {{ type: wait, wait: {{ input: {{ schema: {{}} }} }}, next: e }}, e: {{ type: succeed }} }} }}"
        ),
        "rest" => format!(
            "{{ name: {name}, start: {name}, states: {{ {name}: {{ type: timer, timer: {{ duration: PT1M }}, next: e }}, e: {{ type: succeed }} }} }}"
        ),
        _ => format!("{{ name: {name}, start: e, states: {{ e: {{ type: succeed }} }} }}"),
    };
    let states = format!(
        "    p: {{ type: parallel, parallel: {{ branches: [{}, {}], join: {{ strategy: {strategy}, resultVar: r }} }}, next: t }}\n    \
         t: {{ type: timer, timer: {{ duration: PT1M }}, next: d }}\n    d: {{ type: succeed }}\n",
        branch("l", left),
        branch("r", right),
    );
    judge("Journey", "p", "", &states).iter().map(|item| item.rule.to_owned()).collect()
}

#[test]
fn sta_013_the_search_goes_through_branches() {
    assert_eq!(parallel_then_timer("allOf", "wait", "end"), NOTHING, "one branch waits, so the join waits");
    assert_eq!(parallel_then_timer("allOf", "end", "end"), ["STA-013"]);
    assert_eq!(parallel_then_timer("anyOf", "wait", "end"), ["STA-013"], "the other branch is enough");
    assert_eq!(parallel_then_timer("firstCompleted", "wait", "wait"), NOTHING);
    assert_eq!(parallel_then_timer("allOf", "rest", "wait"), ["STA-013"], "the timer in the branch itself");
}

#[test]
fn sta_016_one_step_id_in_two_branches() {
    let wait = "{ type: wait, wait: { input: { schema: {} } }, next: e }";
    let scope = |ids: &[&str]| {
        let states: Vec<String> = ids.iter().map(|id| format!("{id}: {wait}")).collect();
        format!("start: {}, states: {{ {}, e: {{ type: succeed }} }}", ids[0], states.join(", "))
    };
    let nested = format!(
        "start: q, states: {{ q: {{ type: parallel, parallel: {{ branches: [{{ name: x, {} }}, {{ name: y, {} }}], join: {{ strategy: anyOf, resultVar: r }} }}, next: e }}, e: {{ type: succeed }} }}",
        scope(&["a"]),
        scope(&["b"])
    );
    let judge = |left: &str, right: &str| {
        let states = format!(
            "    p: {{ type: parallel, parallel: {{ branches: [{{ name: l, {left} }}, {{ name: r, {right} }}], join: {{ strategy: allOf, resultVar: r }} }}, next: d }}\n    d: {{ type: succeed }}\n"
        );
        let all = judge("Journey", "p", "", &states);
        all.iter().filter(|item| item.rule == "STA-016").map(|item| item.path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(judge(&scope(&["a"]), &scope(&["b"])), NOTHING);
    assert_eq!(judge(&scope(&["a"]), &scope(&["a"])), ["$.spec.states.p.parallel.branches[1].states.a"]);
    assert_eq!(
        judge(&scope(&["b"]), &nested),
        ["$.spec.states.p.parallel.branches[1].states.q.parallel.branches[1].states.b"],
        "branches inside branches count"
    );
}

#[test]
fn sta_005_targets_stay_in_their_scope() {
    let found = journey("a work c\nb done");
    assert_eq!(found, ["STA-005 a.next"], "an unknown target says nothing about what is reached");
}

#[test]
fn large_graphs_are_judged_without_deep_recursion() {
    let mut states = String::new();
    for at in 0..1_990 {
        states.push_str(&format!("s{at} work s{}\n", at + 1));
    }
    states.push_str("s1990 done\n");
    assert_eq!(journey(&states), NOTHING);
}
