//! `jf export`: what other tools take from the language and from definitions.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jf_dsl::Catalog;
use jf_export::{AsyncApi, OpenApi};
use serde_json::Value;

use super::report::{Format, report};
use super::{ConfigArgs, Exit};
use crate::config::Config;
use crate::definitions::{Definitions, Purpose};
use crate::output::Output;
use crate::prepare::{self, Prepared};

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: 0 when it was printed, 1 when the definitions have errors, 2 if they could not be read.

Examples:
  jf export schema > journey.schema.json
  jf export openapi journeys/ > openapi.json
  jf export openapi order.journey.yaml --server https://orders.example.org/api/v1
  jf export asyncapi journeys/ --server wss://orders.example.org > asyncapi.json")]
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
    /// Print the AsyncAPI 3.0 document of what definitions serve over WebSocket
    Asyncapi(AsyncApiArgs),
}

/// Which definitions a contract is made of.
#[derive(Debug, Args)]
struct SourceArgs {
    /// Definition files, and folders that are searched for `*.journey.yaml`, `.yml` and `.json`
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
struct AsyncApiArgs {
    /// Where the journeys are served
    #[arg(long, value_name = "URL", default_value = "ws://localhost:8080", value_parser = websocket_server)]
    server: String,
    /// The title of the document [default: the name of the definition, or "Journeys"]
    #[arg(long)]
    title: Option<String>,
    /// Describe one path more, that of `websocket.sharedEndpoint`, with every journey that has no subprotocol of its own
    /// [default: what the configuration says]
    #[arg(long, value_name = "PATH", value_parser = shared_endpoint)]
    shared_endpoint: Option<String>,
    #[command(flatten)]
    source: SourceArgs,
}

/// An absolute URL, or the path below which the API lies on the server that has the document.
fn http_server(url: &str) -> Result<String, String> {
    if (url.starts_with('/') && is_path(url)) || is_url(url, &["http", "https"]) {
        return Ok(url.to_owned());
    }
    Err("must be a URL such as `https://orders.example.org/api/v1`, or a path such as `/api/v1`".to_owned())
}

fn websocket_server(url: &str) -> Result<String, String> {
    if is_url(url, &["ws", "wss", "http", "https"]) {
        return Ok(url.to_owned());
    }
    Err("must be a URL such as `wss://orders.example.org`".to_owned())
}

/// Whether a text is a URL of one of the schemes, with a host and perhaps a path, nothing else.
fn is_url(url: &str, schemes: &[&str]) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.parse::<http::uri::Authority>();
    schemes.contains(&scheme) && host.is_ok_and(|host| !host.host().is_empty()) && is_path(path)
}

fn is_path(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))
}

fn shared_endpoint(path: &str) -> Result<String, String> {
    if path.starts_with('/') && !jf_dsl::is_server_path(path) {
        return Ok(path.to_owned());
    }
    Err("must be a path such as `/ws/journeys`, beside those of the server".to_owned())
}

#[derive(Debug, Args)]
struct OpenApiArgs {
    /// Where the API is served, with its base path
    #[arg(long, value_name = "URL", default_value = "/api/v1", value_parser = http_server)]
    server: String,
    /// The title of the document [default: the name of the definition, or "Journeys"]
    #[arg(long)]
    title: Option<String>,
    /// Describe the listing of runs too, which is meant for operators
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    source: SourceArgs,
}

pub(super) fn export(args: &ExportArgs, output: &mut Output) -> Exit {
    let told = match &args.what {
        Export::Schema => return output.print(&format!("{:#}\n", jf_dsl::language_schema())),
        Export::Openapi(args) => contract(&args.source, output, |catalog, _, _| openapi(args, catalog)),
        Export::Asyncapi(args) => contract(&args.source, output, |catalog, config, output| {
            note_unserved(catalog, output);
            asyncapi(args, catalog, config)
        }),
    };
    told.unwrap_or_else(|error| {
        output.error(&error.to_string(), None);
        Exit::Usage
    })
}

/// Prints what `document` makes of the definitions.
fn contract(
    source: &SourceArgs,
    output: &mut Output,
    document: impl FnOnce(&Catalog, &Config, &mut Output) -> Value,
) -> Result<Exit, Box<dyn std::error::Error>> {
    let Prepared { config, faults } = prepare::config(source.config.config.as_deref(), &source.paths)?;
    let definitions = Definitions::from_paths(&source.paths, &config, Purpose::Check)?;
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
    let document = document(catalog, &config, output);
    Ok(output.print(&format!("{document:#}\n")))
}

/// Names the definitions that are not served over WebSocket (WS-003): what has been left out should not have to be missed.
fn note_unserved(catalog: &Catalog, output: &mut Output) {
    for loaded in catalog.iter().filter(|loaded| loaded.definition.spec.bindings.websocket.is_none()) {
        let (name, version) = (loaded.definition.name(), loaded.definition.version());
        output.note(&format!(
            "`{name}` {version} has no `spec.bindings.websocket`, so it is not in the document"
        ));
    }
}

fn openapi(args: &OpenApiArgs, catalog: &Catalog) -> Value {
    let mut options = OpenApi::default().with_server(&args.server).with_list(args.list);
    if let Some(title) = &args.title {
        options = options.with_title(title);
    }
    match &catalog.iter().collect::<Vec<_>>()[..] {
        [only] => jf_export::openapi(&only.definition, &options),
        _ => jf_export::openapi_of_catalog(catalog, &options),
    }
}

fn asyncapi(args: &AsyncApiArgs, catalog: &Catalog, config: &Config) -> Value {
    let mut options = AsyncApi::default().with_server(&args.server);
    if let Some(path) = args.shared_endpoint.clone().or_else(|| config.shared_endpoint()) {
        options = options.with_shared_endpoint(path);
    }
    if let Some(title) = &args.title {
        options = options.with_title(title);
    }
    match &catalog.iter().collect::<Vec<_>>()[..] {
        [only] => jf_export::asyncapi(&only.definition, &options),
        _ => jf_export::asyncapi_of_catalog(catalog, &options),
    }
}
