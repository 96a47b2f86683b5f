//! Published journeys. The folder is no part of the repository; without it there is nothing to test.

use std::path::{Path, PathBuf};

use jf_dsl::{SourceFile, load_document};

use crate::support::root;
use crate::support::system::registries;

fn definitions(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            definitions(&path, found);
        } else if path.to_string_lossy().ends_with(".journey.yaml") {
            found.push(path);
        }
    }
}

/// DEF-001, DEF-010: every published journey loads, or is refused with a place in the file for every error.
#[test]
fn def_010_published_journeys_load_or_are_refused_at_a_place() {
    let folder = root().join("../shared/corpus");
    if !folder.is_dir() {
        println!("skipped: there is no corpus at {}", folder.display());
        return;
    }
    let mut files = Vec::new();
    definitions(&folder, &mut files);
    assert!(files.len() >= 60, "{} definitions", files.len());
    let registries = registries();
    let mut loaded = 0;
    for file in &files {
        let source = SourceFile::from_path(file).unwrap();
        match load_document(&source, &registries) {
            Ok(_) => loaded += 1,
            Err(found) => {
                assert!(found.has_errors(), "{}", file.display());
                for diagnostic in found.iter() {
                    assert!(diagnostic.span.is_some(), "{}: {diagnostic:?}", file.display());
                }
                assert!(!found.to_terminal(Default::default()).is_empty());
            }
        }
    }
    println!("{loaded} of {} load with what is installed", files.len());
}
