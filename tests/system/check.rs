//! Definitions that are none, through the command.

use serde_json::Value;

use crate::support::binary::run;

const HEAD: &str = "apiVersion: v1\nkind: Journey\nmetadata: { name: bad, version: 1.0.0 }\nspec:\n";

/// Checks one file; gives the report.
async fn check(name: &str, content: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, content).unwrap();
    let arguments = ["check".as_ref(), file.as_os_str(), "--format".as_ref(), "json".as_ref()];
    let output = run(arguments).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{name}: {errors}");
    assert!(!errors.contains("panicked"), "{name}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{name}: no report: {errors}"))
}

/// DEF-001, DEF-010, DEF-014: whatever a file holds, what is wrong is told with a code, a rule and a place.
#[tokio::test]
async fn def_010_every_bad_file_is_told_at_a_place() {
    let deep = format!("{HEAD}  start: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let deep_json = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let large = format!("{HEAD}  start: a # {}\n", "x".repeat(10_000_000));
    let cases: &[(&str, &[u8], u64)] = &[
        ("empty.journey.yaml", b"", 1),
        ("unclosed.journey.yaml", b"apiVersion: v1\nkind: [Journey\nmetadata: {}\n", 2),
        ("indentation.journey.yaml", b"apiVersion: v1\nmetadata:\n  name: x\n version: 1\n", 4),
        ("comma.journey.json", b"{\n  \"apiVersion\": \"v1\",\n}\n", 3),
        ("cut.journey.json", b"{\n  \"apiVersion\": \"v1", 2),
        ("twice.journey.yaml", b"apiVersion: v1\napiVersion: v1\n", 2),
        ("bytes.journey.yaml", b"apiVersion: v1\nkind: \xff\xfe\n", 2),
        ("list.journey.yaml", b"- 1\n- 2\n", 1),
        ("types.journey.yaml", b"apiVersion: 1\nkind: Journey\nmetadata: []\nspec: 5\n", 1),
        ("deep.journey.yaml", deep.as_bytes(), 5),
        ("deep.journey.json", deep_json.as_bytes(), 1),
        ("large.journey.yaml", large.as_bytes(), 1),
    ];
    for (name, content, line) in cases {
        let report = check(name, content).await;
        let found = report["diagnostics"].as_array().unwrap();
        assert!(!found.is_empty() && report["errors"].as_u64().unwrap() >= 1, "{name}: {report}");
        for diagnostic in found {
            assert!(diagnostic["code"].as_str().unwrap().starts_with("JF"), "{name}: {diagnostic}");
            assert!(
                diagnostic["message"].is_string() && diagnostic["rule"].is_string(),
                "{name}: {diagnostic}"
            );
            assert!(diagnostic["line"].is_u64() && diagnostic["column"].is_u64(), "{name}: {diagnostic}");
        }
        let lines: Vec<_> = found.iter().map(|diagnostic| diagnostic["line"].as_u64().unwrap()).collect();
        assert!(lines.contains(line), "{name}: {report}");
    }
}

/// DEF-010: all problems of a file at once, not the first one.
#[tokio::test]
async fn def_010_all_problems_are_told_at_once() {
    let states = "  start: nowhere\n  states:\n    a: { type: wiat, next: b }\n    c: { type: succeed, outptuVar: x }\n";
    let report = check("many.journey.yaml", format!("{HEAD}{states}").as_bytes()).await;
    assert!(report["errors"].as_u64().unwrap() >= 3, "{report}");
    let suggestions =
        report["diagnostics"].as_array().unwrap().iter().filter(|found| !found["suggestion"].is_null());
    assert!(suggestions.count() >= 2, "{report}");
}
