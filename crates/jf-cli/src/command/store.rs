//! `jf store`: what an operator does with the file that runs live in.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jf_store_sqlite::{CheckReport, OpenError, OpenErrorKind};

use super::Exit;
use crate::output::Output;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit status: 0 if it went well, 1 if the file is damaged or cannot be used, 2 for wrong usage.

Examples:
  jf store check journeyforge.db
  jf store backup journeyforge.db backups/monday.db
  jf store restored journeyforge.db")]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Look at everything in the file and tell what is wrong; a server may be at work on it
    Check {
        /// The file
        file: PathBuf,
    },
    /// Copy the file as it is at one moment; a server may be at work on it
    Backup {
        /// The file
        file: PathBuf,
        /// The copy, which must not exist
        to: PathBuf,
    },
    /// Say that the file was restored from a backup, before a server works on it again: clients then read its runs anew
    Restored {
        /// The file
        file: PathBuf,
    },
}

pub(super) fn store(args: &StoreArgs, output: &mut Output) -> Exit {
    let done = match &args.what {
        What::Check { file } => jf_store_sqlite::check(file).map(|report| tell(&report, output)),
        What::Backup { file, to } => {
            jf_store_sqlite::backup(file, to).map(|()| output.print(&format!("{}\n", to.display())))
        }
        What::Restored { file } => jf_store_sqlite::restored(file)
            .map(|epoch| output.print(&format!("the logs have the new epoch {epoch}\n"))),
    };
    done.unwrap_or_else(|error| {
        output.error(&error.to_string(), help(&error));
        Exit::Failed
    })
}

fn tell(report: &CheckReport, output: &mut Output) -> Exit {
    let CheckReport { version, epoch, runs, ended, events, .. } = report;
    let counted = format!("version {version}, epoch {epoch}: {runs} runs ({ended} ended), {events} events\n");
    let printed = output.print(&counted);
    if report.faults.is_empty() {
        return printed;
    }
    for fault in &report.faults {
        output.error(fault, None);
    }
    output.tell("the file is damaged: keep it, and restore a backup\n");
    Exit::Failed
}

/// What can be done about a file that cannot be used.
pub(super) fn help(error: &OpenError) -> Option<&'static str> {
    Some(match error.kind() {
        OpenErrorKind::Missing => "make the folder first, or name another file",
        OpenErrorKind::InUse => "stop the other process, or name another file",
        OpenErrorKind::Locked => "close the program that looks into the file",
        OpenErrorKind::ReadOnly => {
            "the file, its folder and the files beside it must be writable for this user"
        }
        OpenErrorKind::NotADatabase | OpenErrorKind::Foreign => {
            "name a file of ours, or one that does not exist yet"
        }
        OpenErrorKind::NewerVersion => {
            "use the later release; files are never brought back to an older version"
        }
        OpenErrorKind::Full => "make room on the disk",
        OpenErrorKind::Exists => "name a file that does not exist",
        _ => return None,
    })
}
