//! Who cites which rule.

use std::fmt;
use std::io;
use std::path::Path;

use crate::ids::{Found, ids_in_text};
use crate::spec::Spec;
use crate::{covers, rust, tree};

/// What a citation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A test function, or a file of cases that a test reads.
    Test,
    /// A case of a conformance suite, which tests instantiate.
    Case,
    /// A `*.scenario.yaml`.
    Scenario,
    /// A comment or string in code that is no test: the rule is implemented there.
    Source,
}

impl Kind {
    /// Whether such a citation shows that the rule is held.
    #[must_use]
    pub fn is_tested(self) -> bool {
        self != Self::Source
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Test => "test",
            Self::Case => "case",
            Self::Scenario => "scenario",
            Self::Source => "source",
        })
    }
}

/// One place that cites a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Citation {
    /// What it is.
    pub kind: Kind,
    /// The file, relative to the repository root, with `/` between its parts.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The test function, the scenario; empty for comments.
    pub name: String,
}

/// A citation of an id that the specification does not define.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undefined {
    /// The file that cites it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The id.
    pub id: String,
}

/// The specification with everything that cites it.
#[derive(Debug)]
pub struct Trace {
    spec: Spec,
    citations: Vec<Vec<Citation>>,
    undefined: Vec<Undefined>,
}

impl Trace {
    /// A trace in which nothing cites anything yet.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        let citations = vec![Vec::new(); spec.rules().len()];
        Self { spec, citations, undefined: Vec::new() }
    }

    /// Reads the specification and everything else below `root`.
    ///
    /// # Errors
    /// When a folder or file cannot be read, or `docs/spec` has no rules.
    pub fn load(root: &Path) -> io::Result<Self> {
        let files = tree::files(root)?;
        let mut spec = Spec::default();
        for file in files.iter().filter(|file| file.starts_with("docs/spec/") && file.ends_with(".md")) {
            spec.read(file, &std::fs::read_to_string(root.join(file))?);
        }
        if spec.rules().is_empty() {
            return Err(io::Error::other(format!("no rules in {}", root.join("docs/spec").display())));
        }
        let mut trace = Self::new(spec);
        for file in files.iter().filter(|file| is_read(file)) {
            // Test data may be anything; what is not text cites nothing.
            let bytes = std::fs::read(root.join(file))?;
            if let Ok(text) = std::str::from_utf8(&bytes) {
                trace.read(file, text);
            }
        }
        Ok(trace)
    }

    /// Reads one file. `file` is its path relative to the root; it decides how the text is read.
    pub fn read(&mut self, file: &str, text: &str) {
        let mut sink = Sink { file, citations: &mut self.citations, undefined: &mut self.undefined };
        match file.rsplit_once('.').map(|(_, extension)| extension) {
            Some("rs") => rust::read(&self.spec, text, is_test_path(file), &mut sink),
            Some("md") => {
                for (line, text) in (1..).zip(text.lines()) {
                    sink.check(line, ids_in_text(&self.spec, text));
                }
            }
            _ => covers::read(&self.spec, file, text, &mut sink),
        }
    }

    /// The rules.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The citations of each rule, in the order of [`Spec::rules`].
    #[must_use]
    pub fn citations(&self) -> &[Vec<Citation>] {
        &self.citations
    }

    /// The citations of ids that do not exist.
    #[must_use]
    pub fn undefined(&self) -> &[Undefined] {
        &self.undefined
    }
}

/// Where the readers put what they find in one file.
pub(crate) struct Sink<'a> {
    file: &'a str,
    citations: &'a mut [Vec<Citation>],
    undefined: &'a mut Vec<Undefined>,
}

impl Sink<'_> {
    pub(crate) fn cite(&mut self, kind: Kind, line: usize, name: &str, found: Vec<Found>) {
        for place in found.iter().flatten() {
            let citation = Citation { kind, file: self.file.to_owned(), line, name: name.to_owned() };
            let known = &mut self.citations[*place];
            if known.last() != Some(&citation) {
                known.push(citation);
            }
        }
        self.check(line, found);
    }

    pub(crate) fn check(&mut self, line: usize, found: Vec<Found>) {
        let file = self.file;
        let undefined = found.into_iter().filter_map(Result::err);
        self.undefined.extend(undefined.map(|id| Undefined { file: file.to_owned(), line, id }));
    }
}

/// Files that may cite: sources, documentation, and what may carry `covers:`.
fn is_read(file: &str) -> bool {
    let extensions =
        ["rs", "md", "yaml", "yml", "json", "jsonl", "txt", "py", "js", "mjs", "ts", "sh", "transcript"];
    file.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
}

/// Test code by its place: `tests/` folders, `tests.rs` beside a module, and the test kit.
fn is_test_path(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    file.starts_with("crates/jf-testkit/")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
        || file.split('/').rev().skip(1).any(|folder| folder == "tests")
}
