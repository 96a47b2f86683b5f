use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{WAITING, folder, jf, root};

const BROKEN: &str = "\
apiVersion: v1
kind: Journey
metadata: { name: broken, version: 1.0.0 }
spec:
  start: frist
  states:
    first:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: \".context.x ==\" } }
          next: done
      defualt: done
    done: { type: succeed }
";

/// Valid, but with a state that nothing leads to.
const WARNED: &str = "\
apiVersion: v1
kind: Journey
metadata: { name: warned, version: 1.0.0 }
spec:
  start: done
  states:
    done: { type: succeed }
    lost: { type: succeed }
";

#[test]
fn valid_definitions_are_status_0() {
    let ran = jf(&root(), &["check", "examples/journeys"]);
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "3 files checked, no problems\n", ""));
}

#[test]
fn def_010_everything_that_is_wrong_is_shown_with_the_lines_it_is_about() {
    let folder = folder(&[("broken.journey.yaml", BROKEN)]);
    let ran = jf(folder.path(), &["check", "."]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    insta::assert_snapshot!(ran.out);
}

#[test]
fn json_reports_have_the_documented_members() {
    let folder = folder(&[("broken.journey.yaml", BROKEN), ("warned.journey.yaml", WARNED)]);
    let ran = jf(folder.path(), &["check", ".", "--format", "json"]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["files"], 2);
    let diagnostics = report["diagnostics"].as_array().unwrap();
    let count = |severity: &str| diagnostics.iter().filter(|one| one["severity"] == severity).count();
    assert_eq!(
        (json!(count("error")), json!(count("warning"))),
        (report["errors"].clone(), report["warnings"].clone())
    );
    let start = diagnostics.iter().find(|one| one["path"] == "$.spec.start").unwrap();
    let members: Vec<&str> = start.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "file",
            "code",
            "severity",
            "rule",
            "path",
            "message",
            "help",
            "line",
            "column",
            "endLine",
            "endColumn",
            "suggestion",
            "labels",
            "fixes"
        ]
    );
    assert_eq!(
        (&start["file"], &start["line"], &start["column"]),
        (&json!("./broken.journey.yaml"), &json!(5), &json!(10))
    );
    assert_eq!((&start["rule"], &start["suggestion"]), (&json!("DEF-031"), &json!("first")));
}

#[test]
fn def_011_warnings_are_errors_only_when_asked_for() {
    let folder = folder(&[("warned.journey.yaml", WARNED)]);
    assert_eq!(jf(folder.path(), &["check", "."]).status, 0);
    let denied = jf(folder.path(), &["check", ".", "--deny-warnings"]);
    assert_eq!(denied.status, 1);
    assert!(denied.out.ends_with("1 file checked: 0 errors, 1 warning\n"), "{denied}");
}

#[test]
fn a_check_that_cannot_be_made_is_status_2() {
    let empty = folder(&[]);
    for (name, arguments) in [
        ("nothing", &["check"][..]),
        ("no_such_path", &["check", "no/such.journey.yaml", "nor/this"]),
        ("no_such_config", &["check", ".", "--config", "no.yaml"]),
    ] {
        let ran = jf(empty.path(), arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{name}");
        insta::assert_snapshot!(format!("check_{name}"), ran.err);
    }
}

#[test]
fn an_empty_folder_is_no_error_but_is_told() {
    let ran = jf(folder(&[]).path(), &["check", "."]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "0 files checked, no problems\n"));
    assert!(ran.err.starts_with("note: no definitions found"), "{ran}");
}

#[test]
fn def_001_a_file_with_another_ending_is_an_error() {
    let folder = folder(&[("waiting.yaml", WAITING)]);
    let ran = jf(folder.path(), &["check", "waiting.yaml"]);
    assert!(ran.status == 1 && ran.out.contains("JF1014"), "{ran}");
}

#[test]
fn def_082_configured_values_are_checked_where_a_configuration_is_known() {
    let needs = "\
apiVersion: v1
kind: Journey
metadata: { name: needs, version: 1.0.0 }
spec:
  platform: { config: { limit: { type: integer, required: true } } }
  start: done
  states: { done: { type: succeed } }
";
    let folder = folder(&[
        ("needs.journey.yaml", needs),
        ("empty.yaml", "# nothing\n"),
        ("wrong.yaml", "platform.config.needs.limit: ten\n"),
        ("right.yaml", "platform.config.needs.limit: 10\n"),
    ]);
    assert_eq!(jf(folder.path(), &["check", "."]).status, 0, "without a configuration nothing is known");
    for (config, status) in [("empty.yaml", 1), ("wrong.yaml", 1), ("right.yaml", 0)] {
        let ran = jf(folder.path(), &["check", ".", "--config", config]);
        assert_eq!(ran.status, status, "{config}: {ran}");
        assert_eq!(ran.out.contains("JF2112"), status == 1, "{ran}");
    }
}

/// DEF-081: only declared keys are bound, so a value for another one is a slip or dead.
#[test]
fn def_081_a_configured_key_that_is_not_declared_is_told_at_its_line() {
    let version = |version: &str, keys: &str| {
        format!(
            "apiVersion: v1\nkind: Journey\nmetadata: {{ name: trips, version: {version} }}\nspec:\n  \
             platform: {{ config: {{ {keys} }} }}\n  start: done\n  states: {{ done: {{ type: succeed }} }}\n"
        )
    };
    let first = version("1.0.0", "budgetUrl: { type: string, required: true }, currency: { type: string }");
    let second = version("2.0.0", "budgetUrl: { type: string }");
    let misspelt = "platform:\n  config:\n    trips:\n      bugetUrl: http://a\n";
    let dead = "platform.config.trips: { budgetUrl: http://a, currencys: EUR, currency: EUR, region: eu }\n";
    let folder = folder(&[
        ("trips-1.journey.yaml", &first),
        ("trips-2.journey.yaml", &second),
        ("misspelt.yaml", misspelt),
        ("dead.yaml", dead),
        ("other.yaml", "platform.config.trips.budgetUrl: http://a\nplatform.config.orders.limit: 1\n"),
    ]);
    let ran = jf(folder.path(), &["check", ".", "--config", "misspelt.yaml"]);
    insta::assert_snapshot!("check_misspelt_platform_config", ran.out);
    let ran = jf(folder.path(), &["check", ".", "--config", "dead.yaml"]);
    assert_eq!(ran.status, 0, "{ran}");
    insta::assert_snapshot!("check_dead_platform_config", ran.out);
    let ran = jf(folder.path(), &["check", ".", "--config", "other.yaml"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "2 files checked, no problems\n"), "{ran}");
}

#[test]
fn faults_of_the_configuration_are_reported_with_those_of_the_definitions() {
    let folder = folder(&[("broken.journey.yaml", BROKEN), ("jf.yaml", "http:\n  lisen: 127.0.0.1:1\n")]);
    let ran = jf(folder.path(), &["check", "broken.journey.yaml"]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("JF6001") && ran.out.contains("did you mean `http.listen`?"), "{ran}");
    assert!(ran.out.contains("JF3001"), "{ran}");
}

#[test]
fn def_116_a_second_limits_document_is_an_error() {
    let limits = "apiVersion: v1\nkind: MetadataLimits\nmetadata: { name: limits }\nspec: { attributes: { maxKeys: 3 } }\n";
    let folder = folder(&[("a.journey.yaml", limits), ("b.journey.yaml", limits)]);
    let ran = jf(folder.path(), &["check", "."]);
    assert!(ran.status == 1 && ran.out.contains("JF6006") && ran.out.contains("b.journey.yaml"), "{ran}");
}

#[test]
fn colours_are_for_terminals_or_for_who_asks() {
    let folder = folder(&[("broken.journey.yaml", BROKEN)]);
    for (arguments, coloured) in [
        (&["check", "."][..], false),
        (&["check", ".", "--color", "auto"], false),
        (&["check", ".", "--color", "always"], true),
        (&["--color=always", "check", "."], true),
        (&["check", ".", "--color", "never"], false),
    ] {
        let ran = jf(folder.path(), arguments);
        assert_eq!(ran.out.contains('\u{1b}'), coloured, "{arguments:?}");
        assert!(!ran.err.contains('\u{1b}'));
    }
}

/// DEF-010: the file says itself on which lines which codes are to be seen.
#[test]
fn def_010_ten_mistakes_are_ten_findings_in_one_run() {
    let file = "crates/jf-cli/tests/files/ten-mistakes.journey.yaml";
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let expected: Vec<(u64, &str)> = (1..)
        .zip(text.lines())
        .filter_map(|(line, text)| Some((line, text.rsplit_once(" # ")?.1)))
        .filter(|(_, code)| code.starts_with("JF"))
        .collect();
    assert_eq!(expected.len(), 10);
    let ran = jf(&root(), &["check", file, "--format", "json"]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let found: Vec<(u64, &str)> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    assert_eq!(found, expected);
    insta::assert_snapshot!(jf(&root(), &["check", file]).out);
}

#[test]
fn sarif_is_one_log_with_the_pages_of_what_was_found() {
    let folder = folder(&[("sub/broken.journey.yaml", BROKEN), ("jf.yaml", "http:\n  lisen: 127.0.0.1:1\n")]);
    let ran = jf(folder.path(), &["check", "sub", "--format", "sarif"]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    let run = &log["runs"][0];
    let ids = |list: &Value, member: &str| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|one| one[member].as_str().unwrap().to_owned()).collect()
    };
    let rules = ids(&run["tool"]["driver"]["rules"], "id");
    assert_eq!(rules, ids(&run["results"], "ruleId"));
    assert!(rules.contains("JF6001") && rules.contains("JF3001"), "{rules:?}");
    let uris: BTreeSet<&str> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["locations"][0]["physicalLocation"]["artifactLocation"])
        .inspect(|place| assert_eq!(place["uriBaseId"], "%SRCROOT%"))
        .map(|place| place["uri"].as_str().unwrap())
        .collect();
    assert_eq!(uris, BTreeSet::from(["jf.yaml", "sub/broken.journey.yaml"]));
}

#[test]
fn annotations_for_pull_requests_are_one_command_each() {
    let folder = folder(&[("broken.journey.yaml", BROKEN), ("warned.journey.yaml", WARNED)]);
    let ran = jf(folder.path(), &["check", ".", "--format", "github"]);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    insta::assert_snapshot!(ran.out);
}
