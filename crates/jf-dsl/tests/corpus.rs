//! The published journeys, judged as their verdicts say.
//!
//! The corpus is not part of the repository; the tests say so and pass where it is absent. Rules of parts that the
//! model does not hold yet (tasks, API catalogues, policies, …) are left out of the comparison.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jf_dsl::{Diagnostics, Severity, SourceFile, StaticCapabilities, load};

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no corpus at {}", folder.display());
    None
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(".journey.yaml")).collect();
    files.sort();
    files
}

fn capabilities() -> StaticCapabilities {
    let kinds = ["kafkaPublish:v1", "xmlDecode:v1", "schedule:v1", "cache:v1", "jwtValidate:v1", "mtlsValidate:v1", "apiKeyValidate:v1"];
    kinds.into_iter().fold(StaticCapabilities::full().with_language("dataweave").with_language("jsonata"), StaticCapabilities::with_task)
}

#[test]
fn show() {
    let Some(corpus) = corpus() else { return };
    for folder in ["as-published", "repaired"] {
        for file in files(&corpus.join(folder)) {
            let source = SourceFile::from_path(&file).unwrap();
            println!("== {folder}/{}", file.file_name().unwrap().to_string_lossy());
            match load(&source, &capabilities()) {
                Ok(loaded) => for d in &loaded.warnings { println!("   W {d}"); },
                Err(e) => for d in &e { println!("   {} {d}", if d.is_error() {"E"} else {"W"}); },
            }
        }
    }
}
