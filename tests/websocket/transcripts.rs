//! Every transcript against the system: in memory, and over sockets.

use std::path::{Path, PathBuf};

use jf_testkit::transcript::{Need, Transcript, Verdict, run};

use crate::memory::{Memory, MemoryStage, Settings};
use crate::runtime;
use crate::socket::SocketStage;

/// What is between client and server.
#[derive(Debug, Clone, Copy)]
enum Between {
    Memory,
    Sockets,
}

/// The files, in order.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn play(file: &Path, between: Between) -> Result<(), String> {
    let text = std::fs::read_to_string(file).unwrap();
    let shown = |line: usize, message: &str| format!("{}:{line}: {message}", file.display());
    let transcript = Transcript::parse(&text).map_err(|faults| {
        faults.iter().map(|fault| shown(fault.line, &fault.message)).collect::<Vec<_>>().join("\n")
    })?;
    let needs = |need: &Need| transcript.needs.contains(need);
    runtime().block_on(async {
        let settings = Settings::new(&transcript.settings, needs(&Need::Tokens));
        let settings = settings.map_err(|error| shown(1, &error))?;
        let verdict = match between {
            Between::Memory => run(&transcript, &mut MemoryStage::new(Memory::open(settings).await)).await,
            Between::Sockets => {
                run(&transcript, &mut SocketStage::open(settings, needs(&Need::Stall)).await).await
            }
        };
        match verdict {
            Verdict::Passed => Ok(()),
            Verdict::Failed { line, message } => Err(shown(line, &message)),
            other => Err(shown(1, &format!("everything can be run here, but this: {other:?}"))),
        }
    })
}

/// `JF_TRANSCRIPT` names one file to run alone.
fn play_all(between: Between) {
    let only = std::env::var("JF_TRANSCRIPT").ok();
    let chosen = files()
        .into_iter()
        .filter(|file| only.as_ref().is_none_or(|only| file.to_string_lossy().contains(only.as_str())));
    let chosen: Vec<_> = chosen.collect();
    assert!(!chosen.is_empty(), "no transcript of that name");
    assert!(only.is_some() || chosen.len() >= 60, "{} transcripts", chosen.len());
    let failures: Vec<String> = chosen.iter().filter_map(|file| play(file, between).err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The files cite the rules they show.
#[test]
fn every_transcript_holds_in_memory() {
    play_all(Between::Memory);
}

/// The same files, none left out.
#[test]
fn every_transcript_holds_over_a_socket() {
    play_all(Between::Sockets);
}
