use std::path::Path;

use jf_core::dsl::{SourceFile, TerminalStyle};
use serde_json::json;

use super::{Action, Scenario};
use crate::scenario::DriverKind;

fn read(text: &str) -> Result<Scenario, String> {
    let source = SourceFile::new("a.scenario.yaml", text).with_base("/scenarios");
    Scenario::read(&source).map_err(|faults| faults.to_terminal(TerminalStyle::Plain))
}

/// The faults of a file, one line each: code, line and column, message.
fn faults(text: &str) -> Vec<String> {
    let source = SourceFile::new("a.scenario.yaml", text);
    let faults = Scenario::read(&source).expect_err("it has faults");
    let told = faults.iter().map(|fault| {
        let at = source.position(fault.span.expect("a place").start);
        format!("{} {}:{} {}", fault.code, at.line, at.column, fault.message)
    });
    told.collect()
}

const WHOLE: &str = r#"
scenario: everything
covers: [STA-067]
definitions: [a.journey.yaml, more]
drivers: [engine, http]
config: { limits.syncWait: PT5S }
clock: "2026-01-05T08:00:00Z"
secrets: { "secret://tokens/x": t0k }
stubs:
  - name: one
    method: POST
    url: https://x.example/*/y
    query: { v: 2 }
    headers: { X-A: !matches "^a" }
    body: { id: !string }
    replies: [{ status: 202, headers: { X-Id: 1, Set-Cookie: [a=1, b=2] }, json: [1] }, { fail: timeout }, { text: ok, delay: PT2S }]
steps:
  - start: { journey: a, as: x, input: { n: 1 }, headers: { X-T: t }, query: { debug: "1" }, key: k }
    expect: { result: status, document: { journeyId: !capture id , steps: !unordered [1, !any ] } }
  - advance: P1D
  - submit: { run: x, step: s, payload: { id: $id }, ifSeq: 4 }
    expect: { result: error, problem: !exact { status: 409 } }
  - status: { run: $id }
  - outcome: { run: x, headers: { A: b } }
  - cancel: { run: x, key: c }
  - list: { phase: RUNNING, tag: [a, b] }
    expect: { result: page, document: { items: [] } }
  - callApi: { api: b }
    expect: { result: response, status: 200, headers: { Set-Cookie: !present }, body: 1 }
  - events: { run: x, after: 2 }
    expect: { result: events, kinds: [status, outcome] }
  - calls: !unordered [{ stub: one, times: 2 }]
  - topics: [{ topic: t, times: 1, key: k, value: { a: !number } }]
  - restart: {}
"#;

#[test]
fn the_whole_format_is_read() {
    let scenario = read(WHOLE).unwrap();
    assert_eq!(scenario.name(), "everything");
    assert_eq!(scenario.drivers(), Some(&[DriverKind::Engine, DriverKind::Http][..]));
    assert_eq!(scenario.definitions()[1], Path::new("/scenarios/more"));
    assert_eq!(scenario.clock.to_string(), "2026-01-05T08:00:00Z");
    assert_eq!(scenario.secrets["secret://tokens/x"], "t0k");
    let names: Vec<&str> = scenario.steps.iter().map(|step| step.action.name()).collect();
    assert_eq!(
        names,
        [
            "start", "advance", "submit", "status", "outcome", "cancel", "list", "callApi", "events",
            "calls", "topics", "restart"
        ]
    );
    let Action::List(parameters) = &scenario.steps[6].action else { panic!("a list") };
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(parameters, [("phase", "RUNNING"), ("tag", "a"), ("tag", "b")]);
    let Action::CallApi { input, .. } = &scenario.steps[7].action else { panic!("a call") };
    assert_eq!(*input, json!({}));
}

#[test]
fn every_fault_is_told_at_its_place() {
    let text = "\
scenario: 1
definitions: [a]
stub: []
drivers: [htp]
stubs:
  - { name: one, url: u, replies: [{ fail: never }] }
  - { name: one, url: u, bdy: 1 }
steps:
  - start: { journey: a, input: !any }
    expect: { result: page }
  - submit: { run: y, step: s }
  - advance: 1 day
  - expect: { result: status }
  - advance: PT1S
    expect: { result: status }
  - start: { journey: a }
    expect: { result: status, problem: {}, document: { a: !persent , b: !matches \"(\" } }
  - calls: [{ stub: won }]
  - restart: {}
    advance: PT1S
";
    assert_eq!(
        faults(text),
        [
            "JF7002 1:11 this is a text, not a number",
            "JF7001 3:1 a scenario has no key `stub`",
            "JF7002 4:11 `htp` is no driver; there are `engine`, `http` and `websocket`",
            "JF7002 6:44 `never` is no failure; there are `timeout` and `network`",
            "JF7004 7:13 there is another stub `one`",
            "JF7001 7:26 a stub has no key `bdy`",
            "JF7006 9:33 `!any` matches something, and here is nothing to match",
            "JF7005 10:23 `start` does not give `page`; it gives status, outcome, started, error",
            "JF7004 11:20 there is no run `y` up to here",
            "JF7002 12:14 expected an ISO-8601 duration such as `PT15M` or `P1DT12H`",
            "JF7003 13:5 a step needs an action",
            "JF7005 15:5 `advance` gives no answer of which something could be expected",
            "JF7005 17:31 `status` has no `problem`; it has `document`",
            "JF7006 17:59 `!persent` is no matcher",
            "JF7002 17:73 this is no regular expression: error: unclosed group",
            "JF7004 18:21 there is no stub `won` up to here",
            "JF7005 20:14 a step has one action; this is a second one",
        ]
    );
}

#[test]
fn a_near_miss_is_suggested() {
    let told = read("scenario: s\ndefinitions: [a]\nsteps:\n  - start: { jurney: a }\n").unwrap_err();
    assert!(told.contains("did you mean `journey`?"), "{told}");
    let told = read(
        "scenario: s\ndefinitions: [a]\nsteps:\n  - start: { journey: a, as: first }\n  - status: { run: frist }\n",
    );
    assert!(told.unwrap_err().contains("did you mean `first`?"));
}
