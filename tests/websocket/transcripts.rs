//! Every transcript against the system in memory.

use std::path::{Path, PathBuf};

use jf_testkit::transcript::{Need, Transcript, Verdict, run};
use tokio::runtime::Builder;

use crate::memory::{Memory, MemoryStage, Settings};

/// The files, in order.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn play(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).unwrap();
    let shown = |line: usize, message: &str| format!("{}:{line}: {message}", file.display());
    let transcript = Transcript::parse(&text).map_err(|faults| {
        faults.iter().map(|fault| shown(fault.line, &fault.message)).collect::<Vec<_>>().join("\n")
    })?;
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let desk = transcript.needs.contains(&Need::Tokens);
        let settings = Settings::new(&transcript.settings, desk).map_err(|error| shown(1, &error))?;
        let mut stage = MemoryStage::new(Memory::open(settings).await);
        match run(&transcript, &mut stage).await {
            Verdict::Passed => Ok(()),
            Verdict::Failed { line, message } => Err(shown(line, &message)),
            other => Err(shown(1, &format!("everything can be run in memory, but this: {other:?}"))),
        }
    })
}

/// The files cite the rules they show. `JF_TRANSCRIPT` names one file to run alone.
#[test]
fn every_transcript_holds_in_memory() {
    let only = std::env::var("JF_TRANSCRIPT").ok();
    let chosen = files()
        .into_iter()
        .filter(|file| only.as_ref().is_none_or(|only| file.to_string_lossy().contains(only.as_str())));
    let chosen: Vec<_> = chosen.collect();
    assert!(!chosen.is_empty(), "no transcript of that name");
    assert!(only.is_some() || chosen.len() >= 55, "{} transcripts", chosen.len());
    let failures: Vec<String> = chosen.iter().filter_map(|file| play(file).err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
