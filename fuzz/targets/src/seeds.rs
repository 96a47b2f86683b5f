//! Inputs to start from, taken from the repository where it has them already.

use std::fs;
use std::path::{Path, PathBuf};

use jf_dsl::{SizeLimits, SourceFile, read_tree};

/// Larger definitions slow a fuzzer down more than they teach it.
const LARGEST: usize = 8 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below a folder of the repository, in the order of their names.
fn files(folder: &str, wanted: fn(&str) -> bool) -> Vec<Vec<u8>> {
    fn collect(folder: &Path, wanted: fn(&str) -> bool, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder is part of the repository") {
            let path = entry.expect("a folder can be listed").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                collect(&path, wanted, found);
            } else if wanted(&name) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), wanted, &mut found);
    found.sort();
    let texts = found.iter().map(|path| fs::read(path).expect("a file of the repository can be read"));
    texts.filter(|text| text.len() <= LARGEST).collect()
}

/// The definitions of the examples and of the tests of the language, good and bad.
pub(crate) fn yaml() -> Vec<Vec<u8>> {
    let folders = ["examples", "tests/journeys", "crates/jf-dsl/tests"];
    folders.iter().flat_map(|folder| files(folder, |name| name.ends_with(".journey.yaml"))).collect()
}

/// The same as JSON, where they can be read at all, and the JSON files of the tests.
pub(crate) fn json() -> Vec<Vec<u8>> {
    let converted = yaml().into_iter().filter_map(|text| {
        let tree = read_tree(&SourceFile::from_bytes("seed.yaml", text), &SizeLimits::default()).ok()?;
        Some(tree.to_value().to_string().into_bytes())
    });
    converted.chain(files("crates/jf-dsl/tests", |name| name.ends_with(".journey.json"))).collect()
}

/// The OpenAPI documents of the tests.
pub(crate) fn openapi() -> Vec<Vec<u8>> {
    let is_openapi = |name: &str| ["openapi.yaml", "openapi.json"].iter().any(|end| name.ends_with(end));
    files("crates/jf-dsl/tests/cases/files", is_openapi)
}

/// The lines of `fuzz/seeds/<target>.txt`.
pub(crate) fn lines(target: &str) -> Vec<Vec<u8>> {
    let file = root().join("fuzz/seeds").join(target).with_extension("txt");
    let text = fs::read_to_string(file).expect("every target of a small language has seeds");
    text.lines().map(|line| line.as_bytes().to_vec()).collect()
}
