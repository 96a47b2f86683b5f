//! Definitions: loading, writing, repairing.

use std::sync::LazyLock;

use jf_dsl::{
    Catalog, Definition, Diagnostics, Document, Severity, SourceFile, StaticCapabilities,
    check_configuration, load, load_document,
};

use crate::show::show;

/// Everything that the language has.
static FULL: LazyLock<StaticCapabilities> = LazyLock::new(|| {
    let languages = ["dataweave", "jsonata", "jolt"];
    languages
        .into_iter()
        .fold(StaticCapabilities::full(), StaticCapabilities::with_language)
        .with_task("mail:v1")
});

/// A definition in YAML.
pub(crate) fn load_yaml(data: &[u8]) {
    judge(&SourceFile::from_bytes("fuzz.journey.yaml", data.to_vec()));
}

/// A definition in JSON.
pub(crate) fn load_json(data: &[u8]) {
    judge(&SourceFile::from_bytes("fuzz.journey.json", data.to_vec()));
}

/// A text loads, and then without errors and back from what is written of it, or it is refused with at least one; what
/// is said of it can be shown.
fn judge(source: &SourceFile) {
    match load_document(source, &*FULL) {
        Ok(Document::Definition(loaded)) => {
            assert!(!loaded.warnings.has_errors());
            show(&loaded.warnings);
            write_and_load(&loaded.definition);
            if let Err(faults) = check_configuration(&loaded, &*FULL) {
                assert!(faults.has_errors());
                show(&faults);
            }
            if let Err(faults) = Catalog::new(vec![*loaded]) {
                assert!(faults.has_errors());
                show(&faults);
            }
        }
        Ok(Document::MetadataLimits { warnings, .. }) => {
            assert!(!warnings.has_errors());
            show(&warnings);
        }
        Ok(_) => panic!("a document of a new kind"),
        Err(faults) => {
            assert!(faults.has_errors(), "refused without an error");
            show(&faults);
        }
    }
}

/// What is written of a definition says the same.
fn write_and_load(definition: &Definition) {
    let document = definition.to_document();
    let json = document.to_string();
    let yaml = definition.to_yaml();
    for (name, text) in [("written.journey.json", json), ("written.journey.yaml", yaml)] {
        match load(&SourceFile::new(name, text.as_str()), &*FULL) {
            Ok(again) => assert!(
                *again.definition == *definition,
                "{name} says something else:\n{text}\n{definition:#?}\n{:#?}",
                again.definition
            ),
            Err(faults) => panic!("{name} does not load:\n{faults}\n{text}"),
        }
    }
}

/// Repairing brings no error, changes nothing without saying so, and has nothing left to do afterwards.
pub(crate) fn repair(data: &[u8]) {
    let source = SourceFile::from_bytes("fuzz.journey.yaml", data.to_vec());
    let repaired = jf_dsl::repair(&source, &*FULL);
    if repaired.repaired.is_empty() {
        assert_eq!(repaired.source.text(), source.text(), "changed without a word");
        return;
    }
    let (before, after) = (said_of(&source), said_of(&repaired.source));
    let errors = |all: &Diagnostics| all.count(Severity::Error);
    assert!(errors(&after) <= errors(&before), "{before}\n---\n{after}\n---\n{}", repaired.source.text());
    let again = jf_dsl::repair(&repaired.source, &*FULL);
    assert_eq!(again.source.text(), repaired.source.text(), "repairing twice changes more");
    show(&repaired.repaired.into_iter().collect());
    show(&repaired.refused.into_iter().collect());
}

fn said_of(source: &SourceFile) -> Diagnostics {
    match load_document(source, &*FULL) {
        Ok(Document::Definition(loaded)) => loaded.warnings,
        Ok(Document::MetadataLimits { warnings, .. }) => warnings,
        Ok(_) => panic!("a document of a new kind"),
        Err(faults) => faults,
    }
}
