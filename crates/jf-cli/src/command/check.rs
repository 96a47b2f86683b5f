//! `jf check`: everything that is wrong with some definitions, and repairing what can be repaired.

use std::path::PathBuf;

use clap::Args;
use jf_dsl::{Diagnostics, SourceFile};

use super::report::{Format, report};
use super::{ConfigArgs, Exit, repair};
use crate::config::Config;
use crate::definitions::{Definitions, LoadError, Purpose};
use crate::output::Output;
use crate::prepare::{self, Prepared};

#[derive(Debug, Args)]
#[command(after_help = "\
With --fix, files are repaired where a fix needs nobody's judgement: deprecated and retired spellings, and names that are
misspelt beyond doubt. Layout, comments and line ends stay, and a fix that would bring another error is not made. Every
fix is told, and what is left is reported.

Exit status: 0 without errors, 1 with errors (or warnings and --deny-warnings), 2 if the check could not be made. With
--fix it speaks of what is left; with --dry-run, of the files as they are.

Examples:
  jf check journeys/
  jf check order.journey.yaml --config production.yaml
  jf check journeys/ --fix
  jf check journeys/ --fix --dry-run | git apply
  jf check journeys/ --format sarif --deny-warnings > jf.sarif")]
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
    /// Repair what needs nobody's judgement
    #[arg(long)]
    fix: bool,
    /// Print what --fix would change as a unified diff, and change nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn check(args: &CheckArgs, output: &mut Output) -> Exit {
    if args.paths.is_empty() {
        output.error("there is nothing to check", Some("name files or folders: `jf check journeys/`"));
        return Exit::Usage;
    }
    if args.dry_run && args.format != Format::Text {
        output.error("--dry-run prints a diff", Some("leave out `--format`, or `--dry-run`"));
        return Exit::Usage;
    }
    match checked(args, output) {
        Ok(exit) => exit,
        Err(error) => {
            output.error(&error.to_string(), None);
            Exit::Usage
        }
    }
}

fn checked(args: &CheckArgs, output: &mut Output) -> Result<Exit, Box<dyn std::error::Error>> {
    let Prepared { config, faults } = prepare::config(args.config.config.as_deref(), &args.paths)?;
    let files = Definitions::files_of(&args.paths)?;
    let sources: Vec<SourceFile> = files.iter().map(|(_, source)| source.clone()).collect();
    let mut definitions = judge(sources, &config)?;
    if definitions.files() == 0 && args.format == Format::Text {
        output.note("no definitions found: files end in `.journey.yaml`, `.journey.yml` or `.journey.json`");
    }
    let mut trouble = false;
    if args.fix {
        let (changes, repaired) = repair::plan(&files, definitions.registries());
        if args.dry_run {
            return Ok(dry_run(args, &definitions, &faults, &changes, output));
        }
        let mut told = String::new();
        for change in &changes {
            match change.write() {
                Ok(()) => told.push_str(&change.told()),
                Err(error) => {
                    output.error(&change.refusal(&error), None);
                    trouble = true;
                }
            }
        }
        if !trouble {
            definitions = judge(repaired, &config)?;
        } else {
            let files = Definitions::files_of(&args.paths)?;
            definitions = judge(files.into_iter().map(|(_, source)| source).collect(), &config)?;
        }
        if let Some(summary) = repair::summary(&changes).filter(|_| !trouble) {
            told.push_str(&summary);
            told.push('\n');
        }
        // Reports for tools are pure.
        if args.format == Format::Text {
            output.print(&told);
        } else {
            output.tell(&told);
        }
    }
    let diagnostics = all(&definitions, &faults);
    let text = report(&diagnostics, definitions.files(), args.format, output.out_colours);
    let printed = output.print(&text);
    Ok(if printed != Exit::Done {
        printed
    } else if trouble || is_bad(args, &diagnostics) {
        Exit::Failed
    } else {
        Exit::Done
    })
}

fn judge(sources: Vec<SourceFile>, config: &Config) -> Result<Definitions, LoadError> {
    Ok(Definitions::from_sources(sources, config, Purpose::Check)?)
}

/// What would change goes to standard output, ready for `git apply`; everything else beside it.
fn dry_run(
    args: &CheckArgs,
    definitions: &Definitions,
    faults: &Diagnostics,
    changes: &[repair::Change],
    output: &mut Output,
) -> Exit {
    let diff: String = changes.iter().map(repair::Change::diff).collect();
    let printed = output.print(&diff);
    let told: String = changes.iter().map(repair::Change::told).collect();
    output.tell(&told.replace("fixed ", "would fix ").replace("left ", "would leave "));
    let bad = is_bad(args, &all(definitions, faults));
    if printed == Exit::Done && bad { Exit::Failed } else { printed }
}

fn all(definitions: &Definitions, faults: &Diagnostics) -> Diagnostics {
    let mut diagnostics = faults.clone();
    diagnostics.append(definitions.diagnostics().clone());
    diagnostics
}

fn is_bad(args: &CheckArgs, diagnostics: &Diagnostics) -> bool {
    diagnostics.has_errors() || (args.deny_warnings && !diagnostics.is_empty())
}
