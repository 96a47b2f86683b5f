//! Seeds and regressions, without a fuzzer.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jf_fuzz_targets::{TARGETS, Target};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn entries(folder: PathBuf) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// ERR-6, ENC-2 too.
#[test]
fn def_010_every_seed_holds() {
    for target in &TARGETS {
        let seeds = target.seeds();
        assert!(seeds.len() >= 3, "{} has {} seeds", target.name, seeds.len());
        seeds.iter().for_each(|seed| (target.check)(seed));
    }
}

#[test]
fn def_010_what_was_found_once_holds() {
    for folder in entries(fuzz().join("regressions")).into_iter().filter(|path| path.is_dir()) {
        let target = Target::of(&name(&folder));
        for file in entries(folder) {
            println!("{}", file.display());
            (target.check)(&fs::read(file).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_program() {
    let programs: BTreeSet<String> =
        entries(fuzz().join("fuzz_targets")).iter().map(|path| name(path)).collect();
    assert_eq!(programs, TARGETS.iter().map(|target| target.name.to_owned()).collect());
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for program in programs {
        let source = fs::read_to_string(fuzz().join(format!("fuzz_targets/{program}.rs"))).unwrap();
        assert_eq!(source.matches(&format!("\"{program}\"")).count(), 2, "{program} runs another target");
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{program}.rs\"")),
            "{program} is not built"
        );
    }
}

/// The packages of a lock file, each with its version.
fn locked(path: PathBuf) -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    let value = |line: Option<&str>, key: &str| {
        line.and_then(|line| line.strip_prefix(key)).map(|value| value.trim_matches('"').to_owned())
    };
    let packages = text.split("[[package]]\n").skip(1);
    packages
        .map(|package| {
            let mut lines = package.lines();
            let name = value(lines.next(), "name = ").unwrap();
            (name, value(lines.next(), "version = ").unwrap())
        })
        .collect()
}

#[test]
fn the_fuzzer_builds_what_everybody_builds() {
    let (ours, main) = (locked(fuzz().join("Cargo.lock")), locked(fuzz().join("../Cargo.lock")));
    let own = ["arbitrary", "jf-fuzz", "libfuzzer-sys"];
    let other: Vec<_> = ours
        .iter()
        .filter(|(name, _)| !own.contains(&&**name))
        .filter(|package| !main.contains(package))
        .collect();
    assert!(ours.len() > 50 && other.is_empty(), "versions of their own: {other:?}");
}
