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

/// Definitions of the interpreter's library that are not offered, or that a filter or definition of ours takes the place of.
const LEFT_OUT: [&str; 22] = [
    "debug",
    "stderr",
    "halt",
    "halt_error",
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
    "tonumber",
    "toboolean",
    "localtime",
    "strflocaltime",
    "todate_",
    "input",
    "inputs",
    "totype",
];

struct Library {
    definitions: Vec<Definition>,
    natives: BTreeSet<Signature<'static>>,
}

struct Definition {
    def: Def<&'static str>,
    calls: BTreeSet<Signature<'static>>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let theirs = jaq_core::defs().chain(jaq_std::defs()).filter(|def| !LEFT_OUT.contains(&def.name));
    let ours = |text| load::parse(text, |parser| parser.defs()).expect("the definitions are held by a test");
    let definitions =
        ours(include_str!("before.jq")).into_iter().chain(theirs).chain(ours(include_str!("after.jq")));
    let definitions = definitions.map(|def| {
        let mut preparer = Preparer::of_library();
        let def = preparer.definition(def);
        Definition { def, calls: preparer.finish().0 }
    });
    let natives = natives().map(|(name, arguments, _)| (name, arguments.len())).collect();
    Library { definitions: definitions.collect(), natives }
});

/// What a program that makes these calls needs, directly and indirectly. Every definition of a name counts, in order.
pub(super) fn needed<'s>(
    calls: &BTreeSet<Signature<'s>>,
) -> (impl Iterator<Item = Def<&'s str>>, impl Iterator<Item = Fun<Jq>>) {
    let mut all: BTreeSet<Signature<'s>> = calls.clone();
    let mut open: Vec<Signature<'s>> = calls.iter().copied().collect();
    while let Some(call) = open.pop() {
        for definition in LIBRARY.definitions.iter().filter(|definition| definition.signature() == call) {
            open.extend(definition.calls.iter().copied().filter(|call| all.insert(*call)));
        }
    }
    let natives_needed = all.clone();
    let definitions =
        LIBRARY.definitions.iter().filter(move |definition| all.contains(&definition.signature()));
    let natives =
        natives().filter(move |(name, arguments, _)| natives_needed.contains(&(*name, arguments.len())));
    (definitions.map(|definition| definition.def.clone()), natives)
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
