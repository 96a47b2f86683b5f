use serde_json::{Value, json};

use crate::support::{WAITING, folder, jf, jf_with_input, root};

const GREETING: &str = "\
apiVersion: v1
kind: Journey
metadata: { name: greeting, version: 1.0.0 }
spec:
  lifecycle: { startMode: MODE }
  input: { schema: { type: object, required: [name], properties: { name: { type: string } } } }
  start: known
  states:
    known:
      type: choice
      choices:
        - when: { predicate: { lang: jq, expr: '.context.name == \"nobody\"' } }
          next: unknown
      default: pause
    pause:
      type: timer
      timer: { duration: PT0.01S }
      next: greet
    greet:
      type: transform
      transform: { lang: jq, expr: '\"Hello, \" + .context.name', target: { kind: var }, resultVar: text }
      next: done
    done: { type: succeed, outputVar: text }
    unknown: { type: fail, errorCode: NOBODY, reason: Nobody is there }
";

fn document(text: &str) -> Value {
    serde_json::from_str(text).expect("exactly one JSON document")
}

#[test]
fn bnd_022_timers_are_waited_for_in_both_start_modes() {
    for mode in ["sync", "async"] {
        let folder =
            folder(&[("greeting.journey.yaml", &GREETING.replace("MODE", mode)), ("in.yaml", "name: Ada\n")]);
        let ran = jf(folder.path(), &["run", "greeting.journey.yaml", "--input", "in.yaml"]);
        assert_eq!(ran.status, 0, "{ran}");
        let outcome = document(&ran.out);
        assert_eq!((&outcome["phase"], &outcome["output"]), (&json!("SUCCEEDED"), &json!("Hello, Ada")));
    }
}

#[test]
fn bnd_024_a_run_that_waits_gives_its_status_whatever_the_start_mode() {
    let asynchronous = WAITING.replace("  start: ask", "  lifecycle: { startMode: async }\n  start: ask");
    for text in [WAITING, &asynchronous] {
        let folder = folder(&[("waiting.journey.yaml", text)]);
        let ran = jf(folder.path(), &["run", "waiting.journey.yaml", "--fail-on-failed"]);
        assert_eq!(ran.status, 0, "{ran}");
        let status = document(&ran.out);
        assert_eq!(
            (&status["phase"], &status["activeSteps"][0]["stepId"]),
            (&json!("RUNNING"), &json!("ask"))
        );
    }
}

#[test]
fn bnd_027_a_failed_outcome_is_status_0_or_3_on_request() {
    let folder = folder(&[("greeting.journey.yaml", &GREETING.replace("MODE", "sync"))]);
    let run = |flags: &[&str]| {
        let arguments = [&["run", "greeting.journey.yaml", "--input", "-"], flags].concat();
        jf_with_input(folder.path(), &arguments, r#"{"name": "nobody"}"#)
    };
    for (flags, status) in [(&[][..], 0), (&["--fail-on-failed"], 3)] {
        let ran = run(flags);
        assert_eq!(ran.status, status, "{ran}");
        assert_eq!(document(&ran.out)["error"]["code"], "NOBODY");
    }
}

#[test]
fn bnd_027_wrong_input_is_status_2_and_nothing_is_printed() {
    let folder = folder(&[("greeting.journey.yaml", &GREETING.replace("MODE", "sync"))]);
    for (name, input) in [
        ("schema", r#"{"name": 1}"#),
        ("missing", "{}"),
        ("no_object", "[]"),
        ("no_json", "{"),
        ("empty", " \n"),
    ] {
        let ran = jf_with_input(folder.path(), &["run", "greeting.journey.yaml", "--input", "-"], input);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{name}");
        insta::assert_snapshot!(format!("run_{name}"), ran.err);
    }
}

/// HTTP-013: what a request may not carry, the command does not take either; an endless input ends the command.
#[test]
fn bnd_021_the_input_is_bounded_like_the_body_of_a_request() {
    let large = format!(r#"{{"name": "{}"}}"#, "x".repeat(2000));
    let folder = folder(&[
        ("greeting.journey.yaml", &GREETING.replace("MODE", "sync")),
        ("large.json", &large),
        ("small.yaml", "limits.bodyBytes: 1500\n"),
        ("wide.yaml", "limits.bodyBytes: 2500\n"),
    ]);
    let run = |input: &str, config: &str| {
        let arguments = ["run", "greeting.journey.yaml", "--input", input, "--config", config];
        jf_with_input(folder.path(), &arguments, &large)
    };
    for (input, name) in [("-", "standard input"), ("large.json", "`large.json`")] {
        let refused = run(input, "small.yaml");
        assert_eq!((refused.status, refused.out.as_str()), (2, ""), "{refused}");
        let message = format!(
            "error: {name} has more than 1500 bytes, which is what `limits.bodyBytes` of the configuration allows\n"
        );
        assert_eq!(refused.err, message);
        assert_eq!(run(input, "wide.yaml").status, 0);
    }
    #[cfg(unix)]
    assert_eq!(run("/dev/zero", "small.yaml").status, 2);
}

#[test]
fn bnd_027_what_cannot_be_run_is_status_2() {
    let folder = folder(&[
        ("bad.journey.yaml", "apiVersion: v1\nkind: Journey\n"),
        ("slow.journey.yaml", crate::support::SLOW),
        ("waiting.journey.yaml", WAITING),
    ]);
    for (name, arguments) in [
        ("invalid", &["run", "bad.journey.yaml"][..]),
        ("unconfigured", &["run", "slow.journey.yaml"]),
        ("folder", &["run", "."]),
        ("absent", &["run", "no.journey.yaml"]),
        ("absent_input", &["run", "waiting.journey.yaml", "--input", "no.json"]),
    ] {
        let ran = jf(folder.path(), arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{name}: {ran}");
        insta::assert_snapshot!(format!("run_{name}"), ran.err);
    }
}

#[test]
fn bnd_024_an_api_gives_its_body_in_either_phase() {
    let file = "examples/journeys/price-quote.journey.yaml";
    let run = |input: &str, flags: &[&str]| {
        let arguments = [&["run", file, "--input", "-"], flags].concat();
        jf_with_input(&root(), &arguments, input)
    };
    let priced = run(r#"{"items": [{"sku": "tea", "quantity": 2}]}"#, &["--fail-on-failed"]);
    assert_eq!((priced.status, &document(&priced.out)["totalCents"]), (0, &json!(900)));
    let unknown = r#"{"items": [{"sku": "sofa", "quantity": 1}]}"#;
    assert_eq!(document(&run(unknown, &[]).out)["type"], "urn:example:unknown-article");
    assert_eq!((run(unknown, &[]).status, run(unknown, &["--fail-on-failed"]).status), (0, 3));
    assert_eq!(run("{}", &[]).status, 2);
}

/// BND-024: one file is run; the configuration of its deployment speaks of others as well.
#[test]
fn bnd_024_a_configuration_may_speak_of_definitions_that_are_not_run() {
    let folder = folder(&[
        ("waiting.journey.yaml", WAITING),
        ("jf.yaml", "serve: { waiting: 2.0.0, other: 1.0.0 }\nhttp.hidden: [other]\n"),
    ]);
    assert_eq!(jf(folder.path(), &["run", "waiting.journey.yaml"]).status, 0);
    let whole = jf(folder.path(), &["check", "."]);
    assert!(whole.status == 1 && whole.out.contains("3 errors"), "{whole}");
}

#[test]
fn bnd_026_a_run_tells_no_payloads() {
    let folder = folder(&[("greeting.journey.yaml", &GREETING.replace("MODE", "sync"))]);
    let arguments = ["run", "greeting.journey.yaml", "--input", "-", "--log", "trace"];
    for input in [r#"{"name": "s3cr3t"}"#, r#"{"name": ["s3cr3t"]}"#] {
        let ran = jf_with_input(folder.path(), &arguments, input);
        assert!(!ran.err.contains("s3cr3t"), "{ran}");
    }
}
