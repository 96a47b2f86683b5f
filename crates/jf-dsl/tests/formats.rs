//! The forms in which diagnostics are told: terminal, SARIF (DEF-010).

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::path::Path;

use jf_dsl::{
    Catalog, Diagnostics, RuleInfo, SarifRun, SourceFile, StaticCapabilities, TerminalStyle, load, rules,
};
use serde_json::{Value, json};

fn definition(name: &str, version: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Journey\nmetadata: {{ name: {name}, version: {version} }}\nspec:\n{spec}")
}

fn faults(name: &str, text: &str) -> Diagnostics {
    match load(&SourceFile::new(name, text), &StaticCapabilities::full()) {
        Ok(loaded) => loaded.warnings,
        Err(faults) => faults,
    }
}

/// Two files that say something else under one name and version.
fn clash() -> Diagnostics {
    let load = |name: &str, start: &str| {
        let text = definition(
            "order",
            "1.0.0",
            &format!("  start: {start}\n  states: {{ {start}: {{ type: succeed }} }}\n"),
        );
        load(&SourceFile::new(name, text), &StaticCapabilities::full()).unwrap()
    };
    Catalog::new(vec![load("a.journey.yaml", "done"), load("b.journey.yaml", "end")]).unwrap_err()
}

#[test]
fn def_029_both_files_of_a_clash_are_shown() {
    insta::assert_snapshot!(clash().to_terminal(TerminalStyle::Plain), @r#"
    error[JF5301]: `a.journey.yaml` has the same kind, name and version with another body
     --> b.journey.yaml:3:35
      |
    3 | metadata: { name: order, version: 1.0.0 }
      |                                   ^^^^^
      |
     ::: a.journey.yaml:3:35
      |
    3 | metadata: { name: order, version: 1.0.0 }
      |                                   ----- the first one
      |
      = help: give the changed definition a new version
      = note: DEF-029 at $.metadata.version
    "#);
}

#[test]
fn def_004_both_keys_are_shown_near_and_far() {
    let near = definition(
        "case",
        "1.0.0",
        "  start: done\n  states:\n    done: { type: succeed }\n    done: { type: succeed }\n",
    );
    insta::assert_snapshot!(faults("near.journey.yaml", &near).to_terminal(TerminalStyle::Plain), @r#"
    error[JF1010]: the key `done` is already there
     --> near.journey.yaml:8:5
      |
    7 |     done: { type: succeed }
      |     ---- the first one
    8 |     done: { type: succeed }
      |     ^^^^
      |
      = note: DEF-004 at $.spec.states.done
    "#);
    let between = "    # nothing\n".repeat(60);
    let far = format!(
        "apiVersion: v1\nkind: Journey\nmetadata: {{ name: case, version: 1.0.0 }}\nspec:\n  start: done\n  states:\n    done: {{ type: succeed }}\n{between}    \
         done: {{ type: succeed }}\n"
    );
    insta::assert_snapshot!(faults("far.journey.yaml", &far).to_terminal(TerminalStyle::Plain), @r#"
    error[JF1010]: the key `done` is already there
      --> far.journey.yaml:68:5
       |
    68 |     done: { type: succeed }
       |     ^^^^
       |
      ::: far.journey.yaml:7:5
       |
     7 |     done: { type: succeed }
       |     ---- the first one
       |
       = note: DEF-004 at $.spec.states.done
    "#);
}

/// The underline stands under the word, whatever the characters before it need on a terminal.
#[test]
fn wide_characters_tabs_and_marks_do_not_move_the_underline() {
    let text = definition(
        "case",
        "1.0.0",
        "  start: done\n  states:\n    done: { x-note: 審査\té👩‍👧, type: sucede }\n",
    );
    insta::assert_snapshot!(faults("wide.journey.yaml", &text).to_terminal(TerminalStyle::Plain), @r#"
    error[JF2004]: expected one of `task`, `choice`, `transform`, `parallel`, `wait`, `webhook`, `timer`, `subjourney`, `succeed`, `fail`, found `sucede`
     --> wide.journey.yaml:7:36
      |
    7 |     done: { x-note: 審査    é👩👧, type: sucede }
      |                                          ^^^^^^
      |
      = help: did you mean `succeed`?
      = note: STA-001 at $.spec.states.done.type
    "#);
    let marked = "\u{feff}apiVersion: v2\n";
    let shown = faults("marked.journey.yaml", marked).to_terminal(TerminalStyle::Plain);
    assert!(shown.contains("--> marked.journey.yaml:1:13"), "{shown}");
}

#[test]
fn nothing_in_a_document_commands_the_terminal() {
    let text = definition(
        "case",
        "1.0.0",
        "  start: done\n  \"\\u001b[31m\\u0007\": 1\n  states: { done: { type: succeed } }\n",
    );
    for name in ["case.journey.yaml", "ca\u{1b}[2Jse.journey.yaml"] {
        let shown = faults(name, &text).to_terminal(TerminalStyle::Plain);
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    }
}

#[test]
fn colours_are_for_those_who_ask() {
    let shown = clash();
    assert!(!shown.to_terminal(TerminalStyle::Plain).contains('\u{1b}'));
    assert!(shown.to_terminal(TerminalStyle::Coloured).contains("\u{1b}["));
}

/// A line that nobody would read is not quoted.
#[test]
fn endless_lines_are_not_quoted() {
    let note = "x".repeat(10_000);
    let text = definition(
        "case",
        "1.0.0",
        &format!("  start: done\n  states: {{ done: {{ x-note: {note}, type: sucede }} }}\n"),
    );
    let shown = faults("long.journey.yaml", &text).to_terminal(TerminalStyle::Plain);
    assert!(shown.len() < 1_000 && shown.contains("long.journey.yaml:6:"), "{shown}");
}

fn log(diagnostics: &Diagnostics, root: Option<&Path>) -> Value {
    let pages: Vec<&RuleInfo> = rules().iter().collect();
    diagnostics.to_sarif(&SarifRun { tool: "jf", version: "1.2.3", rules: &pages, root })
}

#[test]
fn sarif_results_have_rule_place_related_places_and_fixes() {
    let spec = "  start: done\n  start: done\n  states:\n    done: { tpye: succeed, type: succeed }\n  größe: 1\n  statess: 2\n  mapers: {}\n";
    let log = log(
        &faults("./sub dir/case.journey.yaml", &definition("case", "1.0.0", spec)),
        Some(Path::new("/work")),
    );
    let run = &log["runs"][0];
    assert_eq!((&log["version"], &run["columnKind"]), (&json!("2.1.0"), &json!("unicodeCodePoints")));
    let (results, rules) =
        (run["results"].as_array().unwrap(), run["tool"]["driver"]["rules"].as_array().unwrap());
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("```yaml wrong\n"));
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(*place, json!({"uri": "sub%20dir/case.journey.yaml", "uriBaseId": "%SRCROOT%"}));
        assert_eq!(result["partialFingerprints"]["journeyForge/v1"].as_str().unwrap().len(), 32);
    }
    let of = |path: &str| {
        let here =
            |result: &&Value| result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == path;
        results.iter().find(here).unwrap()
    };
    let twice = of("$.spec.start");
    assert_eq!(twice["relatedLocations"][0]["message"]["text"], "the first one");
    assert_eq!(
        twice["relatedLocations"][0]["physicalLocation"]["region"],
        json!({"startLine": 5, "startColumn": 3, "endLine": 5, "endColumn": 8})
    );
    let misspelt = of("$.spec.mapers");
    assert_eq!(misspelt["level"], "error");
    assert_eq!(
        misspelt["fixes"][0]["artifactChanges"][0]["replacements"][0],
        json!({
            "deletedRegion": {"startLine": 11, "startColumn": 3, "endLine": 11, "endColumn": 9},
            "insertedContent": {"text": "mappers"},
        })
    );
    assert!(of("$.spec.statess").get("fixes").is_none(), "`states` is there already");
}

#[test]
fn sarif_names_files_by_where_they_lie() {
    let uri = |name: &str, root: Option<&str>| {
        let log = log(&faults(name, "apiVersion: v2\n"), root.map(Path::new));
        log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"].clone()
    };
    let below = |uri: &str| json!({"uri": uri, "uriBaseId": "%SRCROOT%"});
    assert_eq!(uri("a:b/../ä#.journey.yaml", Some("/work")), below("%C3%A4%23.journey.yaml"));
    assert_eq!(uri("/work/x.journey.yaml", Some("/work/.")), below("x.journey.yaml"));
    assert_eq!(uri("../x.journey.yaml", Some("/work")), json!({"uri": "file:///x.journey.yaml"}));
    assert_eq!(uri("./x.journey.yaml", None), below("x.journey.yaml"));
}

/// `JF_SARIF_SCHEMA` names the file of the official JSON Schema (the npm package `@microsoft/jest-sarif` has it); without it
/// only the members that the schema requires are looked at.
#[test]
#[expect(clippy::disallowed_methods, reason = "the schema is a file of whoever runs the test")]
fn sarif_logs_are_valid() {
    let mut all = clash();
    for text in ["start: a\nstart: b\n", "\u{feff}kind: Jurney\nspec: { start: a }\n", "- [", ""] {
        all.append(faults("case.journey.yaml", text));
    }
    let log = log(&all, None);
    let run = &log["runs"][0];
    assert!(
        run["tool"]["driver"]["name"].is_string() && run["results"].as_array().unwrap().len() == all.len()
    );
    for result in run["results"].as_array().unwrap() {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for region in result.pointer("/locations/0/physicalLocation/region").into_iter() {
            assert!(region.as_object().unwrap().values().all(|number| number.as_u64().unwrap() >= 1));
        }
    }
    if let Some(path) = std::env::var_os("JF_SARIF_SCHEMA") {
        let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        // The pattern of these members, which we do not write, is no regular expression: it has a bracket too many.
        for of in ["run", "toolComponent"] {
            schema["definitions"][of]["properties"]["language"] = json!({"type": "string"});
        }
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
}
