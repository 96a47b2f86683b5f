//! Repairing a document with the fixes of its diagnostics.

use std::collections::{HashMap, HashSet};

use crate::capabilities::Capabilities;
use crate::diagnostic::set::Diagnostics;
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::edit;
use crate::json_path::JsonPath;
use crate::load::{Document, load_document};
use crate::source::SourceFile;
use crate::tree::{Node, read_into};

/// How often a document is looked at again: a repair can uncover the next one.
const PASSES: usize = 8;
/// How many versions of a document are tried, whatever it holds.
const MOST_TRIES: usize = 100;
/// How many bytes these may have together.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How many rounds of repairs a repair may need that uncovers faults of its own.
const DEEPEST: usize = 4;

/// What [`repair`] made of a document.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Repaired {
    /// The document after the repairs; the same text when there were none.
    pub source: SourceFile,
    /// What was repaired, in the order in which it was done, each with the text in which it stood. The repair that was made is
    /// its [`machine_fix`](Diagnostic::machine_fix).
    pub repaired: Vec<Diagnostic>,
    /// What was not repaired because the repair would not have removed the fault, or would have brought another error.
    pub refused: Vec<Diagnostic>,
}

/// Repairs a document: makes every change that one of its diagnostics offers and that needs nobody's judgement.
///
/// Only what a fix names is changed; layout, comments, quotes and line ends stay. The result is loaded again, and a repair is
/// kept only if its fault is gone, no error came that was not there before, and the document says the same everywhere else.
/// Fixes whose changes overlap are made one after the other. Repairing what was repaired changes nothing.
///
/// # Examples
///
/// ```
/// use jf_dsl::{SourceFile, StaticCapabilities, repair};
///
/// let source = SourceFile::new("hello.journey.yaml", "
/// apiVersion: v1
/// kind: Journey
/// metadata: { name: hello, version: 1.0.0 }
/// spec:
///   startt: done # where it begins
///   states:
///     done: { type: succeed }
/// ");
/// let result = repair(&source, &StaticCapabilities::full());
/// assert!(result.source.text().contains("  start: done # where it begins"));
/// assert_eq!(result.repaired.len(), 1);
/// ```
#[must_use]
pub fn repair(source: &SourceFile, capabilities: &dyn Capabilities) -> Repaired {
    let mut workshop = Workshop { capabilities, tries: MOST_TRIES, bytes: MOST_BYTES };
    let mut now = workshop.judge(source.clone());
    let mut refused: HashMap<Identity, Diagnostic> = HashMap::new();
    // What was tried on the document as it is now.
    let mut tried: HashSet<Identity> = HashSet::new();
    for _ in 0..PASSES {
        let wanted = choose(&now.diagnostics, |diagnostic| !tried.contains(&identity(diagnostic)));
        if wanted.is_empty() || workshop.is_tired() {
            break;
        }
        let mut settled = Settled { accepted: Vec::new(), version: None, refused: Vec::new() };
        workshop.settle(&now, &wanted, &mut settled);
        tried.extend(settled.refused.iter().map(identity));
        refused.extend(settled.refused.into_iter().map(|diagnostic| (identity(&diagnostic), diagnostic)));
        if let Some(version) = settled.version {
            now = version;
            // A repair can make room for one that was refused.
            tried.clear();
        }
    }
    let still_there: HashSet<Identity> = now.diagnostics.iter().map(identity).collect();
    let mut refused: Vec<Diagnostic> = refused.into_values().collect();
    refused.retain(|diagnostic| still_there.contains(&identity(diagnostic)));
    refused.sort_by_key(|diagnostic| diagnostic.span);
    Repaired { source: now.source, repaired: now.repaired, refused }
}

/// A version of the document.
struct Version {
    source: SourceFile,
    root: Option<Node>,
    diagnostics: Diagnostics,
    /// What was repaired on the way here.
    repaired: Vec<Diagnostic>,
}

/// What is known of the fixes of one pass.
struct Settled<'v> {
    accepted: Vec<&'v Diagnostic>,
    /// The version with all that were accepted.
    version: Option<Version>,
    refused: Vec<Diagnostic>,
}

/// What makes two diagnostics of two versions the same one.
type Identity = (Code, String, String);

fn identity(diagnostic: &Diagnostic) -> Identity {
    (diagnostic.code, diagnostic.path.to_string(), diagnostic.message.clone())
}

/// The diagnostics whose fixes can be made together, the first ones first.
fn choose(diagnostics: &Diagnostics, allowed: impl Fn(&Diagnostic) -> bool) -> Vec<&Diagnostic> {
    let mut fixable: Vec<(&Diagnostic, &[Edit])> = Vec::new();
    for diagnostic in diagnostics {
        if let Some(fix) = diagnostic.machine_fix()
            && allowed(diagnostic)
        {
            fixable.push((diagnostic, &fix.edits));
        }
    }
    let first = |edits: &[Edit]| edits.first().map_or(0, |edit| edit.span.start);
    fixable.sort_by_key(|(_, edits)| first(edits));
    let mut chosen = Vec::new();
    let mut taken: Vec<&Edit> = Vec::new();
    for (diagnostic, edits) in fixable {
        // What was taken ends before this, except for the few fixes that reach over others.
        let reach = first(edits);
        taken.retain(|edit| edit.span.end >= reach);
        if !edits.iter().any(|edit| taken.iter().any(|other| other.clashes(edit))) {
            taken.extend(edits);
            chosen.push(diagnostic);
        }
    }
    chosen
}

struct Workshop<'a> {
    capabilities: &'a dyn Capabilities,
    /// What is left of the bounds.
    tries: usize,
    bytes: usize,
}

impl Workshop<'_> {
    fn is_tired(&self) -> bool {
        self.tries == 0 || self.bytes == 0
    }

    fn judge(&mut self, source: SourceFile) -> Version {
        self.tries = self.tries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(source.text().len());
        let diagnostics = match load_document(&source, self.capabilities) {
            Ok(Document::Definition(loaded)) => loaded.warnings,
            Ok(Document::MetadataLimits { warnings, .. }) => warnings,
            Err(faults) => faults,
        };
        let root = read_into(&source, &self.capabilities.size_limits(), &mut Vec::new());
        Version { source, root, diagnostics, repaired: Vec::new() }
    }

    /// Finds out which of some fixes are good. Good ones cost one try together; those near trouble are tried apart from the
    /// others, and where that tells nothing, halves are.
    fn settle<'v>(&mut self, base: &Version, wanted: &[&'v Diagnostic], settled: &mut Settled<'v>) {
        if wanted.is_empty() || self.is_tired() {
            return;
        }
        let together: Vec<&Diagnostic> = settled.accepted.iter().chain(wanted).copied().collect();
        let trouble = match self.version(base, base, &together, DEEPEST) {
            Ok(version) => {
                settled.accepted.extend(wanted);
                settled.version = Some(version);
                return;
            }
            Err(trouble) => trouble,
        };
        if let [one] = wanted {
            settled.refused.push((*one).clone());
            return;
        }
        let (mut first, mut second): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            wanted.iter().partition(|diagnostic| !trouble.is_near(&diagnostic.path));
        if first.is_empty() || second.is_empty() {
            let (a, b) = wanted.split_at(wanted.len() / 2);
            (first, second) = (a.to_vec(), b.to_vec());
        }
        self.settle(base, &first, settled);
        self.settle(base, &second, settled);
    }

    /// The version with some fixes, if it is a better one than `base`. Errors that only came to light are repaired as well,
    /// if that leaves none of them.
    fn version(
        &mut self,
        base: &Version,
        before: &Version,
        fixed: &[&Diagnostic],
        rounds: usize,
    ) -> Result<Version, Trouble> {
        let edits: Vec<Edit> = fixed
            .iter()
            .flat_map(|diagnostic| diagnostic.machine_fix().map_or(&[][..], |fix| &fix.edits))
            .cloned()
            .collect();
        let (text, inserted) = edit::apply(before.source.text(), &edits).ok_or_else(Trouble::somewhere)?;
        let mut after = self.judge(before.source.with_text(text));
        let same = before
            .root
            .as_ref()
            .zip(after.root.as_ref())
            .is_some_and(|(old, new)| edit::says_the_same_elsewhere(old, new, &edits, &inserted));
        if !same || !all_gone(before, &after, fixed) {
            return Err(Trouble::somewhere());
        }
        after.repaired = before.repaired.clone();
        after.repaired.extend(fixed.iter().map(|diagnostic| (*diagnostic).clone()));
        let fresh = new_errors(base, &after);
        if fresh.is_empty() {
            return Ok(after);
        }
        let trouble = Trouble::at(fresh.iter().map(|error| &error.path));
        let fresh: HashSet<Identity> = fresh.into_iter().map(identity).collect();
        let next = choose(&after.diagnostics, |diagnostic| fresh.contains(&identity(diagnostic)));
        if rounds == 0 || self.is_tired() || next.is_empty() {
            return Err(trouble);
        }
        self.version(base, &after, &next, rounds - 1)
    }
}

/// Where errors came up that fixes brought.
struct Trouble(HashSet<JsonPath>);

impl Trouble {
    fn somewhere() -> Self {
        Self(HashSet::new())
    }

    fn at<'p>(paths: impl Iterator<Item = &'p JsonPath>) -> Self {
        Self(paths.flat_map(JsonPath::prefixes).collect())
    }

    /// Whether an error came up in the object of a member.
    fn is_near(&self, path: &JsonPath) -> bool {
        let object = path.steps().split_last().map_or(&[][..], |(_, object)| object);
        self.0.contains(&JsonPath::from_steps(object.to_vec()))
    }
}

fn counts<'d>(diagnostics: impl Iterator<Item = &'d Diagnostic>) -> HashMap<Identity, usize> {
    let mut counts = HashMap::new();
    for diagnostic in diagnostics {
        *counts.entry(identity(diagnostic)).or_default() += 1;
    }
    counts
}

/// Whether there are fewer of each of the faults that were repaired.
fn all_gone(before: &Version, after: &Version, fixed: &[&Diagnostic]) -> bool {
    let (before, after) = (counts(before.diagnostics.iter()), counts(after.diagnostics.iter()));
    counts(fixed.iter().copied()).iter().all(|(fault, repaired)| {
        after.get(fault).copied().unwrap_or(0) + repaired <= before.get(fault).copied().unwrap_or(0)
    })
}

/// The errors that were not there before.
fn new_errors<'v>(before: &Version, after: &'v Version) -> Vec<&'v Diagnostic> {
    let mut known = counts(before.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()));
    let errors = after.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors
        .filter(|error| match known.get_mut(&identity(error)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        })
        .collect()
}
