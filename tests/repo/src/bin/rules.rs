//! `cargo rules`: for every rule of the specification, the tests and scenarios that cite it.

use std::env;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use jf_repo_tests::report::{self, Selection};
use jf_repo_tests::{Trace, find_root, table};

const HELP: &str = "\
Lists every rule of docs/spec with the tests and scenarios that cite it.

Usage: cargo rules [OPTIONS] [PREFIX | ID | PAGE]...

  cargo rules ENG           the rules of one chapter
  cargo rules ENG-045 RT    a rule, and a group of the protocol
  cargo rules 02 05         the rules of two pages
  cargo rules 07 protocol   everything about WebSocket

Options:
      --uncited     only rules that no test or scenario cites
      --cited       only rules that one cites
      --source      also where code says that it implements the rule
      --json        one JSON object instead of text
      --table       a Markdown table of rules against scenarios, transcripts and other tests, and the rules that nothing holds
      --check       only check that every cited id exists; exit 1 if one does not
      --root DIR    the repository (default: the nearest folder above with docs/spec)
  -h, --help        this text
";

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    selection: Selection,
    json: bool,
    table: bool,
    check: bool,
    help: bool,
    root: Option<PathBuf>,
}

fn main() -> ExitCode {
    let outcome = parse(env::args().skip(1)).and_then(|options| run(&options));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            // Nothing is left to tell when standard error is gone.
            let _ = writeln!(io::stderr(), "rules: {message}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--uncited" => options.selection.uncited = true,
            "--cited" => options.selection.cited = true,
            "--source" => options.selection.source = true,
            "--json" => options.json = true,
            "--table" => options.table = true,
            "--check" => options.check = true,
            "--root" => options.root = Some(arguments.next().ok_or("--root needs a folder")?.into()),
            "-h" | "--help" => options.help = true,
            flag if flag.starts_with('-') => return Err(format!("unknown option {flag} (see --help)")),
            only => options.selection.only.push(only.to_ascii_uppercase()),
        }
    }
    Ok(options)
}

/// Whether all is well; an error is for "could not run".
fn run(options: &Options) -> Result<bool, String> {
    let mut out = BufWriter::new(io::stdout().lock());
    let good = if options.help {
        out.write_all(HELP.as_bytes()).map(|()| true)
    } else {
        let trace = load(options)?;
        match options {
            Options { check: true, .. } => report::check(&trace, &mut out),
            Options { json: true, selection, .. } => report::json(&trace, selection, &mut out).map(|()| true),
            Options { table: true, selection, .. } => {
                table::markdown(&trace, selection, &mut out).map(|()| true)
            }
            Options { selection, .. } => report::text(&trace, selection, &mut out).map(|()| true),
        }
    };
    match good.and_then(|good| out.flush().map(|()| good)) {
        // The reader has seen enough, as in `cargo rules | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        other => other.map_err(|error| error.to_string()),
    }
}

fn load(options: &Options) -> Result<Trace, String> {
    let root = match &options.root {
        Some(root) => root.clone(),
        None => env::current_dir()
            .ok()
            .and_then(|here| find_root(&here))
            .ok_or("no docs/spec in this folder or above it; give --root")?,
    };
    let trace = Trace::load(&root).map_err(|error| error.to_string())?;
    for only in &options.selection.only {
        let one = Selection { only: vec![only.clone()], ..Selection::default() };
        if !trace.spec().rules().iter().any(|rule| one.names(rule)) {
            return Err(format!("no rule, chapter or page {only}"));
        }
    }
    Ok(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_become_a_selection() {
        let options = parsed("eng --uncited RT-1 --source --root x").unwrap();
        assert_eq!(options.selection.only, ["ENG", "RT-1"]);
        assert!(options.selection.uncited && options.selection.source && !options.selection.cited);
        assert_eq!(options.root, Some("x".into()));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parsed("--uncitd").unwrap_err(), "unknown option --uncitd (see --help)");
        assert_eq!(parsed("--root").unwrap_err(), "--root needs a folder");
    }

    #[test]
    fn the_help_names_every_option() {
        for option in ["--uncited", "--cited", "--source", "--json", "--table", "--check", "--root", "--help"]
        {
            assert!(HELP.contains(option), "{option}");
        }
    }
}
