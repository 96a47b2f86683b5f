//! `jf test`: what is printed, in which form, and with which status.

use serde_json::Value;

use crate::support::{folder, jf};

const JOURNEY: &str = r#"
apiVersion: v1
kind: Journey
metadata: { name: order, version: 1.0.0 }
spec:
  lifecycle: { startMode: sync }
  start: stock
  states:
    stock:
      type: task
      task: { kind: httpCall:v1, method: GET, url: "https://stock.example.com/items/${context.sku}", resultVar: stock }
      next: decide
    decide:
      type: wait
      wait: { input: { schema: { type: object } }, timeoutSec: 3600, onTimeout: late }
      next: done
    done: { type: succeed, outputVar: stock }
    late: { type: fail, errorCode: LATE, reason: nobody decided }
"#;

const HEAD: &str = r"
scenario: an order is decided
covers: [STA-062]
definitions: [order.journey.yaml]
stubs:
  - { name: stock, method: GET, url: https://stock.example.com/items/*, replies: [{ json: { left: 3 }, delay: PT1S }] }
steps:
  - start: { journey: order, input: { sku: tea } }
";

fn scenario(steps: &str) -> String {
    format!("{}{steps}", HEAD.trim_start())
}

const PASSES: &str = r"    expect: { result: status, document: { currentState: decide } }
  - submit: { step: decide, payload: {} }
    expect: { result: status, document: { phase: SUCCEEDED } }
";

#[test]
fn what_passes_is_counted_and_status_0() {
    let text = scenario(PASSES);
    let folder = folder(&[("order.journey.yaml", JOURNEY), ("a.scenario.yaml", &text)]);
    let ran = jf(folder.path(), &["test", "."]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "2 passed (1 scenario)\n"), "{ran}");
    let ran = jf(folder.path(), &["test", ".", "--store", "memory", "--store", "sqlite", "--restart"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "4 passed (1 scenario)\n"), "{ran}");
}

/// The step, the place, the difference, and the way of the run.
#[test]
fn what_fails_is_shown_with_everything_around_it() {
    let wrong_phase = scenario(
        &PASSES.replace("phase: SUCCEEDED", "phase: FAILED, output: !absent , _links: { cancel: !absent }"),
    );
    let wrong_calls = scenario("  - calls: [{ stub: stock, times: 2 }]\n");
    let refused = scenario("  - submit: { step: nowhere }\n");
    let wrong_kind = scenario("  - outcome: {}\n    expect: { result: outcome }\n");
    let no_stub = scenario("").replace("items/*", "items/coffee");
    // Ids are random.
    let id = regex::Regex::new("[A-Za-z0-9_-]{22}").expect("a pattern");
    for (name, text) in [
        ("document", &wrong_phase),
        ("calls", &wrong_calls),
        ("refused", &refused),
        ("kind", &wrong_kind),
        ("no_stub", &no_stub),
    ] {
        let folder = folder(&[("order.journey.yaml", JOURNEY), ("a.scenario.yaml", text)]);
        let ran = jf(folder.path(), &["test", "a.scenario.yaml", "--driver", "engine"]);
        assert_eq!((ran.status, ran.err.as_str()), (1, ""), "{name}: {ran}");
        insta::assert_snapshot!(format!("test_fails_{name}"), id.replace_all(&ran.out, "<id>"));
    }
}

#[test]
fn what_cannot_be_run_is_status_2() {
    let misspelt = scenario(PASSES).replace("journey: order", "jurney: order");
    let missing = scenario(PASSES).replace("order.journey.yaml", "other.journey.yaml");
    let broken = JOURNEY.replace("next: done", "next: dome");
    for (name, journey, text) in [
        ("misspelt", JOURNEY, &misspelt),
        ("missing", JOURNEY, &missing),
        ("broken", &broken, &scenario(PASSES)),
    ] {
        let folder = folder(&[("order.journey.yaml", journey), ("a.scenario.yaml", text)]);
        let ran = jf(folder.path(), &["test", "."]);
        assert_eq!(ran.status, 2, "{name}: {ran}");
        insta::assert_snapshot!(format!("test_not_run_{name}"), ran.out);
    }
    let empty = folder(&[]);
    for arguments in [&["test"][..], &["test", "."], &["test", "no/such"]] {
        let ran = jf(empty.path(), arguments);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.starts_with("error: "), "{ran}");
    }
}

#[test]
fn what_is_not_installed_is_skipped_with_the_reason() {
    let journey = JOURNEY.replace(
        "done: { type: succeed, outputVar: stock }",
        "done: { type: transform, transform: { lang: dataweave, expr: payload, target: { kind: var }, resultVar: x }, next: end }\n    end: { type: succeed }",
    );
    let folder = folder(&[("order.journey.yaml", &journey), ("a.scenario.yaml", &scenario(PASSES))]);
    let ran = jf(folder.path(), &["test", "."]);
    assert_eq!(ran.status, 0, "{ran}");
    assert!(ran.out.contains("skipped: an order is decided") && ran.out.contains("`dataweave`"), "{ran}");
}

#[test]
fn reports_for_tools_hold_what_the_text_says() {
    let text = scenario("  - submit: { step: nowhere }\n");
    let folder = folder(&[
        ("order.journey.yaml", JOURNEY),
        ("a.scenario.yaml", &text),
        ("b.scenario.yaml", &scenario(PASSES).replace("an order is decided", "b < \"c\"")),
    ]);
    let ran = jf(folder.path(), &["test", ".", "--driver", "engine", "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out).expect("it is JSON");
    assert_eq!((ran.status, &report["passed"], &report["failed"]), (1, &1.into(), &1.into()));
    let failed = &report["scenarios"][0];
    assert_eq!((&failed["file"], &failed["result"]), (&"./a.scenario.yaml".into(), &"failed".into()));
    assert_eq!((&failed["failure"]["step"], &failed["failure"]["line"]), (&2.into(), &8.into()));
    assert_eq!(failed["failure"]["trails"][0]["states"], serde_json::json!(["stock", "decide"]));

    let ran = jf(folder.path(), &["test", ".", "--driver", "engine", "--format", "junit"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.out.contains("<testsuites tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time="),
        "{ran}"
    );
    assert!(ran.out.contains("name=\"b &lt; &quot;c&quot; [engine, memory]\""), "{ran}");
    assert!(ran.out.contains("<failure message=\"step 2, submit: it was refused"), "{ran}");

    let ran = jf(folder.path(), &["test", ".", "--driver", "engine", "--filter", "b <"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "1 passed (1 scenario)\n"), "{ran}");
}
