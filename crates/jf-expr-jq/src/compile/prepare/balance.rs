//! Long chains as shallow trees: a list of a thousand values is not a thousand levels deep.

use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Math;

use super::Tree;

/// Parts of objects and strings that stay together.
const CHUNK: usize = 8;

/// Joins terms by an associative operation, as flat as can be.
pub(super) fn balanced<'s>(
    mut terms: Vec<Tree<'s>>,
    join: &impl Fn(Tree<'s>, Tree<'s>) -> Tree<'s>,
) -> Tree<'s> {
    if terms.len() > 1 {
        let right = terms.split_off(terms.len() / 2);
        join(balanced(terms, join), balanced(right, join))
    } else {
        terms.pop().unwrap_or_default()
    }
}

/// The members of `a, b, c`.
pub(super) fn listed<'s>(left: Tree<'s>, right: Tree<'s>) -> Vec<Tree<'s>> {
    let (mut open, mut listed) = (vec![right, left], Vec::new());
    while let Some(term) = open.pop() {
        match term {
            Term::BinOp(left, BinaryOp::Comma, right) => open.extend([*right, *left]),
            other => listed.push(other),
        }
    }
    listed
}

/// One term made of parts: as it is when they are few, else the sum of such terms of some parts each. Sums of objects and of strings
/// are associative.
pub(super) fn summed<'s, T>(mut parts: Vec<T>, whole: impl Fn(Vec<T>) -> Tree<'s>) -> Tree<'s> {
    let mut chunks = Vec::new();
    while parts.len() > CHUNK {
        let rest = parts.split_off(CHUNK);
        chunks.push(whole(std::mem::replace(&mut parts, rest)));
    }
    chunks.push(whole(parts));
    balanced(chunks, &|left, right| Term::BinOp(Box::new(left), BinaryOp::Math(Math::Add), Box::new(right)))
}
