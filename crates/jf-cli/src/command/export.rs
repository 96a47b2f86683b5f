//! `jf export`: what other tools take from the language.

use clap::{Args, Subcommand};

use super::Exit;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  jf export schema > journey.schema.json")]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    what: Export,
}

#[derive(Debug, Subcommand)]
enum Export {
    /// Print the JSON Schema (draft-07) of definition documents, for editors
    Schema,
}

pub(super) fn export(args: &ExportArgs, output: &mut Output) -> Exit {
    match args.what {
        Export::Schema => output.print(&format!("{:#}\n", jf_dsl::language_schema())),
    }
}
