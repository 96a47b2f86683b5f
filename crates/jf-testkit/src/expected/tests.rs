use jf_core::dsl::Span;
use regex::Regex;
use serde_json::{Value, json};

use super::{Bindings, Comparison, DiffKind, Expected, ExpectedKind};

fn with(kind: ExpectedKind) -> Expected {
    Expected::new(kind, Span::default())
}

fn object(members: Vec<(&str, Expected)>, exact: bool) -> Expected {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    with(ExpectedKind::Object { members, exact })
}

fn fits(expected: &Expected, actual: &Value) -> bool {
    expected.matches(Some(actual), &mut Bindings::default())
}

#[test]
fn objects_are_subsets_unless_they_are_exact() {
    let plain = Expected::from(json!({ "a": 1, "b": { "c": null } }));
    assert!(fits(&plain, &json!({ "a": 1.0, "b": { "c": null, "d": 2 }, "e": 3 })));
    assert!(!fits(&plain, &json!({ "a": 1, "b": {} })));
    let exact = object(vec![("a", json!(1).into())], true);
    assert!(fits(&exact, &json!({ "a": 1 })));
    assert!(!fits(&exact, &json!({ "a": 1, "b": 2 })));
}

#[test]
fn matchers_say_what_a_value_is_like() {
    let regex = with(ExpectedKind::Matches(Regex::new("^a+$").unwrap()));
    assert!(fits(&regex, &json!("aa")) && !fits(&regex, &json!("ab")) && !fits(&regex, &json!(1)));
    assert!(
        fits(&with(ExpectedKind::AnyText), &json!("")) && !fits(&with(ExpectedKind::AnyText), &json!(null))
    );
    assert!(
        fits(&with(ExpectedKind::AnyNumber), &json!(0.5))
            && !fits(&with(ExpectedKind::AnyNumber), &json!("1"))
    );
    let absent = object(vec![("a", with(ExpectedKind::Absent))], false);
    assert!(fits(&absent, &json!({})) && !fits(&absent, &json!({ "a": null })));
    let present = object(vec![("a", with(ExpectedKind::Any))], false);
    assert!(!fits(&present, &json!({})) && fits(&present, &json!({ "a": null })));
}

#[test]
fn unordered_items_are_paired_so_that_all_fit_if_they_can() {
    // The first expectation fits both items; it must leave the first item to the second one.
    let greedy = with(ExpectedKind::Unordered(vec![with(ExpectedKind::Any), json!({ "a": 1 }).into()]));
    assert!(fits(&greedy, &json!([{ "a": 1 }, 2])));
    assert!(fits(&greedy, &json!([2, { "a": 1 }])));
    assert!(!fits(&greedy, &json!([2, 3])));
    assert!(!fits(&greedy, &json!([{ "a": 1 }])));
}

#[test]
fn what_is_captured_is_inserted_later() {
    let mut bindings = Bindings::default();
    let capture = object(vec![("id", with(ExpectedKind::Capture("id".to_owned())))], false);
    assert!(capture.matches(Some(&json!({ "id": "j-1" })), &mut bindings));
    bindings.bind("n", json!(7));
    assert_eq!(bindings.insert("/runs/$id/$n?x=$other$"), json!("/runs/j-1/7?x=$other$"));
    assert_eq!(bindings.insert("$n"), json!(7));
    assert_eq!(bindings.insert("$idle"), json!("j-1le"));
    assert!(Expected::from(json!({ "ref": "$id" })).matches(Some(&json!({ "ref": "j-1" })), &mut bindings));
}

#[test]
fn a_difference_shows_both_sides_where_they_differ_and_the_rest_once() {
    let expected = object(
        vec![
            ("phase", json!("SUCCEEDED").into()),
            ("steps", with(ExpectedKind::Array(vec![json!({ "id": "a" }).into()]))),
            ("gone", with(ExpectedKind::Absent)),
            ("due", with(ExpectedKind::AnyText)),
        ],
        false,
    );
    let actual =
        json!({ "phase": "RUNNING", "steps": [{ "id": "b", "type": "wait" }], "gone": 1, "other": [1] });
    let comparison = Comparison::of(&expected, Some(&actual), &Bindings::default());
    let text: Vec<String> = comparison
        .lines
        .iter()
        .map(|line| {
            let sign = match line.kind {
                DiffKind::Same => ' ',
                DiffKind::Expected => '-',
                DiffKind::Actual => '+',
            };
            format!("{sign}{}", line.text)
        })
        .collect();
    assert_eq!(
        text,
        [
            " {",
            "-  \"phase\": \"SUCCEEDED\"",
            "+  \"phase\": \"RUNNING\"",
            "   \"steps\": [",
            "     {",
            "-      \"id\": \"a\"",
            "+      \"id\": \"b\"",
            "       \"type\": \"wait\"",
            "     }",
            "   ]",
            "+  \"gone\": 1",
            "   \"other\": [1]",
            "-  \"due\": !string",
            " }",
        ]
    );
    let places: Vec<String> = comparison.mismatches.iter().map(|at| at.path.to_string()).collect();
    assert_eq!(places, ["$.phase", "$.steps[0].id", "$.gone", "$.due"]);
}
