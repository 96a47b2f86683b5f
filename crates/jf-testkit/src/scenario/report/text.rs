//! For people.

use std::fmt::Write;

use jf_core::dsl::TerminalStyle;

use super::{Counts, DiffKind, DiffLine, Failure, Report, Trail, Verdict};

/// Failures with everything that helps to understand them, what was skipped and why, and one line of counts.
#[must_use]
pub fn to_text(reports: &[Report], style: TerminalStyle) -> String {
    let mut out = String::new();
    for report in reports {
        // Nothing can be done about a text that cannot be written to memory.
        let _ = match &report.verdict {
            Verdict::Passed => Ok(()),
            Verdict::Failed(failure) => failed(&mut out, report, failure, style),
            Verdict::Skipped(reason) => {
                writeln!(out, "skipped: {} ({})\n  {reason}\n", report.title(), report.file)
            }
            Verdict::Invalid(faults) => {
                write!(out, "not run: {} ({})\n\n{}", report.title(), report.file, faults.to_terminal(style))
            }
            Verdict::Broken(message) => {
                writeln!(out, "not run: {} ({})\n  {message}\n", report.title(), report.file)
            }
        };
    }
    out.push_str(&summary(reports));
    out.push('\n');
    out
}

fn failed(out: &mut String, report: &Report, failure: &Failure, style: TerminalStyle) -> std::fmt::Result {
    writeln!(out, "failed: {}\n", report.title())?;
    writeln!(out, "{}", failure.diagnostic.to_terminal(style))?;
    if !failure.diff.is_empty() {
        writeln!(out, "\n  - expected, + what came")?;
        for line in &failure.diff {
            writeln!(out, "  {}", coloured(line, style))?;
        }
    }
    if !failure.trails.is_empty() {
        out.push('\n');
    }
    for trail in &failure.trails {
        writeln!(out, "  {}", told(trail))?;
    }
    writeln!(out)
}

/// The way of one run on one line.
pub(super) fn told(trail: &Trail) -> String {
    format!("run {} of {}: {}", trail.name, trail.journey, trail.states.join(" → "))
}

/// A line of a difference with its sign.
pub(super) fn signed(line: &DiffLine) -> String {
    let sign = match line.kind {
        DiffKind::Same => ' ',
        DiffKind::Expected => '-',
        DiffKind::Actual => '+',
    };
    format!("{sign} {}", line.text)
}

fn coloured(line: &DiffLine, style: TerminalStyle) -> String {
    let text = signed(line);
    match (style, line.kind) {
        (TerminalStyle::Coloured, DiffKind::Expected) => format!("\u{1b}[31m{text}\u{1b}[0m"),
        (TerminalStyle::Coloured, DiffKind::Actual) => format!("\u{1b}[32m{text}\u{1b}[0m"),
        _ => text,
    }
}

fn summary(reports: &[Report]) -> String {
    let counts = Counts::of(reports);
    let mut files: Vec<&str> = reports.iter().map(|report| report.file.as_str()).collect();
    files.dedup();
    let mut parts = vec![format!("{} passed", counts.passed)];
    for (count, what) in
        [(counts.failed, "failed"), (counts.skipped, "skipped"), (counts.unrunnable, "not run")]
    {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let plural = if files.len() == 1 { "" } else { "s" };
    format!("{} ({} scenario{plural})", parts.join(", "), files.len())
}
