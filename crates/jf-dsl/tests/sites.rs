//! What expression engines are told about the place of an expression.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jf_dsl::{
    Capabilities, ExpressionCheck, ExpressionSite, Feature, SourceFile, TaskFinding, TaskKind, TaskSite, load,
};
use serde_json::Value;

/// Accepts everything and keeps the names that are bound at each place.
#[derive(Default)]
struct Listening(RefCell<BTreeMap<String, Vec<String>>>);

impl Capabilities for Listening {
    fn supports(&self, _: Feature) -> bool {
        true
    }

    fn binding(&self, _: &str) -> bool {
        true
    }

    fn languages(&self) -> Vec<String> {
        vec!["jq".to_owned()]
    }

    fn check_expression(&self, site: &ExpressionSite<'_>) -> ExpressionCheck {
        let names = site.extra.iter().map(|name| (*name).to_owned()).collect();
        self.0.borrow_mut().insert(site.path.to_string().replace("$.spec.", ""), names);
        ExpressionCheck::Accepted
    }

    fn task_kinds(&self) -> Vec<String> {
        vec!["probe:v1".to_owned()]
    }

    fn check_task(&self, _: &TaskKind, _: &Value, site: &TaskSite<'_>) -> Vec<TaskFinding> {
        let names = site.extra.iter().map(|name| (*name).to_owned()).collect();
        self.0.borrow_mut().insert(site.path.to_string().replace("$.spec.", ""), names);
        Vec::new()
    }
}

const JOURNEY: &str = "
apiVersion: v1
kind: Journey
metadata: { name: case, version: 1.0.0 }
spec:
  start: p
  states:
    p:
      type: parallel
      parallel:
        branches:
          - { name: left, start: e, states: { e: { type: succeed } } }
          - { name: right, start: e, states: { e: { type: succeed } } }
        join: { strategy: allOf, mapperRef: joined, resultVar: r }
      next: shape
    shape: { type: transform, transform: { lang: jq, expr: .context }, next: call }
    call: { type: task, task: { kind: 'probe:v1' }, next: done }
    done: { type: succeed }
  mappers: { joined: { lang: jq, expr: $branches } }
  outcomes: { good: { when: { phase: SUCCEEDED, predicate: { lang: jq, expr: $output.ok } } } }
  compensation:
    start: p
    alsoFor: [{ when: { predicate: { lang: jq, expr: $outcome.ok } } }]
    states:
      p:
        type: parallel
        parallel:
          branches:
            - { name: left, start: e, states: { e: { type: succeed } } }
            - { name: right, start: e, states: { e: { type: succeed } } }
          join: { strategy: allOf, mapper: { lang: jq, expr: $branches }, resultVar: r }
        next: call
      call: { type: task, task: { kind: 'probe:v1' }, next: e }
      e: { type: succeed }
";

#[test]
fn exp_011_engines_are_told_which_names_are_bound() {
    let listening = Listening::default();
    load(&SourceFile::new("case.journey.yaml", JOURNEY), &listening).unwrap();
    let sites = listening.0.into_inner();
    let bound = |path: &str| sites[path].join(" ");
    assert_eq!(bound("states.p.parallel.join.mapperRef"), "branches", "EXP-071: those of the place of use");
    assert_eq!(bound("states.shape.transform"), "");
    assert_eq!(bound("mappers.joined"), "branches outcome output", "DEF-127: whatever a use may bind");
    assert_eq!(bound("outcomes.good.when.predicate"), "output");
    assert_eq!(bound("compensation.alsoFor[0].when.predicate"), "output outcome");
    assert_eq!(bound("compensation.states.p.parallel.join.mapper"), "output outcome branches");
    assert_eq!(bound("states.call.task"), "", "plugins are told as well");
    assert_eq!(bound("compensation.states.call.task"), "output outcome");
    assert_eq!(sites.len(), 8);
}
