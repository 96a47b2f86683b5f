//! For build servers.

use std::fmt::Write;
use std::time::Duration;

use jf_core::dsl::TerminalStyle;

use super::text::{signed, told};
use super::{Counts, Report, Verdict};

/// A JUnit document: a suite per file, a case per variant.
#[must_use]
pub fn to_junit(reports: &[Report]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Nothing can be done about a text that cannot be written to memory.
    let _ = suites(&mut out, reports);
    out
}

fn suites(out: &mut String, reports: &[Report]) -> std::fmt::Result {
    writeln!(out, "<testsuites {}>", numbers(reports))?;
    for suite in reports.chunk_by(|one, other| one.file == other.file) {
        writeln!(out, "  <testsuite name=\"{}\" {}>", escaped(&suite[0].file), numbers(suite))?;
        for report in suite {
            case(out, report)?;
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    Ok(())
}

fn numbers(reports: &[Report]) -> String {
    let counts = Counts::of(reports);
    let took: Duration = reports.iter().map(|report| report.took).sum();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\"",
        reports.len(),
        counts.failed,
        counts.unrunnable,
        counts.skipped,
        took.as_secs_f64()
    )
}

fn case(out: &mut String, report: &Report) -> std::fmt::Result {
    let (name, file) = (escaped(&report.title()), escaped(&report.file));
    write!(
        out,
        "    <testcase name=\"{name}\" classname=\"{file}\" time=\"{:.3}\"",
        report.took.as_secs_f64()
    )?;
    let (element, message, body) = match &report.verdict {
        Verdict::Passed => return writeln!(out, "/>"),
        Verdict::Skipped(reason) => ("skipped", reason.clone(), String::new()),
        Verdict::Failed(failure) => {
            let mut body = failure.diagnostic.to_terminal(TerminalStyle::Plain);
            body.push('\n');
            for line in failure.diff.iter().map(signed).chain(failure.trails.iter().map(told)) {
                body.push_str(&line);
                body.push('\n');
            }
            ("failure", failure.diagnostic.message.clone(), body)
        }
        Verdict::Invalid(faults) => {
            let first = faults.iter().next().map(ToString::to_string).unwrap_or_default();
            ("error", first, faults.to_terminal(TerminalStyle::Plain))
        }
        Verdict::Broken(message) => ("error", message.clone(), String::new()),
    };
    writeln!(out, ">")?;
    writeln!(out, "      <{element} message=\"{}\">{}</{element}>", escaped(&message), escaped(&body))?;
    writeln!(out, "    </testcase>")
}

/// Text in an attribute or an element; what XML 1.0 cannot hold becomes `?`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push('\t'),
            '\r' => out.push_str("&#13;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
