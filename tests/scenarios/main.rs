//! The scenarios of this folder, on every driver and every store, plain and with a restart after every step.
//!
//! A file that ends in `.scenario.yaml` is enough to have a new case; definitions stand in `definitions/`.

mod corpus;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jf_cli::ScenarioHost;
use jf_dsl::{SourceFile, TerminalStyle};
use jf_testkit::scenario::{DriverKind, Report, Runner, Verdict, to_text};

/// The scenario files of a folder and its sub-folders, in the order of their paths.
fn scenarios_in(folder: &Path) -> Vec<SourceFile> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".scenario.yaml") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().map(|path| SourceFile::from_path(path).expect("it can be read")).collect()
}

fn everything() -> Runner {
    let (memory, sqlite): (Arc<str>, Arc<str>) = ("memory".into(), "sqlite".into());
    Runner::new(Arc::new(ScenarioHost)).with_stores([memory, sqlite]).with_restarts([false, true])
}

fn has_passed(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Passed)
}

/// House rule 5 of testing: scenarios, on every driver and store, with restarts.
#[test]
fn every_scenario_passes_in_every_variant() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let sources = scenarios_in(&folder);
    let reports = everything().run(&sources);
    assert!(reports.iter().all(has_passed), "\n{}", to_text(&reports, TerminalStyle::Plain));
    for driver in DriverKind::ALL {
        let ran = |report: &&Report| report.variant.as_ref().is_some_and(|variant| variant.driver == driver);
        assert!(reports.iter().filter(ran).count() > 0, "some scenario is run over {driver}");
    }
}
