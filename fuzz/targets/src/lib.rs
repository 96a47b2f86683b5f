//! What must hold of any input: the bodies of the fuzz targets, and their seeds.
//!
//! A target is a function of bytes that panics when something does not hold. Fuzzers look for such bytes (`fuzz/run`);
//! the tests of this crate replay the seeds and what was found once (`fuzz/regressions/<target>/`), without a fuzzer.

mod definition;
mod machine;
mod openapi;
mod seeds;
mod show;
mod values;
mod websocket;

use std::path::PathBuf;

/// A function that takes any bytes, with inputs to start from.
#[derive(Debug)]
pub struct Target {
    /// Its name, which is that of its program in `fuzz/fuzz_targets/`.
    pub name: &'static str,
    /// Panics when something does not hold of the bytes.
    pub check: fn(&[u8]),
    seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 13] = [
    Target { name: "load_yaml", check: definition::load_yaml, seeds: seeds::yaml },
    Target { name: "load_json", check: definition::load_json, seeds: seeds::json },
    Target { name: "repair", check: definition::repair, seeds: seeds::yaml },
    Target { name: "openapi", check: openapi::load, seeds: seeds::openapi },
    Target { name: "template", check: values::template, seeds: || seeds::lines("template") },
    Target { name: "dot_path", check: values::dot_path, seeds: || seeds::lines("dot_path") },
    Target { name: "duration", check: values::duration, seeds: || seeds::lines("duration") },
    Target { name: "json_path", check: values::json_path, seeds: || seeds::lines("json_path") },
    Target { name: "texts", check: values::texts, seeds: || seeds::lines("texts") },
    Target { name: "machine", check: machine::story, seeds: || seeds::lines("machine") },
    Target { name: "snapshot", check: machine::snapshot, seeds: machine::snapshots },
    Target { name: "frame", check: websocket::frame, seeds: websocket::frames },
    Target { name: "framing", check: websocket::framing, seeds: websocket::streams },
];

impl Target {
    /// The target of a name.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn of(name: &str) -> &'static Self {
        TARGETS.iter().find(|target| target.name == name).expect("a program runs a target that there is")
    }

    /// The inputs to start from: definitions of the repository for the loader, `fuzz/seeds/<target>.txt` for the small
    /// languages.
    ///
    /// # Panics
    ///
    /// When they cannot be read.
    #[must_use]
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        (self.seeds)()
    }
}

/// Runs a target.
///
/// # Panics
///
/// When something does not hold of the bytes.
pub fn run(name: &str, data: &[u8]) {
    (Target::of(name).check)(data);
}

/// Writes the seeds of a target to the folder that `JF_FUZZ_SEEDS` names, one file each, if it names one. A program does
/// that before it reads its corpus.
///
/// # Panics
///
/// When they cannot be written.
pub fn write_seeds(name: &str) {
    let Some(folder) = std::env::var_os("JF_FUZZ_SEEDS").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).expect("the folder of seeds can be made");
    for (at, seed) in Target::of(name).seeds().into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{at:04}")), seed).expect("a seed can be written");
    }
}
