//! `jf export`: what other tools take from the language and from definitions.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jf_dsl::Catalog;
use jf_export::OpenApi;

use super::report::{Format, report};
use super::{ConfigArgs, Exit};
use crate::definitions::{Definitions, Purpose};
use crate::output::Output;
use crate::prepare::{self, Prepared};

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: 0 when it was printed, 1 when the definitions have errors, 2 if they could not be read.

Examples:
  jf export schema > journey.schema.json
  jf export openapi journeys/ > openapi.json
  jf export openapi order.journey.yaml --server https://orders.example.org/api/v1")]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    what: Export,
}

#[derive(Debug, Subcommand)]
enum Export {
    /// Print the JSON Schema (draft-07) of definition documents, for editors
    Schema,
    /// Print the OpenAPI 3.1 document of definitions: one contract for all that PATH has
    Openapi(OpenApiArgs),
}

#[derive(Debug, Args)]
struct OpenApiArgs {
    /// Definition files, and folders that are searched for `*.journey.yaml`, `.yml` and `.json`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Where the API is served, with its base path
    #[arg(long, value_name = "URL", default_value = "/api/v1")]
    server: String,
    /// The title of the document [default: the name of the definition, or "Journeys"]
    #[arg(long)]
    title: Option<String>,
    /// Describe the listing of runs too, which is meant for operators
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn export(args: &ExportArgs, output: &mut Output) -> Exit {
    match &args.what {
        Export::Schema => output.print(&format!("{:#}\n", jf_dsl::language_schema())),
        Export::Openapi(args) => match openapi(args, output) {
            Ok(exit) => exit,
            Err(error) => {
                output.error(&error.to_string(), None);
                Exit::Usage
            }
        },
    }
}

fn openapi(args: &OpenApiArgs, output: &mut Output) -> Result<Exit, Box<dyn std::error::Error>> {
    let Prepared { config, faults } = prepare::config(args.config.config.as_deref(), &args.paths)?;
    let definitions = Definitions::from_paths(&args.paths, &config, Purpose::Check)?;
    let catalog = definitions.catalog().filter(|_| !faults.has_errors());
    let Some(catalog) = catalog else {
        let mut diagnostics = faults;
        diagnostics.append(definitions.diagnostics().clone());
        output.tell(&report(&diagnostics, definitions.files(), Format::Text, output.err_colours));
        return Ok(Exit::Failed);
    };
    if catalog.is_empty() {
        output.note("no definitions found: files end in `.journey.yaml`, `.journey.yml` or `.journey.json`");
    }
    Ok(output.print(&format!("{:#}\n", document(args, catalog))))
}

fn document(args: &OpenApiArgs, catalog: &Catalog) -> serde_json::Value {
    let mut options = OpenApi::default().with_server(&args.server).with_list(args.list);
    if let Some(title) = &args.title {
        options = options.with_title(title);
    }
    match &catalog.iter().collect::<Vec<_>>()[..] {
        [only] => jf_export::openapi(&only.definition, &options),
        _ => jf_export::openapi_of_catalog(catalog, &options),
    }
}
