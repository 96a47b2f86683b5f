//! The forms in which diagnostics are told.

use std::path::Path;

use clap::ValueEnum;
use jf_dsl::{Diagnostics, RuleInfo, SarifRun, Severity, TerminalStyle};

use crate::config::CONFIG_RULES;

/// The form of diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, with excerpts of the source
    Text,
    /// One JSON object
    Json,
    /// A SARIF 2.1.0 log, for code scanning and editors
    Sarif,
    /// Workflow commands of GitHub Actions, which become annotations of a pull request
    Github,
}

/// All pages: those of the language, of the configuration and of scenarios.
pub(super) fn pages() -> Vec<&'static RuleInfo> {
    let others = CONFIG_RULES.iter().chain(jf_testkit::scenario::SCENARIO_RULES).copied();
    jf_dsl::rules().iter().chain(others).collect()
}

/// The report over some files, with a final line break.
pub(super) fn report(diagnostics: &Diagnostics, files: usize, format: Format, colours: bool) -> String {
    match format {
        Format::Text => {
            let style = if colours { TerminalStyle::Coloured } else { TerminalStyle::Plain };
            format!("{}{}\n", diagnostics.to_terminal(style), summary(diagnostics, files))
        }
        Format::Json => format!("{}\n", diagnostics.to_json(files)),
        Format::Sarif => format!("{}\n", sarif(diagnostics)),
        Format::Github => diagnostics.to_github(),
    }
}

fn sarif(diagnostics: &Diagnostics) -> String {
    let here = std::env::current_dir().ok();
    let run = SarifRun {
        tool: "jf",
        version: env!("CARGO_PKG_VERSION"),
        rules: &pages(),
        root: here.as_deref().filter(|here: &&Path| here.is_absolute()),
    };
    let log = diagnostics.to_sarif(&run);
    serde_json::to_string_pretty(&log).expect("a JSON value can be written")
}

/// One line that says how it went.
pub(super) fn summary(diagnostics: &Diagnostics, files: usize) -> String {
    let (errors, warnings) = (diagnostics.count(Severity::Error), diagnostics.count(Severity::Warning));
    let files = count(files, "file");
    if errors + warnings == 0 {
        return format!("{files} checked, no problems");
    }
    let told = format!("{files} checked: {}, {}", count(errors, "error"), count(warnings, "warning"));
    match diagnostics.iter().filter(|diagnostic| diagnostic.is_fixable()).count() {
        0 => told,
        fixable => format!("{told} ({fixable} fixable with `--fix`)"),
    }
}

/// `1 error`, `2 errors`.
pub(super) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
