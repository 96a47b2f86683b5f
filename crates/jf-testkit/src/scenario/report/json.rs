//! For programs.

use serde_json::{Value, json};

use super::text::signed;
use super::{Counts, Report, Verdict};

/// One object: the counts, and every scenario in every variant.
///
/// Lines and columns count from 1, columns in Unicode scalar values.
#[must_use]
pub fn to_json(reports: &[Report]) -> Value {
    let counts = Counts::of(reports);
    json!({
        "passed": counts.passed,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "notRun": counts.unrunnable,
        "scenarios": reports.iter().map(scenario).collect::<Vec<_>>(),
    })
}

fn scenario(report: &Report) -> Value {
    let (result, reason) = match &report.verdict {
        Verdict::Passed => ("passed", None),
        Verdict::Failed(failure) => ("failed", Some(failure.diagnostic.message.clone())),
        Verdict::Skipped(reason) => ("skipped", Some(reason.clone())),
        Verdict::Invalid(faults) => {
            let first = faults.iter().find(|fault| fault.is_error()).map(ToString::to_string);
            ("notRun", Some(first.unwrap_or_default()))
        }
        Verdict::Broken(message) => ("notRun", Some(message.clone())),
    };
    let variant = report.variant.as_ref();
    json!({
        "file": report.file,
        "scenario": report.scenario,
        "covers": report.covers,
        "driver": variant.map(|variant| variant.driver.as_str()),
        "store": variant.map(|variant| &*variant.store),
        "restart": variant.map(|variant| variant.restart),
        "result": result,
        "reason": reason,
        "durationMs": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        "failure": failure(report),
    })
}

fn failure(report: &Report) -> Value {
    let Verdict::Failed(failure) = &report.verdict else { return Value::Null };
    let place = failure.diagnostic.source.as_ref().zip(failure.diagnostic.span);
    let place = place.map(|(source, span)| source.position(span.start));
    json!({
        "step": failure.step,
        "action": failure.action,
        "message": failure.diagnostic.message,
        "help": failure.diagnostic.help,
        "line": place.map(|at| at.line),
        "column": place.map(|at| at.column),
        "diff": failure.diff.iter().map(signed).collect::<Vec<_>>(),
        "trails": failure.trails.iter().map(|trail| json!({
            "run": trail.name, "journey": trail.journey, "states": trail.states,
        })).collect::<Vec<_>>(),
    })
}
