//! Every definition file there is: the cases, the examples, the journeys of the system tests, and the corpus.

use std::fs;
use std::path::{Path, PathBuf};

use jf_dsl::{Capabilities, SourceFile, StaticCapabilities, TaskConfig};

use super::case;

/// A file, and the build that judges it.
pub(crate) struct Judged {
    pub(crate) source: SourceFile,
    pub(crate) capabilities: Box<dyn Capabilities>,
}

/// Folders of the repository with definitions beside the cases, and the corpus, which is not part of it.
const FOLDERS: [&str; 6] = [
    "examples",
    "tests/journeys",
    "../shared/corpus/as-published",
    "../shared/corpus/repaired",
    "../shared/corpus/scenarios/definitions",
    "crates/jf-dsl/tests",
];

pub(crate) fn all() -> Vec<Judged> {
    let (cases, _) = case::all();
    let of_cases = cases.iter().flat_map(case::Case::sources);
    let mut judged: Vec<Judged> = of_cases
        .map(|(source, capabilities)| Judged { source, capabilities: Box::new(capabilities) })
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in FOLDERS {
        let mut found = Vec::new();
        definitions(&root.join(folder), &mut found);
        found.sort();
        judged.extend(found.into_iter().map(|path| Judged {
            source: SourceFile::from_path(path).unwrap(),
            capabilities: Box::new(everything()),
        }));
    }
    judged
}

/// A build that has everything and any expression language.
fn everything() -> StaticCapabilities {
    let languages = ["dataweave", "jsonata", "jolt"];
    let full = languages.into_iter().fold(StaticCapabilities::full(), StaticCapabilities::with_language);
    TaskConfig::CORE_KINDS.into_iter().fold(full, StaticCapabilities::with_task)
}

fn definitions(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "cases" {
            definitions(&path, found);
        } else if name.ends_with(".journey.yaml") {
            found.push(path);
        }
    }
}
