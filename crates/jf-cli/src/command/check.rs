//! `jf check`: everything that is wrong with some definitions.

use std::path::PathBuf;

use clap::Args;
use jf_dsl::{Diagnostics, Severity, TerminalStyle};

use super::{ConfigArgs, Exit, Format};
use crate::definitions::{Definitions, Purpose};
use crate::output::Output;
use crate::prepare::{self, Prepared};

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: 0 without errors, 1 with errors (or warnings and --deny-warnings), 2 if the check could not be made.

Examples:
  jf check journeys/
  jf check order.journey.yaml --config production.yaml
  jf check journeys/ --format json --deny-warnings")]
pub(super) struct CheckArgs {
    /// Definition files, and folders that are searched for `*.journey.yaml`, `.yml` and `.json`
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Take warnings for errors
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn check(args: &CheckArgs, output: &mut Output) -> Exit {
    if args.paths.is_empty() {
        output.error("there is nothing to check", Some("name files or folders: `jf check journeys/`"));
        return Exit::Usage;
    }
    if args.format == Format::Sarif {
        output.error("this build writes no SARIF yet", Some("use `--format json`"));
        return Exit::Usage;
    }
    let Prepared { config, faults } = match prepare::config(args.config.config.as_deref(), &args.paths) {
        Ok(prepared) => prepared,
        Err(error) => {
            output.error(&error.to_string(), None);
            return Exit::Usage;
        }
    };
    let definitions = match Definitions::from_paths(&args.paths, &config, Purpose::Check) {
        Ok(definitions) => definitions,
        Err(error) => {
            output.error(&error.to_string(), None);
            return Exit::Usage;
        }
    };
    let mut diagnostics = faults;
    diagnostics.append(definitions.diagnostics().clone());
    if definitions.files() == 0 && args.format == Format::Text {
        output.note("no definitions found: files end in `.journey.yaml`, `.journey.yml` or `.journey.json`");
    }
    let printed = output.print(&report(&diagnostics, definitions.files(), args.format, output.out_colours));
    let bad = diagnostics.has_errors() || (args.deny_warnings && !diagnostics.is_empty());
    if printed == Exit::Done && bad { Exit::Failed } else { printed }
}

fn report(diagnostics: &Diagnostics, files: usize, format: Format, colours: bool) -> String {
    match format {
        Format::Json => format!("{}\n", diagnostics.to_json(files)),
        Format::Text | Format::Sarif => {
            let style = if colours { TerminalStyle::Coloured } else { TerminalStyle::Plain };
            format!("{}{}\n", diagnostics.to_terminal(style), summary(diagnostics, files))
        }
    }
}

/// One line that says how it went.
fn summary(diagnostics: &Diagnostics, files: usize) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let (errors, warnings) = (diagnostics.count(Severity::Error), diagnostics.count(Severity::Warning));
    let files = count(files, "file");
    if errors + warnings == 0 {
        return format!("{files} checked, no problems");
    }
    format!("{files} checked: {}, {}", count(errors, "error"), count(warnings, "warning"))
}
