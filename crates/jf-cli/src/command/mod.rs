//! The `jf` command: arguments, and what each subcommand does.

mod check;
mod explain;
mod export;
mod repair;
mod report;
mod run;
mod serve;
mod store;
mod test;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};

use crate::logging::LogFormat;
use crate::output::{Colour, Output};

/// What a subcommand ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything went well.
    Done,
    /// What was asked about has errors, or the operation did not succeed.
    Failed,
    /// Wrong usage, or an input that cannot be used.
    Usage,
    /// The outcome is FAILED and `--fail-on-failed` was given.
    OutcomeFailed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::OutcomeFailed => 3,
        })
    }
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Loads journeys written in YAML or JSON, checks them, runs them, and serves them over HTTP and WebSocket.
#[derive(Debug, Parser)]
#[command(
    name = "jf",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Examples:
  jf check journeys/                       is everything in this folder valid?
  jf serve journeys/                       serve it on http://127.0.0.1:8080
  jf run journeys/hello.journey.yaml       run one definition and print what it gives
  jf test scenarios/                       do the journeys do what the scenarios say?
  jf explain JF3002                        what does this diagnostic mean?

`jf <COMMAND> --help` says more about one command."
)]
struct Jf {
    #[command(subcommand)]
    command: Command,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto, global = true, hide_possible_values = true)]
    color: Colour,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check definitions and report everything that is wrong with them
    Check(check::CheckArgs),
    /// Serve definitions over HTTP and WebSocket
    Serve(serve::ServeArgs),
    /// Run one definition until it ends or waits, and print the document it gives
    Run(run::RunArgs),
    /// Run scenarios: tests of journeys with virtual time and scripted services
    Test(test::TestArgs),
    /// Show the page behind a diagnostic code
    Explain(explain::ExplainArgs),
    /// Print what other tools take from the language
    Export(export::ExportArgs),
    /// Look at the file that runs live in, and copy it
    Store(store::StoreArgs),
}

/// What every command that loads definitions takes.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file [default: `jf.yaml` in the working directory, else in or beside the only path]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// How commands that run definitions write their log.
#[derive(Debug, Args)]
struct LogArgs {
    /// What is logged: a level (error, warn, info, debug, trace) or directives such as `info,jf_engine=debug`
    #[arg(long, value_name = "FILTER", help_heading = "Logging")]
    log: Option<String>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Logging")]
    log_format: Option<LogFormat>,
}

/// Runs the command with the arguments of the process and gives the exit status.
///
/// Standard output gets what was asked for and nothing else; everything else goes to standard error.
#[must_use]
pub fn main() -> ExitCode {
    command(std::env::args_os()).into()
}

fn command(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let jf = match Jf::try_parse_from(arguments) {
        Ok(jf) => jf,
        Err(error) => {
            // Help and version are no errors. When the reader has gone there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let mut output = Output::of_process(jf.color);
    match jf.command {
        Command::Check(args) => check::check(&args, &mut output),
        Command::Serve(args) => serve::serve(&args, &mut output),
        Command::Run(args) => run::run(&args, &mut output),
        Command::Test(args) => test::test(&args, &mut output),
        Command::Explain(args) => explain::explain(&args, &mut output),
        Command::Export(args) => export::export(&args, &mut output),
        Command::Store(args) => store::store(&args, &mut output),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Jf::command().debug_assert();
    }
}
