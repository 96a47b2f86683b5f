//! The pages behind the codes: every one has an example, and the examples show what they are about (DEF-010).

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

use std::collections::BTreeMap;
use std::fs;

use jf_dsl::{Catalog, Code, Diagnostics, Document, SourceFile, check_configuration, load_document, rules};
use support::build::Build;

/// One half of an example, with the remark behind its `---`.
struct Half {
    remark: String,
    piece: String,
}

/// An example as it is written down.
struct Written {
    /// What is different about the build: `key=value`, as in case files.
    settings: Vec<String>,
    wrong: Half,
    right: Half,
}

/// The examples of all files, and the codes that stand there twice.
fn written() -> BTreeMap<String, Written> {
    let mut all = BTreeMap::new();
    for file in fs::read_dir("src/rules/examples").unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for example in text.split("=== ").skip(1) {
            let (head, halves) = example.split_once('\n').unwrap();
            let (code, settings) = head.split_once(' ').unwrap_or((head, ""));
            let halves = halves.trim_start().strip_prefix("--- wrong").unwrap();
            let (wrong, right) = halves.split_once("--- right").unwrap();
            let half = |text: &str| {
                let (remark, piece) = text.split_once('\n').unwrap();
                Half { remark: remark.trim().to_owned(), piece: piece.to_owned() }
            };
            let settings = settings.split("; ").filter(|text| !text.is_empty()).map(str::to_owned).collect();
            let before = all
                .insert(code.to_owned(), Written { settings, wrong: half(wrong), right: half(right) })
                .is_some();
            assert!(!before, "{code} has two examples");
        }
    }
    all
}

/// The definitions that a piece stands for; several begin with `# <name>.journey.yaml` each.
fn documents(half: &Half) -> Vec<(String, String)> {
    if half.remark == "(whole)" {
        return vec![("order.journey.yaml".to_owned(), half.piece.clone())];
    }
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in half.piece.lines() {
        match line.strip_prefix("# ").filter(|rest| rest.ends_with(".journey.yaml")) {
            Some(name) => parts.push((name.to_owned(), String::new())),
            None => {
                if parts.is_empty() {
                    parts.push(("order.journey.yaml".to_owned(), String::new()));
                }
                let (_, part) = parts.last_mut().unwrap();
                part.push_str(line);
                part.push('\n');
            }
        }
    }
    parts.into_iter().map(|(name, piece)| (name, complete(&piece))).collect()
}

/// The keys of the outermost mapping, as they are written.
fn keys(piece: &str) -> Vec<&str> {
    let outer = piece.lines().filter(|line| !line.starts_with([' ', '\t', '#']) && !line.is_empty());
    outer.filter_map(|line| line.split_once(':').map(|(key, _)| key)).collect()
}

fn indented(piece: &str, by: usize) -> String {
    let blanks = " ".repeat(by);
    piece
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{blanks}{line}\n") })
        .collect()
}

/// A definition around a piece of one: members of the document, of `spec`, or states.
fn complete(piece: &str) -> String {
    const OF_SPEC: [&str; 20] = [
        "start",
        "states",
        "input",
        "output",
        "context",
        "lifecycle",
        "execution",
        "bindings",
        "policies",
        "mappers",
        "platform",
        "defaults",
        "cookies",
        "errors",
        "access",
        "compensation",
        "subjourneys",
        "apis",
        "httpSurface",
        "outcomes",
    ];
    // Most examples are about something else than a start that waits for a timer.
    const LIFECYCLE: &str = "  lifecycle: { startMode: async }\n";
    let outer = keys(piece);
    let has = |key: &str| outer.contains(&key);
    let done = "    done: { type: succeed }\n";
    let body = if ["kind", "metadata", "spec"].iter().any(|key| has(key)) {
        let spec = "spec:\n  start: done\n  states:\n    done: { type: succeed }\n";
        format!("{piece}{}", if has("spec") { "" } else { spec })
    } else if outer.iter().any(|key| OF_SPEC.contains(key)) {
        let states = if has("states") { String::new() } else { format!("  states:\n{done}") };
        let start = if has("start") { "" } else { "  start: done\n" };
        let lifecycle = if has("lifecycle") { "" } else { LIFECYCLE };
        format!("spec:\n{lifecycle}{start}{}{states}", indented(piece, 2))
    } else {
        let rest = if has("done") || !piece.contains("done") { "" } else { done };
        format!("spec:\n{LIFECYCLE}  start: {}\n  states:\n{}{rest}", outer[0], indented(piece, 4))
    };
    let mut head = "apiVersion: v1\n".to_owned();
    if !has("kind") {
        head.push_str("kind: Journey\n");
    }
    if !has("metadata") {
        head.push_str("metadata: { name: order, version: 1.0.0 }\n");
    }
    head + &body
}

fn judged(half: &Half, build: &Build) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut loaded = Vec::new();
    for (name, text) in documents(half) {
        let source = SourceFile::new(name, text).with_base("tests/cases/files");
        match load_document(&source, &build.capabilities()) {
            Ok(Document::Definition(definition)) => {
                found.append(definition.warnings.clone());
                if let Err(faults) = check_configuration(&definition, &build.capabilities()) {
                    found.append(faults);
                }
                loaded.push(*definition);
            }
            Ok(Document::MetadataLimits { warnings, .. }) => found.append(warnings),
            Ok(other) => panic!("a document of an unknown kind: {other:?}"),
            Err(faults) => found.append(faults),
        }
    }
    if !found.has_errors() {
        match Catalog::with_pins(loaded, build.pins()) {
            Ok(catalog) => found.append(catalog.warnings().clone()),
            Err(faults) => found.append(faults),
        }
    }
    found
}

#[test]
fn def_010_every_code_has_an_example() {
    let written = written();
    let missing: Vec<Code> =
        rules().iter().filter(|info| info.example.is_none()).map(|info| info.code).collect();
    assert!(missing.is_empty(), "write examples into src/rules/examples: {missing:?}");
    for code in written.keys() {
        assert!(rules().iter().any(|info| info.code.to_string() == *code), "{code} is no code");
    }
}

#[test]
fn def_010_examples_show_their_code_and_how_to_be_rid_of_it() {
    let mut wrong = Vec::new();
    for (code, example) in written() {
        let shows = |found: &Diagnostics| found.iter().any(|one| one.code.to_string() == code);
        let mut build = Build::default();
        for setting in &example.settings {
            build.set(setting).unwrap_or_else(|error| panic!("{code}: {setting}: {error}"));
        }
        if example.wrong.remark != "(not checked)" {
            let found = judged(&example.wrong, &build);
            if !shows(&found) {
                wrong.push(format!("{code}: what is wrong does not show it: {found}"));
            }
        }
        if example.right.remark != "(not checked)" {
            let found = judged(&example.right, &build);
            if !found.is_empty() {
                wrong.push(format!("{code}: what is right is not: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_hold_what_why_and_an_example() {
    let page = jf_dsl::explain("JF3002".parse().unwrap()).unwrap();
    let text = page.page();
    assert!(
        text.starts_with("JF3002 – a target that is no state of this scope (error, STA-005)\n\n"),
        "{text}"
    );
    assert!(text.contains("\nWrong:\n\n    ask: ") && text.contains("\nRight:\n\n    ask: "), "{text}");
    let markdown = page.markdown();
    assert!(
        markdown.contains("\nWrong:\n\n```yaml wrong\nask: ") && markdown.ends_with("```\n"),
        "{markdown}"
    );
}
