use jf_core::TerminationKind;
use serde_json::{Value, json};

use crate::support::{World, journey, urn};

/// A transform, then the whole context as output; `view` is shown on failure as well.
fn transform(block: &str) -> String {
    format!(
        "start: map\nstates:\n  map: {{ type: transform, transform: {block}, next: done }}\n  done: {{ type: succeed }}\n\
         output: {{ response: {{ outputVar: view, schema: {{ type: object }} }} }}\n"
    )
}

fn run(block: &str, input: Value) -> World {
    World::start(journey(&transform(block)), input)
}

fn mapper(expr: &str) -> String {
    format!("mapper: {{ lang: mini, expr: '{expr}' }}")
}

/// Also STA-053.
#[test]
fn sta_054_a_context_transform_replaces_the_context_or_the_value_at_a_path() {
    let whole = format!("{{ {} }}", mapper(r#"{"b":"=context.a"}"#));
    assert_eq!(run(&whole, json!({ "a": 1 })).output(), &json!({ "b": 1 }));
    let path = format!("{{ {}, target: {{ kind: context, path: x.y }} }}", mapper(r#"{"b":"=context.a"}"#));
    assert_eq!(
        run(&path, json!({ "a": 1, "x": { "z": 2 } })).output(),
        &json!({ "a": 1, "x": { "z": 2, "y": { "b": 1 } } })
    );
    let empty = format!("{{ {}, target: {{ path: '' }} }}", mapper("{}"));
    assert_eq!(run(&empty, json!({ "a": 1 })).output(), &json!({}), "STA-053");
}

/// Also STA-008.
#[test]
fn sta_054_another_result_type_fails_the_state() {
    for target in ["", ", target: { path: x }"] {
        for expr in ["1", "null", "[1]", r#""text""#] {
            let world = run(&format!("{{ {}{target} }}", mapper(expr)), json!({ "view": { "kept": true } }));
            assert_eq!(world.error().0, urn("transform-result"), "{expr}");
            assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
            assert_eq!(world.outcome().projection["kept"], true, "STA-008");
        }
    }
}

#[test]
fn sta_055_a_variable_takes_any_value() {
    for value in [json!(null), json!(1.5), json!("x"), json!([1, { "a": 2 }]), json!({ "a": 1 })] {
        let block = format!("{{ {}, target: {{ kind: var }}, resultVar: v }}", mapper(&value.to_string()));
        assert_eq!(run(&block, json!({ "a": 1 })).output(), &json!({ "a": 1, "v": value }));
    }
}

#[test]
fn sta_009_a_path_through_another_type_fails_the_state() {
    let block = format!("{{ {}, target: {{ path: a.b.c }} }}", mapper("{}"));
    for (input, conflict) in [
        (json!({ "a": 1 }), true),
        (json!({ "a": { "b": [] } }), true),
        (json!({ "a": null }), false),
        (json!({ "a": { "b": null } }), false),
        (json!({}), false),
    ] {
        let world = run(&block, input.clone());
        if conflict {
            assert_eq!(world.error().0, urn("path-conflict"), "{input}");
        } else {
            assert_eq!(world.output()["a"]["b"]["c"], json!({}), "{input}");
        }
    }
}

#[test]
fn sta_050_the_three_spellings_of_a_mapper_are_one() {
    let expr = r#"{"b":"=context.a"}"#;
    let spellings = [
        (format!("{{ lang: mini, expr: '{expr}' }}"), ""),
        (format!("{{ {} }}", mapper(expr)), ""),
        ("{ mapperRef: m }".to_owned(), "mappers: { m: { lang: mini, expr: '{\"b\":\"=context.a\"}' } }\n"),
    ];
    for (block, extra) in spellings {
        let world = World::start(journey(&format!("{}{extra}", transform(&block))), json!({ "a": 1 }));
        assert_eq!(world.output(), &json!({ "b": 1 }), "{block}");
    }
}

/// Also EXP-040.
#[test]
fn sta_058_an_evaluation_error_is_the_problem_of_the_expression() {
    let world = run(&format!("{{ {} }}", mapper(r#"{"$fail":1}"#)), json!({ "secret": "s3cr3t" }));
    assert_eq!(world.error().0, "https://journeyforge.dev/problem/expressions/mini/null-dereference");
    assert_eq!(world.run.termination(), Some(TerminationKind::RuntimeError));
    assert_eq!(world.problem()["code"], "MN_NULL_DEREFERENCE");
    assert!(!world.problem().to_string().contains("s3cr3t"), "EXP-040");
}

#[test]
fn def_203_a_context_beyond_the_ceiling_fails_the_writing_state() {
    let block = format!("{{ {}, target: {{ kind: var }}, resultVar: big }}", mapper(r#"{"$repeat":[1000]}"#));
    let program = || journey(&transform(&block));
    let fits = World::with(program(), json!({}), |world| world.limits.context_bytes = 1010);
    assert_eq!(fits.output()["big"].as_str().map(str::len), Some(1000));
    let beyond = World::with(program(), json!({}), |world| world.limits.context_bytes = 1009);
    assert_eq!(beyond.error().0, urn("internal"));
    assert_eq!(beyond.run.termination(), Some(TerminationKind::RuntimeError));
}

#[test]
fn def_203_a_context_cannot_grow_deeper_without_bound() {
    let spec = "
start: wrap
states:
  wrap: { type: transform, transform: { mapper: { lang: mini, expr: '{\"a\":\"=context\"}' } }, next: again }
  again:
    type: choice
    choices: [{ when: { predicate: { lang: mini, expr: 'false' } }, next: done }]
    default: wrap
  done: { type: succeed }
";
    let world = World::start(journey(spec), json!({}));
    assert_eq!(world.error().0, urn("internal"));

    // The deepest context there can be still survives a snapshot, as context and as output (checked by `World`).
    let spec = spec.replace("expr: 'false'", "expr: '{\"$eq\":[\"=context.a.n\",250]}'");
    let spec =
        spec.replace("'{\"a\":\"=context\"}'", "'{\"a\":\"=context\",\"n\":{\"$add\":[1,\"=context.n\"]}}'");
    let world = World::start(journey(&spec), json!({ "n": 1 }));
    assert_eq!(world.output()["n"], 251);
}

/// Also STA-057.
#[test]
fn sta_056_attributes_are_written_once_and_shown() {
    let spec = "
start: tag
states:
  tag:
    type: transform
    transform: { mapper: { lang: mini, expr: '\"=context.add\"' }, target: { kind: attributes } }
    next: hold
  hold: { type: wait, wait: { input: { schema: {} } }, next: done }
  done: { type: succeed }
metadata: { bindings: { attributes: { fromPayload: { orderId: { path: id } } } } }
";
    let add = json!({ "name": "x", "count": 5.0, "flag": true, "list": [1], "skipped": null });
    let mut world = World::start(journey(spec), json!({ "id": "o1", "add": add }));
    let expected = json!({ "orderId": "o1", "name": "x", "count": "5", "flag": "true", "list": "[1]" });
    assert_eq!(serde_json::to_value(world.run.status().attributes).unwrap(), expected, "STA-057");
    world.submit("hold", json!(1));
    assert_eq!(serde_json::to_value(&world.outcome().attributes).unwrap(), expected);

    let refused = [
        (json!({ "orderId": "o1" }), "attribute-exists"),
        (json!({ "ok": 1, "orderId": "other" }), "attribute-exists"),
        (json!({ "x".repeat(33): 1 }), "attribute-limit"),
        (json!({ "long": "ü".repeat(257) }), "attribute-limit"),
        (
            (0..16).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into(),
            "attribute-limit",
        ),
        (json!([1]), "transform-result"),
    ];
    for (add, code) in refused {
        let world = World::start(journey(spec), json!({ "id": "o1", "add": add }));
        assert_eq!(world.error().0, urn(code), "{add}");
        assert_eq!(world.outcome().attributes.len(), 1, "nothing is written: {add}");
    }
    let most = (0..15).map(|n| (format!("k{n}"), json!("ü".repeat(256)))).collect::<serde_json::Map<_, _>>();
    let world = World::start(journey(spec), json!({ "id": "o1", "add": most }));
    assert_eq!(world.run.attributes().len(), 16);
}
