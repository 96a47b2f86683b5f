//! Reads of the bindings, found in the syntax tree.

use std::sync::LazyLock;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;
use jaq_core::path::{Opt, Part, Path};

use super::{Parts, Tree};
use crate::environment::Place;

/// Places that one program can have; further reads go through the whole input.
const MOST: usize = 64;

/// The places a program reads.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// The number of the place that `binding` holds at the constant head of the path, and the rest of the path. Everything comes back
    /// when there are too many places.
    pub(super) fn load<'s>(
        &mut self,
        binding: &str,
        parts: Parts<'s>,
    ) -> Result<(Tree<'s>, Parts<'s>), Parts<'s>> {
        let head: Box<[Box<str>]> =
            parts.iter().map_while(|part| constant_key(part).map(Into::into)).collect();
        let rest = parts.len() - head.len();
        let place = Place { binding: binding.into(), path: head };
        let index = match self.0.iter().position(|known| *known == place) {
            Some(index) => index,
            None if self.0.len() < MOST => {
                self.0.push(place);
                self.0.len() - 1
            }
            None => return Err(parts),
        };
        let skipped = parts.len() - rest;
        Ok((Term::Num(number(index)), parts.into_iter().skip(skipped).collect()))
    }

    pub(super) fn into_inner(self) -> Vec<Place> {
        self.0
    }
}

/// The key, when a part of a path is a constant member access that may fail.
pub(super) fn constant_key((part, opt): &(Part<Tree<'_>>, Opt)) -> Option<String> {
    match (part, opt) {
        (Part::Index(key), Opt::Essential) => constant_text(key),
        _ => None,
    }
}

/// The text of a string without insertions.
pub(crate) fn constant_text(term: &Tree<'_>) -> Option<String> {
    let Term::Str(None, parts) = term else { return None };
    let mut text = String::new();
    for part in parts {
        match part {
            StrPart::Str(part) => text.push_str(part),
            StrPart::Char(part) => text.push(*part),
            StrPart::Term(_) => return None,
        }
    }
    Some(text)
}

/// A path from a term on; the term itself when no parts are left.
pub(super) fn path<'s>(from: Tree<'s>, parts: Parts<'s>) -> Tree<'s> {
    if parts.is_empty() { from } else { Term::Path(Box::new(from), Path(parts)) }
}

/// Small numbers as the text that number terms hold.
fn number(index: usize) -> &'static str {
    static NUMBERS: LazyLock<Vec<String>> = LazyLock::new(|| (0..MOST).map(|n| n.to_string()).collect());
    &NUMBERS[index]
}
