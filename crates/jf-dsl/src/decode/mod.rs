//! From the tree to the model.
//!
//! The decoder is a set of small functions, one per block of the language, that go on after an error: each returns what
//! it could read and reports the rest. `None` means that the fault has been reported already, so that one fault gives
//! one diagnostic.

mod apis;
mod binding_grpc;
mod binding_http;
mod binding_queue;
mod binding_websocket;
mod bindings;
mod blocks;
mod client_auth;
mod cookies;
mod document;
mod errors;
mod expression;
mod io;
mod keywords;
mod limits;
mod metadata;
mod place;
mod policies;
mod scalars;
mod schema;
mod scopes;
mod spec;
mod state;
mod states;
mod tasks;
mod template;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::capabilities::{Capabilities, ExpressionCheck, ExpressionFault, SiteClass};
use crate::diagnostic::Diagnostic;
use crate::ids::{DefinitionName, MapperId};
use crate::json_path::JsonPath;
use crate::model::definition::{ConfigDeclaration, Kind};
use crate::model::expression::Expression;
use crate::model::metadata::MetadataLimits;
use crate::model::ordered::OrderedMap;
use crate::model::schema::Schema;
use crate::rules::{Fault, shape};
use crate::schema::CompiledSchema;
use crate::source::{SourceFile, Span};
use crate::suggest::{Meant, meant};
use crate::tree::Node;
use crate::value::pattern;
use crate::{ConfigKey, TaskKind};

pub(crate) use document::Document;
pub(crate) use place::Place;
use policies::PolicyIds;
use tasks::References;

/// What is known while a document is decoded.
pub(crate) struct Decoder<'a> {
    pub(crate) source: &'a SourceFile,
    pub(crate) capabilities: &'a dyn Capabilities,
    pub(crate) faults: Vec<Diagnostic>,
    pub(crate) limits: MetadataLimits,
    /// The kind; a Journey while it is unknown, which has fewer restrictions.
    pub(crate) kind: Kind,
    /// The compiled schemas by slot.
    pub(crate) compiled: Vec<CompiledSchema>,
    /// The slots by schema.
    slots: HashMap<Arc<serde_json::Value>, usize>,
    /// The named mappers; those that have faults of their own are `None`.
    pub(crate) mappers: OrderedMap<MapperId, Option<Expression>>,
    pub(crate) used_mappers: HashSet<Arc<str>>,
    /// What engines said of uses of named mappers, by what they can tell sites apart by.
    uses: HashMap<(MapperId, SiteClass, Vec<&'static str>, bool), ExpressionCheck>,
    /// What engines have against named mappers where they are used, with the place of use.
    rejected_uses: Vec<(Arc<str>, ExpressionFault, Span)>,
    /// The policies of the definition.
    policy_ids: PolicyIds,
    /// The normalisers of the definition; those that have faults of their own are among them.
    normaliser_ids: Vec<Arc<str>>,
    used_normalisers: HashSet<Arc<str>>,
    /// What calls depend on outside their own task.
    references: References,
    /// The name of the definition, when it could be read.
    definition_name: Option<DefinitionName>,
    /// The declared configuration keys.
    pub(crate) config: OrderedMap<ConfigKey, ConfigDeclaration>,
    pub(crate) context: Option<Schema>,
    /// The names that are bound at the sites in hand beside those that are bound everywhere (EXP-011).
    extra: Vec<&'static str>,
    /// Tasks of registered kinds, to be judged by their plugins once the rest is known.
    pub(crate) tasks: Vec<PendingTask>,
    /// Ids of named mappers that were reported where they stand.
    pub(crate) faulty_mappers: HashSet<Arc<str>>,
    /// The registered task kinds.
    pub(crate) task_kinds: Vec<String>,
    /// How many names of the document may still be compared for suggestions.
    comparisons: usize,
    /// Members that unknown ones were probably meant to be, by the start of their object.
    meant: HashSet<(usize, String)>,
    /// Members that stand in an object they do not belong to, by its start, with the place where they belong.
    misplaced: HashMap<usize, Vec<(&'static str, String)>>,
    /// States seen so far, over all scopes (DEF-014).
    pub(crate) states: usize,
    /// What patterns may still weigh; `None` when they were too heavy together.
    patterns: Option<usize>,
}

/// What the patterns of a definition may weigh together, so that compiling them takes bounded memory and time.
const HEAVIEST_PATTERNS: usize = 4_000_000;

/// Names of the document that are compared for suggestions, so that a large document full of misspellings is still judged
/// in time linear in its size.
const MOST_COMPARISONS: usize = 200_000;

/// A more specific fault for a member that a shape does not have.
pub(crate) enum Special {
    /// Every such member is a fault of its own.
    Each(Fault),
    /// All such members of an object together are one fault.
    Once(Fault),
    /// The member was reported before.
    Reported,
}

/// A task that its plugin has to judge.
pub(crate) struct PendingTask {
    pub(crate) path: JsonPath,
    pub(crate) kind: TaskKind,
    pub(crate) config: serde_json::Value,
    pub(crate) key: Span,
    /// The names that are bound there beside those that are bound everywhere (EXP-011).
    pub(crate) extra: Vec<&'static str>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(
        source: &'a SourceFile,
        capabilities: &'a dyn Capabilities,
        faults: Vec<Diagnostic>,
    ) -> Self {
        Self {
            source,
            capabilities,
            faults,
            limits: capabilities.metadata_limits(),
            kind: Kind::Journey,
            compiled: Vec::new(),
            slots: HashMap::new(),
            mappers: OrderedMap::default(),
            used_mappers: HashSet::new(),
            uses: HashMap::new(),
            rejected_uses: Vec::new(),
            policy_ids: PolicyIds::default(),
            normaliser_ids: Vec::new(),
            used_normalisers: HashSet::new(),
            references: References::default(),
            definition_name: None,
            config: OrderedMap::default(),
            context: None,
            extra: Vec::new(),
            tasks: Vec::new(),
            faulty_mappers: HashSet::new(),
            task_kinds: capabilities.task_kinds(),
            comparisons: MOST_COMPARISONS,
            meant: HashSet::new(),
            misplaced: HashMap::new(),
            states: 0,
            patterns: Some(HEAVIEST_PATTERNS),
        }
    }

    /// Whether a regular expression may be compiled after all that were before; the first that may not is reported.
    fn pattern_fits(&mut self, place: &Place<'_>, text: &str) -> bool {
        let Some(left) = self.patterns else { return false };
        self.patterns = left.checked_sub(pattern::weight(text));
        if self.patterns.is_none() {
            self.report(place, shape::too_heavy_patterns());
        }
        self.patterns.is_some()
    }

    /// The name of the document that a word was probably meant to be.
    pub(crate) fn closest<'n>(
        &mut self,
        word: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<&'n str> {
        self.meant(word, names).map(|meant| meant.word)
    }

    /// The name of the document that a word was probably meant to be, and whether that is sure: then writing it is a repair.
    pub(crate) fn meant<'n>(
        &mut self,
        word: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<Meant<'n>> {
        let left = &mut self.comparisons;
        let bounded = names.take_while(|_| {
            *left = left.saturating_sub(1);
            *left > 0
        });
        let found = meant(word, bounded);
        // Names that were not compared may be as near.
        if self.comparisons == 0 { found.map(Meant::as_guess) } else { found }
    }

    /// Reads something whose expressions see further names (EXP-011).
    fn binding<T>(&mut self, names: &[&'static str], read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.extra.len();
        self.extra.extend_from_slice(names);
        let found = read(self);
        self.extra.truncate(outer);
        found
    }

    /// Reports a fault of a value.
    pub(crate) fn report(&mut self, place: &Place<'_>, fault: Fault) {
        self.report_at(place.path(), place.span(), fault);
    }

    /// Reports a fault of a member as such: its key is shown.
    pub(crate) fn report_key(&mut self, place: &Place<'_>, fault: Fault) {
        self.report_at(place.path(), place.anchor(), fault);
    }

    /// Reports something about a member that may be missing, at the path it would have (DEF-010).
    pub(crate) fn report_member(&mut self, parent: &Place<'_>, name: &str, fault: Fault) {
        match parent.node.member(name) {
            Some(member) => self.report(&parent.of(member), fault),
            None => self.report_at(parent.path().member(name), parent.anchor(), fault),
        }
    }

    pub(crate) fn report_at(&mut self, path: JsonPath, span: Span, fault: Fault) {
        self.faults.push(fault.at(path, self.source, span));
    }

    /// Checks that the value is an object.
    pub(crate) fn object(&mut self, place: &Place<'_>, rule: &'static str) -> Option<()> {
        if place.is_object() {
            return Some(());
        }
        self.wrong_type(place, "an object", rule);
        None
    }

    /// Checks that the value is an array.
    pub(crate) fn array(&mut self, place: &Place<'_>, rule: &'static str) -> Option<()> {
        if matches!(place.node.value, crate::tree::NodeValue::Array(_)) {
            return Some(());
        }
        self.wrong_type(place, "an array", rule);
        None
    }

    pub(crate) fn wrong_type(&mut self, place: &Place<'_>, expected: &str, rule: &'static str) {
        if !place.is_broken() {
            let fault = shape::wrong_type(expected, place.node.type_name()).rule(rule);
            let fault = match place.type_help(expected) {
                Some(help) => fault.help(help),
                None => fault,
            };
            self.report(place, fault);
        }
    }

    /// A member that must be there.
    pub(crate) fn required<'s>(
        &mut self,
        place: &'s Place<'_>,
        name: &'static str,
        rule: &'static str,
    ) -> Option<Place<'s>> {
        let found = place.get(name);
        if found.is_none() {
            self.missing(place, name, rule);
        }
        found
    }

    /// Reports a missing member, unless an unknown one was probably meant to be it: that is one fault (DEF-010).
    pub(crate) fn missing(&mut self, place: &Place<'_>, name: &str, rule: &'static str) {
        if !self.is_meant(place, name) {
            self.report_member(place, name, shape::missing(name).rule(rule));
        }
    }

    /// Tells that a member stands in `inner` which belongs into `outer`: that is the fault, and not that one has it and
    /// the other lacks it (DEF-010).
    pub(crate) fn misplace(
        &mut self,
        name: &'static str,
        inner: &Place<'_>,
        outer: &Place<'_>,
        belongs: String,
    ) {
        self.meant.insert((outer.node.span.start, name.to_owned()));
        self.misplaced.entry(inner.node.span.start).or_default().push((name, belongs));
    }

    /// Whether an unknown member of the object was probably meant to be this one.
    pub(crate) fn is_meant(&self, place: &Place<'_>, name: &str) -> bool {
        self.meant.contains(&(place.node.span.start, name.to_owned()))
    }

    /// Reports members that a fixed shape does not have (DEF-007, DEF-008).
    pub(crate) fn known(&mut self, place: &Place<'_>, known: &[&str]) {
        self.known_or(place, known, "DEF-007", |_| None);
    }

    /// Like `known`, where another rule says that the object holds nothing else, and with more specific faults for some
    /// members. Several misplaced members are one fault, reported at the first.
    pub(crate) fn known_or(
        &mut self,
        place: &Place<'_>,
        known: &[&str],
        rule: &'static str,
        special: impl Fn(&str) -> Option<Special>,
    ) {
        let mut once = false;
        let mut unknown = Vec::new();
        for (name, member) in place.entries() {
            if known.contains(&&**name) || name.starts_with("x-") {
                continue;
            }
            if &**name == "exprRef" {
                // It stands in place of the expression, whichever member holds that here (DEF-012).
                self.meant.extend(["mapper", "expr"].map(|name| (place.node.span.start, name.to_owned())));
                self.report_key(&member, shape::retired_expr_ref());
                continue;
            }
            let misplaced = self.misplaced.get(&place.node.span.start);
            let misplaced =
                misplaced.and_then(|members| members.iter().find(|(member, _)| *member == &**name));
            if let Some((_, belongs)) = misplaced {
                let fault = shape::misplaced(name, belongs).rule(rule);
                self.report_key(&member, fault);
                continue;
            }
            match special(name) {
                Some(Special::Reported) => {}
                Some(Special::Once(_)) if std::mem::replace(&mut once, true) => {}
                Some(Special::Each(fault) | Special::Once(fault)) => self.report_key(&member, fault),
                None => unknown.push((member, shape::unknown_member(name, known).rule(rule))),
            }
        }
        self.report_unknown(place, unknown);
    }

    /// Reports unknown members. A name that the object has already, or that two of them stand for, is none to write.
    fn report_unknown(&mut self, place: &Place<'_>, unknown: Vec<(Place<'_>, Fault)>) {
        let mut wanted: HashMap<String, usize> = HashMap::new();
        for meant in unknown.iter().filter_map(|(_, fault)| fault.suggestion()) {
            *wanted.entry(meant.to_owned()).or_default() += 1;
        }
        for (member, fault) in unknown {
            let free = |meant: &str| wanted.get(meant) == Some(&1) && place.node.member(meant).is_none();
            let fault = if fault.suggestion().is_some_and(free) { fault } else { fault.without_fix() };
            if let Some(meant) = fault.suggestion() {
                self.meant.insert((place.node.span.start, meant.to_owned()));
            }
            self.report_key(&member, fault);
        }
    }
}

/// What decoding gave.
pub(crate) struct Decoded {
    /// The document; with errors what could be read of it.
    pub(crate) document: Option<Document>,
    /// The faults, those of reading the tree included.
    pub(crate) faults: Vec<Diagnostic>,
    /// The compiled schemas by slot.
    pub(crate) compiled: Vec<CompiledSchema>,
    /// Tasks that their plugins have to judge.
    pub(crate) tasks: Vec<PendingTask>,
    /// Ids of named mappers that were reported where they stand.
    pub(crate) faulty_mappers: HashSet<Arc<str>>,
}

/// Decodes a tree; the faults of reading it come first.
pub(crate) fn decode_tree(
    source: &SourceFile,
    capabilities: &dyn Capabilities,
    root: &Node,
    faults: Vec<Diagnostic>,
) -> Decoded {
    let mut decoder = Decoder::new(source, capabilities, faults);
    let document = document::decode(&mut decoder, &Place::root(root));
    let Decoder { faults, compiled, tasks, faulty_mappers, .. } = decoder;
    Decoded { document, faults, compiled, tasks, faulty_mappers }
}
