//! Definitions of two hundred lines checked per second on one core.

use std::fmt::Write as _;
use std::time::Instant;

use jf_dsl::SourceFile;

use crate::report::Report;
use crate::{Effort, system};

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let text = definition();
    let lines = text.lines().count();
    let registries = system::registries();
    let source = SourceFile::new("typical.journey.yaml", text.as_str());
    let mut rates = Vec::new();
    for _ in 0..effort.rounds {
        let (begin, mut checked) = (Instant::now(), 0_u32);
        while begin.elapsed() < effort.time {
            jf_dsl::load(&source, &registries).expect("the typical definition is valid");
            checked += 1;
        }
        rates.push(f64::from(checked) / begin.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    report.at_least(
        &format!("definitions of {lines} lines checked, one core"),
        rates[rates.len() / 2],
        "/s",
        2000.0,
    );
}

/// A journey of fourteen rounds of transform, choice and wait: the mix of states and expressions of real ones.
fn definition() -> String {
    let mut text = String::from(
        "apiVersion: v1\nkind: Journey\nmetadata: { name: typical, version: 1.0.0 }\nspec:\n  input:\n    schema:\n      \
         type: object\n      required: [amount]\n      properties:\n        amount: { type: number }\n  start: shape0\n  states:\n",
    );
    for round in 0..10 {
        let next = if round == 9 { "done".to_owned() } else { format!("shape{}", round + 1) };
        let written = write!(
            text,
            r#"    shape{round}:
      type: transform
      transform:
        mapper:
          lang: jq
          expr: '{{ total: (.context.amount * {round} + 1) }}'
        target: {{ kind: var }}
        resultVar: shaped{round}
      next: decide{round}
    decide{round}:
      type: choice
      choices:
        - when: {{ predicate: {{ lang: jq, expr: '.context.shaped{round}.total > 100' }} }}
          next: ask{round}
      default: {next}
    ask{round}:
      type: wait
      wait:
        input:
          schema: {{ type: object, required: [decision], properties: {{ decision: {{ enum: [go, stop] }} }} }}
      next: {next}
"#
        );
        written.expect("writing to a string cannot fail");
    }
    text.push_str("    done: { type: succeed }\n");
    text
}
