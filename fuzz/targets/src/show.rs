//! Diagnostics that can be shown, and that point into the text they speak of.

use std::path::Path;

use jf_dsl::{Diagnostics, RuleInfo, SarifRun, SourceFile, Span, TerminalStyle, explain, rules};

/// Checks all diagnostics of an input.
pub(crate) fn show(all: &Diagnostics) {
    for item in all {
        if let Some(source) = &item.source {
            if let Some(span) = item.span {
                inside(source, span);
            }
            for label in &item.labels {
                inside(label.source.as_ref().unwrap_or(source), label.span);
            }
            for fix in &item.fixes {
                assert!(
                    fix.edits.is_sorted_by(|a, b| a.span.end <= b.span.start),
                    "overlapping edits: {fix:?}"
                );
                fix.edits.iter().for_each(|edit| inside(source, edit.span));
            }
        }
        assert!(explain(item.code).is_some(), "{} has no page", item.code);
        assert!(!item.message.is_empty() && !item.rule.is_empty());
    }
    let plain = all.to_terminal(TerminalStyle::Plain);
    assert_eq!(plain.is_empty(), all.is_empty());
    let _ = all.to_terminal(TerminalStyle::Coloured);
    assert!(all.to_json(1).is_object());
    assert_eq!(all.to_github().lines().count(), all.len(), "one line for each annotation");
    let pages: Vec<&RuleInfo> = rules().iter().collect();
    let run = SarifRun { tool: "fuzz", version: "0.0.0", rules: &pages, root: Some(Path::new("/")) };
    let sarif = all.to_sarif(&run);
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(all.len()));
    assert_eq!(all.to_string().is_empty(), all.is_empty());
}

/// A span is a piece of the text.
fn inside(source: &SourceFile, span: Span) {
    assert!(source.text().get(span.start..span.end).is_some(), "{span:?} is no piece of the text");
    let (start, end) = (source.position(span.start), source.position(span.end));
    assert!(start <= end, "{span:?} ends at {end:?} before it starts at {start:?}");
    assert!(start.line >= 1 && start.column >= 1);
}
