//! The definitions and filters that programs may use, and what of them one program needs.
//!
//! Compiling the whole library with every expression would cost far more time and memory than the expression itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jaq_core::load;
use jaq_core::load::parse::Def;
use jaq_core::native::Fun;

use super::prepare::Preparer;
use crate::environment::Jq;
use crate::natives::natives;

/// Name and number of arguments of a function.
pub(super) type Signature<'s> = (&'s str, usize);

/// Definitions of the interpreter's library that are not offered, since they reach out of the process or end it (EXP-005).
const IMPURE: [&str; 4] = ["debug", "stderr", "halt", "halt_error"];

/// Definitions of the interpreter's library that filters and definitions of ours take the place of.
const REPLACED: [&str; 12] = [
    "empty",
    "null",
    "true",
    "false",
    "not",
    "type",
    "nan",
    "infinite",
    "isnan",
    "from_entries",
    "del",
    "delpaths",
];

struct Library {
    definitions: Vec<Definition>,
    /// Where each definition of a name stands.
    named: BTreeMap<Signature<'static>, Vec<usize>>,
    natives: BTreeSet<Signature<'static>>,
}

struct Definition {
    def: Def<&'static str>,
    calls: BTreeSet<Signature<'static>>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let theirs =
        jaq_core::defs().chain(jaq_std::defs()).filter(|def| !replaced(def) && !IMPURE.contains(&def.name));
    let ours = |text| load::parse(text, |parser| parser.defs()).expect("the definitions are held by a test");
    let definitions =
        ours(include_str!("before.jq")).into_iter().chain(theirs).chain(ours(include_str!("after.jq")));
    let definitions = definitions.map(|def| {
        let mut preparer = Preparer::of_library();
        let def = preparer.definition(def);
        Definition { def, calls: preparer.finish().0 }
    });
    let definitions: Vec<Definition> = definitions.collect();
    let mut named: BTreeMap<Signature<'_>, Vec<usize>> = BTreeMap::new();
    for (at, definition) in definitions.iter().enumerate() {
        named.entry(definition.signature()).or_default().push(at);
    }
    let natives = natives().map(|(name, arguments, _)| (name, arguments.len())).collect();
    Library { definitions, named, natives }
});

fn replaced(def: &Def<&str>) -> bool {
    REPLACED.contains(&def.name) || (def.name, def.args.len()) == ("test", 2)
}

/// What a program that makes these calls needs, directly and indirectly. Every definition of a name counts, in order.
pub(super) fn needed<'s>(
    calls: &BTreeSet<Signature<'s>>,
) -> (impl Iterator<Item = Def<&'s str>>, impl Iterator<Item = Fun<Jq>>) {
    let Library { definitions, named, natives: known } = &*LIBRARY;
    let (named, known): (&BTreeMap<Signature<'s>, _>, &BTreeSet<Signature<'s>>) = (named, known);
    let mut all: BTreeSet<Signature<'s>> = calls.clone();
    let mut open: Vec<Signature<'s>> = calls.iter().copied().collect();
    let mut needed: BTreeSet<usize> = BTreeSet::new();
    while let Some(call) = open.pop() {
        for at in named.get(&call).into_iter().flatten().copied() {
            needed.insert(at);
            open.extend(definitions[at].calls.iter().copied().filter(|call| all.insert(*call)));
        }
    }
    let definitions = needed.into_iter().map(|at| definitions[at].def.clone());
    // Filters can be made, but not copied. Most programs need the few that come first, so the rest is not even made.
    all.retain(|call| known.contains(call));
    let count = all.len();
    let natives = natives().filter(move |(name, arguments, _)| all.remove(&(*name, arguments.len())));
    (definitions, natives.take(count))
}

/// The numbers of arguments that a function of the library is offered with.
pub(super) fn arities(name: &str) -> Vec<usize> {
    signatures()
        .filter(|(known, _)| *known == name)
        .map(|(_, arity)| arity)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The names of the library that are meant for programs.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let names: BTreeMap<_, _> = signatures().collect();
    names
        .into_keys()
        .filter(|name| !name.starts_with('!') && !name.ends_with("_empty") && !name.ends_with('_'))
}

fn signatures() -> impl Iterator<Item = Signature<'static>> {
    LIBRARY.definitions.iter().map(Definition::signature).chain(LIBRARY.natives.iter().copied())
}

impl Definition {
    fn signature(&self) -> Signature<'static> {
        (self.def.name, self.def.args.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jf_core::dsl::SiteClass;
    use jf_core::spi::{ExpressionEngine, Site};

    use super::{LIBRARY, Signature, signatures};
    use crate::JaqEngine;

    /// An upgrade of the interpreter may bring functions that reach out of the process: each new name is to be looked at.
    #[test]
    fn exp_005_the_functions_on_offer_are_known() {
        let offered: BTreeSet<_> = signatures().filter(|(name, _)| !name.starts_with('!')).collect();
        let listed: Vec<_> = offered.iter().map(|(name, arity)| format!("{name}/{arity}")).collect();
        let known: Vec<_> = include_str!("functions.txt").lines().collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn every_function_on_offer_compiles() {
        for (name, arity) in signatures().filter(|(name, _)| !name.starts_with('!')) {
            let source = match arity {
                0 => name.to_owned(),
                arity => format!("{name}({})", vec!["."; arity].join(";")),
            };
            let compiled = JaqEngine.compile(&source, Site::new(SiteClass::Transform));
            assert!(compiled.is_ok(), "{source}: {compiled:?}");
        }
    }

    #[test]
    fn definitions_of_the_library_do_not_hide_each_other() {
        let mut seen: BTreeSet<Signature<'_>> = LIBRARY.natives.clone();
        let twice: Vec<_> = LIBRARY
            .definitions
            .iter()
            .map(super::Definition::signature)
            .filter(|name| !seen.insert(*name))
            .collect();
        assert_eq!(twice, []);
    }
}
