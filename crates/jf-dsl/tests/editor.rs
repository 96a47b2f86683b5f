//! The JSON Schema of the language, held against the loader.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use jf_dsl::{Document, SizeLimits, language_schema, load_document, read_tree};
use serde_json::{Value, json};
use support::files;

/// What a schema cannot tell, and the rules that need it. Each rule is needed: some file is wrong by it and refused by no
/// shape.
const INEXPRESSIBLE: [(&str, &[&str]); 13] = [
    (
        "what a name refers to",
        &[
            "BND-011", "DEF-031", "DEF-041", "DEF-044", "DEF-095", "DEF-126", "DEF-131", "DEF-165",
            "DEF-186", "STA-005", "STA-017", "STA-085", "TSK-029", "TSK-031", "TSK-046", "TSK-100", "WS-009",
        ],
    ),
    ("what flows where", &["DEF-098", "DEF-166", "STA-011", "STA-014"]),
    ("that names differ", &["BND-012", "DEF-108", "STA-101", "TSK-027", "WS-011"]),
    ("that two members name the same", &["STA-063"]),
    ("which states an Api may have below its top level", &["STA-004"]),
    ("which ids are reserved for some state types", &["DEF-034"]),
    ("names of headers", &["DEF-071", "DEF-188"]),
    ("limits and values that are configured", &["DEF-014", "DEF-026", "DEF-109", "TSK-102"]),
    ("a map with `null` entries only", &["DEF-032"]),
    (
        "what is installed",
        &["DEF-030", "DEF-073", "DEF-180", "EXP-002", "EXP-030", "STA-001", "TSK-002", "TSK-004", "TSK-014"],
    ),
    (
        "expressions and placeholders",
        &["EXP-004", "EXP-009", "EXP-051", "EXP-054", "EXP-056", "STA-027", "TSK-022"],
    ),
    (
        "other files, and the name of this one",
        &["DEF-001", "DEF-066", "DEF-067", "TSK-033", "TSK-034", "TSK-081"],
    ),
    ("JSON Schemas and regular expressions inside", &["DEF-050", "DEF-051", "DEF-052", "DEF-059", "DEF-160"]),
];

/// Files that the loader takes and the schema refuses: an unknown member that is `null` is as good as absent (DEF-009), but
/// what editors say about unknown members is worth more.
const STRICTER: [&str; 2] =
    ["DEF-009-optional-members-that-are-null.journey.yaml", "combined/null-everywhere.journey.yaml"];

/// The interpreter with the validator; none where the machine has none.
#[expect(clippy::disallowed_methods, reason = "the test itself is told what to do, not the library")]
#[expect(clippy::print_stdout, reason = "says why the test did nothing")]
fn python() -> Option<std::ffi::OsString> {
    let found = std::env::var_os("JF_TEST_PYTHON");
    let required = std::env::var("JF_REQUIRE_CLIENTS").is_ok_and(|value| value == "1");
    assert!(found.is_some() || !required, "JF_REQUIRE_CLIENTS=1, but JF_TEST_PYTHON names no interpreter");
    if found.is_none() {
        println!("skipped: set JF_TEST_PYTHON to a Python interpreter with the `jsonschema` library");
    }
    found
}

/// What the validator says of each document.
fn validate(python: &std::ffi::OsStr, documents: &[Value]) -> BTreeMap<String, Vec<String>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/schema.py");
    let mut client = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter runs");
    let given = json!({ "schema": language_schema(), "documents": documents }).to_string();
    // It reads everything before it writes anything.
    client.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator failed");
    let lines = String::from_utf8(output.stdout).unwrap();
    let verdict = |line: &str| {
        let item: Value = serde_json::from_str(line).unwrap();
        let faults =
            item["faults"].as_array().unwrap().iter().map(|fault| fault.as_str().unwrap().to_owned());
        (item["name"].as_str().unwrap().to_owned(), faults.collect())
    };
    lines.lines().map(verdict).collect()
}

#[expect(clippy::disallowed_methods, reason = "the test itself is told what to do, not the library")]
fn bless() -> bool {
    std::env::var_os("JF_BLESS").is_some_and(|value| value == "1")
}

#[test]
fn the_committed_copy_is_up_to_date() {
    let copy = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/journey.schema.json");
    let schema = format!("{:#}\n", language_schema());
    assert!(schema.len() < 300_000, "editors read it at every start: {} bytes", schema.len());
    if bless() {
        std::fs::write(copy, &schema).unwrap();
    }
    let found = std::fs::read_to_string(copy).unwrap_or_default();
    assert!(
        found == schema,
        "docs/reference/journey.schema.json is not what the model says; JF_BLESS=1 writes it"
    );
}

/// Every schema of the document, with the way that leads to it.
fn each(schema: &Value, way: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(way, schema);
    match schema {
        Value::Object(members) => {
            members.iter().for_each(|(name, below)| each(below, &format!("{way}/{name}"), visit))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, below)| each(below, &format!("{way}/{at}"), visit))
        }
        _ => {}
    }
}

#[test]
fn def_007_every_shape_is_closed_and_every_member_has_a_text() {
    let schema = language_schema();
    let mut wrong = Vec::new();
    let mut members = 0;
    for (name, shape) in schema["definitions"].as_object().unwrap() {
        let Some(properties) = shape["properties"].as_object() else { continue };
        let free = shape["additionalProperties"] == true;
        if !free && shape["additionalProperties"] != false {
            wrong.push(format!("{name} is not closed"));
        }
        // DEF-008; an advisory block must be empty (DEF-196).
        if !free && shape["patternProperties"]["^x-"] != json!({}) && name != "Advisory" {
            wrong.push(format!("{name} refuses `x-` members"));
        }
        for (member, described) in properties {
            members += 1;
            let text = described["description"].as_str().unwrap_or_default();
            if !(text.contains("-0") || text.contains("-1")) || text.contains('\n') {
                wrong.push(format!("{name}.{member} has no text with a rule: {text:?}"));
            }
        }
    }
    each(&schema, "", &mut |way, below| {
        let target = below
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|target| target.strip_prefix("#/definitions/"));
        if target.is_some_and(|target| schema["definitions"].get(target).is_none()) {
            wrong.push(format!("{way} leads nowhere"));
        }
        // A state inside alternatives would be judged once per alternative, at every level of nesting.
        if target == Some("State") && (way.contains("anyOf") || way.contains("oneOf")) {
            wrong.push(format!("{way} tries states"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(members > 200, "only {members} members");
}

#[test]
fn sta_001_states_and_tasks_are_chosen_by_their_tag() {
    let schema = language_schema();
    for (shape, tag, word, then) in
        [("State", "type", "wait", "Wait"), ("TaskConfig", "kind", "httpCall:v1", "HttpCall")]
    {
        let shape = &schema["definitions"][shape];
        let case = shape["allOf"].as_array().unwrap().iter();
        let case = case.clone().find(|case| case["if"]["properties"][tag]["const"] == word).unwrap();
        assert_eq!(case["then"]["$ref"], format!("#/definitions/{then}"));
        assert_eq!(schema["definitions"][then]["properties"][tag]["const"], word);
    }
    let kinds = &schema["definitions"]["TaskConfig"]["properties"]["kind"];
    assert!(
        kinds["anyOf"].as_array().unwrap().contains(&json!({})),
        "TSK-004: plugins have kinds of their own"
    );
}

#[test]
fn sta_063_older_spellings_are_accepted_and_marked() {
    let schema = language_schema();
    for (shape, member) in
        [("WaitInput", "default"), ("ExternalInput", "default"), ("Transform", "resultVar")]
    {
        let old = &schema["definitions"][shape]["properties"][member];
        assert_eq!(old["deprecated"], true, "{shape}.{member}");
        assert!(old["deprecationMessage"].is_string(), "{shape}.{member}");
    }
}

#[test]
fn def_007_an_independent_validator_agrees_with_the_loader() {
    let Some(python) = python() else { return };
    let mut documents = Vec::new();
    let mut errors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (at, file) in files::all().into_iter().enumerate() {
        // A text that is no tree has no members to judge.
        let Ok(tree) = read_tree(&file.source, &SizeLimits::default()) else { continue };
        let name = format!("{at} {}", file.source.name());
        documents.push(json!({ "name": name, "document": tree.to_value() }));
        let found = match load_document(&file.source, &*file.capabilities) {
            Ok(Document::Definition(_) | Document::MetadataLimits { .. }) => BTreeSet::new(),
            Ok(other) => panic!("a document of an unknown kind: {other:?}"),
            Err(faults) => {
                faults.iter().filter(|item| item.is_error()).map(|item| item.rule.to_owned()).collect()
            }
        };
        errors.insert(name, found);
    }
    let verdicts = validate(&python, &documents);
    let known: BTreeSet<&str> = INEXPRESSIBLE.iter().flat_map(|(_, rules)| *rules).copied().collect();
    let mut wrong = Vec::new();
    let mut needed = BTreeSet::new();
    for (name, rules) in &errors {
        let faults = &verdicts[name];
        let stricter = STRICTER.iter().any(|file| name.ends_with(file));
        if rules.is_empty() && faults.is_empty() == stricter {
            wrong.push(format!("{name}: valid, and judged so: [{}]", faults.join("; ")));
        }
        if !rules.is_empty() && faults.is_empty() {
            needed.extend(rules.iter().map(String::as_str));
            let shape: Vec<&String> = rules.iter().filter(|rule| !known.contains(rule.as_str())).collect();
            if !shape.is_empty() {
                wrong.push(format!("{name}: accepted, though {shape:?} is broken"));
            }
        }
    }
    wrong.extend(known.difference(&needed).map(|rule| format!("{rule} is listed without need")));
    assert!(wrong.is_empty(), "{}\n\n{} of {}", wrong.join("\n"), wrong.len(), errors.len());
    assert!(errors.len() > 300, "only {} documents", errors.len());
}
